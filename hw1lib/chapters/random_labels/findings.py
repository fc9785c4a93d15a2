"""What chapter 31 found, in sentences that its result computes."""

import numpy as np

from hw1lib.chapters.random_labels import NETWORKS, Result
from hw1lib.chapters.random_labels.claims import (
    AROUND_FITTED,
    FACTOR,
    FITTED,
    POINTS,
    halfway,
    slower,
)
from hw1lib.chapters.random_labels.views import (
    LITERATURE,
    best_accuracy,
    finite,
    minibatch_error,
    multiples,
)
from hw1lib.judging.statistics import geometric_mean, t_interval


def margin_sentence() -> str:
    """Say which effects are large enough for a verdict."""
    lowest = _theirs()[:, 0].min()
    return (
        f"A network counts as fitting random labels above {FITTED + AROUND_FITTED:g} % training "
        f"accuracy, since Zhang et al. call {lowest:g} % a fit, and not up to "
        f"{FITTED - AROUND_FITTED:g} %. Times and losses are compared as factors, of which the "
        f"smallest that matters is {10**FACTOR:.3g}; a fall of the accuracy on true labels "
        f"matters from {POINTS:g} points on."
    )


def curve_sentence(result: Result, network: str) -> str:
    """Say how many trainings fitted true and random labels, and what the test loss did."""
    parts = []
    for share, called in ((0.0, "true"), (1.0, "random")):
        fit = result.fits[network, share]
        passes = finite(fit.fitted)
        when = f" (median {np.median(passes):g} passes)" if len(passes) else ""
        parts.append(f"{len(passes)} of {len(fit.fitted)} trainings fit {called} labels{when}")
    course = result.fits[network, 1.0].series("test", "loss")
    rises = finite(course[-1] - course[0])
    loss = f"changes by {t_interval(rises)} nats" if len(rises) else "is not known: all diverged"
    return f"{', '.join(parts)}; with random labels the test loss {loss}."


def slower_sentence(result: Result) -> str:
    """Say how much longer random labels take than true ones."""
    parts = []
    for network in NETWORKS:
        log10 = slower(result, network, 1.0)
        short = int((~np.isfinite(result.fits[network, 1.0].fitted)).sum())
        least = f", at least, since {short} ended unfitted" if short and log10.n else ""
        parts.append(f"{network} {log10.factor} (n = {log10.n}){least}")
    return f"Passes to fit random labels, as a multiple of those for true ones: {'; '.join(parts)}."


def pace_sentence(result: Result) -> str:
    """Say how much longer random labels take until half of them, and nearly all, are right."""
    parts = []
    for network in NETWORKS:
        half, most = (geometric_mean(multiples(result, network, share)) for share in (0.5, 0.99))
        parts.append(f"{network} {half} and {most}")
    return (
        "Passes with random labels as a multiple of those with true ones until 50 % and until 99 % "
        f"of the training labels are right: {'; '.join(parts)}."
    )


def test_sentence(result: Result) -> str:
    """Say what noise does to the test accuracy."""
    parts = []
    for network in NETWORKS:
        means = [
            f"{np.mean(tested):.1f} %" if len(tested) else "diverged"
            for fit in result.arm(network).values()
            for tested in [finite(100 * fit.final("test", "accuracy"))]
        ]
        parts.append(f"{network} {', '.join(means)}")
    shares = ", ".join(f"{100 * share:g}" for share in result.spec.shares)
    return f"Mean test accuracy with {shares} % of the labels random: {'; '.join(parts)}."


def memory_sentence(result: Result) -> str:
    """Say how much of the truth is known at best, and how much after the fit."""
    share = halfway(result)
    parts = []
    for network in NETWORKS:
        fit = result.fits[network, share]
        last = 100 * fit.final("train", "true accuracy")
        told = (
            f"{t_interval(best_accuracy(fit))} % at best and {t_interval(last)} % at the end"
            if len(finite(last))
            else "diverged"
        )
        parts.append(f"{network} {told}")
    return f"With {100 * share:g} % random, true training labels right: {'; '.join(parts)}."


def written_sentence(result: Result) -> str:
    """Say how far the last minibatch's loss is from that of the whole split."""
    parts = []
    for network in NETWORKS:
        off = finite(minibatch_error(result.fits[network, 1.0]))
        told = f"{10 ** np.median(off):.2f}" if len(off) else "not known"
        parts.append(f"{told} for the {network}")
    return (
        "The last minibatch's loss is off by this factor, median over passes and trainings: "
        f"{', '.join(parts)}."
    )


def literature_sentence(result: Result) -> str:
    """Put our accuracies on random labels beside the range in the table of Zhang et al."""
    ranges = [f"{min(column):g} to {max(column):g} %" for column in _theirs().T]
    parts = []
    for network in NETWORKS:
        fit = result.fits[network, 1.0]
        ours = [finite(100 * fit.final(split, "accuracy")) for split in ("train", "test")]
        told = " and ".join(f"{t_interval(values)} %" for values in ours)
        parts.append(f"{network} {told if len(ours[0]) else 'diverged'}")
    return (
        f"Random labels, training and test accuracy: {'; '.join(parts)}; Zhang et al. report "
        f"{' and '.join(ranges)}."
    )


def _theirs() -> np.ndarray:
    """Take the training and test accuracies of Zhang et al. from the table, (3, 2), in %."""
    rows = [row[4:6] for row in LITERATURE if row[0].startswith("Zhang")]
    return np.array(rows, dtype=float)
