"""The training loop: the same numbers as plain torch, replica by replica, and as promised."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from hw1lib.networks import builders, modes, replicas
from hw1lib.networks.replicas import Streams
from hw1lib.training import loop, losses, optimizers
from hw1lib.training.loop import Probe, fit
from hw1lib.training.minibatches import Minibatches
from hw1lib.training.stopping import Plateau, Until

SEEDS = [3, 4, 5]


@pytest.fixture
def regression():
    """Eleven points of a cosine, float64, a count that three does not divide."""
    x = torch.linspace(-1, 1, 11, dtype=torch.float64)[:, None]
    return x, torch.cos(3 * x)


def small(seeds):
    return builders.mlp(Streams(seeds), 1, 5, 1, activation="tanh").double()


def plain_training(seed, x, y, name, epochs, batch_size):
    """Train one network the way everybody writes it, from torch's parts alone."""
    start = replicas.weights(small([seed]))[0].detach()
    with torch.random.fork_rng():
        model = nn.Sequential(nn.Linear(1, 5), nn.Tanh(), nn.Linear(5, 1)).double()
    nn.utils.vector_to_parameters(start, model.parameters())
    make = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "rmsprop": torch.optim.RMSprop}[name]
    optimizer = make(model.parameters(), lr=0.01, weight_decay=1e-3)
    order, losses = Streams([seed]).order[0], []
    for _ in range(epochs):
        for chosen in torch.randperm(len(x), generator=order).split(batch_size):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x[chosen]), y[chosen])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return nn.utils.parameters_to_vector(model.parameters()).detach(), losses


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS)
def test_a_stack_trains_as_separate_networks_do(regression, name):
    x, y = regression
    streams, model = Streams(SEEDS), small(SEEDS)
    optimizer = optimizers.optimizer(name, model, learning_rate=0.01, weight_decay=1e-3)
    batches = Minibatches(x, y, 3, streams.order)
    history = fit(model, batches, losses.mean_squared_error, optimizer, epochs=20)
    for r, seed in enumerate(SEEDS):
        weights, plain = plain_training(seed, x, y, name, epochs=20, batch_size=3)
        torch.testing.assert_close(
            replicas.weights(model)[r].detach(), weights, rtol=1e-9, atol=1e-11
        )
        np.testing.assert_allclose(history.losses[:, r], plain, rtol=1e-9)


def test_momentum_is_that_of_torch():
    model = small(SEEDS)
    optimizer = optimizers.optimizer("sgd", model, learning_rate=0.1, momentum=0.9)
    assert optimizer.defaults["momentum"] == 0.9
    assert optimizer.defaults["lr"] == 0.1


def train_once(regression, **settings):
    streams, model = Streams(SEEDS), small(SEEDS)
    optimizer = optimizers.optimizer("adam", model, learning_rate=0.01)
    batches = Minibatches(*regression, 4, streams.order)
    settings = {"epochs": 7, "streams": [*streams], **settings}
    history = fit(model, batches, losses.mean_squared_error, optimizer, **settings)
    return replicas.weights(model).detach(), history


def test_nesterov_steps_by_its_formula():
    model = small([3])
    before = replicas.weights(model)[0].detach().clone()
    optimizer = optimizers.nesterov(model, learning_rate=0.1, momentum=0.9, weight_decay=0.01)
    weights, velocity = before.clone(), torch.zeros_like(before)
    for slope in (2.0, -0.5, 1.0):  # the loss is the sum of the weights, times the slope
        optimizer.zero_grad()
        (slope * replicas.weights(model).sum()).backward()
        optimizer.step()
        gradient = slope + 0.01 * weights
        velocity = 0.9 * velocity + gradient
        weights = weights - 0.1 * (gradient + 0.9 * velocity)
    torch.testing.assert_close(replicas.weights(model)[0].detach(), weights)


def test_the_same_seeds_give_the_same_bits(regression):
    first, history = train_once(regression)
    second, again = train_once(regression)
    assert torch.equal(first, second)
    assert np.array_equal(history.losses, again.losses)


def test_every_pass_reads_every_example_once_in_an_order_of_each_replica():
    numbers = torch.arange(10)
    batches = Minibatches(numbers, numbers, 4, Streams(SEEDS).order)
    steps = [inputs for inputs, _ in batches]
    assert [step.shape[1] for step in steps] == batches.sizes.tolist() == [4, 4, 2]
    orders = torch.cat(steps, dim=1)
    assert orders.sort(dim=1).values.equal(numbers.expand(3, -1))
    assert not torch.equal(orders[0], orders[1])


@pytest.mark.parametrize("batch_size", [0, -1, 11])
def test_a_batch_larger_than_the_data_or_empty_is_refused(batch_size):
    with pytest.raises(ValueError, match=f"batch size {batch_size} is not between 1 and 10"):
        Minibatches(torch.zeros(10), torch.zeros(10), batch_size, [])


def test_a_probe_is_read_before_the_first_update_and_every_k_epochs_and_at_the_end(regression):
    start = replicas.weights(small(SEEDS)).detach()
    probe = Probe(replicas.weights, every=3)
    final, history = train_once(regression, probes={"weights": probe})
    assert history.epochs["weights"].tolist() == [0, 3, 6, 7]
    assert torch.equal(torch.from_numpy(history.series["weights"][0]), start)
    assert torch.equal(torch.from_numpy(history.series["weights"][-1]), final)


def test_a_probe_does_not_change_the_training(regression):
    probes = {"loss": Probe(lambda m: losses.mean_squared_error(m(regression[0]), regression[1]))}
    assert torch.equal(train_once(regression)[0], train_once(regression, probes=probes)[0])


def test_a_snapshot_does_not_follow_the_live_weights(regression):
    probe = Probe(lambda model: model.head[0].weight)
    _, history = train_once(regression, probes={"layer": probe})
    assert not np.array_equal(history.series["layer"][0], history.series["layer"][-1])


class StopAt:
    """Ends replica r after so many losses of its own."""

    def __init__(self, *steps):
        self.steps = torch.tensor(steps)

    def __call__(self, losses):
        return len(losses) > self.steps


def test_a_stopped_replica_keeps_its_weights_while_the_others_go_on(regression):
    full, _ = train_once(regression)
    weights, history = train_once(regression, stop=StopAt(0, 6, 1000))
    assert history.steps.tolist() == [0, 6, 21]
    assert torch.equal(weights[0], replicas.weights(small(SEEDS))[0].detach())
    after_two_epochs, _ = train_once(regression, epochs=2)
    assert torch.equal(weights[1], after_two_epochs[1])
    assert torch.equal(weights[2], full[2])
    assert np.isnan(history.losses[7:, 1]).all()
    assert np.isfinite(history.losses[:7, 1]).all()
    assert not history.diverged.any()


def test_training_ends_when_all_replicas_have_stopped(regression):
    _, history = train_once(regression, stop=StopAt(2, 1, 2), epochs=1000)
    assert len(history.losses) == 3


def test_a_loss_that_is_not_finite_stops_its_replica_alone(regression):
    x, y = regression
    model, alone = small(SEEDS), small(SEEDS)
    with torch.no_grad():
        model.head[2].bias[1] = 1e200  # squared, it overflows
    for network in (model, alone):
        optimizer = optimizers.optimizer("adam", network, learning_rate=0.01)
        history = fit(network, [(x, y)], losses.mean_squared_error, optimizer, epochs=5)
        if network is model:
            assert history.diverged.tolist() == [False, True, False]
            assert history.steps.tolist() == [5, 0, 5]
            assert model.head[2].bias[1].item() == 1e200
    for r in (0, 2):
        assert torch.equal(replicas.weights(model)[r], replicas.weights(alone)[r])


def test_the_plateau_rule_wants_a_low_loss_that_has_stopped_moving():
    rule = Plateau(below=1.0, change=0.1)
    low_and_still, low_but_moving, high_and_still = [0.5, 0.45, 0.44], [0.9, 0.5, 0.4], [2.0] * 3
    losses = torch.tensor([low_and_still, low_but_moving, high_and_still]).T
    assert rule(losses).tolist() == [True, False, False]
    assert rule(losses[:2]).tolist() == [False] * 3


def below(limit, every=1):
    """End a replica once its loss on the whole of `regression` was measured under a limit."""
    x = torch.linspace(-1, 1, 11, dtype=torch.float64)[:, None]

    def loss(model):
        return losses.mean_squared_error(model(x), torch.cos(3 * x)).detach()

    return Until(loss, lambda losses: losses < limit, every)


@pytest.mark.parametrize("every", [1, 3])
def test_a_replica_keeps_the_weights_that_were_measured_as_done(regression, every):
    x, y = regression
    model, free = small(SEEDS), small(SEEDS)
    rule = below(0.46, every)
    probes = {"loss": rule.probe, "weights": Probe(replicas.weights, every)}
    histories = [
        fit(
            network,
            Minibatches(x, y, 3, Streams(SEEDS).order),
            losses.mean_squared_error,
            optimizers.optimizer("adam", network, learning_rate=0.01),
            epochs=30,
            probes=probes,
            stop=stop,
        )
        for network, stop in ((model, rule), (free, None))
    ]
    course = histories[1].series  # of the training that is not stopped
    assert course["loss"].min(axis=0).max() < 0.46 < course["loss"][0].min()
    ended = (course["loss"] < 0.46).argmax(axis=0)
    assert len(set(ended)) > 1
    expected = [course["weights"][k, r] for r, k in enumerate(ended)]
    np.testing.assert_array_equal(replicas.weights(model).detach(), expected)
    assert histories[0].steps.tolist() == (4 * every * ended).tolist()  # 11 by threes: 4 steps


class Memory:
    """Keeps checkpoints the way a disk would: as copies."""

    def __init__(self, stop_after):
        self.states, self.stop_after = [], stop_after

    def load(self):
        return torch.load(self.states[-1], weights_only=True) if self.states else None

    def save(self, state):
        import io

        buffer = io.BytesIO()
        torch.save(state, buffer)
        buffer.seek(0)
        self.states.append(buffer)
        if len(self.states) == self.stop_after:
            raise KeyboardInterrupt


@pytest.mark.parametrize("killed_after", [1, 2, 4, 6])
@pytest.mark.parametrize("rule", [lambda: StopAt(0, 7, 1000), lambda: below(0.51, every=2)])
def test_a_killed_training_continues_to_the_same_bits(regression, monkeypatch, killed_after, rule):
    monkeypatch.setattr(loop, "SECONDS_BETWEEN_CHECKPOINTS", 0)

    def settings():  # a rule that probes starts anew with its process
        stop = rule()
        probes = {"weights": Probe(replicas.weights, every=2)}
        if isinstance(stop, Until):
            probes["loss"] = stop.probe
        return {"probes": probes, "stop": stop}

    whole, history = train_once(regression, **settings())
    memory = Memory(killed_after)
    with pytest.raises(KeyboardInterrupt):
        train_once(regression, checkpoint=memory, **settings())
    resumed, again = train_once(regression, checkpoint=memory, **settings())
    assert torch.equal(resumed, whole)
    assert np.array_equal(again.losses, history.losses, equal_nan=True)
    assert np.array_equal(again.series["weights"], history.series["weights"])
    assert again.steps.tolist() == history.steps.tolist()


def test_progress_is_told_of_every_epoch_also_after_a_resume(regression, monkeypatch):
    monkeypatch.setattr(loop, "SECONDS_BETWEEN_CHECKPOINTS", 0)
    memory, told = Memory(3), []
    with pytest.raises(KeyboardInterrupt):
        train_once(regression, checkpoint=memory)
    train_once(regression, checkpoint=memory, each_epoch=told.append)
    assert len(told) == 7


def test_threads_are_set_back():
    before = torch.get_num_threads()
    with modes.threads(1):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


def test_what_is_watched_is_the_gradient_of_each_step(regression):
    # plain gradient descent moves by the step size times the gradient that was read
    x, y = regression
    model = small(SEEDS)
    before = replicas.weights(model).detach().clone()
    sgd = optimizers.optimizer("sgd", model, learning_rate=0.1)
    batches = Minibatches(x, y, 4, Streams(SEEDS).order)

    def gradient(model):
        return torch.cat([p.grad.flatten(1) for p in model.parameters()], dim=1)

    history = fit(model, batches, losses.mean_squared_error, sgd, epochs=400, watch=gradient)
    assert history.watched.shape == (1200, 3, before.shape[1])
    moved = (replicas.weights(model).detach() - before).numpy()
    np.testing.assert_allclose(moved, -0.1 * history.watched.sum(axis=0), rtol=1e-8, atol=1e-12)


def test_watching_continues_where_a_killed_training_stood(regression):
    x, y = regression

    def run(checkpoint, epochs):
        model = small(SEEDS)
        sgd = optimizers.optimizer("sgd", model, learning_rate=0.1)
        return fit(
            model,
            [(x, y)],
            losses.mean_squared_error,
            sgd,
            epochs=epochs,
            watch=lambda model: next(model.parameters()).grad[:, 0, 0],
            checkpoint=checkpoint,
        )

    class Memory:
        state = None

        def load(self):
            return self.state

        def save(self, state):
            self.state = copy.deepcopy(state)

    straight, memory = run(None, 9), Memory()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "SECONDS_BETWEEN_CHECKPOINTS", -1.0)
        run(memory, 5)
    assert np.array_equal(run(memory, 9).watched, straight.watched)
