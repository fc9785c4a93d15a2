"""What reports A and B say about fitting functions, each sentence with its test."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from itertools import combinations

import numpy as np

from hw1lib.chapters.function_fit.result import LOWER, NEAR, Fit, Result, title
from hw1lib.chapters.function_fit.spec import ARMS, AS_A, AS_B, B_SIGN, TUNED
from hw1lib.judging.effects import POINTS, Bound, Difference, Effect, NotTested, Ratio, Share
from hw1lib.judging.statistics import decades
from hw1lib.judging.verdicts import Claim, Margin

STEADY = 0.9  # a loss that falls at so many updates is said to fall steadily
AFTER = "a first full run"

FACTOR = Margin(1.25, "less could not be seen on a logarithmic axis of losses", AFTER)
SHARE = Margin(0.1, '"it stops" must hold for six trainings in ten at least', AFTER)
STEADY_MARGIN = Margin(0.05, "a twentieth of the updates more or less is still steady", AFTER)
VISIBLE = Margin(0.05, "what one sees in a plot of height 1", AFTER)
AT_JUMPS = Margin(0.1, "40 to 60 % of the error would be about half of it", AFTER)
OFTEN = Margin(10.0, "a difference of one training in ten would be no rule", "the full run")
MOSTLY = Margin(0.1, "lowest on 40 to 60 % would be neither a rule nor its reverse", "the full run")

Fits = dict[str, Fit]  # of one target in one arm, by network


def _later_over_earlier(fits: list[Fit]) -> np.ndarray:
    """Compare the losses of networks that the rule stops at different times, (R,), as factors.

    The geometric mean, over the pairs of one seed's networks of which one stops first, of the loss
    of the later over that of the earlier, each where the rule ends it; NaN where all stop together.
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
    return 10**means


def _on(arm: str, target: str, effect: Callable[[Fits], Effect]) -> Callable[[Result], Effect]:
    """Compare the networks' fits of one target in one arm, if there are any."""

    def compared(result: Result) -> Effect:
        if target not in result.spec.targets:
            raise NotTested(f"{title(target)} was not fitted")
        return effect(result.networks(arm, target))

    return compared


def _stops(network: str, fits: Fits) -> Effect:
    which = np.isfinite(fits[network].stops)
    return Share(f"trainings of {network} that the rule stops", which)


def _runs_on(network: str, fits: Fits) -> Effect:
    which = ~np.isfinite(fits[network].stops)
    return Share(f"trainings of {network} that the rule never stops", which)


def _none_stops(fits: Fits) -> Effect:
    never = [~np.isfinite(fit.stops) for fit in fits.values()]
    return Share("seeds of which the rule stops no network", np.all(never, axis=0))


def _higher(first: str, second: str, fits: Fits) -> Effect:
    return Ratio("final loss", {name: fits[name].final for name in (first, second)})


def _lowest(network: str, fits: Fits) -> Effect:
    others = [fit.final for name, fit in fits.items() if name != network]
    sides = {"lowest of the others": np.min(others, axis=0), network: fits[network].final}
    return Ratio("final loss", sides)


def _early_is_low(fits: Fits) -> Effect:
    ratio = _later_over_earlier(list(fits.values()))
    return Ratio(
        "loss of the later stopper in units of the earlier one's",
        {"later": ratio, "earlier": np.where(np.isfinite(ratio), 1.0, np.nan)},
    )


def _steadily(fits: Fits) -> Effect:
    least = np.min([fit.falling for fit in fits.values()], axis=0)
    return Bound(
        "share of updates that lower the loss, of the network with the least",
        least,
        at_least=STEADY,
    )


def _stops_higher(first: str, second: str, fits: Fits) -> Effect:
    sides = {name: fits[name].loss_at_stop for name in (first, second)}
    return Ratio("loss where the rule ends them", sides)


def _fastest(network: str, fits: Fits) -> Effect:
    # a training that the rule never stops took at least all updates
    updates = {name: np.minimum(fit.stops, fit.updates[-1]) for name, fit in fits.items()}
    own = updates.pop(network)
    sides = {"fastest of the others": np.min([*updates.values()], axis=0), network: own}
    return Ratio("updates until the rule stops", sides)


def _deviates(network: str, fits: Fits) -> Effect:
    errors = {name: fit.largest_error for name, fit in fits.items()}
    own = errors.pop(network)
    return Difference(
        "largest error", {network: own, "worst of the others": np.max([*errors.values()], axis=0)}
    )


def _wrong_at_jumps(network: str, fits: Fits) -> Effect:
    return Bound(
        f"share of {network}'s squared error within {NEAR:g} of a jump",
        fits[network].share_at_jumps,
        at_least=0.5,
    )


def _mean_loss(result: Result, network: str) -> np.ndarray:
    """Compute the geometric mean of a network's final losses over the targets, tuned, (R,)."""
    ends = [result.fits[TUNED, target, network].final for target in result.spec.targets]
    logs = np.mean([decades(end) for end in ends], axis=0)
    return np.where(np.isfinite(logs), 10**logs, np.nan)


def _better(more: str, less: str, result: Result) -> Effect:
    """Compare two networks' final losses, tuned, over all targets."""
    sides = {network: _mean_loss(result, network) for network in (less, more)}
    return Ratio("final loss, tuned, geometric mean over the targets", sides)


def _success(result: Result, network: str) -> np.ndarray:
    """Compute in how many percent of targets and optimizers a network gets below 1e-3, (R,)."""
    fits = [result.fits[arm, target, network] for target in result.spec.targets for arm in ARMS]
    return 100 * np.mean([fit.final < LOWER for fit in fits], axis=0)


def _succeeds_more(more: str, less: str, result: Result) -> Effect:
    return Difference(
        f"trainings that end below {LOWER:g}, over all targets and optimizers",
        {network: _success(result, network) for network in (more, less)},
        unit=POINTS,
    )


def _mostly_lowest(result: Result) -> Effect:
    arms = [result.networks(arm, target) for target in result.spec.targets for arm in ARMS]
    lowest = [
        fits["deep"].final < np.min([fits[name].final for name in fits if name != "deep"], axis=0)
        for fits in arms
    ]
    return Bound(
        f"share of the {len(arms)} targets and optimizers on which deep ends lowest",
        np.mean(lowest, axis=0),
        at_least=0.5,
    )


def without_target(result: Result) -> Mapping[str, Result]:
    """Leave out one target after another."""
    targets = result.spec.targets
    if len(targets) < 2:
        return {}
    return {
        title(left): replace(
            result, spec=result.spec.replace(targets=tuple(t for t in targets if t != left))
        )
        for left in targets
    }


CLAIMS = (
    Claim(
        "A-C1a",
        "On sinc the rule stops deep before the last update.",
        _on(AS_A, "sinc", partial(_stops, "deep")),
        SHARE,
    ),
    Claim(
        "A-C1b",
        "On sinc it stops medium before the last update.",
        _on(AS_A, "sinc", partial(_stops, "medium")),
        SHARE,
    ),
    Claim(
        "A-C2",
        "On sinc it never stops shallow.",
        _on(AS_A, "sinc", partial(_runs_on, "shallow")),
        SHARE,
    ),
    Claim(
        "A-C3a",
        "On sinc shallow ends higher than deep.",
        _on(AS_A, "sinc", partial(_higher, "shallow", "deep")),
        FACTOR,
    ),
    Claim(
        "A-C3b",
        "On sinc shallow ends higher than medium.",
        _on(AS_A, "sinc", partial(_higher, "shallow", "medium")),
        FACTOR,
    ),
    Claim(
        "A-C4",
        "On sin(5πx) the rule stops none of the three.",
        _on(AS_A, "sine", _none_stops),
        SHARE,
    ),
    Claim(
        "A-C5",
        "On sin(5πx) medium ends lowest.",
        _on(AS_A, "sine", partial(_lowest, "medium")),
        FACTOR,
    ),
    Claim(
        "A-C6",
        "On sinc the networks that stop earlier have a lower loss.",
        _on(AS_A, "sinc", _early_is_low),
        FACTOR,
    ),
    Claim(
        "A-C7a",
        "More layers improve the fit.",
        partial(_better, "deep", "shallow"),
        FACTOR,
        without_target,
    ),
    Claim(
        "A-C7b",
        "More neurons improve the fit.",
        partial(_better, "shallow", "medium"),
        FACTOR,
        without_target,
    ),
    Claim(
        "A-C7c",
        f"More layers make a loss below {LOWER:g} more frequent.",
        partial(_succeeds_more, "deep", "shallow"),
        OFTEN,
        without_target,
    ),
    Claim(
        "B-C1",
        "On sinc the loss of every network falls steadily.",
        _on(AS_B, "sinc", _steadily),
        STEADY_MARGIN,
    ),
    Claim(
        "B-C2",
        "On sinc shallow ends slightly higher than deep.",
        _on(AS_B, "sinc", partial(_stops_higher, "shallow", "deep")),
        FACTOR,
    ),
    Claim(
        "B-C3",
        "On sinc shallow converges fastest.",
        _on(AS_B, "sinc", partial(_fastest, "shallow")),
        FACTOR,
    ),
    Claim(
        "B-C4",
        "On sinc shallow deviates visibly, unlike the others.",
        _on(AS_B, "sinc", partial(_deviates, "shallow")),
        VISIBLE,
    ),
    Claim(
        "B-C5",
        "On the sign function shallow reaches the lowest loss.",
        _on(B_SIGN, "sign", partial(_lowest, "shallow")),
        FACTOR,
    ),
    Claim(
        "B-C6",
        "On the sign function deep ends lower than medium.",
        _on(B_SIGN, "sign", partial(_higher, "medium", "deep")),
        FACTOR,
    ),
    Claim(
        "B-C7",
        "Shallow's errors sit at the jumps.",
        _on(B_SIGN, "sign", partial(_wrong_at_jumps, "shallow")),
        AT_JUMPS,
    ),
    Claim(
        "E-11",
        "The deep network ends lowest on most targets and with most optimizers.",
        _mostly_lowest,
        MOSTLY,
        without_target,
    ),
)
