"""Which of two regressors is the flatter one: an answer for each direction."""

from collections.abc import Callable

import numpy as np

from hw1lib.chapters.error_surface.result import Result, beyond
from hw1lib.judging.effects import Ratio

NEAR, FAR = 0.1, 1.0  # steps in filter-normalized directions, in lengths of each unit's weights
LENGTH = 0.1  # and in directions of all weights, in lengths of their whole vector

Values = Callable[[Result, str], np.ndarray]

FLATNESS: dict[str, tuple[str, Values]] = {  # by the direction: what is compared, and its values
    "further along the path": (
        "rise of the loss where the line goes on by a quarter",
        lambda result, name: beyond(result.surfaces[name]),
    ),
    f"random, normalized by unit, step {NEAR:g}": (
        f"rise of the loss at distance {NEAR:g}",
        lambda result, name: result.surfaces[name].away(NEAR),
    ),
    f"random, normalized by unit, step {FAR:g}": (
        f"rise of the loss at distance {FAR:g}",
        lambda result, name: result.surfaces[name].away(FAR),
    ),
    "random, all weights and biases": (
        f"rise of the loss after a step of {LENGTH:g} of the weights' length",
        lambda result, name: result.around[name].rise("random", LENGTH),
    ),
    "along the top eigenvector": (
        f"rise of the loss after a step of {LENGTH:g} of the weights' length",
        lambda result, name: result.around[name].rise("steepest", LENGTH),
    ),
    "curvature at the solution": (
        "largest eigenvalue of the Hessian",
        lambda result, name: result.around[name].eigenvalue,
    ),
}


def flatter(direction: str, result: Result) -> Ratio:
    """Compare the regressors in one of the directions of `FLATNESS`: shallow over deep."""
    of, values = FLATNESS[direction]
    return Ratio(of, {name: values(result, name) for name in ("shallow", "deep")})
