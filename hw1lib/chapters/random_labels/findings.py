"""What chapter 31 found, in sentences that its result computes."""

import numpy as np

from hw1lib.chapters.random_labels.result import (
    Result,
    finite,
    halfway,
    slower,
    slower_to,
    zhangs_range,
)
from hw1lib.chapters.random_labels.spec import NETWORKS, RANDOM, TRUE
from hw1lib.judging.statistics import geometric_mean, t_interval


def curve_sentence(result: Result, network: str) -> str:
    """Count the trainings that fitted true and random labels, and write what the test loss did."""
    parts = []
    for share, called in ((TRUE, "true"), (RANDOM, "random")):
        fit = result.fits[network, share]
        passes = finite(fit.fitted)
        when = f" (median {np.median(passes):g} passes)" if len(passes) else ""
        parts.append(f"{len(passes)} of {len(fit.fitted)} trainings fit {called} labels{when}")
    course = result.fits[network, RANDOM].series("test", "loss")
    rises = finite(course[-1] - course[0])
    loss = f"changes by {t_interval(rises)} nats" if len(rises) else "is not known: all diverged"
    return f"{', '.join(parts)}; with random labels the test loss {loss}."


def slower_sentence(result: Result) -> str:
    """Write how much longer random labels take than true ones."""
    parts = []
    for network in NETWORKS:
        log10 = slower(result, network, RANDOM)
        short = int((~np.isfinite(result.fits[network, RANDOM].fitted)).sum())
        least = f", at least, since {short} ended unfitted" if short and log10.n else ""
        parts.append(f"{network} {log10.factor} (n = {log10.n}){least}")
    return f"Passes to fit random labels, as a multiple of those for true ones: {'; '.join(parts)}."


def pace_sentence(result: Result) -> str:
    """Write how much longer random labels take until half of them, and nearly all, are right."""
    parts = []
    for network in NETWORKS:
        half, most = (geometric_mean(slower_to(result, network, share)) for share in (0.5, 0.99))
        parts.append(f"{network} {half} and {most}")
    return (
        "Passes with random labels as a multiple of those with true ones until 50 % and until 99 % "
        f"of the training labels are right: {'; '.join(parts)}."
    )


def test_sentence(result: Result) -> str:
    """Write what noise does to the test accuracy."""
    parts = []
    for network in NETWORKS:
        means = [
            f"{np.mean(tested):.1f} %" if len(tested) else "diverged"
            for fit in result.arm(network).values()
            for tested in [finite(fit.percent("test"))]
        ]
        parts.append(f"{network} {', '.join(means)}")
    shares = ", ".join(f"{100 * share:g}" for share in result.spec.shares)
    return f"Mean test accuracy with {shares} % of the labels random: {'; '.join(parts)}."


def memory_sentence(result: Result) -> str:
    """Write how much of the truth is known at best, and how much after the fit."""
    share = halfway(result)
    parts = []
    for network in NETWORKS:
        fit = result.fits[network, share]
        last = fit.percent("train", "true accuracy")
        known = (
            f"{t_interval(fit.best_percent())} % at best and {t_interval(last)} % at the end"
            if len(finite(last))
            else "diverged"
        )
        parts.append(f"{network} {known}")
    return f"With {100 * share:g} % random, true training labels right: {'; '.join(parts)}."


def written_sentence(result: Result) -> str:
    """Write how far the last minibatch's loss is from that of the whole split."""
    parts = []
    for network in NETWORKS:
        off = finite(result.fits[network, RANDOM].minibatch_error())
        factor = f"{10 ** np.median(off):.2f}" if len(off) else "not known"
        parts.append(f"{factor} for the {network}")
    return (
        "The last minibatch's loss is off by this factor, median over passes and trainings: "
        f"{', '.join(parts)}."
    )


def literature_sentence(result: Result) -> str:
    """Write our accuracies on random labels beside the range in the table of Zhang et al."""
    ranges = ["{:g} to {:g} %".format(*zhangs_range(split)) for split in ("train", "test")]
    parts = []
    for network in NETWORKS:
        fit = result.fits[network, RANDOM]
        train, test = (finite(fit.percent(split)) for split in ("train", "test"))
        ours = f"{t_interval(train)} % and {t_interval(test)} %" if len(train) else "diverged"
        parts.append(f"{network} {ours}")
    return (
        f"Random labels, training and test accuracy: {'; '.join(parts)}; Zhang et al. report "
        f"{' and '.join(ranges)}."
    )


def panel_caption(result: Result) -> str:
    """Describe what the chapter's panel in the summary shows."""
    return (
        "accuracy after learning labels of which a share is random, means with 95 % t intervals "
        "over trainings."
    )
