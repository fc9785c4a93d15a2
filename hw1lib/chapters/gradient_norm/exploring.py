"""What chapter 22 lets its reader try: optimizers and steps, the norm close up, and 2 / step."""

import numpy as np

from hw1lib.chapters import against
from hw1lib.chapters.gradient_norm.result import FIRST, Course, Result, absolute_swing
from hw1lib.chapters.gradient_norm.spec import MAIN, RMSPROP, SAME, TENTH
from hw1lib.exploring import predictions
from hw1lib.exploring.arrays import spread, spread_late, together
from hw1lib.exploring.questions import Number
from hw1lib.exploring.views import (
    Along,
    Axis,
    Layer,
    Panel,
    Reading,
    View,
    choice,
    curves,
    line,
    rule,
    slider,
)
from hw1lib.showing.palette import BLUE, GREEN, PINK, RED

DRAWN, CLOSE, LOOKS = 100, 160, 15  # updates of a course and close up, places to look from
BY = ("course", "look")


def ask(result: Result, name: str) -> None:
    """Ask for a prediction of what the chapter measures."""
    predictions.ask(question(result), name, result=result, standin=result.standin)


def question(result: Result) -> Number:
    """Return what is to be predicted."""
    same, tenth = (absolute_swing(result, (RMSPROP, part)) for part in (SAME, TENTH))
    return Number(
        text="With RMSprop the gradient norm swings. How many times smaller does the swing get at "
        "a tenth of the step?",
        quantity="swing at the same step / at a tenth of it",
        low=0.1,
        high=1_000,
        values=same / np.where(tenth > 0, tenth, np.nan),
        log=True,
    )


def explore(result: Result, name: str) -> None:
    """Show the course of norm and loss, a part of it close up, and the curvature by step."""
    against.explore(
        view(result),
        name,
        "Gradient norm and loss of each training (left), the norm of the first training close up "
        "where the slider is (middle), and the largest eigenvalue along plain gradient descent "
        "with its bound, 2 / step (right). Bands reach from the 10th to the 90th percentile.",
        result=result,
        standin=result.standin,
    )


def view(result: Result) -> View:
    """Describe courses by arm and part, and curvatures by step."""
    courses, rates = result.courses, list(result.edges)
    edges = result.edges.values()
    names = [arm if part == MAIN else f"{arm}, then {part}" for arm, part in courses]
    starts = np.array([_starts(course) for course in courses.values()])
    drawn = [spread_late(len(course.norm), DRAWN) for course in courses.values()]
    updates = Along(together([places + 1.0 for places in drawn]), BY[:1])
    layers: list[Layer] = []
    for what, colour, dash in (("norm", BLUE, ""), ("loss", RED, "6 3")):
        values = [
            getattr(course, what)[places]
            for course, places in zip(courses.values(), drawn, strict=True)
        ]
        name = "gradient norm" if what == "norm" else "loss"
        look = {"label": name, "colour": colour, "dash": dash}
        layers += curves(updates, Along(together(values), BY[:1]), **look)
    layers.append(rule(x=Along(starts[..., None] + 1.0, BY)))
    close = [_close(course, starts[n]) for n, course in enumerate(courses.values())]
    layers.append(
        line(
            np.arange(CLOSE, dtype=float),
            Along(np.stack(close), BY),
            panel=1,
            colour=BLUE,
        )
    )
    looks = Along(together([edge.epochs.astype(float) for edge in edges]), ("rate",))
    layers += curves(
        looks,
        Along(together([edge.sharpness for edge in edges]), ("rate",)),
        panel=2,
        label="largest eigenvalue",
        colour=GREEN,
        dash="6 3 2 3",
    )
    bounds = Along(2 / np.array(rates)[:, None], ("rate",))
    layers.append(rule(y=bounds, panel=2, label="2 / step", colour=PINK))
    highest = [float(np.nanmax(_known(edge.relative(rate)))) for rate, edge in result.edges.items()]
    return View(
        title="Gradient norm, loss and curvature",
        alt="Three panels: norm and loss against updates, the norm close up, and the largest "
        "eigenvalue against updates with its bound.",
        panels=[
            Panel(
                title="The whole training",
                x=Axis(label="updates + 1", log=True, by="course"),
                y=Axis(label="norm, loss", log=True, by="course"),
            ),
            Panel(
                title="The norm close up",
                x=Axis(label="updates from the dotted line on"),
                y=Axis(label="gradient norm / its mean here", log=True, by="course"),
            ),
            Panel(
                title="Curvature, plain descent",
                x=Axis(label="updates"),
                y=Axis(label="largest eigenvalue", by="rate", low=0),
            ),
        ],
        layers=layers,
        controls=[
            choice("course", "Training", names, start=names.index(RMSPROP)),
            slider("look", "Look from", [f"{100 * n / LOOKS:.0f} %" for n in range(LOOKS)],
                   start=LOOKS // 2, plays=True),
            choice("rate", "Step of plain descent", rates),
        ],
        readings=[
            Reading(
                label="largest eigenvalue in units of 2 / step, at most",
                value=Along(np.array(highest), ("rate",)),
            )
        ],
    )  # fmt: skip


def _starts(course: Course) -> np.ndarray:
    """Return where the parts begin that are looked at, (LOOKS,)."""
    first = course.fraction(FIRST) - 1  # before, it falls too far to be seen close up
    found = first + spread(max(1, len(course.norm) - CLOSE - first), LOOKS)
    return found[np.linspace(0, len(found) - 1, LOOKS).round().astype(int)]


def _close(course: Course, starts: np.ndarray) -> np.ndarray:
    """Return the norm of the first training from each start on by its mean, (LOOKS, CLOSE)."""
    parts = [course.norm[start : start + CLOSE, 0] for start in starts]
    parts = [part / np.nanmean(part) if np.isfinite(part).any() else part for part in parts]
    filled = np.full((len(starts), CLOSE), np.nan)
    for row, part in zip(filled, parts, strict=True):
        row[: len(part)] = part
    return filled


def _known(values: np.ndarray) -> np.ndarray:
    return values if np.isfinite(values).any() else np.zeros(1)
