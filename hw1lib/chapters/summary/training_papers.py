"""What papers say of the course of training, beside what was found here."""

from collections.abc import Iterator

from hw1lib.chapters.capacity.result import COMPARED, PUBLISHED, between_units, has_compared
from hw1lib.chapters.capacity.spec import LONG
from hw1lib.chapters.function_fit import comparisons as function_fit
from hw1lib.chapters.gradient_norm import comparisons as gradient_norm
from hw1lib.chapters.summary.beside import Comparison, compare
from hw1lib.chapters.summary.result import Result
from hw1lib.judging.effects import NotTested
from hw1lib.judging.statistics import geometric_mean, log_ratio, t_interval
from hw1lib.networks import builders
from hw1lib.showing.references import citation

BAND = (0.8, 1.25)  # of 2 / step that counts as there


def on_points(result: Result) -> Iterator[Comparison]:
    """Compare what was measured on functions of one variable."""
    yield from _order_of_learning(result)
    yield from _batch_sharpness(result)


def _order_of_learning(result: Result) -> Iterator[Comparison]:
    """Compare which part of a function is learned first."""
    for effect, what, source in (
        (
            function_fit.low_first,
            "a higher frequency of sign / the lowest",
            citation("rahaman2019spectral"),
        ),
        (
            function_fit.boundary_first,
            "the middle of sin(5πx) / its ends",
            "Rowan and Murphy-Blanchard (2026)",
        ),
    ):
        try:
            later, sooner = effect(result.chapters["function-fit"]).sides.values()
        except NotTested:
            continue
        yield compare(
            f"updates to learn {what}",
            source,
            "above 1",
            log_ratio(later, sooner).factor,
            low=1,
            scale="mean over three small ReLU networks",
        )


def _batch_sharpness(result: Result) -> Iterator[Comparison]:
    """Compare where curvature settles in training on minibatches."""
    found, source = result.chapters["gradient-norm"], citation("andreyev2024edge")
    size = min(found.batches)
    batch = gradient_norm.batches_at_edge(found).sides["batch sharpness"]
    whole = gradient_norm.whole_below_edge(found).sides["largest eigenvalue"]
    count = builders.parameter_count(builders.MEDIUM)
    scale = f"a network of {count} parameters on sinc, {size} points per step"
    low, high = BAND
    yield compare(
        "late batch sharpness, in units of 2 / step",
        source,
        "1",
        geometric_mean(batch),
        low=low,
        high=high,
        scale=scale,
    )
    yield compare(
        "late batch sharpness / largest eigenvalue of the whole loss",
        source,
        "above 1",
        log_ratio(batch, whole).factor,
        low=1,
        scale=scale,
    )


def double_descent(result: Result) -> Iterator[Comparison]:
    """Compare the peak of the test loss with that of published trainings of as many epochs."""
    found = result.chapters["capacity"]
    epochs = found.sweeps[LONG].epochs.tolist()
    both = [one for one in PUBLISHED if one.passes in epochs]
    if not (both and has_compared(found)):
        return
    last = both[-1]
    few, many = COMPARED
    mean, low, high = last.loss
    yield compare(
        f"noisy labels, {last.passes:,} epochs: test loss of 784-{many}-10 − 784-{few}-10 (nats)",
        citation("gu2024unraveling"),
        f"{mean:g} [{low:g}, {high:g}], n = 10; {last.same_loss:g} with the settings here",
        t_interval(between_units(found, "loss", epochs.index(last.passes))),
        low=0,
    )
