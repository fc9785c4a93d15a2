"""What each sentence on fitting functions compares, positive where the sentence is right."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import combinations

import numpy as np

from hw1lib.chapters.function_fit.learning import HARMONICS
from hw1lib.chapters.function_fit.result import (
    LOWER,
    NEAR,
    Fit,
    Learning,
    Result,
    both_succeed,
    mean_loss,
    successes,
    title,
)
from hw1lib.chapters.function_fit.spec import ARMS, NETWORKS
from hw1lib.judging.effects import POINTS, Bound, Difference, Effect, NotTested, Ratio, Share
from hw1lib.judging.statistics import decades

STEADY = 0.9  # a loss that falls at so many updates is said to fall steadily

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


def on(arm: str, target: str, effect: Callable[[Fits], Effect]) -> Callable[[Result], Effect]:
    """Compare the networks' fits of one target in one arm, if there are any."""

    def compared(result: Result) -> Effect:
        if target not in result.spec.targets:
            raise NotTested(f"{title(target)} was not fitted")
        return effect(result.networks(arm, target))

    return compared


def stops(network: str, fits: Fits) -> Effect:
    """Count the trainings that the rule stops."""
    which = np.isfinite(fits[network].stops)
    return Share(f"trainings of {network} that the rule stops", which)


def runs_on(network: str, fits: Fits) -> Effect:
    """Count the trainings that the rule never stops."""
    which = ~np.isfinite(fits[network].stops)
    return Share(f"trainings of {network} that the rule never stops", which)


def none_stops(fits: Fits) -> Effect:
    """Count the seeds of which it stops no network."""
    never = [~np.isfinite(fit.stops) for fit in fits.values()]
    return Share("seeds of which the rule stops no network", np.all(never, axis=0))


def higher(first: str, second: str, fits: Fits) -> Effect:
    """Compare two networks' final losses."""
    return Ratio("final loss", {name: fits[name].final for name in (first, second)})


def lowest(network: str, fits: Fits) -> Effect:
    """Compare a network's final loss with the lowest of the others'."""
    others = [fit.final for name, fit in fits.items() if name != network]
    sides = {"lowest of the others": np.min(others, axis=0), network: fits[network].final}
    return Ratio("final loss", sides)


def early_is_low(fits: Fits) -> Effect:
    """Compare the losses of networks that stop earlier and later."""
    ratio = _later_over_earlier(list(fits.values()))
    return Ratio(
        "loss of the later stopper in units of the earlier one's",
        {"later": ratio, "earlier": np.where(np.isfinite(ratio), 1.0, np.nan)},
    )


def steadily(fits: Fits) -> Effect:
    """Hold the share of updates that lower the loss against a bound."""
    least = np.min([fit.falling for fit in fits.values()], axis=0)
    return Bound(
        "share of updates that lower the loss, of the network with the least",
        least,
        at_least=STEADY,
    )


def stops_higher(first: str, second: str, fits: Fits) -> Effect:
    """Compare two networks' losses where the rule ends them."""
    sides = {name: fits[name].loss_at_stop for name in (first, second)}
    return Ratio("loss where the rule ends them", sides)


def fastest(network: str, fits: Fits) -> Effect:
    """Compare how soon the rule stops a network with the fastest of the others."""
    # a training that the rule never stops took at least all updates
    updates = {name: np.minimum(fit.stops, fit.updates[-1]) for name, fit in fits.items()}
    own = updates.pop(network)
    sides = {"fastest of the others": np.min([*updates.values()], axis=0), network: own}
    return Ratio("updates until the rule stops", sides)


def deviates(network: str, fits: Fits) -> Effect:
    """Compare a network's largest error with the worst of the others'."""
    errors = {name: fit.largest_error for name, fit in fits.items()}
    own = errors.pop(network)
    return Difference(
        "largest error", {network: own, "worst of the others": np.max([*errors.values()], axis=0)}
    )


def wrong_at_jumps(network: str, fits: Fits) -> Effect:
    """Hold the share of the error that lies at the jumps against one half."""
    return Bound(
        f"share of {network}'s squared error within {NEAR:g} of a jump",
        fits[network].share_at_jumps,
        at_least=0.5,
    )


def better(more: str, less: str, result: Result) -> Effect:
    """Compare two networks' final losses, tuned, over all targets."""
    sides = {network: mean_loss(result, network) for network in (less, more)}
    return Ratio("final loss, tuned, geometric mean over the targets", sides)


def succeeds_more(more: str, less: str, result: Result) -> Effect:
    """Compare how often two networks end with a low loss."""
    return Difference(
        f"trainings that end below {LOWER:g}, over all targets and optimizers",
        {network: successes(result, network) for network in (more, less)},
        unit=POINTS,
    )


def lower_on_success(more: str, less: str, result: Result) -> Effect:
    """Compare two networks' losses where both end low."""
    return Ratio(
        f"final loss where both end below {LOWER:g}, geometric mean over targets and optimizers",
        dict(zip((less, more), both_succeed(result, less, more), strict=True)),
    )


def _watched(result: Result, target: str) -> list[Learning]:
    """Return how each network came to fit a target.

    Raises:
        NotTested: If it was not fitted.
    """
    if target not in result.spec.targets:
        raise NotTested(f"{title(target)} was not fitted")
    return [result.learning[target, network] for network in NETWORKS]


def _mean(updates: list[np.ndarray]) -> np.ndarray:
    """Compute the geometric mean over the networks, (R,)."""
    return 10 ** np.mean([decades(one) for one in updates], axis=0)


def low_first(result: Result) -> Ratio:
    """Compare when a higher and the lowest frequency are learned."""
    watched = _watched(result, "sign")
    times = {
        f"{5 * HARMONICS[k]} half waves": _mean(
            [one.half(one.by_frequency[..., k], 0.5) for one in watched]
        )
        for k in (1, 0)
    }
    return Ratio("updates until half of the amplitude is learned, mean over the networks", times)


def boundary_first(result: Result) -> Ratio:
    """Compare when the half waves in the middle and at the ends are learned."""
    watched = _watched(result, "sine")
    # a quarter is half of the mean square of a sine
    times = {
        name: _mean([one.half(one.by_place[..., k], 0.25) for one in watched])
        for name, k in (("next to 0", 0), ("next to ±1", -1))
    }
    return Ratio(
        "updates until the error of a half wave is below a quarter, mean over the networks", times
    )


def more_pieces(result: Result) -> Effect:
    """Count the straight pieces of the trained deep and shallow network."""
    deep, _, shallow = (one.pieces[1] for one in _watched(result, "sine"))
    sides = {"deep": deep, "shallow": shallow}
    return Ratio("straight pieces after training on sin(5πx)", sides)


def mostly_lowest(result: Result) -> Effect:
    """Count on how many targets and with how many optimizers deep ends lowest."""
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
