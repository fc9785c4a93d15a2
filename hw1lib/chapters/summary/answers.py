"""The three questions of the homework, answered on one page.

A person wrote each sentence in the wordings that the verdict on its claim may ask for; the verdict
chooses among them, and the numbers are the verdict's.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from matplotlib.figure import Figure

from hw1lib.chapters.function_fit.result import LOWER
from hw1lib.chapters.registry import PARTS, Panel, discover
from hw1lib.chapters.summary.result import Judged, Result
from hw1lib.judging import verdicts
from hw1lib.judging.effects import Bound, Share
from hw1lib.showing import figures

LITTLE = (verdicts.SUPPORTED_SMALL, verdicts.CONTRADICTED_SMALL)


@dataclass(frozen=True)
class Point:
    """One sentence of an answer, in all wordings, without its full stop."""

    section: str  # of the chapter that judges the claim
    claim: str  # id
    yes: str  # where the claim is supported
    no: str  # where it is contradicted
    same: str  # where its effect is too small to matter
    unknown: str  # what is open otherwise: "whether ..."

    def sentence(self, result: Result) -> str:
        """Write the sentence that the verdict asks for, with the numbers behind it."""
        judged = self._judged(result)
        verdict, effect = judged.verdict, judged.verdict.effect
        place = discover()[self.section].link
        if effect is None or verdict.word == verdicts.NOT_TESTED:
            return f"{self.worded(result)} ({place})."
        if isinstance(effect, Bound | Share):  # of which the measured value says it all
            numbers = effect.measured
        else:
            numbers = effect.write(verdict.interval)
        remarks = "perhaps by little; " if verdict.word in LITTLE else ""
        if judged.alone.word != verdict.word:
            remarks += f"{judged.alone.told} before p is adjusted for the number of tests; "
        n = "" if "(n = " in numbers else f", n = {verdict.interval.n}"
        return f"{self.worded(result)} ({remarks}{effect.of}: {numbers}{n}; {place})."

    def worded(self, result: Result) -> str:
        """Choose the wording for a verdict, without its numbers."""
        return {
            verdicts.SUPPORTED: self.yes,
            verdicts.SUPPORTED_SMALL: self.yes,
            verdicts.TOO_SMALL: self.same,
            verdicts.CONTRADICTED_SMALL: self.no,
            verdicts.CONTRADICTED: self.no,
            verdicts.NOT_TESTED: f"It was not tested {self.unknown}",
            verdicts.UNDECIDED: f"It is open {self.unknown}",
        }[self._judged(result).verdict.word]

    def is_decided(self, result: Result) -> bool:
        """Tell whether the verdict says what is the case."""
        return self._judged(result).verdict.word not in (verdicts.NOT_TESTED, verdicts.UNDECIDED)

    def _judged(self, result: Result) -> Judged:
        (found,) = (
            one
            for one in result.judged
            if (one.section, one.claim.id) == (self.section, self.claim)
        )
        return found


ANSWERS: dict[str, tuple[Point, ...]] = {  # by part, the key of `PARTS`
    "1": (
        Point(
            "function-fit",
            "A-C7d",
            yes="Where both fit a function well, a deep network ends at a lower loss than a "
            "shallow one with as many parameters",
            no="Where both fit a function well, a deep network ends at a higher loss than a "
            "shallow one with as many parameters",
            same="Where both fit a function well, a deep network ends at about the same loss as a "
            "shallow one with as many parameters",
            unknown="whether a deep network that fits a function well ends at a lower loss than a "
            "shallow one with as many parameters",
        ),
        Point(
            "function-fit",
            "A-C7c",
            yes=f"The deep network reaches a loss below {LOWER:g} more often than the shallow one",
            no=f"The deep network reaches a loss below {LOWER:g} less often than the shallow one",
            same=f"The deep network reaches a loss below {LOWER:g} as often as the shallow one",
            unknown=f"whether the deep network reaches a loss below {LOWER:g} more often",
        ),
        Point(
            "image-task",
            "E-12b",
            yes="On images six convolutional layers classify better than two with as many "
            "parameters",
            no="On images six convolutional layers classify worse than two with as many parameters",
            same="On images six convolutional layers classify as well as two with as many "
            "parameters",
            unknown="whether six convolutional layers classify images better than two with as many "
            "parameters",
        ),
        Point(
            "image-task",
            "E-12c",
            yes="With residual connections the six layers do better than the two",
            no="Even with residual connections the six layers do worse than the two",
            same="With residual connections the six layers do as well as the two",
            unknown="whether the six layers do better than the two with residual connections",
        ),
        Point(
            "image-task",
            "A-C11a",
            yes="What helps on images is convolution: a convolutional network's lead over a "
            "perceptron shrinks when the pixels of all images are shuffled alike",
            no="A convolutional network's lead over a perceptron grows when the pixels of all "
            "images are shuffled alike, so it is not due to convolution",
            same="A convolutional network's lead over a perceptron remains when the pixels of all "
            "images are shuffled alike, so it is not due to convolution",
            unknown="whether a convolutional network's lead over a perceptron is due to "
            "convolution",
        ),
    ),
    "2": (
        Point(
            "weight-paths",
            "E-21a",
            yes="Training moves the weights straighter than a random walk with equal steps",
            no="Training moves the weights less straight than a random walk with equal steps",
            same="Training moves the weights as straight as a random walk with equal steps",
            unknown="whether training moves the weights straighter than a random walk",
        ),
        Point(
            "weight-paths",
            "A-C12b",
            yes="The star of eight trainings in a PCA picture is more than geometry: random "
            "walks draw less of one",
            no="The star of eight trainings in a PCA picture is geometry: random walks draw "
            "more of one",
            same="The star of eight trainings in a PCA picture is geometry: random walks "
            "draw as much of one",
            unknown="whether the star of eight trainings in a PCA picture is more than geometry",
        ),
        Point(
            "error-surface",
            "E-24i",
            yes="On the straight line from start to solution the loss falls without a rise, "
            "when SGD trains",
            no="On the straight line from start to solution the loss rises on the way, even "
            "when SGD trains",
            same="On the straight line from start to solution the loss rises by next to "
            "nothing, when SGD trains",
            unknown="whether the loss rises on the straight line from start to solution",
        ),
        Point(
            "minimal-ratio",
            "A-C18b",
            yes="Training by Adam ends at minima of the loss",
            no="Training by Adam does not end at minima of the loss: its gradient is not zero "
            "there, or the loss still curves downwards in some direction",
            same="About half of the trainings by Adam end at minima of the loss",
            unknown="whether training by Adam ends at minima of the loss",
        ),
        Point(
            "gradient-norm",
            "A-C17i",
            yes="Late in training the gradient norm swings with a period that the optimizer sets: "
            "a longer memory of RMSprop makes it longer",
            no="Late in training the gradient norm swings with a period that a longer memory of "
            "RMSprop makes shorter",
            same="Late in training the gradient norm swings with a period that the memory of "
            "RMSprop does not change",
            unknown="whether the memory of RMSprop sets the period with which the gradient norm "
            "swings late in training",
        ),
    ),
    "3": (
        Point(
            "random-labels",
            "A-C22",
            yes="Not because they cannot memorize: a convolutional network learns random labels by "
            "heart",
            no="A convolutional network does not learn all of its random labels by heart",
            same="A convolutional network learns nearly all of its random labels by heart",
            unknown="whether a convolutional network learns random labels by heart",
        ),
        Point(
            "capacity",
            "A-C23b",
            yes="Larger networks have a lower test loss",
            no="Larger networks have a higher test loss",
            same="Larger networks have about the same test loss",
            unknown="whether larger networks have a lower test loss",
        ),
        Point(
            "capacity",
            "E-32a",
            yes="With noisy labels and long training, the test loss rises to a peak at a middle "
            "size and falls again beyond it",
            no="With noisy labels and long training, the test loss has no peak at a middle size",
            same="With noisy labels and long training, the test loss has next to no peak at a "
            "middle size",
            unknown="whether the test loss has a peak at a middle size where labels are noisy",
        ),
        Point(
            "sensitivity",
            "A-C34a",
            yes="Small batches generalize better than large ones, even where both are trained to "
            "the end",
            no="Large batches generalize better than small ones where both are trained to the end",
            same="Small batches generalize as well as large ones where both are trained to the end",
            unknown="whether small batches generalize better where both are trained to the end",
        ),
        Point(
            "sensitivity",
            "34f at equal loss",
            yes="Keskar's sharpness says nothing about the gap between training and test accuracy, "
            "once the training loss is accounted for",
            no="Keskar's sharpness is related to the gap between training and test accuracy, even "
            "at equal training loss",
            same="Keskar's sharpness has little to do with the gap between training and test "
            "accuracy, once the training loss is accounted for",
            unknown="whether Keskar's sharpness is related to the gap at equal training loss",
        ),
    ),
}

PANELS = {"1": "A-C7c", "2": "E-21a", "3": "A-C22"}  # by part: the claim that its panel shows


def answers(result: Result) -> str:
    """Answer the three questions, as Markdown."""
    parts = []
    for part, question in PARTS.items():
        sentences = [f"- {point.sentence(result)}" for point in ANSWERS[part]]
        parts.append("\n".join([f"**{question}**", "", *sentences]))
    return "\n\n".join(parts)


def in_words(result: Result) -> str:
    """Answer the three questions without numbers, for the title page, as Markdown.

    What is open or was not tested is left out, unless nothing else is known.
    """
    paragraphs = []
    for part, question in PARTS.items():
        decided = [point for point in ANSWERS[part] if point.is_decided(result)]
        said = [f"{point.worded(result)}." for point in decided or ANSWERS[part][:1]]
        paragraphs.append(" ".join([f"**{question}**", *said]))
    return "\n\n".join(paragraphs)


def figure(result: Result) -> Figure:
    """Draw one panel for each question, under the sentence that it shows."""
    drawn, (axes,) = figures.panels(1, len(PANELS), 3.2)
    for ax, point in zip(axes, _shown(), strict=True):
        _panel(point).draw(ax, result=result.chapters[point.section])
        ax.set_title("")
        ax.set_title(textwrap.fill(point.worded(result), 26), fontsize=8, loc="left")
    return drawn


def caption(result: Result) -> str:
    """Say what each panel shows."""
    return " ".join(
        f"{place}: {_panel(point).caption(result.chapters[point.section])}"
        for place, point in zip(("Left", "Middle", "Right"), _shown(), strict=True)
    )


def _shown() -> list[Point]:
    """Return the sentence of each question that has the panel of its chapter."""
    return [
        point for part, claim in PANELS.items() for point in ANSWERS[part] if point.claim == claim
    ]


def _panel(point: Point) -> Panel:
    panel = discover()[point.section].panel
    assert panel is not None
    return panel
