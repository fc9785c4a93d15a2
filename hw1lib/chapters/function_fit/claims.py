"""What reports A and B say about fitting functions, each sentence with its test.

The margins were written down after a first run of the full profile, so these verdicts explore
rather than confirm.
"""

from collections.abc import Callable
from functools import partial
from itertools import combinations

import numpy as np

from hw1lib.chapters.function_fit.result import NEAR, Fit, Result, improvement, title
from hw1lib.chapters.function_fit.spec import AS_A, AS_B, B_SIGN
from hw1lib.judging.statistics import Interval, decades, log_ratio, share_interval, t_interval
from hw1lib.judging.verdicts import Claim, Verdict, not_tested, of_effect

STEADY = 0.9  # a loss that falls at so many updates is said to fall steadily

FACTOR = float(np.log10(1.25))  # decades; less could not be seen on a logarithmic axis of losses
SHARE = 0.1  # "it stops" must hold for six trainings in ten, at least
STEADY_MARGIN = 0.05  # of the updates
VISIBLE = 0.05  # of the value at x: what one sees in a plot of height 1
AT_JUMPS = 0.1  # of the squared error


def _later_over_earlier(fits: list[Fit]) -> np.ndarray:
    """Compare the losses of networks that the rule stops at different times, (R,), in decades.

    The mean, over the pairs of one seed's networks of which one stops first, of log10(loss of
    the later / loss of the earlier), each where the rule ends it; NaN where all stop together.
    """
    found = []
    for one, other in combinations(fits, 2):
        later = 1.0 * (one.stops > other.stops) - (one.stops < other.stops)
        ratio = decades(one.loss_at_stop / other.loss_at_stop)
        found.append(np.where(later == 0, np.nan, later * ratio))
    pairs = np.stack(found)
    some = np.isfinite(pairs).any(axis=0)
    means = np.full(pairs.shape[1], np.nan)
    means[some] = np.nanmean(pairs[:, some], axis=0)
    return means


Fits = dict[str, Fit]  # of one target in one arm, by network


def _on(arm: str, target: str, judge: Callable[[Fits], Verdict]) -> Callable[[Result], Verdict]:
    """Judge from the networks' fits of one target in one arm, if there are any."""

    def judged(result: Result) -> Verdict:
        if target not in result.spec.targets:
            return not_tested(f"{title(target)} was not fitted")
        return judge(result.networks(arm, target))

    return judged


def _majority(compared: str, which: np.ndarray) -> Verdict:
    return of_effect(
        f"share of {compared}, beyond one half",
        share_interval(which, beyond=0.5),
        unit="of the trainings",
        margin=SHARE,
    )


def _lower(compared: str, effect: Interval) -> Verdict:
    return of_effect(compared, effect, unit="decades", margin=FACTOR)


def _stops(network: str, fits: Fits) -> Verdict:
    which = np.isfinite(fits[network].stops)
    return _majority(f"trainings of {network} that the rule stops", which)


def _runs_on(network: str, fits: Fits) -> Verdict:
    which = ~np.isfinite(fits[network].stops)
    return _majority(f"trainings of {network} that the rule never stops", which)


def _none_stops(fits: Fits) -> Verdict:
    never = [~np.isfinite(fit.stops) for fit in fits.values()]
    return _majority("seeds of which the rule stops no network", np.all(never, axis=0))


def _higher(first: str, second: str, fits: Fits) -> Verdict:
    return _lower(
        f"final loss of {first} over that of {second}",
        log_ratio(fits[first].final, fits[second].final),
    )


def _lowest(network: str, fits: Fits) -> Verdict:
    others = [fit.final for name, fit in fits.items() if name != network]
    return _lower(
        f"lowest of the others' final losses over that of {network}",
        log_ratio(np.min(others, axis=0), fits[network].final),
    )


def _early_is_low(fits: Fits) -> Verdict:
    return _lower(
        "loss of the network that stops later over that of the one that stops earlier",
        t_interval(_later_over_earlier(list(fits.values()))),
    )


def _steadily(fits: Fits) -> Verdict:
    least = np.min([fit.falling for fit in fits.values()], axis=0)
    return of_effect(
        f"share of updates that lower the loss, of the network with the least, beyond {STEADY:g}",
        t_interval(least - STEADY),
        unit="of the updates",
        margin=STEADY_MARGIN,
    )


def _stops_higher(first: str, second: str, fits: Fits) -> Verdict:
    return _lower(
        f"loss of {first} over that of {second} where the rule ends them",
        log_ratio(fits[first].loss_at_stop, fits[second].loss_at_stop),
    )


def _fastest(network: str, fits: Fits) -> Verdict:
    # a training that the rule never stops took at least all updates
    updates = {name: np.minimum(fit.stops, fit.updates[-1]) for name, fit in fits.items()}
    own = updates.pop(network)
    return _lower(
        f"updates until the rule stops the fastest of the others, over those of {network}",
        log_ratio(np.min([*updates.values()], axis=0), own),
    )


def _deviates(network: str, fits: Fits) -> Verdict:
    errors = {name: fit.largest_error for name, fit in fits.items()}
    own = errors.pop(network)
    return of_effect(
        f"largest error of {network} less the largest of the others",
        t_interval(own - np.max([*errors.values()], axis=0)),
        unit="of the value",
        margin=VISIBLE,
    )


def _wrong_at_jumps(network: str, fits: Fits) -> Verdict:
    return of_effect(
        f"share of {network}'s squared error within {NEAR:g} of a jump, beyond one half",
        t_interval(fits[network].share_at_jumps - 0.5),
        unit="of the squared error",
        margin=AT_JUMPS,
    )


def _better(more: str, less: str, result: Result) -> Verdict:
    """Judge whether one network ends lower than another, tuned, on the mean over the targets."""
    return _lower(
        f"final loss of {less} over that of {more}, tuned, mean over the targets",
        improvement(more, less, result),
    )


CLAIMS = (
    Claim(
        "A-C1a",
        "On sinc the rule stops deep before the last update.",
        _on(AS_A, "sinc", partial(_stops, "deep")),
    ),
    Claim(
        "A-C1b",
        "On sinc it stops medium before the last update.",
        _on(AS_A, "sinc", partial(_stops, "medium")),
    ),
    Claim(
        "A-C2", "On sinc it never stops shallow.", _on(AS_A, "sinc", partial(_runs_on, "shallow"))
    ),
    Claim(
        "A-C3a",
        "On sinc shallow ends higher than deep.",
        _on(AS_A, "sinc", partial(_higher, "shallow", "deep")),
    ),
    Claim(
        "A-C3b",
        "On sinc shallow ends higher than medium.",
        _on(AS_A, "sinc", partial(_higher, "shallow", "medium")),
    ),
    Claim("A-C4", "On sin(5πx) the rule stops none of the three.", _on(AS_A, "sine", _none_stops)),
    Claim("A-C5", "On sin(5πx) medium ends lowest.", _on(AS_A, "sine", partial(_lowest, "medium"))),
    Claim(
        "A-C6",
        "On sinc the networks that stop earlier have a lower loss.",
        _on(AS_A, "sinc", _early_is_low),
    ),
    Claim("A-C7a", "More layers improve the fit.", partial(_better, "deep", "shallow")),
    Claim("A-C7b", "More neurons improve the fit.", partial(_better, "shallow", "medium")),
    Claim(
        "B-C1", "On sinc the loss of every network falls steadily.", _on(AS_B, "sinc", _steadily)
    ),
    Claim(
        "B-C2",
        "On sinc shallow ends slightly higher than deep.",
        _on(AS_B, "sinc", partial(_stops_higher, "shallow", "deep")),
    ),
    Claim(
        "B-C3",
        "On sinc shallow converges fastest.",
        _on(AS_B, "sinc", partial(_fastest, "shallow")),
    ),
    Claim(
        "B-C4",
        "On sinc shallow deviates visibly, unlike the others.",
        _on(AS_B, "sinc", partial(_deviates, "shallow")),
    ),
    Claim(
        "B-C5",
        "On the sign function shallow reaches the lowest loss.",
        _on(B_SIGN, "sign", partial(_lowest, "shallow")),
    ),
    Claim(
        "B-C6",
        "On the sign function deep ends lower than medium.",
        _on(B_SIGN, "sign", partial(_higher, "medium", "deep")),
    ),
    Claim(
        "B-C7",
        "Shallow's errors sit at the jumps.",
        _on(B_SIGN, "sign", partial(_wrong_at_jumps, "shallow")),
    ),
)
