"""What chapter 33 found, in sentences that its result computes."""

from collections.abc import Sequence

import numpy as np

from hw1lib.chapters.interpolation.result import (
    ACCURACY,
    LOSS,
    TEST,
    TRAIN,
    Result,
    barrier_difference,
)
from hw1lib.chapters.interpolation.spec import (
    ADAM,
    ALIGNED,
    AS_A,
    AS_B,
    AS_B_RATE,
    B_PAIR,
    B_RATE,
    B_STEPS,
    BATCH_LOW,
    DECAY,
    NESTEROV,
    ON_B,
    ON_B_RATE,
    OTHER,
    STEPS,
    main,
)
from hw1lib.judging.statistics import in_unit, t_interval


def course_sentence(result: Result) -> str:
    """Compare the batch sizes after equal numbers of epochs, by the factor between the losses."""
    parts = []
    for name in (main(NESTEROV, BATCH_LOW), main(ADAM, BATCH_LOW), B_PAIR):
        parts.append(f"{name} {t_interval(result.pairs[name].behind()).factor}")
    return (
        "Training loss of the large batch over that of the small one, geometric mean over epochs: "
        f"{'; '.join(parts)}."
    )


def update_sentence(result: Result) -> str:
    """Compare the batch sizes after equal numbers of updates."""
    parts = [
        f"{whose} network {t_interval(pair.behind()).factor}"
        for whose, pair in (("A's", result.pairs[STEPS]), ("B's", result.pairs[B_STEPS]))
    ]
    return (
        "Training loss of the large batch over that of the small one at equal numbers of updates: "
        f"{', '.join(parts)}."
    )


def variation_sentence(result: Result) -> str:
    """List the test accuracy that the ends of each variation reach."""
    parts = []
    for name in (STEPS, OTHER, DECAY):
        ends = [t_interval(100 * end.final(TEST, ACCURACY)).mean for end in result.pairs[name].ends]
        reached = " and ".join(
            f"{mean:.1f} %" if np.isfinite(mean) else "diverged" for mean in ends
        )
        parts.append(f"{reached} ({name})")
    return f"The two ends of each variation reach a test accuracy of {', '.join(parts)}."


def starts_sentence(result: Result) -> str:
    """List the mean barriers between networks that begin at different weights."""
    return barrier_sentence(result, (OTHER, ALIGNED, B_PAIR, B_RATE))


def barrier_sentence(result: Result, names: Sequence[str]) -> str:
    """List mean barriers."""
    parts = [f"{name} {t_interval(result.pairs[name].barrier())}" for name in names]
    return f"Mean barrier of the training loss, in nats: {'; '.join(parts)}."


def aligned_sentence(result: Result) -> str:
    """Write how much of the barrier between initializations the order of the units makes."""
    lower = barrier_difference(result, OTHER, ALIGNED)
    return f"Renumbering the hidden units lowers the barrier by {in_unit(lower, 'nats')}."


def lean_sentence(result: Result) -> str:
    """Write which end looks wider, with and without weight decay."""
    parts = []
    for name, text in ((main(ADAM, BATCH_LOW), "without"), (DECAY, "with")):
        lean = t_interval(result.pairs[name].lean)
        wider = "neither end clearly"
        if lean.excludes_zero:
            wider = "the large batch's end" if lean.mean > 0 else "the small batch's end"
        parts.append(
            f"{wider} looks wider {text} weight decay (asymmetry {in_unit(lean, 'decades')})"
        )
    return f"{parts[0][0].upper()}{parts[0][1:]}, {parts[1]}."


def trend_sentence(result: Result) -> str:
    """Write what is left of a trend along alpha, on the homework's range and on A's."""
    names = (AS_A, main(NESTEROV, BATCH_LOW))
    own, asked = (t_interval(result.pairs[name].trend()) for name in names)
    return (
        f"Rank correlation of α with falling loss and with rising accuracy, the lower of both: "
        f"{own} over A's range, {asked} over the homework's."
    )


def retrained_sentence(result: Result) -> str:
    """Write what B's further epoch of training does to the barrier and the accuracy."""
    told = []
    for which, names in (("batch size", (ON_B, AS_B)), ("rate", (ON_B_RATE, AS_B_RATE))):
        plain, after = (result.pairs[name] for name in names)
        if not (plain.sound.any() and after.sound.any()):
            told.append(f"All pairs by {which} diverged.")
            continue
        lowest = [100 * np.median(pair.lowest_accuracy()[pair.sound]) for pair in (plain, after)]
        told.append(
            f"By {which}, the barrier is {in_unit(t_interval(plain.barrier()), 'nats')} as mixed, "
            f"and {in_unit(t_interval(after.barrier()), 'nats')} after a further epoch at every "
            f"point; the lowest test accuracy changes from {lowest[0]:.1f} to {lowest[1]:.1f} % "
            "(medians)."
        )
    return " ".join(told)


def together_sentence(result: Result) -> str:
    """Write how well test and training follow each other."""
    return (
        "Rank correlation of test and training along the line, the lower of loss and accuracy: "
        f"{t_interval(result.pairs[B_PAIR].agreement())} for B's pair by batch size and "
        f"{t_interval(result.pairs[B_RATE].agreement())} for the one by rate."
    )


def panel_caption(result: Result) -> str:
    """Describe what the chapter's panel in the summary shows."""
    return "barrier between two ways of training, means with 95 % t intervals over trainings."


def describe_lines(result: Result, names: Sequence[str]) -> str:
    """Describe lines for readers who cannot see them."""
    parts = []
    for name in names:
        pair = result.pairs[name]
        if not pair.sound.any():
            parts.append(f"{name} diverged")
            continue
        losses = np.median(pair.along(TRAIN, LOSS), axis=1)
        places = [np.abs(pair.alphas - place).argmin() for place in (-1, 0, 0.5, 1, 2)]
        parts.append(f"{name} {', '.join(f'{losses[p]:.2g}' for p in places)}")
    return f"Median training loss at alpha −1, 0, 0.5, 1 and 2: {'; '.join(parts)}."
