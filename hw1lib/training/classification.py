"""A labelled image set as a stack of networks takes it, to learn and to be tested on.

Every chapter that trains classifiers starts here, so that all see the same images, normalized
and measured in the same way.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hw1lib.data import image_sets, randomized
from hw1lib.data.image_sets import ImageSet
from hw1lib.training import losses
from hw1lib.training.loop import Objective, Probe
from hw1lib.training.minibatches import Minibatches

MEASURES = (losses.cross_entropy, losses.softmax_squared_error, losses.accuracy)

Examples = tuple[Tensor, Tensor]  # uint8 images (N, C, H, W), and labels (N,)


@dataclass(frozen=True)
class Task:
    """Images to learn and images to be tested on, all in memory."""

    images: ImageSet
    train: Examples
    test: Examples
    flat: bool  # networks take rows of pixels, as perceptrons do, not images

    def prepare(self, batch: Tensor) -> Tensor:
        """Turn uint8 images (..., C, H, W) into what the networks take."""
        normalized = self.images.normalized(batch)
        return normalized.flatten(-3) if self.flat else normalized

    def minibatches(
        self, batch_size: int, orders: Sequence[torch.Generator], steps: int | None = None
    ) -> Minibatches:
        """Shuffle the training images into minibatches, in an order of its own per replica."""
        images, labels = self.train
        # once for all passes: at every step it would take as long as a small network's update
        return Minibatches(self.prepare(images), labels, batch_size, orders, steps)

    def measure(
        self, model: nn.Module, examples: Examples, measures: Sequence[Objective] = MEASURES
    ) -> Tensor:
        """Compute measures over a whole split in eval mode, (R, number of measures), float64."""
        return losses.over_split(model, *examples, measures, prepare=self.prepare)

    def probes(
        self, every: int, measures: Sequence[Objective] = MEASURES, *, examples: int | None = None
    ) -> Mapping[str, Probe]:
        """Watch both splits, each measured as `measure` does, every so many epochs.

        Args:
            every: Epochs between two measurements.
            measures: Batch means, each `measure(outputs, targets)` -> (R,).
            examples: Of each split, the first so many at most; None for all.
        """

        def probe(split: Examples) -> Probe:
            images, labels = split[0][:examples], split[1][:examples]
            return Probe(lambda model: self.measure(model, (images, labels), measures), every)

        return {"train": probe(self.train), "test": probe(self.test)}

    def loss(self, examples: Examples, chunk: int | None = None) -> Callable[[nn.Module], Tensor]:
        """Return the mean cross-entropy of some examples as a function of a stack, -> (R,).

        It can be differentiated, and is as precise as the network's parameters.

        Args:
            examples: uint8 images (N, C, H, W), and labels (N,).
            chunk: Images at a time, which bounds the memory; None for all at once.
        """
        images, labels = examples

        def of(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
            outputs = model(self.prepare(images).to(next(model.parameters()).dtype))
            return losses.cross_entropy(outputs, labels.expand(len(outputs), *labels.shape))

        def whole(model: nn.Module) -> Tensor:
            return of(model, images, labels)

        def in_chunks(model: nn.Module) -> Tensor:
            parts = zip(images.split(chunk), labels.split(chunk), strict=True)
            sums = [len(y) * of(model, x, y) for x, y in parts]
            return torch.stack(sums).sum(dim=0) / len(labels)

        return in_chunks if chunk else whole


def task(
    images: ImageSet,
    *,
    flat: bool,
    train_examples: int,
    test_examples: int,
    device: str,
    permuted: bool = False,
) -> Task:
    """Take the first images of both splits, to be learned.

    Args:
        images: Where they are from.
        flat: Whether networks take them as rows of pixels, as perceptrons do.
        train_examples: How many training images, at most.
        test_examples: How many test images, at most.
        device: Where they shall lie.
        permuted: Whether all are seen through one fixed permutation of the pixels.
    """

    def first(part: image_sets.Split, count: int) -> Examples:
        chosen = part.images[:count]
        if permuted:
            chosen = randomized.permute_pixels(chosen, seed=0)
        return chosen.to(device), part.labels[:count].to(device)

    return Task(
        images,
        train=first(images.train, train_examples),
        test=first(images.test, test_examples),
        flat=flat,
    )


class WithAccuracy:
    """An objective that keeps the accuracy of its last batch, for `fit` to watch.

    Report B reads its training accuracy off the minibatches while the network changes.
    """

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        self.accuracy = torch.empty(0)  # (R,) of the last batch

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the objective, (R,)."""
        self.accuracy = losses.accuracy(outputs.detach(), targets)
        return self.objective(outputs, targets)

    def read(self, model: nn.Module) -> Tensor:
        """Return the accuracy of the last batch, (R,), as `fit` wants to watch it."""
        return self.accuracy
