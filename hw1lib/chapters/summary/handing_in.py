"""What to hand in: for each part of the homework a figure, a comment, and its points."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hw1lib.chapters.capacity import findings as capacity
from hw1lib.chapters.error_surface import findings as error_surface
from hw1lib.chapters.function_fit import findings as function_fit
from hw1lib.chapters.gradient_norm import findings as gradient_norm
from hw1lib.chapters.gradient_norm.spec import MAIN, RMSPROP
from hw1lib.chapters.image_task import findings as image_task
from hw1lib.chapters.interpolation import findings as interpolation
from hw1lib.chapters.minimal_ratio import findings as minimal_ratio
from hw1lib.chapters.random_labels import findings as random_labels
from hw1lib.chapters.random_labels.spec import CNN, MLP
from hw1lib.chapters.registry import Panel, discover
from hw1lib.chapters.sensitivity import findings as sensitivity
from hw1lib.chapters.sensitivity.spec import EPOCHS, STEPS
from hw1lib.chapters.summary.result import Result
from hw1lib.chapters.weight_paths import findings as weight_paths
from hw1lib.showing import figures, lettering, palette
from hw1lib.training import thinning

Sentence = Callable[[Any], str]  # from a chapter's Result

# the homework's points are known to us for two of its parts
UNKNOWN = "settings, figure and comment"


@dataclass(frozen=True)
class Part:
    """One part of the homework, as one half page answers it."""

    title: str  # as the homework numbers it
    points: str  # what earns them
    complete: str  # what a complete answer shows
    comment: tuple[Sentence, ...]


PARTS = {  # by the section of the chapter that answers
    "function-fit": Part(
        "1-1 Simulate a function",
        UNKNOWN,
        "two or more networks with equally many parameters; their losses in one chart; their "
        "predictions and the truth in one graph; for the bonus a third network and a second "
        "function",
        (function_fit.order_sentence, function_fit.success_sentence, function_fit.stuck_sentence),
    ),
    "image-task": Part(
        "1-1 Train on an actual task",
        UNKNOWN,
        "two or more networks on MNIST or CIFAR-10; training loss and training accuracy of all, "
        "each in one chart; for the bonus a third network and a second task",
        (image_task.main_sentence, image_task.control_sentence, image_task.depth_sentence),
    ),
    "weight-paths": Part(
        "1-2 Visualize the optimization process",
        "3: settings 1, figure 1, comment 1",
        "eight trainings; one layer and the whole network in two dimensions, in figures of their "
        "own; how often weights were recorded, which optimizer, which projection",
        (weight_paths.outward_sentence, weight_paths.straight_sentence),
    ),
    "gradient-norm": Part(
        "1-2 Observe the gradient norm during training",
        "figure and comment",
        "the norm over all parameters and the loss, both against the update, in one figure",
        (gradient_norm.course_sentence, gradient_norm.step_sentence),
    ),
    "minimal-ratio": Part(
        "1-2 What happens when the gradient is almost zero?",
        "5: how such weights are found and the ratio defined 2, figure 2, comment 1",
        "a search that lowers the gradient norm itself; the share of positive eigenvalues of the "
        "Hessian; a hundred trainings, ratio against loss",
        (minimal_ratio.search_sentence, minimal_ratio.made_sentence),
    ),
    "error-surface": Part(
        "1-2 Bonus: the error surface",
        "bonus: method and comment",
        "any picture of the loss around a solution, with how it was made",
        (error_surface.line_sentence, error_surface.away_sentence),
    ),
    "random-labels": Part(
        "1-3 Can a network fit random labels?",
        "settings and figure",
        "labels that are random for the network, not only in a variable; training and test loss "
        "against epochs",
        (
            lambda result: random_labels.curve_sentence(result, MLP),
            lambda result: random_labels.curve_sentence(result, CNN),
        ),
    ),
    "capacity": Part(
        "1-3 Number of parameters and generalization",
        UNKNOWN,
        "ten or more networks of one kind; loss and accuracy on training and test images, all "
        "against the number of parameters",
        (capacity.sweep_sentence, capacity.gap_sentence),
    ),
    "interpolation": Part(
        "1-3 Flatness and generalization, first part",
        UNKNOWN,
        "two trainings of one network that differ in one choice; loss and accuracy on both splits "
        "along the line between them, α from −1 to 2, nothing trained in between",
        (interpolation.starts_sentence, interpolation.lean_sentence),
    ),
    "sensitivity": Part(
        "1-3 Flatness and generalization, second part",
        UNKNOWN + "; bonus for another measure, such as sharpness",
        "five or more trainings that differ in one choice; loss, accuracy and sensitivity, the "
        "length of the loss's gradient by the input, against that choice",
        (sensitivity.sensitivity_sentence, sensitivity.sharp_sentence),
    ),
}


def figure(result: Result, section: str) -> Figure:
    """Draw the figure of a part in one small panel, from the chapter that answers it."""
    height = 2.6 if section == "interpolation" else 1.75  # which has a row for each pair
    drawn, ((ax,),) = figures.panels(1, 1, height)
    _panel(section).draw(ax, result.chapters[section])
    ax.set_title("")
    return drawn


def heading(section: str) -> str:
    """Name a part as the homework numbers it, as a heading."""
    number, _, title = PARTS[section].title.partition(" ")
    return f"## Homework {number}: {title}"


def words(result: Result, section: str) -> str:
    """Write what a part asks for, its points, and the comment, as Markdown."""
    part, chapter = PARTS[section], discover()[section]
    comment = " ".join(sentence(result.chapters[section]) for sentence in part.comment)
    return (
        f"**Points:** {part.points}. **A complete answer has:** {part.complete}. "
        f"**Comment:** {comment} "
        f"All of it is in {chapter.link}."
    )


def caption(result: Result, section: str) -> str:
    """Say what the small figure of a part shows."""
    said = _panel(section).caption(result.chapters[section])
    return said[0].upper() + said[1:]


def _panel(section: str) -> Panel:
    return discover()[section].panel or PANELS[section]


def _course(ax: Axes, result: Any) -> None:
    """Draw norm and loss of A's network against the update, as the homework asks."""
    course = result.courses[RMSPROP, MAIN]
    shown = thinning.kept(len(course.loss) - 1)
    for name, values, color, dash in (
        ("gradient norm", course.norm, palette.BLUE, "-"),
        ("loss", course.loss, palette.RED, "--"),
    ):
        figures.curves(ax, shown + 1, values[shown], label=name, color=color, dash=dash)
    ax.set(xlabel="update", ylabel="mean squared error,\nper weight for the norm")
    lettering.log_scale(ax)
    lettering.label_lines(ax)


def _sensitivities(ax: Axes, result: Any) -> None:
    sizes = np.array(result.spec.batch_sizes)
    for arm, color, dash in ((EPOCHS, palette.BLUE, "-"), (STEPS, palette.RED, "--")):
        swept = [result.sweep[arm, size] for size in sizes.tolist()]
        values = np.stack([one["input_gradient_test"] for one in swept])
        figures.curves(ax, sizes, values, label=arm, color=color, dash=dash)
    ax.set(xscale="log", xlabel="images per update", ylabel="sensitivity\n(nats per unit)")
    lettering.log_scale(ax)
    lettering.label_lines(ax)


PANELS = {  # of the chapters that have none for the summary
    "gradient-norm": Panel(
        _course,
        lambda result: f"gradient norm and loss of A's network along training, {figures.BAND}.",
    ),
    "sensitivity": Panel(
        _sensitivities,
        lambda result: (
            f"gradient of the loss by the input, on test images, against the batch size, "
            f"{figures.BAND}."
        ),
    ),
}
