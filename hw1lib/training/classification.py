"""A labelled image set as a stack of networks takes it, to learn and to be tested on.

Every chapter that trains classifiers starts here, so that all see the same images, normalized
and measured in the same way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hw1lib.data import image_sets, randomized
from hw1lib.data.image_sets import ImageSet
from hw1lib.networks.builders import Stack
from hw1lib.training import loop, losses, minibatches

MEASURES = [losses.cross_entropy, losses.softmax_squared_error, losses.accuracy]

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
        self, batch_size: int, orders: Sequence[torch.Generator]
    ) -> minibatches.Minibatches:
        """Shuffle the training images into minibatches, in an order of its own per replica."""
        return minibatches.Minibatches(*self.train, batch_size, orders, self.prepare)

    def evaluate(self, model: nn.Module, examples: Examples) -> Tensor:
        """Take the `MEASURES` over whole splits in eval mode, (R, 3), float64."""
        return losses.over_split(model, *examples, MEASURES, prepare=self.prepare)

    def probes(self, every: int) -> Mapping[str, loop.Probe]:
        """Watch both splits, each measured as `evaluate` does, every so many epochs."""

        def probe(examples: Examples) -> loop.Probe:
            return loop.Probe(lambda model: self.evaluate(model, examples), every)

        return {"train": probe(self.train), "test": probe(self.test)}


def task(
    images: ImageSet,
    model: Stack,
    *,
    train_examples: int,
    test_examples: int,
    device: str,
    permuted: bool = False,
) -> Task:
    """Take the first images of both splits, for a network that is to learn them.

    Args:
        images: Where they are from.
        model: Who is to learn them; a network without convolutions gets them flat.
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
        flat=model.features is None,
    )
