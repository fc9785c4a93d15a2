"""Image sets made meaningless on purpose: random labels, and pixels in another order."""

import numpy as np
import torch
from torch import Tensor


def randomize_labels(
    labels: Tensor, share: float, classes: int, generator: torch.Generator
) -> Tensor:
    """Replace a share of labels by random classes.

    Each label is redrawn with probability `share`, uniformly over all classes, its own among
    them: where all are redrawn, one in `classes` is still right. From generators in the same
    state, what a smaller share redraws a larger one redraws too, and alike.

    Args:
        labels: Classes, shape (N,); left as they are.
        share: Expected share of labels to redraw, from 0 to 1.
        classes: How many classes there are.
        generator: On the CPU, so that every device gets the same labels.

    Returns:
        Shape (N,).

    Raises:
        ValueError: If the share lies outside 0 to 1.

    Source:
        C. Zhang et al., "Understanding deep learning requires rethinking generalization", ICLR
        2017, section 2.1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"a share of random labels lies between 0 and 1, got {share}")
    redrawn = torch.rand(len(labels), generator=generator) < share
    drawn = torch.randint(classes, (len(labels),), generator=generator)
    return torch.where(redrawn.to(labels.device), drawn.to(labels.device), labels)


def permute_pixels(images: Tensor, seed: int) -> Tensor:
    """Shuffle the pixel positions, by the same permutation in all images and channels.

    The control arm of convolution: what is left is the same information without
    neighbours. A fully connected network cannot tell the difference, a convolutional one
    can. The permutation depends on `seed` and on H * W only, so that training and test
    images get the same one.

    Args:
        images: (..., H, W), any dtype.
        seed: Chooses the permutation.

    Returns:
        Images of the same shape and dtype.
    """
    positions = images.shape[-2] * images.shape[-1]
    permutation = np.argsort(np.random.Generator(np.random.PCG64(seed)).random(positions))
    order = torch.from_numpy(permutation).to(images.device)
    return images.flatten(-2)[..., order].reshape(images.shape)
