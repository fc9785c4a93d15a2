"""Slips of reports A and B about the minimal ratio, and what each changes."""

import numpy as np

from hw1lib.chapters.minimal_ratio.result import Result, correlate, trained
from hw1lib.chapters.minimal_ratio.spec import BOTTOM
from hw1lib.judging.slips import Slip, told
from hw1lib.judging.statistics import geometric_mean, paired_difference, tally


def _gauss_newton(result: Result) -> str:
    more = paired_difference(trained(result, "gauss_newton"), trained(result, "positive"))
    own = paired_difference(result.along.gauss_newton[-1], result.along_shares().positive[-1])
    return (
        f"A's share − the Hessian's, on the same smooth networks: {told(more)}; rank correlation "
        f"{told(correlate(result, 'gauss_newton', 'positive'))}; at the end of the training of A's "
        f"own network: {told(own)}"
    )


def _learned(result: Result) -> str:
    bottom = result.arms[BOTTOM]
    learned = (bottom.start.loss < result.constant)[~bottom.diverged]
    return (
        "not rebuilt, as such steps minimize nothing; here Adam ends below the best constant's "
        f"loss in {tally(learned)} trainings"
    )


def _no_minimum(result: Result) -> str:
    bottom = result.arms[BOTTOM]
    index = result.trained_shares(BOTTOM).negative
    along, own = result.along, result.along_shares().negative[-1]
    return (
        f"A's training ends at a gradient of {told(geometric_mean(along.residual[-1]))}, with "
        f"negative eigenvalues in {tally((own > 0)[np.isfinite(own)])} trainings; on the smooth "
        f"network Adam ends at a gradient of {told(geometric_mean(bottom.start.residual))}, with "
        f"negative eigenvalues in {tally((index > 0)[~bottom.diverged])} trainings"
    )


def _norms(result: Result) -> str:
    text, code = (told(correlate(result, name, "positive")) for name in ("over_loss", "layer_norm"))
    return f"rank correlation with the Hessian's share: text {text}, code {code}"


SLIPS = (
    Slip(
        "A4",
        "counted positive eigenvalues of Gauss-Newton matrices, which have no negative ones, at "
        "points without a vanishing gradient",
        "exact Hessian in float64, a tolerance for zero, certified points",
        _gauss_newton,
    ),
    Slip(
        "A5",
        "steps that most likely did not follow the loss's gradient",
        "trainings whose loss is shown to fall",
        _learned,
    ),
    Slip(
        "A6",
        "called the end of training a local minimum",
        "gradient norm and lowest eigenvalues measured there",
        _no_minimum,
    ),
    Slip(
        "B11",
        "gradient norm by loss in the text, the layers' mean gradient norm in the code; one "
        "network, no search for a zero gradient",
        "the Hessian's share at certified points, both norms beside it",
        _norms,
    ),
)
