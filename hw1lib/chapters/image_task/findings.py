"""What chapter 12 found, in sentences that its result computes."""

import numpy as np

from hw1lib.chapters.image_task.result import (
    CONVOLUTION,
    PERMUTED,
    WIDER_CNN,
    WIDER_MLP,
    WRITTEN_CNN,
    WRITTEN_MLP,
    Result,
    contrasts,
    converged,
    depth_arms,
    difference,
    named,
)
from hw1lib.chapters.image_task.spec import AS_B, MAIN, RESIDUAL
from hw1lib.judging.effects import POINTS
from hw1lib.judging.slips import told
from hw1lib.judging.statistics import in_unit, paired_difference, t_interval


def main_sentence(result: Result) -> str:
    """Name the best network of the main comparison."""
    means = {name: mean for name, mean in _means(result, MAIN).items() if np.isfinite(mean)}
    if not means:
        return "Every training diverged."
    best = max(means, key=means.__getitem__)
    return f"Highest mean test accuracy: {best}, {means[best]:.1f} %."


def width_reading(result: Result) -> list[str]:
    """List what width does in either family, and how far apart the families are."""
    chosen = [contrasts(result)[name] for name in (WIDER_CNN, WIDER_MLP, CONVOLUTION)]
    return [
        f"On the test images, {contrast.compared.replace('−', 'minus')}: accuracy "
        f"{in_unit(difference(result, contrast), POINTS)}, loss "
        f"{in_unit(difference(result, contrast, 'loss'), 'nats')}."
        for contrast in chosen
    ]


def control_sentence(result: Result) -> str:
    """Write what the permutation does to the lead of convolution."""
    natural, permuted = (contrasts(result)[name] for name in (CONVOLUTION, PERMUTED))
    return (
        f"Convolution's lead over the widest perceptron is "
        f"{in_unit(difference(result, natural), POINTS)} with the pixels in their places and "
        f"{in_unit(difference(result, permuted), POINTS)} with permuted pixels."
    )


def depth_sentence(result: Result) -> str:
    """List mean test accuracies by depth."""
    return " ".join(
        f"Mean test accuracy on {result.images[arm].description}: {_listed_means(result, arm)}."
        for arm in depth_arms(result)
    )


def depth_reading(result: Result) -> list[str]:
    """Say by how much the deepest networks differ from the shallowest, and what is still open."""
    said = []
    for arm in depth_arms(result):
        parts = []
        for kind in ("", RESIDUAL):
            shallowest, deepest = named(result, arm, kind)
            ends = [result.curves[arm, name].percent("test") for name in (deepest, shallowest)]
            gained = told(paired_difference(*ends), POINTS)
            parts.append(f"{deepest} minus {shallowest}, {gained}")
        fall = converged(result, arm)
        still = f"by a factor of {fall.factor:.3g}" if fall.n else "not measurably"
        said.append(
            f"Test accuracy on {result.images[arm].description}: {'; '.join(parts)}. In the last "
            f"fifth of the {result.spec.depth_epochs} epochs the training loss that falls most "
            f"still falls {still}."
        )
    return said


def written_sentence(result: Result) -> str:
    """Write what the squared error costs."""
    convolution, perceptron = (contrasts(result)[name] for name in (WRITTEN_CNN, WRITTEN_MLP))
    return (
        "The squared error changes the accuracy by "
        f"{in_unit(difference(result, convolution), POINTS)} for {convolution.first[1]} and by "
        f"{in_unit(difference(result, perceptron), POINTS)} for {perceptron.first[1]}."
    )


def digits_sentence(result: Result) -> str:
    """Compare the last epoch's running loss with that of the whole split at rest."""
    parts = [
        f"{name} {t_interval(curves.objective[-1]).mean:.3f} and "
        f"{t_interval(curves.final('train', 'loss')).mean:.3f}"
        if not curves.diverged.all()
        else f"{name} diverged"
        for name, curves in result.arm(AS_B).items()
    ]
    return (
        "Training loss of the last epoch, in nats, as the mean while training and over the whole "
        f"split after it: {'; '.join(parts)}."
    )


def describe(result: Result, arm: str) -> str:
    """Describe an arm's outcome for readers who cannot see the figure."""
    return f"Mean test accuracy, {arm}: {_listed_means(result, arm)}."


def panel_caption(result: Result) -> str:
    """Describe what the chapter's panel in the summary shows."""
    return (
        f"test accuracy of every training of A's networks with the median. {main_sentence(result)}"
    )


def _means(result: Result, arm: str) -> dict[str, float]:
    return {
        name: t_interval(curves.percent("test")).mean for name, curves in result.arm(arm).items()
    }


def _listed_means(result: Result, arm: str) -> str:
    return "; ".join(
        f"{name} {mean:.1f} %" if np.isfinite(mean) else f"{name} diverged"
        for name, mean in _means(result, arm).items()
    )
