"""The trainings of chapter 34, each described at its end, and the noise of their gradients."""

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice, repeat

import numpy as np
import torch
from torch import Tensor, nn

from hw1lib.data import randomized
from hw1lib.data.image_sets import ImageSet
from hw1lib.measuring import curvature, generalization, sensitivities, sharpness
from hw1lib.networks import builders, replicas
from hw1lib.training import classification, loop, losses, minibatches, optimizers
from hw1lib.training.classification import Examples, Task

NESTEROV = "SGD with Nesterov momentum"
ADAM = "Adam"
MOMENTUM = 0.9  # as A has it

FACTORS = (1.0, 0.1, 0.01, 0.001)  # of the first layer's weights when a trained network is rescaled
RESCALED = ("keskar", "eigenvalue", "trace", "perturbed", "relative")  # measured then
KINDS = ("outputs", "probabilities")  # what is differentiated by the image


@dataclass(frozen=True)
class Training:
    """Everything that decides the numbers of one stack of classifiers, besides the images."""

    widths: tuple[int, ...]
    optimizer: str  # NESTEROV or ADAM
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


class Updates:
    """So many minibatches as one pass, from as many passes over the images as they take."""

    def __init__(self, batches: minibatches.Minibatches, count: int) -> None:
        self.batches, self.count = batches, count

    def __iter__(self) -> Iterator[loop.Batch]:
        """Draw inputs (R, B, ...) and targets (R, B), so many times."""
        return islice(chain.from_iterable(repeat(self.batches)), self.count)


def train(
    settings: Training,
    images: ImageSet,
    *,
    device: str,
    checkpoint: loop.Checkpoint | None = None,
    each_epoch: Callable[[Tensor], None] = lambda losses: None,
) -> dict[str, np.ndarray]:
    """Train R perceptrons, then measure all that is said to go with generalization.

    Returns:
        `described_<name>` (R,), each of the `generalization.MEASURES`; `tensor_gradient` (R,),
        the mean over weight tensors of the norm of one minibatch's gradient, as report A has it;
        `diverged` (R,), bool; and what `look_closer` returns, where that is wanted.
    """
    streams = replicas.Streams(settings.seeds)
    model = builders.mlp(streams, *settings.widths).to(device)
    task = learnable(settings, images, model, device)
    batches = task.minibatches(settings.batch_size, streams.order)
    passes = Updates(batches, settings.updates) if settings.updates else batches
    history = loop.fit(
        model,
        passes,
        losses.cross_entropy,
        optimizer(settings, model),
        epochs=settings.epochs,
        streams=[*streams],
        checkpoint=checkpoint,
        each_epoch=each_epoch,
    )
    found = generalization.describe(task, model, examples=settings.described, seeds=settings.seeds)
    sound = ~history.diverged & np.isfinite(found["train_loss"])
    result = {f"described_{name}": np.where(sound, of, np.nan) for name, of in found.items()}
    result["tensor_gradient"] = np.where(sound, tensor_gradient(model, batches), np.nan)
    result["diverged"] = ~sound
    if settings.closer and sound.any():
        chosen = replicas.weights(model).detach()[torch.from_numpy(sound).to(device)]
        seen = look_closer(settings, task, replicas.with_weights(model, chosen))
        for name, values in seen.items():
            result[name] = np.full((*values.shape[:-1], len(sound)), np.nan)
            result[name][..., sound] = values
    return result


def learnable(settings: Training, images: ImageSet, model: builders.Stack, device: str) -> Task:
    """Take the images to learn, with labels that may be random but are the same for all."""
    task = classification.task(
        images,
        model,
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


def optimizer(settings: Training, model: nn.Module) -> torch.optim.Optimizer:
    """Make the optimizer of a training."""
    if settings.optimizer == ADAM:
        return optimizers.optimizer("adam", model, learning_rate=settings.learning_rate)
    return optimizers.nesterov(model, learning_rate=settings.learning_rate, momentum=MOMENTUM)


def tensor_gradient(model: nn.Module, batches: minibatches.Minibatches) -> np.ndarray:
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
    loss = loss_over(task, some)
    found = {
        "keskar_wide": sharpness.keskar(model, loss, generalization.WIDE),
        "keskar_narrow": sharpness.keskar(model, loss, generalization.NARROW),
        "jacobian": right_and_wrong(task, model),
    }
    if not settings.rescaled:
        return found
    few = task.train[0][: settings.described], task.train[1][: settings.described]
    return found | rescale(task, few, model)


def loss_over(task: Task, examples: Examples, *, double: bool = False) -> curvature.Loss:
    """Take the mean cross-entropy over some examples as a function of a stack."""
    inputs, labels = task.prepare(examples[0]), examples[1]
    inputs = inputs.double() if double else inputs

    def loss(stack: nn.Module) -> Tensor:
        outputs = stack(inputs)
        return losses.cross_entropy(outputs, labels.expand(len(outputs), -1))

    return loss


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
    inputs, loss = task.prepare(examples[0]).double(), loss_over(task, examples, double=True)
    with torch.no_grad():
        outputs = double(inputs)
    seeds = range(replicas.count(model))
    measured, differences = [], []
    for factor in FACTORS:
        twin = sharpness.rescaled(double, factor)
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
    learning_rate: float  # of the training between the two looks
    batch_size: int  # of that training
    epochs: int  # of that training
    train_examples: int
    seeds: tuple[int, ...]  # one per replica


def noise(
    settings: Noise,
    images: ImageSet,
    *,
    device: str,
    checkpoint: loop.Checkpoint | None = None,
    each_epoch: Callable[[Tensor], None] = lambda losses: None,
) -> dict[str, np.ndarray]:
    r"""Measure how far the gradients of minibatches lie from that of all images.

    .. math:: \mathbb{E} \lVert g_B - g \rVert^2

    Returns:
        `variance` (2, S, R), at the initial weights and after some training, for each batch
        size; `length` (2, R), the squared norm of the gradient over all images there.
    """
    streams = replicas.Streams(settings.seeds)
    model = builders.mlp(streams, *settings.widths).to(device)
    task = classification.task(
        images, model, train_examples=settings.train_examples, test_examples=1, device=device
    )
    first = _noise(settings, task, model)
    loop.fit(
        model,
        task.minibatches(settings.batch_size, streams.order),
        losses.cross_entropy,
        optimizers.nesterov(model, learning_rate=settings.learning_rate, momentum=MOMENTUM),
        epochs=settings.epochs,
        streams=[*streams],
        checkpoint=checkpoint,
        each_epoch=each_epoch,
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
        return len(y) * curvature.gradients(model, loss_over(task, (x, y)))

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
