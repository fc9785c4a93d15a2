"""What chapter 11 found, in sentences that its result computes."""

import numpy as np

from hw1lib.chapters.function_fit import ARMS, AS_B, NETWORKS, TUNED, Result
from hw1lib.chapters.function_fit.claims import NEAR, near_jumps, share_at_jumps
from hw1lib.chapters.function_fit.views import PAIRS, STOPPED, THRESHOLDS, loss, ratio
from hw1lib.data import functions
from hw1lib.judging.statistics import tally


def order_sentence(result: Result) -> str:
    """Count in how many panels each network has the lowest median at the end."""
    winners = [
        min(NETWORKS, key=lambda network: np.median(result.fits[arm, target, network].final))
        for target in result.spec.targets
        for arm in ARMS
    ]
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


def reading(result: Result) -> list[str]:
    """Say what the comparison of the networks comes to."""
    sentences = []
    for first, second in PAIRS:
        intervals = [
            ratio(result, arm, target, first, second)
            for target in result.spec.targets
            for arm in ARMS
        ]
        lower = sum(i.excludes_zero and i.mean < 0 for i in intervals)
        higher = sum(i.excludes_zero and i.mean > 0 for i in intervals)
        sentences.append(
            f"Of {len(intervals)} comparisons of *{first}* with *{second}* (@tbl-fit-ratio), "
            f"{lower} find the loss of *{first}* lower, {higher} higher, and "
            f"{len(intervals) - lower - higher} leave it open."
        )
    for target in result.spec.targets:
        medians = {n: np.median(result.fits[TUNED, target, n].final) for n in NETWORKS}
        listed = ", ".join(
            f"{n} {loss(medians[n])}" for n in sorted(medians, key=medians.__getitem__)
        )
        sentences.append(f"Tuned, the medians on {functions.TARGETS[target].title} are {listed}.")
    return sentences


def jump_sentence(result: Result) -> str:
    """Say how much of the squared error lies near the jumps."""
    shares = []
    for network in NETWORKS:
        found = share_at_jumps(result.fits[TUNED, "sign", network])
        found = found[np.isfinite(found)]
        told = f"{100 * np.median(found):.0f} %" if len(found) else "diverged"
        shares.append(f"{network} {told}")
    return (
        f"Within {NEAR} of a jump, where {100 * near_jumps().mean():.0f} % of the points are, lies "
        f"this share of the squared error (median): {', '.join(shares)}."
    )


def between_sentence(result: Result) -> str:
    """Say how much larger the error is between the training points."""
    parts = []
    for target in result.spec.targets:
        fits = {network: result.fits[TUNED, target, network] for network in NETWORKS}
        times = ", ".join(
            f"{network} diverged"
            if fit.diverged.all()
            else f"{network} {np.median(fit.dense[~fit.diverged] / fit.final[~fit.diverged]):.2g}"
            for network, fit in fits.items()
        )
        parts.append(f"{functions.TARGETS[target].title}: {times}")
    return f"Median of dense error over training loss: {'; '.join(parts)}."


def arrival_sentence(result: Result) -> str:
    """Say when half of the trainings had been below the lower threshold."""
    parts = []
    for target in result.spec.targets:
        words = []
        for network in NETWORKS:
            updates = result.fits[AS_B, target, network].first_below(THRESHOLDS[-1])
            half = np.quantile(updates, 0.5, method="inverted_cdf")
            words.append(f"{network} {'never' if np.isinf(half) else f'{half:,.0f}'}")
        parts.append(f"{functions.TARGETS[target].title}: {', '.join(words)}")
    return f"Updates until half were below {THRESHOLDS[-1]:g}: {'; '.join(parts)}."


def stopping_sentence(result: Result) -> str:
    """Say what the stopping rule hides: how far apart the losses are without it."""
    spreads = []
    for arm, target in STOPPED:
        if target in result.spec.targets:
            finals = [np.median(result.fits[arm, target, n].final) for n in NETWORKS]
            finite = [final for final in finals if np.isfinite(final)]
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
    lines = [
        f"{functions.TARGETS[target].title}, {arm}: "
        + ", ".join(f"{n} {loss(np.median(result.fits[arm, target, n].final))}" for n in NETWORKS)
        for target in result.spec.targets
        for arm in ARMS
    ]
    return "Median final losses. " + "; ".join(lines) + "."
