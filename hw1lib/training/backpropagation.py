"""Loss and gradient of one perceptron on a minibatch that it classifies, compiled.

One network at a time, so that what belongs to it stays in the cache from one update to the next,
which it does not where a whole stack moves together. The products are those of scipy's BLAS.
Compiled by numba at the first call and kept on the disk; `fused` prepares what it takes.
"""

import math

import numpy as np
from scipy.linalg import cython_blas  # noqa: F401 - whose products numba takes
from threadpoolctl import ThreadpoolController

from hw1lib.training.kernels import LINEAR, ZERO, compiled

PRODUCTS = ThreadpoolController()  # of what is loaded by now: sets how many threads they take


@compiled
def backpropagate(
    weights: np.ndarray,
    widths: np.ndarray,
    slope: np.floating,
    examples: np.ndarray,
    labels: np.ndarray,
    chosen: np.ndarray,
    room: np.ndarray,
    slopes: np.ndarray,
) -> tuple[float, float]:
    """Compute the mean cross-entropy of a minibatch and its gradient.

    Args:
        weights: All parameters, (P,), as `torch.nn.Module.parameters` has them: for each layer its
            weights, by output and input, then its biases.
        widths: Layer sizes, of int64.
        slope: Of the rectifiers below zero.
        examples: All that there are, (N, widths[0]).
        labels: Their classes, (N,).
        chosen: Which of them are in the minibatch, (B,).
        room: Takes what is computed on the way, (at least B * (sum of widths + 2 * widest),).
        slopes: Takes the gradient, (P,).

    Returns:
        The loss in nats, and the share of examples whose largest output is the right class. If the
        loss is not finite, no gradient is computed.
    """
    count, layers = len(chosen), len(widths) - 1
    below = _rows(room, 0, count, widths[0])
    for row in range(count):
        below[row] = examples[chosen[row]]
    start, here = 0, 0
    for layer in range(layers):
        matrix, biases = _layer(weights, start, widths[layer], widths[layer + 1])
        here += below.size
        above = _rows(room, here, count, len(biases))
        np.dot(below, matrix.T, above)
        _rectify(above, biases, slope if layer + 1 < layers else LINEAR)
        start += matrix.size + biases.size
        below = above
    free = here + below.size
    spare = free + count * widths[1:].max()
    errors = _rows(room, free, count, widths[-1])
    loss, right = _cross_entropy(below, labels, chosen, errors)
    if not math.isfinite(loss):
        return loss, right
    for layer in range(layers - 1, -1, -1):
        n_in, n_out = widths[layer], widths[layer + 1]
        start -= (n_in + 1) * n_out
        here -= count * n_in
        below = _rows(room, here, count, n_in)
        by_matrix, by_biases = _layer(slopes, start, n_in, n_out)
        np.dot(errors.T, below, by_matrix)
        _sum_of_rows(errors, by_biases)
        if layer:
            matrix, _ = _layer(weights, start, n_in, n_out)
            before = _rows(room, spare, count, n_in)
            np.dot(errors, matrix, before)
            _through(before, below, slope)
            errors = before
            free, spare = spare, free
    return loss, right


@compiled
def _rows(room, start, count, width):
    """View a part of an array as rows, (count, width)."""
    return room[start : start + count * width].reshape(count, width)


@compiled
def _layer(values, start, n_in, n_out):
    """View what belongs to a layer's weights, (n_out, n_in), and to its biases, (n_out,)."""
    end = start + n_in * n_out
    return values[start:end].reshape(n_out, n_in), values[end : end + n_out]


@compiled
def _rectify(rows, biases, slope):
    for row in range(len(rows)):
        for k in range(len(biases)):
            value = rows[row, k] + biases[k]
            rows[row, k] = max(value, slope * value)


@compiled
def _through(errors, values, slope):
    """Take errors back through rectifiers."""
    for row in range(len(errors)):
        for k in range(errors.shape[1]):
            error = errors[row, k]
            errors[row, k] = error if values[row, k] > 0 else slope * error


@compiled
def _sum_of_rows(rows, sums):
    sums[:] = 0
    for row in range(len(rows)):
        for k in range(len(sums)):
            sums[k] += rows[row, k]


@compiled
def _cross_entropy(outputs, labels, chosen, errors):
    """Return loss and accuracy, and leave the loss's gradient by the outputs."""
    count, share = len(chosen), outputs.dtype.type(1 / len(chosen))
    loss, right = 0.0, 0
    for row in range(count):
        label, largest = labels[chosen[row]], outputs[row].argmax()
        right += largest == label
        total = ZERO
        for k in range(outputs.shape[1]):
            errors[row, k] = math.exp(outputs[row, k] - outputs[row, largest])
            total += errors[row, k]
        loss += math.log(total) + outputs[row, largest] - outputs[row, label]
        for k in range(outputs.shape[1]):
            errors[row, k] *= share / total
        errors[row, label] -= share
    return loss / count, right / count
