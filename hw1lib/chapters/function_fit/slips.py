"""Slips of reports A and B where they fit functions, and what each changes."""

from collections.abc import Callable

import numpy as np

from hw1lib.chapters.function_fit.result import Fit, Result, mean_loss, title
from hw1lib.chapters.function_fit.spec import AS_A, AS_B, B_SIGN, NETWORKS
from hw1lib.data import functions
from hw1lib.judging import slips
from hw1lib.judging.slips import Slip, factors
from hw1lib.judging.statistics import Interval, log_ratio, tally


def _on(*targets: str) -> Callable[[Callable[[Result], str]], Callable[[Result], str]]:
    """Let a sentence be written only where these targets were fitted."""

    def guard(write: Callable[[Result], str]) -> Callable[[Result], str]:
        def guarded(result: Result) -> str:
            missing = [t for t in targets if t not in result.spec.targets]
            return f"{title(missing[0])} was not fitted" if missing else write(result)

        return guarded

    return guard


def _apart(losses: list[np.ndarray]) -> Interval:
    """Compare the highest with the lowest loss of each seed's networks, in decades.

    Args:
        losses: One (R,) per network.
    """
    return log_ratio(np.max(losses, axis=0), np.min(losses, axis=0))


def _another_lowest(result: Result, arm: str, target: str) -> np.ndarray:
    """Return in which trainings another network ends lowest than by the medians, (R,)."""
    ends = np.array([fit.final for fit in result.networks(arm, target).values()])
    lowest = ends.argmin(axis=0) != np.median(ends, axis=1).argmin()
    return np.asarray(lowest[np.isfinite(ends).all(axis=0)])


def _after_the_stop(fit: Fit) -> Interval:
    """Compare the loss where the rule stops a training with that at its end, in decades."""
    stopped = np.isfinite(fit.stops)
    return log_ratio(fit.loss_at_stop[stopped], fit.final[stopped])


def _as_in_the_code(result: Result, network: str) -> Interval:
    """Compare B's sign fit by its code with that by its text, after equal updates, in decades."""
    fits = [result.fits[arm, "sign", network] for arm in (B_SIGN, AS_B)]
    last = min(fit.updates[-1] for fit in fits)  # at the nearest that both keep
    return log_ratio(*(fit.loss[np.abs(fit.updates - last).argmin()] for fit in fits))


def _neurons(result: Result) -> str:
    ratios = {
        name: log_ratio(mean_loss(result, less), mean_loss(result, more))
        for name, less, more in (
            ("fewest neurons (medium) over most (shallow)", "medium", "shallow"),
            ("one hidden layer (shallow) over most (deep)", "shallow", "deep"),
        )
    }
    return f"tuned loss: {factors(ratios)}"


@_on("sinc", "sine")
def _one_seed(result: Result) -> str:
    sinc, sine = (tally(_another_lowest(result, AS_A, target)) for target in ("sinc", "sine"))
    return (
        "another network is lowest than by the medians, of the seeds alone: on sinc in "
        f"{sinc}, on sin(5πx) in {sine}"
    )


@_on("sinc")
def _goes_on(result: Result) -> str:
    found = {n: _after_the_stop(fit) for n, fit in result.networks(AS_A, "sinc").items()}
    stopped = {network: ratio for network, ratio in found.items() if ratio.n}
    if not stopped:
        return "nothing: its rule stops no training of this run"
    return f"loss at the stop over that at the end, on sinc: {factors(stopped)}"


@_on("sine", "sign")
def _sign_or_sine(result: Result) -> str:
    ratios = {
        n: log_ratio(*(result.fits[AS_B, target, n].final for target in ("sign", "sine")))
        for n in NETWORKS
    }
    return f"loss on the sign over that on the sine, with B's Adam: {factors(ratios)}"


@_on("sign")
def _settings(result: Result) -> str:
    ratios = {n: _as_in_the_code(result, n) for n in NETWORKS}
    return f"loss on the sign by the code's settings over the text's: {factors(ratios)}"


@_on("sinc")
def _same_stop(result: Result) -> str:
    fits = result.networks(AS_B, "sinc").values()
    ratios = {
        "where the rule ends them": _apart([fit.loss_at_stop for fit in fits]),
        "after all updates": _apart([fit.final for fit in fits]),
    }
    return f"highest over lowest loss of a seed's networks: {factors(ratios)}"


@_on("sign")
def _order(result: Result) -> str:
    fits = result.networks(B_SIGN, "sign")
    ratios = {
        "shallow (said to be lowest)": log_ratio(fits["shallow"].final, fits["medium"].final),
        "deep (said to be lower)": log_ratio(fits["deep"].final, fits["medium"].final),
    }
    return f"loss over medium's: {factors(ratios)}"


def _grid(result: Result) -> str:
    nearest = float(functions.grid(result.spec.points).abs().min())
    points = f"the {result.spec.points} points"
    if not nearest:
        return f"0 is among {points}, where B's formula has no number"
    return f"nothing: of {points} the nearest to 0 is {nearest:.2g} away"


SLIPS = (
    Slip(
        "A2",
        "argued for more layers and neurons from networks of equal size",
        "depth and neurons compared at equal size, each network tuned",
        _neurons,
    ),
    Slip("A12", "trained each network once, with one seed", "many seeds, intervals", _one_seed),
    Slip(
        "A13",
        "took the end by its stopping rule for convergence",
        "no rule; loss at the end, and updates to given losses",
        _goes_on,
    ),
    Slip(
        "A15",
        "a comment on sinc lacks the parentheses around 5πx; the formula is right",
        "nothing to change",
        slips.wording_only,
    ),
    Slip(
        "B1",
        "the sign of sin(5πx) in the text, sin(5πx) in the notebook's heading",
        "both, each a target of its own",
        _sign_or_sine,
    ),
    Slip(
        "B2",
        "three sets of names for the same networks, once as if convolutional",
        "deep, medium and shallow throughout",
        slips.wording_only,
    ),
    Slip(
        "B3",
        "learning rates in the text that the code does not use; weight decay unsaid",
        "settings printed from the record that ran; both ways trained",
        _settings,
    ),
    Slip(
        "B4",
        "compared losses that one rule had stopped at the same value",
        "equal updates for all",
        _same_stop,
    ),
    Slip(
        "B5",
        "ranked the sign fits against its own figure",
        "ranked by the losses of B's own settings",
        _order,
    ),
    Slip(
        "B16",
        "replaced infinities after 0/0, which gives no infinity",
        "sinc(0) is 1 by definition",
        _grid,
    ),
)
