"""What reports A and B say about zero gradients and the minimal ratio, judged by chapter 23."""

import numpy as np

from hw1lib.chapters.minimal_ratio.result import (
    A_BAND,
    Result,
    correlate,
    correlation,
    distinct_points,
)
from hw1lib.chapters.minimal_ratio.spec import BOTTOM
from hw1lib.judging import verdicts
from hw1lib.judging.statistics import NO_INTERVAL, Interval, share_interval
from hw1lib.judging.verdicts import Claim, Verdict

# Chosen before the runs.
SHARE = 0.1  # a share of trainings that differs from a half by less is no majority worth the word
WEAK = 0.3  # Cohen's word for a medium correlation: below it a relation is taken for none
CORRELATION = 0.1  # how far a correlation must lie beyond that
SEEN_ZERO = 1e-3  # gradient norm that homework solutions accept as zero


def _majority(which: np.ndarray, compared: str) -> Verdict:
    if not len(which):
        return verdicts.not_tested(f"{compared}: there are none")
    effect = share_interval(which, beyond=0.5)
    return verdicts.of_effect(compared, effect, unit="share above one half", margin=SHARE)


def _ends_in_minima(result: Result) -> Verdict:
    start, index = result.arms[BOTTOM].start, result.trained_shares(BOTTOM).negative
    return _majority(
        (start.residual < SEEN_ZERO) & (index == 0),
        f"trainings by Adam to their end with a gradient below {SEEN_ZERO:g} and no negative "
        "eigenvalue, against the others",
    )


def _in_band(result: Result) -> Verdict:
    _, shares = distinct_points(result)
    return _majority(
        (shares.positive >= A_BAND[0]) & (shares.positive <= A_BAND[1]),
        "distinct certified points inside the band, against the others",
    )


def _no_relation(result: Result) -> Verdict:
    rho = correlation(result, "positive")
    if rho.n < verdicts.LEAST_TRAININGS:
        return verdicts.not_tested("too few distinct certified points")
    sizes = sorted([abs(rho.low), abs(rho.high)])
    least = 0.0 if rho.low < 0 < rho.high else sizes[0]
    effect = Interval(WEAK - abs(rho.mean), WEAK - sizes[1], WEAK - least, rho.n)
    return verdicts.of_effect(
        f"{WEAK:g} with the size of the rank correlation of ratio and loss over distinct "
        "certified points",
        effect,
        unit="in correlation",
        margin=CORRELATION,
    )


def _minimum_or_vanished(result: Result) -> Verdict:
    losses, shares = distinct_points(result)
    which = (shares.negative > 0) & (losses < 0.9 * result.constant)
    if not len(which):
        return verdicts.not_tested("there are no certified points")
    share = share_interval(which)
    # a tenth of the points being neither is enough to make "or" the wrong word
    effect = Interval(SHARE - share.mean, SHARE - share.high, SHARE - share.low, share.n)
    return verdicts.of_effect(
        f"{SHARE:g} with the share of saddles that are no plateau among distinct certified points",
        effect,
        unit="of the points",
        margin=SHARE / 2,
    )


def _together(rho: Interval, compared: str) -> Verdict:
    if rho == NO_INTERVAL or rho.n < verdicts.LEAST_TRAININGS:
        return verdicts.not_tested(f"{compared}: too few networks")
    return verdicts.of_effect(compared, rho, unit="rank correlation", margin=WEAK)


def _over_loss(result: Result) -> Verdict:
    rho = correlate(result, "over_loss", "loss")
    return _together(rho, "gradient norm by loss with loss, networks that left at many levels")


def _layer_norm(result: Result) -> Verdict:
    rho = correlate(result, "layer_norm", "loss")
    return _together(rho, "mean layer gradient norm with loss, networks that left at many levels")


def _hessian(result: Result) -> Verdict:
    return _together(
        correlation(result, "positive"),
        "share of positive eigenvalues with loss, distinct certified points",
    )


CLAIMS = (
    Claim(
        "A-C18",
        "The weights at the end of training have a gradient near zero and are a local minimum.",
        _ends_in_minima,
    ),
    Claim("A-C19", "The minimal ratio lies between 0.70 and 0.775 for most points.", _in_band),
    Claim("A-C20", "The minimal ratio does not depend on the loss.", _no_relation),
    Claim(
        "A-C21",
        "The minimal ratio is a reliable measure of over-fitting.",
        lambda result: verdicts.not_tested(
            "the target is fitted without noise and judged on the training points alone, so "
            "nothing here over-fits"
        ),
    ),
    Claim(
        "B-C11",
        "A gradient of almost zero means a local minimum or a vanished gradient.",
        _minimum_or_vanished,
    ),
    Claim("B-C12a", "As gradient norm by loss falls, the loss falls.", _over_loss),
    Claim("B-C12b", "As the layers' gradient norm falls, the loss falls.", _layer_norm),
    Claim("B-C12c", "As the share of positive eigenvalues falls, the loss falls.", _hessian),
    Claim(
        "B-C13",
        "A high minimal ratio signals a bad initialization or step size.",
        lambda result: verdicts.not_tested("neither was varied"),
    ),
)
