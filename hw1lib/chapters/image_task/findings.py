"""What chapter 12 found, in sentences that its result computes."""

import numpy as np

from hw1lib.chapters.image_task import MAIN, B, Result, depth_arms
from hw1lib.chapters.image_task.views import contrasts, difference, percent
from hw1lib.judging.statistics import t_interval


def main_sentence(result: Result) -> str:
    """Name the best network of the main comparison."""
    means = {name: mean for name, mean in _means(result, MAIN).items() if np.isfinite(mean)}
    if not means:
        return "Every training diverged."
    best = max(means, key=means.__getitem__)
    return f"Highest mean test accuracy: {best}, {means[best]:.1f} %."


def width_reading(result: Result) -> list[str]:
    """Say what width does in either family, and how far apart the families are."""
    return [
        f"On the test images, {name.split(': ')[1]} is {difference(result, *keys)} points of "
        f"accuracy and {difference(result, *keys, 'loss')} nats."
        for name, keys in list(contrasts(result).items())[:3]
    ]


def control_sentence(result: Result) -> str:
    """Say what the permutation does to the lead of convolution."""
    natural, permuted = list(contrasts(result).values())[2:4]
    return (
        f"Convolution's lead over the widest perceptron is {difference(result, *natural)} points "
        f"with the pixels in their places and {difference(result, *permuted)} points with them "
        "permuted."
    )


def depth_sentence(result: Result) -> str:
    """List mean test accuracies by depth."""
    parts = []
    for arm in depth_arms(result):
        listed = ", ".join(f"{name} {percent(mean)}" for name, mean in _means(result, arm).items())
        parts.append(f"{result.images[arm].description}: {listed}")
    return "; ".join(parts) + "."


def written_sentence(result: Result) -> str:
    """Say what the squared error costs."""
    convolution, perceptron = list(contrasts(result).values())[4:6]
    return (
        f"The squared error changes the accuracy by {difference(result, *convolution)} points for "
        f"{convolution[0][1]} and by {difference(result, *perceptron)} points for "
        f"{perceptron[0][1]}."
    )


def digits_sentence(result: Result) -> str:
    """Compare the last pass's running loss with that of the whole split at rest."""
    parts = [
        f"{name} {t_interval(curves.objective[-1]).mean:.3f} against "
        f"{t_interval(curves.final('train', 'loss')).mean:.3f}"
        if not curves.diverged.all()
        else f"{name} diverged"
        for name, curves in result.arm(B).items()
    ]
    return f"In the last pass, mean while training against mean at rest: {'; '.join(parts)} nats."


def describe(result: Result, arm: str) -> str:
    """Describe an arm's outcome for readers who cannot see the figure."""
    listed = ", ".join(f"{name} {percent(mean)}" for name, mean in _means(result, arm).items())
    return f"Mean test accuracy, {arm}: {listed}."


def _means(result: Result, arm: str) -> dict[str, float]:
    return {
        name: t_interval(100 * curves.final("test", "accuracy")).mean
        for name, curves in result.arm(arm).items()
    }
