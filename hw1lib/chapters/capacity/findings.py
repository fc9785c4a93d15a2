"""What chapter 32 found, in sentences that its result computes."""

from collections.abc import Sequence

import numpy as np

from hw1lib.chapters.capacity.result import (
    COMPARED,
    KNEE,
    LEAST_LONG,
    PUBLISHED,
    Result,
    between_units,
    growth_of_loss,
    has_compared,
)
from hw1lib.chapters.capacity.spec import ARMS, LONG, NOISY, OF_A, OF_B, SETTLED
from hw1lib.chapters.capacity.sweeps import Sweep
from hw1lib.judging import trends
from hw1lib.judging.effects import POINTS
from hw1lib.judging.slips import told
from hw1lib.judging.statistics import Interval, geometric_mean, in_unit, t_interval


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
    """Write whether the sizes fix where returns diminish."""
    dense, parts = result.dense, []
    for measure in ("loss", "accuracy"):
        reason = dense.no_knee(measure)
        knee = f"has its knee at {_knee(dense, measure)}"
        found = f"has no single knee: {reason}" if reason else knee
        parts.append(f"The test {measure} {found}.")
    own = result.sweeps[OF_A]
    return (
        f"{' '.join(parts)} Two straight pieces through the test loss of A's {len(own.sizes)} "
        f"networks alone meet at {_knee(own, 'loss')} parameters, through that of all "
        f"{len(dense.sizes)} at {_knee(dense, 'loss')}."
    )


def _knee(sweep: Sweep, measure: str) -> str:
    return f"{geometric_mean(10 ** sweep.knee(measure).place):,.0f}"


def doubling_sentence(result: Result) -> str:
    """Write what doubling the parameters brings at several sizes."""
    found = {size: t_interval(result.dense.per_doubling(size)) for size in (10_000, 100_000, KNEE)}
    parts = [f"{in_unit(gain, 'nats')} near {size:,}" for size, gain in found.items() if gain.n]
    lowered = "; ".join(parts) or "an unknown amount"
    return f"Doubling the parameters lowers the test loss by {lowered}."


def gap_sentence(result: Result) -> str:
    """Write how large the gap between the splits is at most."""
    parts = []
    for arm in (OF_A, OF_B, SETTLED):
        sweep = result.sweeps[arm]
        points, nats = (t_interval(gap.max(axis=1)) for gap in (sweep.gap(), sweep.loss_gap()))
        parts.append(f"{arm} {in_unit(points, POINTS)} and {in_unit(nats, 'nats')}")
    return f"Largest gap over the sizes, in accuracy and in loss: {'; '.join(parts)}."


def digits_sentence(result: Result) -> str:
    """Write what widens the gap of A's largest network: further epochs, or fewer digits."""
    end, spec = result.sweeps[SETTLED], result.spec
    early = end.early(result.early)
    before, after, more = (
        sweep.gap()[: spec.side_replicas, -1] for sweep in (early, end, result.sweeps[OF_A])
    )
    subject, most = result.images.subject, len(result.images.train)
    settled, trained = (min(n, most) for n in (spec.settled_examples, spec.train_examples))
    other = f", at a learning rate of {spec.a_rate:g} in place of {spec.settled_rate:g},"
    return (
        f"On {settled:,} {subject}, the gap of A's largest network is "
        f"{in_unit(t_interval(before), POINTS)} after {result.early} epochs; further training "
        f"changes it by {in_unit(t_interval(after - before), POINTS)}. On {trained:,} {subject}"
        f"{other if spec.a_rate != spec.settled_rate else ''} it is "
        f"{in_unit(t_interval(more), POINTS)} after {spec.epochs} epochs."
    )


def settled_sentence(result: Result) -> str:
    """Count the trainings that came to convergence, and write what the test loss did meanwhile."""
    sweep = result.sweeps[SETTLED]
    done = (sweep.passes < result.spec.settled_epochs) & ~sweep.diverged
    unfinished = [f"{sweep.parameters[k]:,}" for k in np.flatnonzero(~done.all(axis=1))]
    others = f"; some did not, of the networks with {', '.join(unfinished)} parameters"
    rise = t_interval(100 * (10 ** growth_of_loss(sweep) - 1))
    return (
        f"{done.sum()} of {done.size} trainings fell below {result.spec.settled_loss:g} nats "
        f"within {result.spec.settled_epochs} epochs{others if unfinished else ''}. "
        f"With further epochs the largest network's test loss rises by {in_unit(rise, '%')}."
    )


def written_sentence(result: Result) -> str:
    """Write how far B's training loss lies under that of the whole split."""
    share = 100 * result.sweeps[OF_B].minibatch_share()
    first, last = (t_interval(share[:, k]) for k in (0, -1))
    return (
        f"The lowest loss of a minibatch is {in_unit(first, '%')} of the whole training split's in "
        f"B's smallest network and {in_unit(last, '%')} in its largest."
    )


def descent_sentence(result: Result) -> str:
    """Write where the test errors peak and how high."""
    sweep, features = result.sweeps[NOISY], result.features
    of_networks = _peak_sentence(
        "error of networks",
        sweep.error("test"),
        sweep.parameters,
        "parameters",
        POINTS,
    )
    noisy = features.error("test", noisy=True)
    of_features = _peak_sentence(
        "error of random features", noisy, features.counts, "features", POINTS
    )
    return f"{of_networks} {of_features}"


def long_sentence(result: Result) -> str:
    """Write whether the long trainings show a peak, or that they are too short to."""
    sweep, spec = result.sweeps[LONG], result.spec
    if spec.long_epochs < LEAST_LONG:
        return (
            f"{spec.long_epochs:,} epochs are too short to see a peak: in published trainings, of "
            f"4,000 digits, it comes after 500 to {LEAST_LONG:,} epochs."
        )
    peak = _peak_sentence(
        f"loss after {spec.long_epochs:,} epochs",
        sweep.loss("test"),
        sweep.parameters,
        "parameters",
        "nats",
    )
    return f"{peak} {_beside_published(result)}".strip()


def _beside_published(result: Result) -> str:
    """Compare with the published trainings after the most epochs that both have."""
    sweep, (few, many) = result.sweeps[LONG], COMPARED
    both = [one for one in PUBLISHED if one.passes in sweep.epochs]
    if not both or not has_compared(result):
        return ""
    last = both[-1]
    ours = t_interval(between_units(result, "loss", sweep.epochs.tolist().index(last.passes)))
    return (
        f"From {few} to {many} hidden units, the test loss after {last.passes:,} epochs rises by "
        f"{in_unit(ours, 'nats')} here, by {last.same_loss:g} in the published training with these "
        f"settings, and by {Interval(*last.loss, n=10)} in ten others."
    )


def fitted_sentence(result: Result) -> str:
    """Write from which size on the noisy labels are learned by heart, in either arm."""
    parts = []
    for arm in (NOISY, LONG):
        sweep = result.sweeps[arm]
        errors = [t_interval(column) for column in sweep.error("train").T]
        fitted = [k for k, error in enumerate(errors) if error.n and error.mean < 1]
        size = f"those from {sweep.names[fitted[0]]} on" if fitted else "none"
        parts.append(f"{arm}: {size}")
    return (
        f"Networks that learn 99 % of the noisy labels: {'; '.join(parts)}. A training that has "
        "not learned the noise cannot show what comes after. In the first of these arms there are "
        f"as many parameters as equations at {result.threshold:,} parameters."
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


def _peak_sentence(what: str, curves: np.ndarray, sizes: np.ndarray, of: str, unit: str) -> str:
    found = trends.peak(curves)
    height = t_interval(found.prominence)
    if not height.n:
        return f"The test {what} is not known well enough to look for a peak."
    if not height.low > 0:
        return (
            f"The test {what} has no peak that the trainings agree on (prominence "
            f"{told(height, unit)})."
        )
    place = np.bincount(found.index[found.index >= 0]).argmax()
    return (
        f"The most prominent peak of the test {what} is at {sizes[place]:,} {of}, "
        f"with a prominence of {told(height, unit)}."
    )


def _percent(interval: Interval) -> str:
    return f"{interval.mean:.1f} %" if interval.n else "diverged"
