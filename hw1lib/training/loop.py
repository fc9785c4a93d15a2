"""The one training loop: R networks side by side, watched by probes, stopped one by one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from hw1lib.networks import replicas
from hw1lib.training.run import Backpropagate, Objective, Run

Batch = tuple[Tensor, Tensor]

IN_SILENCE = Run()  # on the CPU, keeping nothing and telling nobody


@dataclass(frozen=True)
class Probe:
    """A quantity to record during training."""

    measure: Callable[[nn.Module], Tensor]  # -> (R, ...); must leave the model unchanged
    every: int = 1  # epochs between two measurements

    def epochs(self, total: int) -> np.ndarray:
        """Return the passes over the data before each measurement of so long a training, (K,).

        Every `every` passes from 0 on, and after the last.

        >>> Probe(replicas.weights, every=3).epochs(7).tolist()
        [0, 3, 6, 7]
        """
        return np.minimum(np.arange(0, total + self.every, self.every), total)


Stop = Callable[[Tensor], Tensor]  # losses of all steps so far (S, R) -> done (R,), bool


@dataclass(frozen=True)
class History:
    """What training left behind, apart from the trained weights."""

    losses: np.ndarray  # (S, R) objective on each step's batch before its update; NaN once stopped
    watched: np.ndarray  # (S, R, ...) what `watch` read at each step; (0,) without it
    steps: np.ndarray  # (R,) updates that each replica took
    sound: np.ndarray  # (R,) bool: no loss was other than finite, nor is one at the last weights
    epochs: dict[str, np.ndarray]  # by probe: (K,) passes over the data before each measurement
    series: dict[str, np.ndarray]  # by probe: (K, R, ...) the measurements


@dataclass
class _Progress:
    """Everything that changes during training, apart from weights and optimizer."""

    running: Tensor  # (R,) bool
    diverged: Tensor  # (R,) bool
    steps: Tensor  # (R,) updates taken
    epoch: int = 0  # passes completed
    step: int = 0  # steps made
    room: Tensor = field(default_factory=lambda: torch.empty(0))  # losses, with space for more
    watched_room: Tensor = field(default_factory=lambda: torch.empty(0))  # likewise
    probed: dict[str, list[Tensor]] = field(default_factory=dict)  # by probe, (R, ...)
    frozen: list[Tensor] = field(default_factory=list)  # parameters when a replica last ended

    @property
    def losses(self) -> Tensor:
        """Losses of all steps so far, (S, R)."""
        return self.room[: self.step]

    @property
    def watched(self) -> Tensor:
        """What was watched at all steps so far, (S, R, ...)."""
        return self.watched_room[: self.step]

    def note(self, losses: Tensor, watched: Tensor | None) -> None:
        """Append the losses (S, R) of some steps, NaN for the replicas that have ended."""
        end = self.step + len(losses)
        self.room = _with_space(self.room, self.step, losses)
        self.room[self.step : end] = losses.where(self.running, torch.nan)
        if watched is not None:
            self.watched_room = _with_space(self.watched_room, self.step, watched)
            self.watched_room[self.step : end] = watched
        self.step = end

    def end(self, replicas_done: Tensor, model: nn.Module) -> None:
        """Keep the present weights of some replicas for good."""
        self.running = self.running & ~replicas_done
        self.frozen = [p.detach().clone() for p in model.parameters()]

    def restore(self, model: nn.Module) -> None:
        """Undo what the last update did to the replicas that have ended."""
        ended = ~self.running
        with torch.no_grad():
            for p, kept in zip(model.parameters(), self.frozen, strict=False):
                p[ended] = kept[ended]


def _with_space(block: Tensor, used: int, rows: Tensor) -> Tensor:
    """Return the block, enlarged if it has no place for these rows."""
    if used + len(rows) <= len(block):
        return block
    # one growing block: thousands of small tensors would scatter the heap's large ones
    space = rows.new_empty(max(1024, used, len(rows)), *rows.shape[1:])
    return torch.cat([block, space]) if used else space


def fit(
    model: nn.Module,
    batches: Iterable[Batch],
    objective: Objective,
    optimizer: torch.optim.Optimizer,
    *,
    epochs: int,
    probes: Mapping[str, Probe] | None = None,
    watch: Callable[[nn.Module], Tensor] | None = None,
    stop: Stop | None = None,
    streams: Sequence[torch.Generator] = (),
    run: Run = IN_SILENCE,
) -> History:
    """Minimize the objective of each replica in place, and return what was seen.

    The sum of the replicas' losses is backpropagated, so each gets the gradient of its own. A
    replica whose loss is not finite, or that `stop` calls done, keeps the weights at which that
    loss was measured while the others go on.

    Every probe is read at epoch 0, before the first update, then after each `every` epochs, and
    after the last one; not any more once all replicas have stopped.

    Args:
        model: Stacked network to train; its parameters change, its mode does not.
        batches: Re-iterable (inputs, targets) pairs, read once per epoch.
        objective: Loss of each replica on one batch, `objective(outputs, targets)` -> (R,).
        optimizer: Holds the parameters to update and the step size.
        epochs: Passes over `batches`.
        probes: Quantities to record, by the name they get in the history.
        watch: Quantity (R, ...) to read at every step while the gradients of its batch are in
            place, before the update; it must leave both unchanged.
        stop: Rule that ends single replicas.
        streams: Every random stream that training draws from, continued when it resumes.
        run: How the training is carried out.

    Returns:
        Losses per step, one series per probe, and which replicas are sound at the end.

    Raises:
        ValueError: If the network is no stack, or the objective does not return one loss for each
            replica.
    """
    probes = probes or {}
    everyone = torch.ones(replicas.count(model), dtype=torch.bool)
    now = _Progress(everyone, ~everyone, torch.zeros(len(everyone), dtype=torch.int64))
    if run.checkpoint and (saved := run.checkpoint.load()):
        model.load_state_dict(saved.pop("model"))
        optimizer.load_state_dict(saved.pop("optimizer"))
        for stream, position in zip(streams, saved.pop("streams"), strict=True):
            stream.set_state(position)
        now = _Progress(**saved)
        run.progress(now.epoch, now.losses[-1])
    backpropagate: Backpropagate = partial(_backpropagate, model, objective, optimizer)
    if run.capture:
        backpropagate = run.capture(backpropagate, model, objective)

    while now.running.any():
        for name, probe in probes.items():
            if now.epoch % probe.every == 0 or now.epoch == epochs:
                # a copy, or it would follow the live weights
                measured = probe.measure(model).detach().cpu().clone()
                now.probed.setdefault(name, []).append(measured)
        if now.epoch == epochs:
            break

        updates = None
        if run.prepare and stop is None:
            updates = run.prepare(model, batches, objective, optimizer, watch)
        if updates:
            every = [probe.every for probe in probes.values()]
            ahead = min(updates.passes, epochs - now.epoch, *(k - now.epoch % k for k in every))
            found = updates.make(ahead, now.running)
            now.epoch += _many(now, model, ahead, *found, watch is not None)
        else:
            for inputs, targets in batches:
                seen = backpropagate(inputs, targets).cpu()
                now.note(seen[None], None if watch is None else watch(model).detach().cpu()[None])

                done = ~seen.isfinite()
                now.diverged |= done & now.running
                if stop is not None:
                    done |= stop(now.losses)
                if (done & now.running).any():
                    now.end(done, model)
                optimizer.step()
                now.steps += now.running
                if now.frozen:
                    now.restore(model)
            now.epoch += 1
        run.progress(now.epoch, now.losses[-1])
        if run.checkpoint and run.checkpoint.due:
            run.checkpoint.save(
                {
                    **vars(now),
                    "model": model.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "streams": [stream.get_state() for stream in streams],
                }
            )

    return History(
        losses=now.losses.numpy(),
        watched=now.watched.numpy(),
        steps=now.steps.numpy(),
        sound=(~now.diverged & _is_finite(model, batches, objective, streams)).numpy(),
        epochs={
            name: probes[name].epochs(epochs)[: len(seen)] for name, seen in now.probed.items()
        },
        series={name: torch.stack(seen).numpy() for name, seen in now.probed.items()},
    )


def _many(
    now: _Progress, model: nn.Module, passes: int, losses: Tensor, seen: Tensor, watched: bool
) -> int:
    """Take over passes that were made at once; return how many, up to the last replica's end.

    Args:
        now: What has been seen, which is continued.
        model: As those updates left it.
        passes: How many were made.
        losses: Before each update, (S, R); NaN once a replica has ended.
        seen: What was watched there, (S, R).
        watched: Whether that is wanted.
    """
    steps = len(losses) // passes  # of one pass
    finite = losses.isfinite()
    made = finite.sum(dim=0)  # by replica: a loss that is not finite is not followed by others
    ended = now.running & ~finite.all(dim=0)
    if (now.running == ended).all():
        passes = int(made[ended].max()) // steps + 1
        losses, seen = losses[: passes * steps], seen[: passes * steps]
    now.note(losses, seen if watched else None)
    now.steps += made * now.running
    now.diverged |= ended
    if ended.any():
        now.end(ended, model)
    return passes


def _backpropagate(
    model: nn.Module,
    objective: Objective,
    optimizer: torch.optim.Optimizer,
    inputs: Tensor,
    targets: Tensor,
) -> Tensor:
    """Return the losses (R,), and leave each replica's gradient of its own in its parameters."""
    losses = _losses(model, objective, inputs, targets)
    optimizer.zero_grad()
    losses.backward(torch.ones_like(losses))
    return losses.detach()


def _losses(model: nn.Module, objective: Objective, inputs: Tensor, targets: Tensor) -> Tensor:
    count, outputs = replicas.count(model), model(inputs)
    # layers of an ordinary network can be as wide as it has examples, and pass for replicas
    if outputs.ndim < 3 or any(p.shape[:1] != (count,) for p in (outputs, *model.parameters())):
        raise ValueError(
            "only a stack of replicas can be trained, with an axis R before all others of its "
            f"parameters and outputs; these outputs are of shape {tuple(outputs.shape)}: an "
            "ordinary network becomes a stack by `networks.stacked.Stacked`"
        )
    losses = objective(outputs, targets)
    if losses.shape != (count,):
        raise ValueError(
            f"the objective returned losses of shape {tuple(losses.shape)} for a stack of {count} "
            f"replicas, expected ({count},)"
        )
    return losses


@torch.no_grad()
def _is_finite(
    model: nn.Module,
    batches: Iterable[Batch],
    objective: Objective,
    streams: Sequence[torch.Generator],
) -> Tensor:
    """Return which replicas have finite weights, and a finite loss on another batch, (R,)."""
    positions = [stream.get_state() for stream in streams]
    inputs, targets = next(iter(batches))
    finite = _losses(model, objective, inputs, targets).isfinite()
    for stream, position in zip(streams, positions, strict=True):
        stream.set_state(position)
    return (finite & replicas.weights(model).isfinite().all(dim=1)).cpu()
