"""What chapter 11 found, in sentences that its result computes."""

import numpy as np

from hw1lib.chapters.function_fit.learning import HARMONICS
from hw1lib.chapters.function_fit.result import (
    LOWER,
    NEAR,
    STOPPED,
    Result,
    both_succeed,
    loss_text,
    median_of_sound,
    near_jumps,
    successes,
    title,
)
from hw1lib.chapters.function_fit.spec import ARMS, AS_B, NETWORKS, TUNED
from hw1lib.judging.slips import times
from hw1lib.judging.statistics import log_ratio, paired_difference
from hw1lib.networks import zigzag


def order_sentence(result: Result) -> str:
    """Count in how many panels each network has the lowest median at the end."""
    panels = [result.medians(arm, target) for target in result.spec.targets for arm in ARMS]
    winners = [min(medians, key=medians.__getitem__) for medians in panels]
    won = ", ".join(f"*{network}* in {winners.count(network)}" for network in NETWORKS)
    return f"The network with the lowest final median: {won} of {len(winners)} panels."


def success_sentence(result: Result, *, where: str = "") -> str:
    """Say how often deep and shallow succeed, and how low they end where both do.

    Args:
        result: What was fitted.
        where: A reference to the numbers, if any, with a space before it.
    """
    more, fewer = (successes(result, network) for network in ("deep", "shallow"))
    deep, shallow = both_succeed(result, "deep", "shallow")
    ratio = log_ratio(deep, shallow)
    then = (
        f"where both do, the loss of *deep* is {times(ratio)} of that of *shallow*"
        if ratio.n
        else "no seed has a target on which both do"
    )
    panels = len(result.spec.targets) * len(ARMS)
    return (
        f"Over {panels} targets and optimizers{where}, {more.mean():.0f} % of the trainings of "
        f"*deep* and {fewer.mean():.0f} % of those of *shallow* end below {LOWER:g}, a difference "
        f"of {paired_difference(more, fewer):.2g} percentage points; {then}."
    )


def stuck_sentence(result: Result) -> str:
    """Count the trainings that end no better than nine tenths of a constant's loss, by network."""
    parts = []
    for network in NETWORKS:
        stuck = np.concatenate(
            [result.stuck(arm, target, network) for target in result.spec.targets for arm in ARMS]
        )
        parts.append(f"{np.sum(stuck)} of {len(stuck)} of *{network}*")
    diverged = sum(int(fit.diverged.sum()) for fit in result.fits.values())
    return (
        f"Trainings that got stuck above nine tenths of the best constant's loss: "
        f"{', '.join(parts)}. Trainings that diverged: {diverged}."
    )


def pieces_sentence(result: Result) -> str:
    """Say how many straight pieces the networks can draw, and how many they do."""
    parts = []
    for network, widths in NETWORKS.items():
        if ("sine", network) not in result.learning:
            return "sin(5πx) was not fitted, so its straight pieces are not counted."
        start, end = median_of_sound(result.learning["sine", network].pieces, axis=1)
        ends = f"ends with {end:.0f}" if np.isfinite(end) else "diverges"
        parts.append(
            f"{network} can draw {zigzag.teeth(widths):,}, begins with {start:.0f} and {ends}"
        )
    return f"Straight pieces (medians of trainings on sin(5πx)): {'; '.join(parts)}."


def spectrum_sentence(result: Result) -> str:
    """Say after how many updates half of each frequency's amplitude is learned."""
    if ("sign", "deep") not in result.learning:
        return "The sign of sin(5πx) was not fitted, so its frequencies are not compared."
    parts = []
    for network in NETWORKS:
        one = result.learning["sign", network]
        reached = [one.half(error, 0.5) for error in np.moveaxis(one.by_frequency, -1, 0)]
        found = [float(median_of_sound(updates, axis=0)) for updates in reached]
        known = [n for n in found if np.isfinite(n)]
        words = [f"{n:,.0f}" if n < one.updates[-1] else "not reached" for n in known]
        if set(words) == {"not reached"}:
            words = ["none of them"]
        parts.append(f"{network} {', '.join(words) or 'diverged'}")
    waves = ", ".join(str(5 * h) for h in HARMONICS)
    return (
        f"Median updates until half of the amplitude at {waves} half waves is learned: "
        f"{'; '.join(parts)}."
    )


def tuned_sentence(result: Result, target: str) -> str:
    """List the networks' median losses on a target, tuned, the lowest first."""
    medians = result.medians(TUNED, target)
    listed = ", ".join(
        f"{n} {loss_text(medians[n])}" for n in sorted(medians, key=medians.__getitem__)
    )
    return f"With tuned rates, the median losses on {title(target)} are {listed}."


def reading(result: Result) -> list[str]:
    """List what the comparison of the networks comes to."""
    return [success_sentence(result, where=" ([Table fit-success](#tbl-fit-success))")] + [
        tuned_sentence(result, target) for target in result.spec.targets
    ]


def together_sentence(result: Result) -> str:
    """Say on which target the typical fit is worst, and how much of its spread is missed there."""
    missed = {
        target: max(np.median(fit.final) for fit in result.networks(TUNED, target).values())
        / result.constant(target)
        for target in result.spec.targets
    }
    worst = max(missed, key=missed.__getitem__)
    return (
        f"With tuned Adam the typical fits are worst on {title(worst)}: the worst network's "
        f"median loss there is {100 * missed[worst]:.2g} % of a constant's."
    )


def jump_sentence(result: Result) -> str:
    """Write how much of the squared error lies near the jumps."""
    parts = []
    for network, fit in result.networks(TUNED, "sign").items():
        shares = fit.share_at_jumps
        shares = shares[np.isfinite(shares)]
        share = f"{100 * np.median(shares):.0f} %" if len(shares) else "diverged"
        parts.append(f"{network} {share}")
    return (
        f"Median share of the squared error within {NEAR} of a jump, where "
        f"{100 * near_jumps().mean():.0f} % of the points lie: {', '.join(parts)}."
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
    return f"Dense error as a multiple of the training loss, medians: {'; '.join(parts)}."


def arrival_sentence(result: Result) -> str:
    """Write when half of the trainings had been below the lower threshold."""
    parts = []
    for target in result.spec.targets:
        words = []
        for network, fit in result.networks(AS_B, target).items():
            half = np.quantile(fit.first_below(LOWER), 0.5, method="inverted_cdf")
            words.append(f"{network} {'never' if np.isinf(half) else f'{half:,.0f}'}")
        parts.append(f"{title(target)}: {', '.join(words)}")
    return f"Updates until half of the trainings were below {LOWER:g}: {'; '.join(parts)}."


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
        "Where the rule stops a training, it is near the rule's threshold, whatever the network. "
        "At the end of all updates, the networks' median losses differ by factors of up to "
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
        f"share of {result.spec.replicas} trainings that end with a loss below {LOWER:g}, by "
        "target, network and optimizer."
    )
