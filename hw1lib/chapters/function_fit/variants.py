"""Chapter 11's question for one student: target, widths and noise from a seed, and its bands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hw1lib.exploring import formulas
from hw1lib.networks import builders
from hw1lib.training import fused, optimizers, regression
from hw1lib.training.regression import Training
from hw1lib.training.run import Run, threads

FORMULAS = (
    "sin({a}*x) + {b}*cos({c}*x)",
    "abs(x)*sin({a}*x) + {b}*x",
    "exp(-{b}*x^2)*cos({a}*x)",
    "{b}*sign(sin({c}*x)) + x^2",
)
NOISE = (0.0, 0.02, 0.05, 0.1)  # standard deviation, in units of the target
POINTS, UPDATES, RATE, TRAININGS = 200, 2_000, 1e-3, 20
BAND = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Variant:
    """What one student is asked: which networks fit which noisy points, and how they learn."""

    seed: int
    formula: str
    noise: float  # standard deviation of what is added to the target at every point
    networks: dict[str, tuple[int, ...]]  # widths, ends included; of about the same size
    points: int = POINTS
    updates: int = UPDATES  # full batch
    learning_rate: float = RATE  # of Adam

    def target(self, x: Tensor) -> Tensor:
        """Return the noisy values at x, the same at every call with as many points."""
        noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(self.seed))
        values: Tensor = formulas.parse(self.formula)(x, library=torch)
        return values + self.noise * noise.to(x)

    @property
    def task(self) -> regression.Task:
        """The points to learn."""
        return regression.task(self.target, self.points, device="cpu")


def variant(seed: int) -> Variant:
    """Draw a variant; the same seed gives the same one everywhere.

    Raises:
        ValueError: If the seed is negative.
    """
    if seed < 0:
        raise ValueError(f"a seed is 0 or more, got {seed}")
    draw = np.random.Generator(np.random.PCG64(seed))
    a, b, c = draw.integers(6, 14), draw.integers(2, 10) / 10, draw.integers(3, 9)
    formula = FORMULAS[draw.integers(len(FORMULAS))].format(a=a, b=b, c=c)
    size, layers = int(draw.integers(300, 701)), int(draw.integers(4, 8))
    deep = min(
        ((1, *[width] * layers, 1) for width in range(3, 20)),
        key=lambda widths: abs(builders.parameter_count(widths) - size),
    )
    units = round((builders.parameter_count(deep) - 1) / 3)  # of one hidden layer: 3 each, and 1
    return Variant(
        seed=seed,
        formula=formula,
        noise=float(draw.choice(NOISE)),
        networks={"deep": deep, "shallow": (1, units, 1)},
    )


def expected(asked: Variant, trainings: int = TRAININGS) -> dict[str, np.ndarray]:
    """Train the networks of a variant, and return their final losses, (R,) each, by name.

    Args:
        asked: The variant.
        trainings: Of each network, from seed 0 on.

    Returns:
        Mean squared errors on the noisy points after the last update.
    """
    found = {}
    with threads(1):
        for name, widths in asked.networks.items():
            settings = Training(
                target=asked.target,
                widths=widths,
                optimizer=optimizers.adam,
                learning_rate=asked.learning_rate,
                points=asked.points,
                epochs=asked.updates,
                seeds=tuple(range(trainings)),
            )
            found[name] = regression.fit(settings, run=Run(prepare=fused.prepare)).loss[-1]
    return found
