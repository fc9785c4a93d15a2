"""Many small images in one panel, each with a word below it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ROOM = 0.34  # of a tile's height, for its word


@dataclass(frozen=True)
class Mosaic:
    """Where the pixels and the words of N images lie, rows of `across` from the top."""

    count: int
    across: int
    height: int  # pixels of each image
    width: int

    @property
    def step(self) -> tuple[int, int]:
        """Pixels from one tile to the next, down and across."""
        return round(self.height * (1 + ROOM)), self.width + max(1, self.width // 10)

    @property
    def shape(self) -> tuple[int, int]:
        """Pixels of all, down and across."""
        down, over = self.step
        return down * -(-self.count // self.across), over * self.across

    @property
    def x(self) -> np.ndarray:
        """Where columns of pixels lie."""
        return np.arange(float(self.shape[1]))

    @property
    def y(self) -> np.ndarray:
        """Where rows of pixels lie, from below."""
        return np.arange(float(self.shape[0]))

    @property
    def words(self) -> tuple[np.ndarray, np.ndarray]:
        """Where words lie, (N,) along x and y."""
        down, over = self.step
        row, column = np.divmod(np.arange(self.count), self.across)
        x = column * over + self.width / 2 - 0.5
        gap = (down - self.height) / 2
        return x, self.shape[0] - row * down - self.height - gap - 0.5

    def pixels(self, images: np.ndarray) -> np.ndarray:
        """Lay out images (..., N', C, H, W), N' up to N, as (..., C, Y, X), the first row below.

        NaN lies between them, and where there is no image.
        """
        down, over = self.step
        *before, there, channels, height, width = images.shape
        whole = np.full((*before, channels, *self.shape), np.nan)
        for place in range(there):
            row, column = divmod(place, self.across)
            at = (slice(row * down, row * down + height), slice(column * over, None))
            whole[(..., *at)][..., :width] = images[..., place, :, :, :]
        return whole[..., ::-1, :]
