"""What reports A and B say about zero gradients and the minimal ratio, and what is expected.

Two networks carry the verdicts: A's own, and a smooth one of which critical points can be found.
"""

import dataclasses
from collections.abc import Mapping
from functools import partial

import numpy as np

from hw1lib.chapters.minimal_ratio.result import (
    A_BAND,
    PLATEAU,
    Looks,
    Result,
    by_loss,
    distinct_points,
    trained,
)
from hw1lib.chapters.minimal_ratio.spec import BOTTOM, FOUND, MADE, SMOOTH
from hw1lib.judging.effects import (
    CORRELATION,
    Bound,
    Correlation,
    Difference,
    Effect,
    NotTested,
    Share,
)
from hw1lib.judging.verdicts import LEAST_TRAININGS, Claim, Margin

SEEN_ZERO = 1e-3  # gradient norm that homework solutions accept as zero

AFTER = "the full run"
MAJORITY = Margin(0.1, "a majority of less than six in ten is hardly worth the word")
OWN_MAJORITY = Margin(MAJORITY.size, MAJORITY.why, AFTER)
WEAK = Margin(0.3, "a medium correlation, in Cohen's words; below it a relation is taken for none")
OWN_WEAK = Margin(WEAK.size, WEAK.why, AFTER)
RULE = Margin(0.05, "a rule may have one exception in twenty beside those it allows", AFTER)

A = "A's network (572 parameters)"
TANH = "tanh networks (141 parameters)"
HESSIAN, COUNTED = "the Hessian", "A's code"


def _ends_in_minima(name: str, residual: np.ndarray, negative: np.ndarray) -> Effect:
    known = np.isfinite(residual)
    return Share(
        f"trainings of {name} that end at a gradient below {SEEN_ZERO:g} without a negative "
        "eigenvalue",
        ((residual < SEEN_ZERO) & (negative == 0))[known],
    )


def _a_ends_in_minima(result: Result) -> Effect:
    shares = result.along.shares(result.spec.tolerance, result.spec.weight_decay)
    return _ends_in_minima(A, result.along.residual[-1], shares.negative[-1])


def _tanh_ends_in_minima(result: Result) -> Effect:
    start = result.arms[BOTTOM].start
    return _ends_in_minima(TANH, start.residual, result.trained_shares(BOTTOM).negative)


def _ratio_along(kind: str, result: Result) -> np.ndarray:
    return result.along.gauss_newton if kind == COUNTED else result.along_shares().positive


def _without_part(result: Result) -> Mapping[str, Result]:
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


def _in_band(ratio: np.ndarray) -> np.ndarray:
    return (ratio >= A_BAND[0]) & (ratio <= A_BAND[1])


def _mostly_in_band(kind: str, result: Result) -> Effect:
    ratio = _ratio_along(kind, result)
    known, inside = np.isfinite(ratio).all(axis=0), result.along.weights @ _in_band(ratio)
    name = f"share of the epochs of {A} whose ratio by {kind} lies in the band"
    return Bound(name, np.where(known, inside, np.nan), at_least=0.5)


def _trained_in_band(result: Result) -> Effect:
    which = _in_band(trained(result, "positive"))
    return Share(f"{TANH} that left Adam at many losses, ratio in the band", which)


def _found_in_band(result: Result) -> Effect:
    _, shares = distinct_points(result)
    return Share(f"distinct critical points found of {TANH} in the band", _in_band(shares.positive))


def _unrelated_along(kind: str, result: Result) -> Effect:
    found = by_loss(result.along, _ratio_along(kind, result))
    name = f"rank correlation of ratio by {kind} and loss along each training of {A}"
    return Difference(name, {"": found}, unit=CORRELATION, absent=True)


def _trained_together(name: str, title: str, absent: bool, result: Result) -> Effect:
    return Correlation(
        f"{title} and loss of {TANH} that left Adam at many losses",
        trained(result, name),
        trained(result, "loss"),
        absent=absent,
    )


def _over_points(arms: tuple[str, ...], part: str, absent: bool, result: Result) -> Effect:
    kind = "made" if arms == MADE else "found"
    losses, shares = distinct_points(result, [arm for arm in SMOOTH if arm in arms])
    values = getattr(shares, part)
    if len(values) < LEAST_TRAININGS:
        raise NotTested(f"of the critical points that were {kind}, {len(values)} are different")
    if not np.ptp(values):
        raise NotTested(
            f"all {len(values)} different critical points that were {kind} have the same share of "
            f"{part} eigenvalues, {values[0]:.3g}, so there is nothing to rank"
        )
    title = {"positive": "ratio", "negative": "index"}[part]
    return Correlation(
        f"{title} and loss over critical points that were {kind}", values, losses, absent=absent
    )


def _minimum_or_vanished(result: Result) -> Effect:
    which = []
    for arm in FOUND:
        chosen, end = result.certified(arm), result.arms[arm].end
        minimum = result.shares(arm).negative == 0
        which.append((minimum | (end.loss >= PLATEAU * result.constant))[chosen])
    found = np.concatenate(which)
    if not len(found):
        raise NotTested("no search found a critical point")
    name = f"searches of {TANH} that end at a zero gradient, in a minimum or on a plateau"
    return Share(name, found, at_least=0.9)


def _index_along(result: Result) -> Effect:
    found = by_loss(result.along, result.along_shares().negative)
    name = f"rank correlation of index and loss along each training of {A}"
    return Difference(name, {"": found}, unit=CORRELATION)


def _untested(reason: str, result: Result) -> Effect:
    raise NotTested(reason)


CLAIMS = (
    Claim(
        "A-C18a",
        "A's training ends in a minimum of the loss.",
        _a_ends_in_minima,
        OWN_MAJORITY,
    ),
    Claim(
        "A-C18b",
        "So does that of the smooth network, by Adam.",
        _tanh_ends_in_minima,
        MAJORITY,
    ),
    Claim(
        "A-C19a",
        "In most epochs the minimal ratio lies between 0.70 and 0.775, by the Hessian.",
        partial(_mostly_in_band, HESSIAN),
        OWN_MAJORITY,
        _without_part,
    ),
    Claim(
        "A-C19b",
        "In most epochs it lies between 0.70 and 0.775, as A's code counts.",
        partial(_mostly_in_band, COUNTED),
        OWN_MAJORITY,
        _without_part,
    ),
    Claim(
        "A-C19c",
        "It lies there for most smooth networks, by the Hessian, at losses of any size.",
        _trained_in_band,
        OWN_MAJORITY,
    ),
    Claim(
        "A-C19d",
        "It lies there at most critical points that a search finds.",
        _found_in_band,
        OWN_MAJORITY,
    ),
    Claim(
        "A-C20a",
        "The minimal ratio does not depend on the loss, by the Hessian along A's training.",
        partial(_unrelated_along, HESSIAN),
        OWN_WEAK,
        _without_part,
    ),
    Claim(
        "A-C20b",
        "It does not depend on the loss as A's code counts along A's training.",
        partial(_unrelated_along, COUNTED),
        OWN_WEAK,
        _without_part,
    ),
    Claim(
        "A-C20c",
        "It does not depend on the loss of smooth networks, by the Hessian.",
        partial(_trained_together, "positive", "ratio", True),
        OWN_WEAK,
    ),
    Claim(
        "A-C20d",
        "It does not depend on the loss at critical points that a search finds.",
        partial(_over_points, FOUND, "positive", True),
        OWN_WEAK,
    ),
    Claim(
        "A-C21",
        "The minimal ratio is a reliable measure of over-fitting.",
        partial(
            _untested,
            "the target is fitted without noise and judged on the training points alone, so "
            "nothing here over-fits",
        ),
        WEAK,
    ),
    Claim(
        "B-C11",
        "A gradient of almost zero means a local minimum or a vanished gradient.",
        _minimum_or_vanished,
        RULE,
    ),
    Claim(
        "B-C12a",
        "As gradient norm by loss falls, the loss falls.",
        partial(_trained_together, "over_loss", "gradient norm by loss", False),
        WEAK,
    ),
    Claim(
        "B-C12b",
        "As the layers' gradient norm falls, the loss falls.",
        partial(_trained_together, "layer_norm", "mean gradient norm of the layers", False),
        WEAK,
    ),
    Claim(
        "B-C12c",
        "As the share of positive eigenvalues falls, the loss falls.",
        partial(_trained_together, "positive", "ratio", False),
        OWN_WEAK,
    ),
    Claim(
        "B-C13",
        "A high minimal ratio signals a bad initialization or step size.",
        partial(_untested, "neither initialization nor step size was varied"),
        WEAK,
    ),
    Claim(
        "E-23a",
        "The higher the loss of a critical point that a search found, the larger its index.",
        partial(_over_points, FOUND, "negative", False),
        OWN_WEAK,
    ),
    Claim(
        "E-23b",
        "By their making, points with a higher loss that were made have a larger index.",
        partial(_over_points, MADE, "negative", False),
        OWN_WEAK,
    ),
    Claim(
        "E-23c",
        "The higher the loss at which a smooth network left Adam, the larger its index.",
        partial(_trained_together, "negative", "index", False),
        OWN_WEAK,
    ),
    Claim(
        "E-23d",
        "Along A's training the index falls with the loss.",
        _index_along,
        OWN_WEAK,
        _without_part,
    ),
)
