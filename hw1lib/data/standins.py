"""Stand-ins for MNIST and CIFAR-10 that need no download.

Both depend on the asked-for sizes alone and have the same bits on every machine: the only
random numbers are raw PCG64 output, which NumPy promises never to change, and all is
float64 until the last rounding. A smaller set is the beginning of a larger one.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Labelled = tuple[np.ndarray, np.ndarray]  # images uint8 (N, C, H, W), labels int64 (N,)

SIZES = (4_000, 1_000)  # training and test images: no quick report takes more
CHUNK = 100  # images drawn at once, so that the arithmetic stays in the cache; any number will do


def checked_sizes(sizes: tuple[int, int] | None) -> tuple[int, int]:
    """Return (training, test) sizes, the default ones for None."""
    if sizes is None:
        return SIZES
    if (
        not isinstance(sizes, tuple | list)
        or len(sizes) != 2
        or not all(isinstance(n, int) and n >= 1 for n in sizes)
    ):
        raise ValueError(f"sizes must be two whole numbers of at least 1, got {sizes!r}")
    return sizes[0], sizes[1]


def _uniform(stream: np.random.PCG64, *shape: int) -> np.ndarray:
    """Return uniform numbers of [0, 1), float64, the next of the stream."""
    raw = stream.random_raw(int(np.prod(shape)))
    return ((raw >> np.uint64(11)) * 2.0**-53).reshape(shape)


def _between(low: float, high: float, uniform: np.ndarray) -> np.ndarray:
    return low + (high - low) * uniform


def _bytes(values: np.ndarray) -> np.ndarray:
    """Round intensities of [0, 1] to 0..255, halves up even after a rounding error."""
    return np.floor(np.clip(values, 0, 1) * 255 + (0.5 + 1e-9)).astype(np.uint8)


# ----------------------------------------------------------------------------- digits

DIGITS = tuple(str(digit) for digit in range(10))
EVERY = 5  # original is kept for the test set, so that writers are mixed


def digits(sizes: tuple[int, int] = SIZES) -> tuple[Labelled, Labelled]:
    """Return scikit-learn's 8x8 digits as 28x28 images, warped to any number of them.

    Each image is an original under a small random affine map (rotation, shear, scale,
    shift). Training and test images have different originals.
    """
    from sklearn.datasets import load_digits  # here, since it takes seconds to import

    originals, labels = load_digits(return_X_y=True)
    originals, labels = originals.reshape(-1, 8, 8) / 16, labels.astype(np.int64)
    kept = np.arange(len(labels)) % EVERY == 0

    def split(n: int, seed: int, pool: np.ndarray) -> Labelled:
        stream = np.random.PCG64(seed)
        uniform = _uniform(stream, n, 7)
        chosen = pool[(uniform[:, 0] * len(pool)).astype(np.int64)]
        images = [
            _warped(originals[chosen[start : start + CHUNK]], uniform[start : start + CHUNK, 1:])
            for start in range(0, n, CHUNK)
        ]
        return _bytes(np.concatenate(images))[:, None], labels[chosen]

    train, test = sizes
    return split(train, 1, np.flatnonzero(~kept)), split(test, 2, np.flatnonzero(kept))


def _warped(originals: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Enlarge digits to 28x28 under affine maps, with bilinear interpolation.

    Args:
        originals: (n, 8, 8), values of [0, 1].
        uniform: (n, 6) numbers of [0, 1) that choose the maps.

    Returns:
        (n, 28, 28), values of [0, 1]; a digit is about 20 pixels high, as in MNIST.
    """
    angle, shear, wide, high, right, down = uniform.T[..., None, None]
    angle = _between(-0.15, 0.15, angle)  # radians
    shear = _between(-0.15, 0.15, shear)
    wide, high = _between(2.25, 2.75, wide), _between(2.3, 2.7, high)  # pixels per original pixel
    right, down = _between(-1.5, 1.5, right), _between(-1.5, 1.5, down)  # pixels

    # where in the original does each of the 28x28 pixels come from?
    y, x = np.mgrid[:28, :28] - 13.5
    x, y = x - right, y - down
    x, y = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    column, row = (x + shear * y) / wide + 3.5, y / high + 3.5

    # one ring of background, so that the ink fades out instead of ending at a border
    padded = np.pad(originals, ((0, 0), (1, 1), (1, 1)))
    row, column = np.clip(row + 1, 0, 8.999), np.clip(column + 1, 0, 8.999)
    top, left = row.astype(np.int64), column.astype(np.int64)
    v, u = row - top, column - left
    i = np.arange(len(originals))[:, None, None]
    ink = (1 - v) * ((1 - u) * padded[i, top, left] + u * padded[i, top, left + 1]) + v * (
        (1 - u) * padded[i, top + 1, left] + u * padded[i, top + 1, left + 1]
    )
    return 1.5 * ink - 0.25  # more contrast than interpolation leaves


# ----------------------------------------------------------------------------- shapes

# Each shape by its signed distance d(x, y), negative inside, for a radius of about 1;
# x points right and y down. Areas are alike, so that the amount of ink tells little.
Distance = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _half_planes(x: np.ndarray, y: np.ndarray, n: int, radius: float) -> np.ndarray:
    """Return the distance to a regular polygon of n sides, standing on one of them."""
    angles = np.pi / 2 + 2 * np.pi * np.arange(n) / n
    sides = [np.cos(a) * x + np.sin(a) * y for a in angles]
    return np.maximum.reduce(sides) - radius


def _star(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the distance to a pentagram: inside it, at most one of five lines is crossed."""
    angles = np.pi / 2 + 2 * np.pi * np.arange(5) / 5
    sides = np.sort([np.cos(a) * x + np.sin(a) * y for a in angles], axis=0)
    return sides[-2] - 0.38


_DISTANCES: dict[str, Distance] = {
    "disc": lambda x, y: np.hypot(x, y) - 0.75,
    "ring": lambda x, y: np.abs(np.hypot(x, y) - 0.7) - 0.2,
    "square": lambda x, y: np.maximum(np.abs(x), np.abs(y)) - 0.67,
    "frame": lambda x, y: np.abs(np.maximum(np.abs(x), np.abs(y)) - 0.62) - 0.18,
    "triangle": lambda x, y: _half_planes(x, y - 0.2, 3, 0.55),
    "star": _star,
    "cross": lambda x, y: np.maximum(
        np.minimum(np.abs(x), np.abs(y)) - 0.27, np.maximum(np.abs(x), np.abs(y)) - 0.95
    ),
    "crescent": lambda x, y: np.maximum(np.hypot(x, y) - 0.95, 0.75 - np.hypot(x - 0.45, y)),
    "hourglass": lambda x, y: np.maximum(np.abs(y) - 0.9, (np.abs(x) - np.abs(y)) * 0.7 - 0.05),
    "chevron": lambda x, y: np.maximum(np.abs(y + np.abs(x) - 0.4) * 0.7 - 0.3, np.abs(x) - 0.95),
}
SHAPES = tuple(_DISTANCES)
STROKES = 4  # behind the shape; one more crosses it
CHOICES = 80  # random numbers set aside for each scene


def shapes(sizes: tuple[int, int] = SIZES) -> tuple[Labelled, Labelled]:
    """Return 32x32 colour scenes whose class is the shape in them.

    Colours, place, size, tilt, background, texture, clutter and noise are drawn alike for
    all classes. Labels come in blocks of ten, each with every class once.
    """

    def split(n: int, seed: int) -> Labelled:
        choices, noise = np.random.PCG64(seed), np.random.PCG64(seed + 1)
        blocks = -(-n // 10)
        labels = np.argsort(_uniform(np.random.PCG64(seed + 2), blocks, 10), axis=1).ravel()[:n]
        images = np.empty((n, 3, 32, 32), np.uint8)
        for start in range(0, n, CHUNK):
            part = slice(start, min(start + CHUNK, n))
            images[part] = _bytes(_scenes(labels[part], choices, noise))
        return images, labels

    train, test = sizes
    return split(train, 10), split(test, 20)


def _scenes(labels: np.ndarray, choices: np.random.PCG64, noise: np.random.PCG64) -> np.ndarray:
    """Draw one scene for each label, float64 (n, 3, 32, 32), about [0, 1]."""
    uniform = iter(_uniform(choices, len(labels), CHOICES).T[..., None, None])
    y, x = np.mgrid[:32, :32] - 15.5

    def number(low: float, high: float) -> np.ndarray:  # (n, 1, 1)
        return _between(low, high, next(uniform))

    def colour(low: float, high: float) -> np.ndarray:  # (n, 3, 1, 1)
        return np.stack([number(low, high) for _ in range(3)], axis=1)

    def frame(reach: float, tilt: float) -> tuple[np.ndarray, np.ndarray]:
        """Return coordinates about a random centre, randomly tilted."""
        right, down, angle = number(-reach, reach), number(-reach, reach), number(-tilt, tilt)
        u, v = x - right, y - down
        return np.cos(angle) * u + np.sin(angle) * v, np.cos(angle) * v - np.sin(angle) * u

    def draw(distance: np.ndarray, ink: np.ndarray) -> None:
        cover = np.clip(0.5 - distance, 0, 1)[:, None]  # a pixel half inside is half covered
        image[...] += cover * (ink - image)

    def draw_stroke(width: float) -> None:
        u, v = frame(14, np.pi / 2)
        draw(np.maximum(np.abs(u) - width, np.abs(v) - number(3, 9)), colour(0, 1))

    # background: a gradient of colour, and stripes
    backdrop = colour(0, 1)
    u, _ = frame(0, np.pi)
    image = backdrop + colour(-0.3, 0.3) * u[:, None] / 16
    u, _ = frame(0, np.pi)
    stripes = np.sin(number(0.3, 1.5) * u + number(0, 2 * np.pi))
    image += colour(-0.15, 0.15) * stripes[:, None]

    for _ in range(STROKES):
        draw_stroke(width=1.0)

    u, v = frame(6, 0.35)
    wide, high = number(6.5, 10.5), number(0.85, 1.15)
    high = high * wide
    distance = np.empty_like(u)
    for label, name in enumerate(SHAPES):
        own = labels == label
        distance[own] = _DISTANCES[name]((u / wide)[own], (v / high)[own])
    # each channel at least 0.25 from the backdrop, above or below it: no colour tells the shape
    ink = (backdrop + colour(0.25, 0.75)) % 1.0
    draw(distance * wide, ink + colour(-0.2, 0.2) * v[:, None] / 10)

    draw_stroke(width=0.7)
    grain = _uniform(noise, len(labels), 2, 3, 32, 32).sum(axis=1) - 1
    return image + 0.2 * grain
