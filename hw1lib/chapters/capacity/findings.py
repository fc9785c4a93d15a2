"""What chapter 32 found, in sentences that its result computes."""

from collections.abc import Sequence

import numpy as np

from hw1lib.chapters.capacity.result import Result, rise_on_the_way
from hw1lib.chapters.capacity.spec import ARMS, NOISY, OF_A, OF_B, SETTLED
from hw1lib.judging import trends
from hw1lib.judging.statistics import Interval, geometric_mean, t_interval


def sweep_sentence(result: Result) -> str:
    """Write how far test accuracy comes from the smallest to the largest network."""
    parts = []
    for arm in (OF_A, OF_B):
        sweep = result.sweeps[arm]
        ends = [t_interval(sweep.accuracy("test")[:, k]) for k in (0, -1)]
        parts.append(
            f"{arm} from {_percent(ends[0])} ({sweep.parameters[0]:,} parameters) to "
            f"{_percent(ends[1])} ({sweep.parameters[-1]:,})"
        )
    return f"Mean test accuracy: {'; '.join(parts)}."


def knee_sentence(result: Result) -> str:
    """Write where A's curve bends."""
    found = result.sweeps[OF_A].knee()
    return (
        "On the logarithmic axis the knee of A's networks lies at "
        f"{geometric_mean(10**found.place):,.0f} parameters; {t_interval(found.before)} points "
        f"per tenfold size before it and {t_interval(found.after)} after it."
    )


def gap_sentence(result: Result) -> str:
    """Write how large the gap of accuracies is at most."""
    listed = ", ".join(
        f"{arm} {t_interval(result.sweeps[arm].gap().max(axis=1))}" for arm in (OF_A, OF_B, SETTLED)
    )
    return f"Largest gap over the sizes, in percentage points: {listed}."


def settled_sentence(result: Result) -> str:
    """Count the trainings that came to convergence, and write what the test loss did meanwhile."""
    sweep = result.sweeps[SETTLED]
    done = (sweep.passes < result.spec.settled_epochs) & ~sweep.diverged
    unfinished = [f"{sweep.parameters[k]:,}" for k in np.flatnonzero(~done.all(axis=1))]
    others = f"; those that did not have {' and '.join(unfinished)} parameters"
    rise = t_interval(100 * (10 ** rise_on_the_way(sweep) - 1))
    return (
        f"{done.sum()} of {done.size} trainings came under {result.spec.settled_loss:g} nats "
        f"within {result.spec.settled_epochs} passes{others if unfinished else ''}. "
        f"At the end the test loss lies above its lowest by {rise} % at the worst size."
    )


def written_sentence(result: Result) -> str:
    """Write how far B's training loss lies under that of the whole split."""
    share = 100 * result.sweeps[OF_B].minibatch_share()
    first, last = (t_interval(share[:, k]) for k in (0, -1))
    return (
        f"The lowest loss of a minibatch is {first} % of that of the whole training split in B's "
        f"smallest network and {last} % in its largest."
    )


def descent_sentence(result: Result) -> str:
    """Write where the test errors peak and how high."""
    sweep, features = result.sweeps[NOISY], result.features
    of_networks = _peak_sentence(
        "networks", sweep.error("test"), sweep.parameters, unit="parameters"
    )
    of_features = _peak_sentence(
        "random features", features.error("test", noisy=True), features.counts, unit="features"
    )
    return f"{of_networks} {of_features}"


def fitted_sentence(result: Result) -> str:
    """Write from which size on the noisy labels are learned by heart."""
    sweep = result.sweeps[NOISY]
    errors = [t_interval(column) for column in sweep.error("train").T]
    fitted = [k for k, error in enumerate(errors) if error.n and error.mean < 1]
    if not fitted:
        return "No network learned all but one in a hundred of the noisy labels."
    k = fitted[0]
    return (
        f"All but one in a hundred of the noisy labels are learned from "
        f"{sweep.parameters[k]:,} parameters on ({sweep.names[k]}); equations and parameters "
        f"are equal in number at {result.threshold:,}."
    )


def describe(result: Result, arms: Sequence[str] = ARMS) -> str:
    """Describe sweeps for readers who cannot see them."""
    parts = []
    for arm in arms:
        sweep = result.sweeps[arm]
        means = [t_interval(column) for column in sweep.accuracy("test").T]
        listed = ", ".join(
            f"{size:,}: {_percent(mean)}"
            for size, mean in zip(sweep.parameters, means, strict=True)
        )
        parts.append(f"{arm}: {listed}")
    return f"Mean test accuracy by number of parameters. {'. '.join(parts)}."


def panel_caption(result: Result) -> str:
    """Describe what the chapter's panel in the summary shows."""
    return (
        "the gap between training and test accuracy against size, means with 95 % t intervals "
        "over trainings."
    )


def _peak_sentence(what: str, errors: np.ndarray, sizes: np.ndarray, *, unit: str) -> str:
    found = trends.peak(errors)
    height = t_interval(found.prominence)
    if not height.n:
        return f"The test error of {what} is not known well enough to look for a peak."
    if not height.low > 0:
        return (
            f"The test error of {what} has no peak that the trainings agree on, prominence "
            f"{height} points (n = {height.n})."
        )
    place = np.bincount(found.index[found.index >= 0]).argmax()
    return (
        f"The most prominent peak of the test error of {what} is at {sizes[place]:,} {unit}, "
        f"prominence {height} points (n = {height.n})."
    )


def _percent(interval: Interval) -> str:
    return f"{interval.mean:.1f} %" if interval.n else "diverged"
