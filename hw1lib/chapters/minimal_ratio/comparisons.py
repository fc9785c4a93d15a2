"""The effects that chapter 23's claims predict, from its result.

Two networks carry the verdicts: A's own, and a smooth one of which critical points can be found.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np

from hw1lib.chapters.minimal_ratio.result import (
    A_BAND,
    PLATEAU,
    Looks,
    Result,
    by_loss,
    distinct_points,
    of_b,
    trained,
)
from hw1lib.chapters.minimal_ratio.spec import B_NARROW, BOTTOM, MADE, RECIPE, SMOOTH
from hw1lib.judging.effects import (
    CORRELATION,
    Bound,
    Correlation,
    Difference,
    Effect,
    NotTested,
    Share,
)
from hw1lib.judging.verdicts import LEAST_TRAININGS

SEEN_ZERO = 1e-3  # gradient norm that homework solutions accept as zero
A, B = "A's network (572 parameters)", "B's network (385 parameters)"
TANH = "tanh networks (141 parameters)"
HESSIAN, COUNTED = "the Hessian", "A's code"


def ends_in_minima(name: str, residual: np.ndarray, negative: np.ndarray) -> Effect:
    """Count trainings that end where homework solutions see a minimum."""
    known = np.isfinite(residual)
    return Share(
        f"trainings of {name} that end at a gradient below {SEEN_ZERO:g} without a negative "
        "eigenvalue",
        ((residual < SEEN_ZERO) & (negative == 0))[known],
    )


def a_ends_in_minima(result: Result) -> Effect:
    """Count those of A's network, by the objective's Hessian."""
    shares = result.along.shares(result.spec.tolerance, result.spec.weight_decay)
    return ends_in_minima(A, result.along.residual[-1], shares.negative[-1])


def tanh_ends_in_minima(result: Result) -> Effect:
    """Count those of the smooth network, where Adam left it."""
    start = result.arms[BOTTOM].start
    return ends_in_minima(TANH, start.residual, result.trained_shares(BOTTOM).negative)


def ratio_along(kind: str, result: Result) -> np.ndarray:
    """Return the ratio along A's training (K, R), by the Hessian or as A's code counts."""
    return result.along.gauss_newton if kind == COUNTED else result.along_shares().positive


def without_part(result: Result) -> Mapping[str, Result]:
    """Leave out the looks of the first tenth of A's training, then those of the rest."""
    along, early = result.along, result.along.at <= result.along.at[-1] / 10
    parts = {"the first tenth of the training": ~early, "what comes after that tenth": early}
    return {
        name: dataclasses.replace(
            result,
            along=Looks(*(getattr(along, f.name)[kept] for f in dataclasses.fields(along))),
        )
        for name, kept in parts.items()
        if kept.sum() > 2  # or there is nothing to rank
    }


def in_band(ratio: np.ndarray) -> np.ndarray:
    """Return which ratios lie in report A's band."""
    return (ratio >= A_BAND[0]) & (ratio <= A_BAND[1])


def mostly_in_band(kind: str, result: Result) -> Effect:
    """Measure the share of A's training whose ratio lies in the band, by training."""
    ratio = ratio_along(kind, result)
    known, inside = np.isfinite(ratio).all(axis=0), result.along.weights @ in_band(ratio)
    name = f"share of the epochs of {A} whose ratio by {kind} lies in the band"
    return Bound(name, np.where(known, inside, np.nan), at_least=0.5)


def trained_in_band(result: Result) -> Effect:
    """Count smooth networks whose ratio lies in the band where Adam left them."""
    which = in_band(trained(result, "positive"))
    return Share(f"{TANH} that left Adam at many losses, ratio in the band", which)


def found_in_band(result: Result) -> Effect:
    """Count critical points that differ and whose ratio lies in the band."""
    _, shares = distinct_points(result)
    return Share(f"distinct critical points found of {TANH} in the band", in_band(shares.positive))


def unrelated_along(kind: str, result: Result) -> Effect:
    """Correlate ratio and loss along each of A's trainings, expecting nothing."""
    found = by_loss(result.along.loss, ratio_along(kind, result))
    name = f"rank correlation of ratio by {kind} and loss along each training of {A}"
    return Difference(name, {"": found}, unit=CORRELATION, absent=True)


def trained_together(name: str, title: str, absent: bool, result: Result) -> Effect:
    """Correlate a measure and the loss over smooth networks where Adam left them."""
    return Correlation(
        f"{title} and loss of {TANH} that left Adam at many losses",
        trained(result, name),
        trained(result, "loss"),
        absent=absent,
    )


def over_points(arms: tuple[str, ...], part: str, absent: bool, result: Result) -> Effect:
    """Correlate a share of eigenvalues and the loss over critical points that differ."""
    kind = "made" if arms == MADE else "found"
    losses, shares = distinct_points(result, [arm for arm in SMOOTH if arm in arms])
    values = getattr(shares, part)
    if len(values) < LEAST_TRAININGS:
        raise NotTested(f"of the critical points that were {kind}, {len(values)} are distinct")
    if not np.ptp(values):
        raise NotTested(
            f"all {len(values)} distinct critical points that were {kind} have the same share of "
            f"{part} eigenvalues, {values[0]:.3g}, so there is nothing to rank"
        )
    title = {"positive": "ratio", "negative": "index"}[part]
    return Correlation(
        f"{title} and loss over critical points that were {kind}", values, losses, absent=absent
    )


def minimum_or_vanished(result: Result) -> Effect:
    """Count networks in a minimum or on a plateau where the recipe has lowered the gradient.

    The recipe goes towards a zero gradient of any kind. The searches to the bottom leave saddles
    on purpose, so what they find says nothing about this.
    """
    end = result.arms[RECIPE].end
    near = end.residual < SEEN_ZERO
    if not near.any():
        raise NotTested(f"the recipe lowered no gradient below {SEEN_ZERO:g}")
    minimum, vanished = result.shares(RECIPE).negative == 0, end.loss >= PLATEAU * result.constant
    name = f"{TANH} with a gradient below {SEEN_ZERO:g} by the recipe, in a minimum or on a plateau"
    return Share(name, (minimum | vanished)[near], at_least=0.9)


def of_b_along(name: str, title: str, result: Result) -> Effect:
    """Correlate a measure and the validation loss along each training of B's network."""
    found = by_loss(result.of_b[B_NARROW].validation, of_b(result, B_NARROW)[name])
    return Difference(
        f"rank correlation of {title} and validation loss along each training of {B}",
        {"": found},
        unit=CORRELATION,
    )


def index_along(result: Result) -> Effect:
    """Correlate index and loss along each of A's trainings."""
    found = by_loss(result.along.loss, result.along_shares().negative)
    name = f"rank correlation of index and loss along each training of {A}"
    return Difference(name, {"": found}, unit=CORRELATION)


def untested(reason: str, result: Result) -> Effect:
    """Say why a sentence is not tested."""
    raise NotTested(reason)
