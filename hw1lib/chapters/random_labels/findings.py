"""What chapter 31 found, in sentences that its result computes."""

import numpy as np

from hw1lib.chapters.random_labels.result import (
    JUMP,
    THEIRS,
    Result,
    at_scale,
    finite,
    halfway,
    learned,
    parameters,
    scale,
    slower,
    slower_to,
    zhangs_range,
)
from hw1lib.chapters.random_labels.spec import NETWORKS, RANDOM, TRUE
from hw1lib.judging.slips import told
from hw1lib.judging.statistics import (
    geometric_mean,
    in_unit,
    t_interval,
    tally,
    written,
)


def curve_sentence(result: Result, network: str) -> str:
    """Count the trainings that fitted true and random labels, and write what the test loss did."""
    parts = []
    for share, called in ((TRUE, "true"), (RANDOM, "random")):
        fit = result.fits[network, share]
        passes = finite(fit.fitted)
        when = f" (median {np.median(passes):g} epochs)" if len(passes) else ""
        parts.append(f"{len(passes)} of {len(fit.fitted)} trainings fit {called} labels{when}")
    course = result.fits[network, RANDOM].series("test", "loss")
    rises = finite(course[-1] - course[0])
    change = in_unit(t_interval(rises), "nats")
    loss = f"changes by {change}" if len(rises) else "is not known: all diverged"
    return (
        f"On {scale(result, network)}, {', '.join(parts)}; with random labels the test loss {loss}."
    )


def slower_sentence(result: Result) -> str:
    """Write how much longer random labels take than true ones."""
    parts = []
    for network in NETWORKS:
        log10 = slower(result, network, RANDOM)
        short = int((~np.isfinite(result.fits[network, RANDOM].fitted)).sum())
        least = f", at least, as {short} ended unfitted" if short and log10.n else ""
        parts.append(f"{network} {told(log10.factor)}{least}")
    return (
        f"Epochs to fit random labels, as a multiple of those for true ones, on "
        f"{scale(result, *NETWORKS)}: {'; '.join(parts)}."
    )


def scale_sentence(result: Result) -> str:
    """Write how far the trainings here are from the reports' own experiments."""
    parts = []
    for network, theirs in THEIRS.items():
        count, images = parameters(result, network), theirs.images
        here = learned(result, network)
        parts.append(
            f"The {network} has {count:,} parameters. It learns {here:,} {result.subject(network)} "
            f"at a rate of {result.spec.learning_rate:g}, {written(count / here)} parameters for "
            f"each; in report {theirs.report} it learns {images:,} at a rate of "
            f"{theirs.learning_rate:g}, {count / images:.2g} for each."
        )
    return f"{' '.join(parts)} Further down, both learn at the reports' own scale."


def at_scale_sentence(result: Result) -> str:
    """Write how far all images are fitted at the reports' rate, when they stop and at the end."""
    parts = []
    for network, theirs in THEIRS.items():
        fit = result.at_scale[network, RANDOM]
        then, last = (
            t_interval(finite(values), whole=True)
            for values in (fit.percent_after(theirs.epochs, "train"), fit.percent("train"))
        )
        passes = min(theirs.epochs, int(fit.epochs[-1]))
        right = f"{in_unit(then, '%')} of the labels right after {passes:,} epochs"
        found = right if then.n else "diverged"
        if then.n and passes < fit.epochs[-1]:
            found += f" and {in_unit(last, '%')} after {fit.epochs[-1]:,}"
        parts.append(f"{network}, {at_scale(result, network)}: {found}")
    return f"Random labels: {'; '.join(parts)}."


def pace_sentence(result: Result) -> str:
    """Write how much longer random labels take until half of them, and nearly all, are right."""
    parts = []
    for network in NETWORKS:
        half, most = (geometric_mean(slower_to(result, network, share)) for share in (0.5, 0.99))
        parts.append(f"{network} {half} and {most}")
    return (
        "Epochs with random labels as a multiple of those with true ones, until 50 % and until "
        f"99 % of the labels are right, on {scale(result, *NETWORKS)}: {'; '.join(parts)}."
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
    return (
        f"Mean test accuracy with {shares} % random labels, on {scale(result, *NETWORKS)}: "
        f"{'; '.join(parts)}."
    )


def memory_sentence(result: Result) -> str:
    """Write how much of the truth is known at best, and how much after the fit."""
    share = halfway(result)
    parts = []
    for network in NETWORKS:
        fit = result.fits[network, share]
        last = fit.percent("train", "true accuracy")
        known = (
            f"{in_unit(t_interval(fit.best_percent(), whole=True), '%')} at best, "
            f"{in_unit(t_interval(last, whole=True), '%')} at the end"
            if len(finite(last))
            else "diverged"
        )
        parts.append(f"{network} {known}")
    return (
        f"Accuracy on the true training labels with {100 * share:g} % random labels, on "
        f"{scale(result, *NETWORKS)}: {'; '.join(parts)}."
    )


def written_sentence(result: Result) -> str:
    """Write how far the last minibatch's loss is from that of the whole split."""
    parts = []
    for network in NETWORKS:
        off = finite(result.fits[network, RANDOM].minibatch_error())
        factor = f"{10 ** np.median(off):.2f}" if len(off) else "not known"
        parts.append(f"{factor} for the {network}")
    return (
        "Factor by which the last minibatch's loss is off, median over epochs and trainings: "
        f"{', '.join(parts)}."
    )


def jump_sentence(result: Result) -> str:
    """Count the trainings on random labels whose loss jumps on the way, which is unexplained."""
    jumped = {
        network: np.asarray(result.fits[network, RANDOM].jumps().any(axis=0))
        for network in NETWORKS
    }
    what = f"the loss of the whole split grows {JUMP:g}-fold or more between two measurements"
    if not any(which.any() for which in jumped.values()):
        return f"There is no training on random labels in which {what}."
    parts = [f"{tally(which)} of the {network}" for network, which in jumped.items()]
    return (
        f"Trainings on random labels in which {what}: {', '.join(parts)}. Why it jumps is not "
        "explained here."
    )


def literature_sentence(result: Result) -> str:
    """Write our accuracies on random labels beside the range in the table of Zhang et al."""
    ranges = ["{:g} to {:g} %".format(*zhangs_range(split)) for split in ("train", "test")]
    parts = []
    for network in NETWORKS:
        fit = result.fits[network, RANDOM]
        train, test = (finite(fit.percent(split)) for split in ("train", "test"))
        ours = " and ".join(in_unit(t_interval(right, whole=True), "%") for right in (train, test))
        parts.append(f"{network} {ours if len(train) else 'diverged'}")
    return (
        f"Training and test accuracy with random labels, on {scale(result, *NETWORKS)}: "
        f"{'; '.join(parts)}; Zhang et al. report {' and '.join(ranges)} for 50,000 colour images."
    )


def panel_caption(result: Result) -> str:
    """Describe what the chapter's panel in the summary shows."""
    return (
        f"accuracy after learning labels of {scale(result, *NETWORKS)} of which a share is random, "
        "means with 95 % t intervals over trainings."
    )
