"""What chapter 32 found, in sentences that its result computes."""

from collections.abc import Sequence

import numpy as np

from hw1lib.chapters.capacity import ARMS, NOISY, SETTLED, A, B, Result
from hw1lib.chapters.capacity.claims import knee, rise_on_the_way
from hw1lib.chapters.capacity.views import SIZE, lowest_share
from hw1lib.judging import trends
from hw1lib.judging.statistics import Interval, geometric_mean, t_interval


def sweep_sentence(result: Result) -> str:
    """Say how far test accuracy comes from the smallest to the largest network."""
    parts = []
    for arm in (A, B):
        sweep = result.sweeps[arm]
        ends = [t_interval(sweep.accuracy("test")[:, k]) for k in (0, -1)]
        parts.append(
            f"{arm} from {_percent(ends[0])} ({sweep.parameters[0]:,} parameters) to "
            f"{_percent(ends[1])} ({sweep.parameters[-1]:,})"
        )
    return f"Mean test accuracy: {'; '.join(parts)}."


def knee_sentence(result: Result) -> str:
    """Say where A's curve bends."""
    found = knee(result.sweeps[A])
    return (
        "On the logarithmic axis the knee of A's networks lies at "
        f"{geometric_mean(10**found.place):,.0f} parameters; {t_interval(found.before)} points "
        f"per tenfold size before it and {t_interval(found.after)} after it."
    )


def gap_sentence(result: Result) -> str:
    """Say how large the gap of accuracies is at most."""
    listed = ", ".join(
        f"{arm} {t_interval(result.sweeps[arm].gap().max(axis=1))}" for arm in (A, B, SETTLED)
    )
    return f"Largest gap over the sizes, in percentage points: {listed}."


def settled_sentence(result: Result) -> str:
    """Say how many trainings came to convergence, and what the test loss did meanwhile."""
    sweep = result.sweeps[SETTLED]
    done = (sweep.passes < result.spec.settled_epochs) & ~sweep.diverged
    smallest = [
        f"{sweep.parameters[k]:,}" for k in range(len(done)) if not done[k].all()
    ]  # sizes of which some did not come to it
    left = f"; those that did not have {' and '.join(smallest)} parameters" if smallest else ""
    rise = t_interval(100 * (10 ** rise_on_the_way(sweep) - 1))
    return (
        f"{done.sum()} of {done.size} trainings came under {result.spec.settled_loss:g} nats "
        f"within {result.spec.settled_epochs} passes{left}. "
        f"At the end the test loss lies above its lowest by {rise} % at the worst size."
    )


def written_sentence(result: Result) -> str:
    """Say how far B's training loss lies under that of the whole split."""
    share = lowest_share(result.sweeps[B])
    first, last = (t_interval(100 * share[:, k]) for k in (0, -1))
    return (
        f"The lowest loss of a minibatch is {first} % of that of the whole training split in B's "
        f"smallest network and {last} % in its largest."
    )


def descent_sentence(result: Result) -> str:
    """Say where the test errors peak and how high."""
    sweep, features = result.sweeps[NOISY], result.features
    networks = 100 - sweep.accuracy("test")
    return " ".join(
        [
            _peak_told("networks", networks, sweep.parameters, SIZE),
            _peak_told(
                "random features", features.error("test", noisy=True), features.counts, "features"
            ),
        ]
    )


def fitted_sentence(result: Result) -> str:
    """Say from which size on the noisy labels are learned by heart."""
    sweep = result.sweeps[NOISY]
    errors = [t_interval(column) for column in 100 - sweep.accuracy("train").T]
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


def _peak_told(what: str, errors: np.ndarray, sizes: np.ndarray, unit: str) -> str:
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
