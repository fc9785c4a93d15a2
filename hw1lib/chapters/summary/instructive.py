"""Five instructive slips: what was drawn beside what should have been, from the same trainings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hw1lib.chapters.interpolation import findings as interpolation
from hw1lib.chapters.interpolation.result import LOSS
from hw1lib.chapters.interpolation.spec import AS_A, AS_B, ON_B
from hw1lib.chapters.minimal_ratio import findings as minimal_ratio
from hw1lib.chapters.minimal_ratio.result import A_BAND
from hw1lib.chapters.random_labels import slips as random_labels
from hw1lib.chapters.random_labels.spec import CNN, RANDOM, TRUE
from hw1lib.chapters.sensitivity import findings as sensitivity
from hw1lib.chapters.sensitivity.result import gradient_of_the_mean, own_gradient
from hw1lib.chapters.summary.result import Result
from hw1lib.showing import figures, lettering
from hw1lib.showing.palette import BLUE, RED

SPLITS = (("training", BLUE, "-"), ("test", RED, "--"))  # name, colour and dash
Draw = Callable[[Axes, Axes, Any], None]  # as it was done at the left, as it should be at the right


@dataclass(frozen=True)
class Slip:
    """One slip with its lesson, as a picture and a paragraph."""

    title: str
    section: str  # of the chapter that has the trainings
    lesson: str
    measured: Callable[[Any], str]  # what the slip changes, from the chapter's Result
    headings: tuple[str, str]  # of the two panels
    draw: Draw


def _labels(left: Axes, right: Axes, result: Any) -> None:
    for ax, share in ((left, TRUE), (right, RANDOM)):
        fit = result.fits[CNN, share]
        for split, (name, color, dash) in zip(("train", "test"), SPLITS, strict=True):
            values = 100 * fit.series(split, "accuracy")
            figures.curves(ax, fit.epochs, values, label=name, color=color, dash=dash)
        ax.set(xlabel="epochs", ylim=(0, 103))
    left.set_ylabel("accuracy (%)")


def _retrained(left: Axes, right: Axes, result: Any) -> None:
    for ax, name in ((left, AS_B), (right, ON_B)):
        _line(ax, result.pairs[name], result.pairs[name].alphas, "position on the line, α")
    _loss_axes(left, right)


def _index(left: Axes, right: Axes, result: Any) -> None:
    pair = result.pairs[AS_A]
    _line(left, pair, np.arange(len(pair.alphas)), "index in a list")
    _line(right, pair, pair.alphas, "position on the line, α")
    _loss_axes(left, right)


def _line(ax: Axes, pair: Any, x: Sequence[float] | np.ndarray, across: str) -> None:
    for split, (name, color, dash) in enumerate(SPLITS):
        values = pair.line[:, :, split, LOSS]
        figures.curves(ax, np.asarray(x), values, label=name, color=color, dash=dash)
    if "α" in across:
        for end in (0, 1):
            ax.axvline(end, color="0.5", linewidth=0.8, linestyle=(0, (4, 2)))
    ax.set_xlabel(across)


def _loss_axes(left: Axes, right: Axes) -> None:
    lettering.log_scale(left, right)
    left.set_ylabel("loss (nats)")


def _mean(left: Axes, right: Axes, result: Any) -> None:
    sizes = np.array(result.spec.batch_sizes)
    for ax, values in ((left, gradient_of_the_mean(result)), (right, own_gradient(result))):
        figures.curves(ax, sizes, values, label="test images", color=BLUE)
        ax.set(xscale="log", xlabel="images per batch")
    lettering.log_scale(left, right)
    left.set_ylabel("gradient by the input\n(nats per unit)")


def _gauss_newton(left: Axes, right: Axes, result: Any) -> None:
    looks = result.along
    for ax, values in ((left, looks.gauss_newton), (right, result.along_shares().positive)):
        figures.curves(ax, looks.at + 1, values, label="A's network", color=BLUE)
        ax.axhspan(*A_BAND, color="0.85", linewidth=0, zorder=0)
        ax.set(xscale="log", xlabel="update + 1", ylim=(0, 1))
    left.set_ylabel("share of positive\neigenvalues")


SLIPS = {
    "labels": Slip(
        "Nothing was random in the random labels",
        "random-labels",
        "Report A attached random values to its data loader, where the data set never saw them: "
        "the network learned true labels, and its test accuracy shows it. Check that the labels a "
        "network is given disagree with the truth in nine cases of ten, and that its test accuracy "
        "is one in ten.",
        random_labels.SLIPS[0].changed,
        ("as A's code ran: true labels", "labels drawn at random"),
        _labels,
    ),
    "retrained": Slip(
        "Training again hides the barrier",
        "interpolation",
        "Report B trained every mixed network for an epoch before it measured. So its curve shows "
        "where that training leads, not what lies on the line. A point on the line must be "
        "measured as it is.",
        interpolation.retrained_sentence,
        ("as B measured: each point trained on", "as mixed"),
        _retrained,
    ),
    "index": Slip(
        "The axis counted points instead of α",
        "interpolation",
        "Report A drew the line against the index in its list of α, saw something at index 30, and "
        "mistook training and test images for its two batch sizes. Put the quantity itself on the "
        "axis, mark both networks, and name the curves.",
        interpolation.trend_sentence,
        ("as A drew it", "on its true axis"),
        _index,
    ),
    "mean": Slip(
        "The gradient of a batch's mean loss falls as one over the batch",
        "sensitivity",
        "The mean loss of B images changes by 1/B of what one image's own loss changes when that "
        "image does. A sweep over batch sizes then shows this division and nothing else. Take the "
        "gradient of each image's own loss.",
        sensitivity.written_sentence,
        ("of a batch's mean loss", "of each image's own loss"),
        _mean,
    ),
    "gauss-newton": Slip(
        "A Gauss-Newton matrix has no negative eigenvalues",
        "minimal-ratio",
        "Report A's code counts positive eigenvalues of each layer's Gauss-Newton matrix. Such a "
        "matrix is a sum of squares, so its count says how many eigenvalues differ from zero by "
        "more than rounding, not which way the loss curves. The minimal ratio needs the Hessian.",
        minimal_ratio.share_sentence,
        ("as A's code counts", "by the Hessian of the loss"),
        _gauss_newton,
    ),
}


def figure(result: Result, name: str) -> Figure:
    """Draw a slip: what the report showed at the left, and the same measured well at the right."""
    slip = SLIPS[name]
    drawn, ((left, right),) = figures.panels(1, 2, 1.55, sharey=name not in ("mean",))
    slip.draw(left, right, result.chapters[slip.section])
    for ax, heading in zip((left, right), slip.headings, strict=True):
        ax.set_title(heading)
    lettering.label_lines(right)
    return drawn


def words(result: Result, name: str) -> str:
    """Write the lesson of a slip, and what it changes here, as Markdown."""
    slip = SLIPS[name]
    said = slip.measured(result.chapters[slip.section])
    return f"{slip.lesson} Measured here: {said[0].lower()}{said[1:].removesuffix('.')}."
