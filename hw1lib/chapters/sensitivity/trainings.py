"""The trainings of chapter 34, each described at its end, and the noise of their gradients."""

import dataclasses
from dataclasses import dataclass
from itertools import chain, islice, repeat

import numpy as np
import torch
from torch import Tensor, nn

from hw1lib.chapters.sensitivity.spec import FACTORS, RESCALED
from hw1lib.data import randomized
from hw1lib.data.image_sets import ImageSet
from hw1lib.measuring import curvature, generalization, geometry, sensitivities, sharpness
from hw1lib.networks import builders, replicas
from hw1lib.results.store import Entry
from hw1lib.training import classification, loop, losses, stopping
from hw1lib.training.classification import Examples, Task
from hw1lib.training.gaps import among_all
from hw1lib.training.minibatches import Minibatches
from hw1lib.training.optimizers import Optimizer
from hw1lib.training.run import Run


@dataclass(frozen=True)
class Training:
    """Everything that decides the numbers of one stack of classifiers, besides the images."""

    widths: tuple[int, ...]
    optimizer: Optimizer
    learning_rate: float
    batch_size: int
    epochs: int  # passes over the training images
    updates: int  # made instead, as one pass; 0 for whole passes
    train_examples: int  # the first so many
    test_examples: int
    random_labels: bool  # whether the training images have labels drawn at random
    described: int  # images of each split on which sensitivity and sharpness are measured
    closer: int  # training images for a closer look at the sharpness; 0 for none
    rescaled: bool  # whether that includes its sharpness at other scales of the layers
    seeds: tuple[int, ...]  # one per replica


def train(settings: Training, images: ImageSet, *, run: Run) -> dict[str, np.ndarray]:
    """Train R perceptrons, then measure all that is said to go with generalization.

    Returns:
        `described_<name>` (R,), each of the `generalization.MEASURES`; `tensor_gradient` (R,),
        the mean over weight tensors of the norm of one minibatch's gradient, as report A has it;
        `diverged` (R,), bool; and what `look_closer` returns, where that is wanted.
    """
    streams = replicas.Streams(settings.seeds)
    model = builders.mlp(streams, *settings.widths).to(run.device)
    task = _task(settings, images, run.device)
    batches = task.minibatches(settings.batch_size, streams.order, settings.updates or None)
    history = loop.fit(
        model,
        batches,
        losses.cross_entropy,
        settings.optimizer(model, learning_rate=settings.learning_rate),
        epochs=settings.epochs,
        streams=[*streams],
        run=run,
    )
    found = generalization.describe(task, model, examples=settings.described, seeds=settings.seeds)
    sound = history.sound & np.isfinite(found["train_loss"])
    result = {f"described_{name}": np.where(sound, of, np.nan) for name, of in found.items()}
    result["tensor_gradient"] = np.where(sound, tensor_gradient(model, batches), np.nan)
    result["diverged"] = ~sound
    if settings.closer and sound.any():
        chosen = replicas.weights(model).detach()[torch.from_numpy(sound).to(run.device)]
        seen = look_closer(settings, task, replicas.with_weights(model, chosen))
        for name, values in seen.items():
            result[name] = np.moveaxis(among_all(np.moveaxis(values, -1, 0), sound), 0, -1)
    return result


def train_to(
    settings: Training, images: ImageSet, other: Entry, *, run: Run
) -> dict[str, np.ndarray]:
    """Train as `train` does, but end each replica once its training loss is as low as another's.

    Args:
        settings: With the largest number of passes.
        images: What is learned.
        other: What `train` made of the other training, with the same seeds.
        run: How this is carried out.

    Returns:
        `described_<name>`, `diverged`, and what `look_closer` returns, as `train` does;
        `updates` (R,), after which each replica ended.
    """
    streams = replicas.Streams(settings.seeds)
    model = builders.mlp(streams, *settings.widths).to(run.device)
    task = _task(settings, images, run.device)
    goal = torch.from_numpy(other.arrays["described_train_loss"])
    rule = stopping.Until(
        lambda stack: task.measure(stack, task.train)[:, 0], lambda loss: loss.cpu() <= goal
    )
    history = loop.fit(
        model,
        task.minibatches(settings.batch_size, streams.order),
        losses.cross_entropy,
        settings.optimizer(model, learning_rate=settings.learning_rate),
        epochs=settings.epochs,
        probes={"loss": rule.probe},
        stop=rule,
        streams=[*streams],
        run=run,
    )
    found = generalization.describe(task, model, examples=settings.described, seeds=settings.seeds)
    sound = history.sound & np.isfinite(found["train_loss"])
    kept = {f"described_{name}": np.where(sound, of, np.nan) for name, of in found.items()}
    kept |= {"diverged": ~sound, "updates": history.steps}
    if sound.any():
        chosen = replicas.weights(model).detach()[torch.from_numpy(sound).to(run.device)]
        for name, of in look_closer(settings, task, replicas.with_weights(model, chosen)).items():
            kept[name] = np.moveaxis(among_all(np.moveaxis(of, -1, 0), sound), 0, -1)
    return kept


def _task(settings: Training, images: ImageSet, device: str) -> Task:
    """Return the images to learn, with labels that may be random but are the same for all."""
    task = classification.task(
        images,
        flat=True,
        train_examples=settings.train_examples,
        test_examples=settings.test_examples,
        device=device,
    )
    if not settings.random_labels:
        return task
    (stream,) = replicas.generators([0], "random labels")
    pixels, labels = task.train
    drawn = randomized.randomize_labels(labels, 1.0, len(images.classes), stream)
    return dataclasses.replace(task, train=(pixels, drawn))


def tensor_gradient(model: nn.Module, batches: Minibatches) -> np.ndarray:
    """Measure one minibatch's gradient as report A has it, (R,).

    Returns:
        The mean, over the tensors of weights and biases, of the norm of the loss's gradient by
        each, in nats per unit of weight.
    """
    inputs, targets = next(iter(batches))
    objective = losses.cross_entropy(model(inputs), targets)
    parts = torch.autograd.grad(objective.sum(), list(model.parameters()))
    return torch.stack([part.flatten(1).norm(dim=1) for part in parts]).mean(dim=0).cpu().numpy()


def look_closer(settings: Training, task: Task, model: nn.Module) -> dict[str, np.ndarray]:
    """Measure what the chapter shows of one network alone.

    Returns:
        `keskar_wide` and `keskar_narrow` (R,), by ten iterations of L-BFGS-B over the first
        `closer` training images; `jacobian` (2 kinds, 2, R), mean norm over the test images that
        are classified correctly, and wrongly; and where wanted what `rescale` returns.
    """
    some = task.train[0][: settings.closer], task.train[1][: settings.closer]
    loss = task.loss(some)
    found = {
        "keskar_wide": sharpness.keskar(model, loss, generalization.WIDE),
        "keskar_narrow": sharpness.keskar(model, loss, generalization.NARROW),
        "jacobian": right_and_wrong(task, model),
    }
    if not settings.rescaled:
        return found
    few = task.train[0][: settings.described], task.train[1][: settings.described]
    return found | rescale(task, few, model)


def right_and_wrong(task: Task, model: nn.Module) -> np.ndarray:
    """Compare Jacobians of correctly and wrongly classified test images, (2 kinds, 2, R)."""
    images, labels = task.test
    with torch.no_grad():
        chunks = [model(task.prepare(part)).argmax(dim=2) for part in images.split(1000)]
    right = torch.cat(chunks, dim=1) == labels
    rows = []
    for of in (lambda outputs: outputs, lambda outputs: outputs.softmax(dim=2)):
        norms = sensitivities.jacobian_norms(model, images, of=of, prepare=task.prepare)
        rows.append([norms.where(which, torch.nan).nanmean(dim=1) for which in (right, ~right)])
    return torch.stack([torch.stack(row) for row in rows]).double().cpu().numpy()


def rescale(task: Task, examples: Examples, model: nn.Module) -> dict[str, np.ndarray]:
    """Measure the sharpness of networks that compute the same at other scales of their layers.

    Returns:
        `rescaled` (5 measures, F, R), each of `RESCALED` after the first layer was multiplied by
        each of the `FACTORS` and the second divided, in float64; and `difference` (F, R), the
        largest change of an output by it.
    """
    double = replicas.with_weights(model, replicas.weights(model).detach().double())
    inputs, loss = task.prepare(examples[0]).double(), task.loss(examples)
    with torch.no_grad():
        outputs = double(inputs)
    seeds = range(replicas.count(model))
    measured, differences = [], []
    for factor in FACTORS:
        twin = geometry.rescaled(double, factor)
        with torch.no_grad():
            differences.append((twin(inputs) - outputs).abs().amax(dim=(1, 2)).cpu().numpy())
        stream = replicas.generators(seeds, "rescaled")
        (start,) = replicas.generators([0], "rescaled")
        share = sharpness.relative_box(twin, generalization.SHARE)
        top = curvature.top_eigenvalues(twin, loss, steps=generalization.LANCZOS, generator=start)
        found = {
            # not by signs: their first step would silence most units of a layer this small
            "keskar": sharpness.keskar(twin, loss, generalization.WIDE),
            "eigenvalue": top[:, 0].cpu().numpy(),
            "trace": sharpness.trace(twin, loss, stream, probes=generalization.PROBES),
            "perturbed": sharpness.perturbed_rise(
                twin, loss, generalization.NOISE, stream, draws=generalization.DRAWS
            ),
            "relative": sharpness.highest(twin, loss, share),
        }
        measured.append([found[name] for name in RESCALED])
    return {"rescaled": np.array(measured).swapaxes(0, 1), "difference": np.array(differences)}


@dataclass(frozen=True)
class Noise:
    """Everything that decides how noisy the gradients of minibatches are."""

    widths: tuple[int, ...]
    batch_sizes: tuple[int, ...]  # of the minibatches compared
    draws: int  # minibatches of each size
    optimizer: Optimizer  # of the training between the two looks
    learning_rate: float  # of that training
    batch_size: int  # of that training
    epochs: int  # of that training
    train_examples: int
    seeds: tuple[int, ...]  # one per replica


def noise(settings: Noise, images: ImageSet, *, run: Run) -> dict[str, np.ndarray]:
    r"""Measure how far the gradients of minibatches lie from that of all images.

    .. math:: \mathbb{E} \lVert g_B - g \rVert^2

    Returns:
        `variance` (2, S, R), at the initial weights and after some training, for each batch
        size; `length` (2, R), the squared norm of the gradient over all images there.
    """
    streams = replicas.Streams(settings.seeds)
    model = builders.mlp(streams, *settings.widths).to(run.device)
    task = classification.task(
        images,
        flat=True,
        train_examples=settings.train_examples,
        test_examples=1,
        device=run.device,
    )
    first = _noise(settings, task, model)
    loop.fit(
        model,
        task.minibatches(settings.batch_size, streams.order),
        losses.cross_entropy,
        settings.optimizer(model, learning_rate=settings.learning_rate),
        epochs=settings.epochs,
        streams=[*streams],
        run=run,
    )
    seen = [first, _noise(settings, task, model)]
    return {
        "variance": np.array([variance for variance, _ in seen]),
        "length": np.array([length for _, length in seen]),
    }


def _noise(settings: Noise, task: Task, model: nn.Module) -> tuple[np.ndarray, np.ndarray]:
    """Measure the noise (S, R) and the squared norm (R,) at the weights that the network has."""
    pixels, labels = task.train

    def part(x: Tensor, y: Tensor) -> Tensor:
        return len(y) * curvature.gradients(model, task.loss((x, y)))

    whole = torch.stack(
        [part(x, y) for x, y in zip(pixels.split(1000), labels.split(1000), strict=True)]
    ).sum(dim=0) / len(labels)
    orders = replicas.generators(settings.seeds, "noise")
    rows = []
    for size in settings.batch_sizes:
        batches = task.minibatches(size, orders)
        full = (batch for batch in chain.from_iterable(repeat(batches)) if len(batch[1][0]) == size)
        squares = [
            (_gradient(model, batch) - whole).square().sum(dim=1).cpu().numpy()
            for batch in islice(full, settings.draws)
        ]
        rows.append(np.mean(squares, axis=0))
    return np.array(rows), whole.square().sum(dim=1).cpu().numpy()


def _gradient(model: nn.Module, batch: loop.Batch) -> Tensor:
    """Differentiate the mean loss of one minibatch per replica, (R, P)."""
    inputs, targets = batch
    return curvature.gradients(model, lambda stack: losses.cross_entropy(stack(inputs), targets))
