"""Slips of reports A and B about sensitivity, and what each changes."""

from hw1lib.chapters.sensitivity.result import Result, largest_against_smallest
from hw1lib.chapters.sensitivity.spec import AS_A, STEPS
from hw1lib.judging import slips
from hw1lib.judging.slips import Slip, factors, times
from hw1lib.judging.statistics import Interval, log_ratio


def by_weights(result: Result) -> Interval:
    """Compare A's own measure between the largest and the smallest batch, in decades."""
    small, *_, large = (result.tensor_gradient[AS_A, size] for size in result.spec.batch_sizes)
    return log_ratio(large, small)


def noisier(result: Result) -> Interval:
    """Compare the gradient's variance between the smallest and the largest batch, in decades."""
    first = result.variance[0]
    return log_ratio(first[0], first[-1])


def _by_input(result: Result) -> str:
    own, steps = (largest_against_smallest(result, arm, "test_loss") for arm in (AS_A, STEPS))
    by_input = largest_against_smallest(result, AS_A, "input_gradient_test")
    ratios = {
        "A's measure": by_weights(result),
        "gradient by the input": by_input,
        "test loss after equal epochs": own,
        "after equal updates": steps,
    }
    return f"largest over smallest batch: {factors(ratios)}"


SLIPS = (
    Slip(
        "A9",
        "called the weights' gradient on the last minibatch sensitivity; equal epochs, which "
        "leave large batches few updates",
        "gradient and Jacobian by the input; equal updates as an arm",
        _by_input,
    ),
    Slip(
        "A14",
        "called the gradients of small batches more exact",
        "the variance of the gradients is measured",
        lambda result: f"variance of the smallest batch over the largest {times(noisier(result))}",
    ),
    Slip(
        "B15",
        "left sensitivity and the bonus out",
        "both are measured",
        slips.not_rebuilt("there is no number of B's to change"),
    ),
)
