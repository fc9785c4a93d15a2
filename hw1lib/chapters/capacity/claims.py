"""What reports A and B say about the number of parameters, each sentence with its test.

The margins were fixed before any profile but smoke was run.
"""

from functools import partial

import numpy as np

from hw1lib.chapters.capacity.result import KNEE, Result, rise_on_the_way
from hw1lib.chapters.capacity.spec import NOISY, OF_A, OF_B, SETTLED
from hw1lib.chapters.capacity.sweeps import Sweep
from hw1lib.judging import trends
from hw1lib.judging.statistics import decades, t_interval
from hw1lib.judging.verdicts import Claim, Verdict, not_tested, of_effect

SMALL = 101_000  # parameters: A's "below 100,000", with its network of 100,710
PLATEAU = 98.0  # % of A's and of B's large networks, on training and test digits
AGREEMENT = 0.5  # points: what both reports' rounding and one seed leave open

# "small": a point of accuracy is what A's figure, from 0 to 100 %, can show at all
SMALL_GAP = 1.0  # percentage points
GAP_MARGIN = 0.1  # points, a tenth of what is called small
# ten times the parameters must change the loss by a tenth at least
SLOPE_MARGIN = float(np.log10(1.1))  # decades per decade
# what is steep before and flat after must differ by a point per tenfold size, as in a figure
STEEP_MARGIN = 1.0  # points per decade
# within a factor of two counts as "near"; A's neighbouring sizes there differ by 1.2 to 1.4
NEAR = float(np.log10(2))  # decades
NEAR_MARGIN = float(np.log10(1.1))
# what A calls steep would bring more than that over sizes that differ by half again
FLAT_GAIN = 0.5  # points of accuracy from the first size beyond the knee to the largest
RISE = float(np.log10(1.1))  # decades: a test loss that rises by a tenth has risen
RISE_MARGIN = float(np.log10(1.02))
# B's own large networks are 0.1 points apart
REVERSAL_MARGIN = 0.1  # points
# twice the standard error of an error of 15 % over 10,000 test digits is 0.7 points
PEAK_MARGIN = 1.0  # points


def steeper_below(sweep: Sweep) -> np.ndarray | None:
    """Compare slopes of test accuracy up to `SMALL` and from there on, (R,), points per decade.

    None where there are not two sizes on both sides; the size nearest to the border from below
    belongs to both.
    """
    below = sweep.parameters <= SMALL
    if below.sum() < 2 or below.all():
        return None
    above = ~below
    above[np.flatnonzero(below)[-1]] = True
    accuracy = sweep.accuracy("test")
    first, then = (trends.slope(sweep.sizes[which], accuracy[:, which]) for which in (below, above))
    return first - then


def _falls(arm: str, split: str, result: Result) -> Verdict:
    sweep = result.sweeps[arm]
    return of_effect(
        f"fall of the {split} loss with size, {arm}",
        t_interval(-trends.slope(sweep.sizes, decades(sweep.loss(split)))),
        unit="decades per tenfold size",
        margin=SLOPE_MARGIN,
    )


def _bends(result: Result) -> Verdict:
    found = result.sweeps[OF_A].knee()
    return of_effect(
        "slope of the test accuracy before and after its knee",
        t_interval(found.before - found.after),
        unit="points per tenfold size",
        margin=STEEP_MARGIN,
    )


def _near(result: Result) -> Verdict:
    found = result.sweeps[OF_A].knee()
    return of_effect(
        f"a factor of two with the distance of the knee from {KNEE:,} parameters",
        t_interval(NEAR - np.abs(found.place - np.log10(KNEE))),
        unit="decades",
        margin=NEAR_MARGIN,
    )


def _flat(result: Result) -> Verdict:
    sweep = result.sweeps[OF_A]
    beyond = np.flatnonzero(sweep.parameters > KNEE)
    if len(beyond) < 2:
        return not_tested(f"no two networks above {KNEE:,} parameters")
    gained = sweep.accuracy("test")[:, beyond[-1]] - sweep.accuracy("test")[:, beyond[0]]
    first, last = (f"{sweep.parameters[k]:,}" for k in beyond[[0, -1]])
    return of_effect(
        f"{FLAT_GAIN:g} points with the gain in test accuracy from {first} to {last} parameters",
        t_interval(FLAT_GAIN - gained),
        unit="points",
        margin=GAP_MARGIN,
    )


def _steep(result: Result) -> Verdict:
    steeper = steeper_below(result.sweeps[OF_A])
    if steeper is None:
        return not_tested(f"no two networks on both sides of {SMALL:,} parameters")
    return of_effect(
        f"slope of the test accuracy below and above {SMALL:,} parameters",
        t_interval(steeper),
        unit="points per tenfold size",
        margin=STEEP_MARGIN,
    )


def _plateau(split: str, result: Result) -> Verdict:
    sweep = result.sweeps[OF_A]
    large = sweep.parameters > KNEE
    if not large.any():
        return not_tested(f"no network above {KNEE:,} parameters")
    away = np.abs(sweep.accuracy(split)[:, large].mean(axis=1) - PLATEAU)
    return of_effect(
        f"{AGREEMENT:g} points with the distance of the {split} accuracy from {PLATEAU:g} %",
        t_interval(AGREEMENT - away),
        unit="points",
        margin=GAP_MARGIN,
    )


def _small_gap(arm: str, result: Result) -> Verdict:
    return of_effect(
        f"{SMALL_GAP:g} point with the largest gap of training and test accuracy, {arm}",
        t_interval(SMALL_GAP - result.sweeps[arm].gap().max(axis=1)),
        unit="points",
        margin=GAP_MARGIN,
    )


def _no_rise(result: Result) -> Verdict:
    return of_effect(
        f"a factor of {10**RISE:.2g} with the rise of the test loss after its lowest, {SETTLED}",
        t_interval(RISE - rise_on_the_way(result.sweeps[SETTLED])),
        unit="decades",
        margin=RISE_MARGIN,
    )


def _underfit(arm: str, result: Result) -> Verdict:
    accuracy = result.sweeps[arm].accuracy("train")
    return of_effect(
        f"training accuracy of the largest and the smallest network, {arm}",
        t_interval(accuracy[:, -1] - accuracy[:, 0]),
        unit="points",
        margin=SMALL_GAP,
    )


def _not_consistent(result: Result) -> Verdict:
    return of_effect(
        "largest rise of the test loss to a larger network, chosen by the other trainings",
        t_interval(trends.reversal(decades(result.sweeps[OF_B].loss("test")))),
        unit="decades",
        margin=RISE_MARGIN,
    )


def _large_behind(result: Result) -> Verdict:
    return of_effect(
        "largest loss of test accuracy to a larger network, chosen by the other trainings",
        t_interval(trends.reversal(-result.sweeps[OF_B].accuracy("test"))),
        unit="points",
        margin=REVERSAL_MARGIN,
    )


def _peak_of_networks(result: Result) -> Verdict:
    return _has_peak("networks", result.sweeps[NOISY].error("test"))


def _peak_of_features(result: Result) -> Verdict:
    return _has_peak("random features", result.features.error("test", noisy=True))


def _has_peak(what: str, errors: np.ndarray) -> Verdict:
    return of_effect(
        f"prominence of the peak of the test error over sizes, {what}",
        t_interval(trends.peak(errors).prominence),
        unit="points",
        margin=PEAK_MARGIN,
    )


def _noise_raises(result: Result) -> Verdict:
    noisy, clean = (
        trends.peak(result.features.error("test", noisy=noisy)).prominence
        for noisy in (True, False)
    )
    return of_effect(
        "prominence of that peak with random labels and without",
        t_interval(noisy - clean),
        unit="points",
        margin=PEAK_MARGIN,
    )


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "A-C23a", "With more parameters the training loss falls.", partial(_falls, OF_A, "train")
    ),
    Claim("A-C23b", "With more parameters the test loss falls.", partial(_falls, OF_A, "test")),
    Claim("A-C24a", "Returns diminish with size.", _bends),
    Claim("A-C24b", "They do so at about 300,000 parameters.", _near),
    Claim("A-C24c", "Beyond those little is gained.", _flat),
    Claim("A-C25a", "Below 100,000 parameters the accuracy rises steeply.", _steep),
    Claim(
        "A-C25b",
        "Above 300,000 the training accuracy is about 98 %.",
        partial(_plateau, "train"),
    ),
    Claim("A-C25c", "Above 300,000 the test accuracy is about 98 %.", partial(_plateau, "test")),
    Claim(
        "A-C26a", "The gap between the splits is small at every size.", partial(_small_gap, OF_A)
    ),
    Claim("A-C26b", "It stays so in training to convergence.", partial(_small_gap, SETTLED)),
    Claim("A-C26c", "There is no overfitting: the test loss does not rise again.", _no_rise),
    Claim("A-C27a", "Very small networks underfit.", partial(_underfit, OF_A)),
    Claim("A-C27b", "They do so for want of size, not of time.", partial(_underfit, SETTLED)),
    Claim("B-C16", "With more parameters the training loss falls.", partial(_falls, OF_B, "train")),
    Claim(
        "B-C17", "With more parameters the test loss does not fall consistently.", _not_consistent
    ),
    Claim("B-C18", "Some large networks do worse than moderate ones.", _large_behind),
    Claim("E-32a", "With noisy labels the networks' test error has a peak.", _peak_of_networks),
    Claim("E-32b", "So has that of random features.", _peak_of_features),
    Claim("E-32c", "The noise makes that peak higher.", _noise_raises),
)
