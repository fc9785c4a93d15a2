"""Updates of one perceptron that learns a function, in one compiled loop that stays in the cache.

A perceptron of one input and one output, leaky rectifiers between its layers, trained on all
points at once. Every inner loop runs along the points, over up to four units together, so that a
core does several multiplications for each number it loads. Compiled by numba at the first call
and kept on the disk; `fused` prepares what these functions take.

Layers lie end to end in one array, as `torch.nn.Module.parameters` has them: for each its weights,
by output and input, then its biases. Arrays of points are padded with zeros to `LANES`.
"""

import math

import numba
import numpy as np

LANES = 32  # points that a core's vectors take in whole steps
SGD, RMSPROP, ADAM = 0, 1, 2

# sums may be taken in any order; what is not a number stays none
_compiled = numba.njit(
    fastmath={"contract", "reassoc", "nsz", "arcp"}, error_model="numpy", cache=True
)
ZERO = np.float32(0)  # becomes as precise as what it meets


@_compiled
def advance(
    weights: np.ndarray,
    widths: np.ndarray,
    slope: np.floating,
    x: np.ndarray,
    y: np.ndarray,
    count: int,
    rule: int,
    settings: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    made: int,
    losses: np.ndarray,
    norms: np.ndarray,
) -> int:
    """Make updates of one network in place, until one's loss is not finite.

    Args:
        weights: All parameters, (P,).
        widths: Layer sizes, the ends 1.
        slope: Of the rectifiers below zero.
        x: Points, (S,), zeros beyond the first `count`.
        y: Values there, (count,).
        count: Points that are learned.
        rule: `SGD`, `RMSPROP` or `ADAM`.
        settings: Learning rate, weight decay, and three of the rule.
        first: The rule's memory, (P,): of squares for RMSprop, of gradients for Adam.
        second: Adam's memory of squares, (P,).
        made: Updates made before.
        losses: Takes the mean squared error before each update, (N,).
        norms: Takes the norm of its gradient, (N,).

    Returns:
        How many updates were made; a loss that is not finite stands after the last of them.
    """
    layers, size = len(widths) - 1, len(x)
    block = widths.max() * size  # of one layer's activations
    values = np.empty((layers + 1) * block, x.dtype)
    values[:size] = x
    errors, before = np.zeros(block, x.dtype), np.zeros(block, x.dtype)
    slopes = np.empty_like(weights)
    for step in range(len(losses)):
        start = 0
        for layer in range(layers):
            here, there = values[layer * block :], values[(layer + 1) * block :]
            _forward(weights[start:], widths, layer, slope, here, there, size)
            start += (widths[layer] + 1) * widths[layer + 1]
        losses[step] = _residuals(values[layers * block :], y, errors, count, size)
        if not math.isfinite(losses[step]):
            return step
        for layer in range(layers - 1, 0, -1):
            n_in, n_out = widths[layer], widths[layer + 1]
            start -= (n_in + 1) * n_out
            here = values[layer * block :]
            _by_weights(slopes[start:], n_in, n_out, errors, here, size)
            if layer > 1:
                for unit in range(n_in):
                    row = before[unit * size : (unit + 1) * size]
                    _combine(row, ZERO, weights[start + unit :], n_in, n_out, errors, size)
                    _through(row, here[unit * size :], slope)
                errors, before = before, errors
            else:
                _first_layer(slopes, weights[start:], widths, slope, errors, here, before, x)
        norms[step] = _update(weights, slopes, rule, settings, first, second, made + step + 1)
    return len(losses)


@_compiled
def _forward(weights, widths, layer, slope, here, there, size):
    """Compute a layer's outputs, rectified but for the last."""
    n_in, n_out = widths[layer], widths[layer + 1]
    for unit in range(n_out):
        row = there[unit * size : (unit + 1) * size]
        bias = weights[n_in * n_out + unit]
        if layer == 0:
            _rectified(row, bias, weights[unit], here, slope)
            continue
        _combine(row, bias, weights[unit * n_in :], 1, n_in, here, size)
        if layer < len(widths) - 2:
            for p in range(size):
                row[p] = max(row[p], slope * row[p])


@_compiled
def _residuals(outputs, y, errors, count, size):
    """Return the mean squared error, and leave its gradient by the outputs."""
    total = ZERO
    errors[count:size] = 0
    for p in range(count):
        away = outputs[p] - y[p]
        total += away * away
        errors[p] = 2 * away / count
    return total / count


@_compiled
def _first_layer(slopes, weights, widths, slope, errors, here, row, x):
    """Compute the gradient of the first layer, whose inputs are the points themselves."""
    units, n_out, size = widths[1], widths[2], len(x)
    for unit in range(units):
        values = here[unit * size : (unit + 1) * size]
        if n_out == 1:
            found = _sums_of_one(errors, weights[unit], values, slope, x)
        else:
            _combine(row[:size], ZERO, weights[unit:], units, n_out, errors, size)
            found = _sums(row, values, slope, x)
        slopes[unit], slopes[units + unit] = found


# Along the points


@_compiled
def _combine(row, bias, weights, stride, count, rows, size):
    """Add `count` rows, each times its weight, and the bias."""
    few = (count - 1) % 4 + 1
    for p in range(size):
        row[p] = bias + weights[0] * rows[p]
    if few > 1:
        _more(row, weights[stride:], stride, few - 1, rows[size:], size)
    for k in range(few, count, 4):
        _four_more(row, weights[k * stride :], stride, rows[k * size :], size)


@_compiled
def _more(row, weights, stride, count, rows, size):
    for k in range(count):
        weight, other = weights[k * stride], rows[k * size : (k + 1) * size]
        for p in range(size):
            row[p] += weight * other[p]


@_compiled
def _four_more(row, weights, stride, rows, size):
    w, v, u, t = weights[0], weights[stride], weights[2 * stride], weights[3 * stride]
    a, b = rows[:size], rows[size : 2 * size]
    c, d = rows[2 * size : 3 * size], rows[3 * size : 4 * size]
    for p in range(size):
        row[p] += w * a[p] + v * b[p] + u * c[p] + t * d[p]


@_compiled
def _by_weights(slopes, n_in, n_out, errors, here, size):
    """Compute a layer's gradient from the errors of its outputs and its inputs."""
    few = n_in % 4
    for unit in range(n_out):
        error = errors[unit * size : (unit + 1) * size]
        total = ZERO
        for p in range(size):
            total += error[p]
        slopes[n_in * n_out + unit] = total
        found = slopes[unit * n_in : (unit + 1) * n_in]
        for k in range(few):
            found[k] = _product(error, here[k * size : (k + 1) * size])
        for k in range(few, n_in, 4):
            _four_products(found[k:], error, here[k * size :], size)


@_compiled
def _product(error, values):
    total = ZERO
    for p in range(len(error)):
        total += error[p] * values[p]
    return total


@_compiled
def _four_products(found, error, rows, size):
    a, b = rows[:size], rows[size : 2 * size]
    c, d = rows[2 * size : 3 * size], rows[3 * size : 4 * size]
    w, v, u, t = ZERO, ZERO, ZERO, ZERO
    for p in range(size):
        w += error[p] * a[p]
        v += error[p] * b[p]
        u += error[p] * c[p]
        t += error[p] * d[p]
    found[0], found[1], found[2], found[3] = w, v, u, t


@_compiled
def _rectified(row, bias, weight, x, slope):
    for p in range(len(row)):
        value = bias + weight * x[p]
        row[p] = max(value, slope * value)


@_compiled
def _through(row, values, slope):
    """Take errors back through the rectifiers."""
    for p in range(len(row)):
        row[p] = row[p] if values[p] > 0 else slope * row[p]


@_compiled
def _sums(row, values, slope, x):
    """Take errors back through a rectifier; return their sums, times the points and alone."""
    with_x, alone = ZERO, ZERO
    for p in range(len(x)):
        error = row[p] if values[p] > 0 else slope * row[p]
        with_x += error * x[p]
        alone += error
    return with_x, alone


@_compiled
def _sums_of_one(errors, weight, values, slope, x):
    with_x, alone = ZERO, ZERO
    for p in range(len(x)):
        error = weight * errors[p]
        error = error if values[p] > 0 else slope * error
        with_x += error * x[p]
        alone += error
    return with_x, alone


@_compiled
def _update(weights, slopes, rule, settings, first, second, number):
    """Change the weights by a rule as torch has it; return the norm of the loss's gradient."""
    rate, decay, a, b, epsilon = settings
    squares = ZERO
    for k in range(len(weights)):
        squares += slopes[k] * slopes[k]
        slopes[k] += decay * weights[k]
    if rule == SGD:
        for k in range(len(weights)):
            weights[k] -= rate * slopes[k]
    elif rule == RMSPROP:
        for k in range(len(weights)):
            first[k] = a * first[k] + (1 - a) * slopes[k] * slopes[k]
            weights[k] -= rate * slopes[k] / (np.sqrt(first[k]) + epsilon)
    else:
        length = weights.dtype.type(rate / (1 - a**number))
        scale = weights.dtype.type(1 / math.sqrt(1 - b**number))
        for k in range(len(weights)):
            first[k] = a * first[k] + (1 - a) * slopes[k]
            second[k] = b * second[k] + (1 - b) * slopes[k] * slopes[k]
            weights[k] -= length * first[k] / (scale * np.sqrt(second[k]) + epsilon)
    return np.sqrt(squares)
