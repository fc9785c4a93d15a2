"""What chapter 11 found, in sentences that its result computes."""

import numpy as np

from hw1lib.chapters.function_fit.result import (
    LOWER,
    NEAR,
    PAIRS,
    STOPPED,
    Result,
    loss_ratio,
    loss_text,
    near_jumps,
    title,
)
from hw1lib.chapters.function_fit.spec import ARMS, AS_B, NETWORKS, TUNED
from hw1lib.judging.statistics import tally


def order_sentence(result: Result) -> str:
    """Count in how many panels each network has the lowest median at the end."""
    panels = [result.medians(arm, target) for target in result.spec.targets for arm in ARMS]
    winners = [min(medians, key=medians.__getitem__) for medians in panels]
    won = ", ".join(f"{network} in {winners.count(network)}" for network in NETWORKS)
    return f"Lowest median at the end, of {len(winners)} panels: {won}."


def stuck_sentence(result: Result) -> str:
    """Count the trainings that never left the best constant, or diverged, by network."""
    parts = []
    for network in NETWORKS:
        stuck = np.concatenate(
            [result.stuck(arm, target, network) for target in result.spec.targets for arm in ARMS]
        )
        parts.append(f"{network} {tally(stuck)}")
    diverged = sum(int(fit.diverged.sum()) for fit in result.fits.values())
    return (
        "Ended within a tenth of the best constant's loss, over all panels: "
        f"{', '.join(parts)}. Stopped by a loss that was not finite: {diverged}."
    )


def comparison_sentence(result: Result, first: str, second: str, *, where: str = "") -> str:
    """Count the targets and arms in which a network ends lower, or higher, than another.

    Args:
        result: What was fitted.
        first: A network.
        second: The network that it is compared with.
        where: A reference to the numbers, if any, with a space before it.
    """
    intervals = [
        loss_ratio(result, arm, target, first, second)
        for target in result.spec.targets
        for arm in ARMS
    ]
    lower = sum(i.excludes_zero and i.mean < 0 for i in intervals)
    higher = sum(i.excludes_zero and i.mean > 0 for i in intervals)
    return (
        f"Of {len(intervals)} comparisons of *{first}* with *{second}*{where}, "
        f"{lower} find the loss of *{first}* lower, {higher} higher, and "
        f"{len(intervals) - lower - higher} leave it open."
    )


def depth_sentence(result: Result, *, where: str = "") -> str:
    """Count the targets and arms in which deep ends lower, or higher, than shallow."""
    return comparison_sentence(result, "deep", "shallow", where=where)


def tuned_sentence(result: Result, target: str) -> str:
    """List the networks' median losses on a target, tuned, the lowest first."""
    medians = result.medians(TUNED, target)
    listed = ", ".join(
        f"{n} {loss_text(medians[n])}" for n in sorted(medians, key=medians.__getitem__)
    )
    return f"Tuned, the medians on {title(target)} are {listed}."


def reading(result: Result) -> list[str]:
    """List what the comparison of the networks comes to."""
    compared = [comparison_sentence(result, *pair, where=" (@tbl-fit-ratio)") for pair in PAIRS]
    return compared + [tuned_sentence(result, target) for target in result.spec.targets]


def jump_sentence(result: Result) -> str:
    """Write how much of the squared error lies near the jumps."""
    parts = []
    for network, fit in result.networks(TUNED, "sign").items():
        shares = fit.share_at_jumps
        shares = shares[np.isfinite(shares)]
        share = f"{100 * np.median(shares):.0f} %" if len(shares) else "diverged"
        parts.append(f"{network} {share}")
    return (
        f"Within {NEAR} of a jump, where {100 * near_jumps().mean():.0f} % of the points are, lies "
        f"this share of the squared error (median): {', '.join(parts)}."
    )


def between_sentence(result: Result) -> str:
    """Write how much larger the error is between the training points."""
    parts = []
    for target in result.spec.targets:
        times = ", ".join(
            f"{network} diverged"
            if fit.diverged.all()
            else f"{network} {np.median(fit.dense[~fit.diverged] / fit.final[~fit.diverged]):.2g}"
            for network, fit in result.networks(TUNED, target).items()
        )
        parts.append(f"{title(target)}: {times}")
    return f"Median of dense error over training loss: {'; '.join(parts)}."


def arrival_sentence(result: Result) -> str:
    """Write when half of the trainings had been below the lower threshold."""
    parts = []
    for target in result.spec.targets:
        words = []
        for network, fit in result.networks(AS_B, target).items():
            half = np.quantile(fit.first_below(LOWER), 0.5, method="inverted_cdf")
            words.append(f"{network} {'never' if np.isinf(half) else f'{half:,.0f}'}")
        parts.append(f"{title(target)}: {', '.join(words)}")
    return f"Updates until half were below {LOWER:g}: {'; '.join(parts)}."


def stopping_sentence(result: Result) -> str:
    """Write what the stopping rule hides: how far apart the losses are without it."""
    spreads = []
    for arm, target in STOPPED:
        if target in result.spec.targets:
            medians = result.medians(arm, target).values()
            finite = [median for median in medians if np.isfinite(median)]
            spreads += [max(finite) / min(finite)] if finite else []
    if not spreads:
        return "Neither report's own target is among those fitted here."
    return (
        "Where the rule stops a training it does so near its own threshold, whatever the network. "
        "Run to the end, the networks' median losses differ by factors of up to "
        f"{max(spreads):.2g}."
    )


def describe_losses(result: Result) -> str:
    """Describe the losses for readers who cannot see them."""
    lines = []
    for target in result.spec.targets:
        for arm in ARMS:
            medians = result.medians(arm, target)
            listed = ", ".join(f"{network} {loss_text(medians[network])}" for network in NETWORKS)
            lines.append(f"{title(target)}, {arm}: {listed}")
    return "Median final losses. " + "; ".join(lines) + "."


def panel_caption(result: Result) -> str:
    """Describe what the chapter's panel in the summary shows."""
    return (
        "final loss of the deep network over that of the shallow one, geometric mean over "
        f"{result.spec.replicas} pairs of trainings with its 95 % t interval."
    )
