"""Updates of one perceptron that learns a function, in one compiled loop that stays in the cache.

A perceptron of one input and one output, leaky rectifiers between its layers, trained on all
points at once. Every inner loop runs along the points, over up to four units together, so that a
core does several multiplications for each number it loads. Compiled by numba at the first call
and kept on the disk; `fused` prepares what these functions take.

Layers lie end to end in one array, as `torch.nn.Module.parameters` has them: for each its weights,
by output and input, then its biases. So do rows of points, padded with zeros to `LANES`, from a
place on at which a line of the cache begins.

A row is named by its place and not by a slice of the array: numba counts who refers to an array,
which takes as long here as the multiplications. Places have no sign, since an index that has one
is tested for being negative.
"""

import math

import numba
import numpy as np

LANES = 32  # points that a core's vectors take in whole steps
LINE = 64  # bytes of a line of the cache
SGD, RMSPROP, ADAM = 0, 1, 2

# sums may be taken in any order; what is not a number stays none
FREE = {"contract", "reassoc", "nsz", "arcp"}
compiled = numba.njit(fastmath=FREE, error_model="numpy", cache=True, nogil=True)
# as they are written: in another order squares of large gradients would be infinite
_in_order = numba.njit(fastmath={"contract"}, error_model="numpy", cache=True, nogil=True)
# a call would take as long as what is called
_inlined = numba.njit(fastmath=FREE, error_model="numpy", inline="always")

ZERO, LINEAR = np.float32(0), np.float32(1)  # become as precise as what they meet, unlike 0 and 1
NONE, ONE, FOUR = np.uint64(0), np.uint64(1), np.uint64(4)  # of a place


@compiled
def advance(
    weights: np.ndarray,
    widths: np.ndarray,
    slope: np.floating,
    x: np.ndarray,
    y: np.ndarray,
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
        widths: Layer sizes, of uint64, the ends 1.
        slope: Of the rectifiers below zero.
        x: Points, (S,), zeros beyond those that are learned.
        y: Values at the points that are learned, (at most S,).
        rule: `SGD`, `RMSPROP` or `ADAM`.
        settings: Learning rate, weight decay, and three of the rule, of float64.
        first: The rule's memory, (P,): of squares for RMSprop, of gradients for Adam.
        second: Adam's memory of squares, (P,).
        made: Updates made before.
        losses: Takes the mean squared error before each update, (N,).
        norms: Takes the norm of its gradient, (N,).

    Returns:
        How many updates were made; a loss that is not finite stands after the last of them.
    """
    layers, size = np.uint64(len(widths)) - ONE, np.uint64(len(x))
    block = widths.max() * size  # of one layer's activations
    values = np.empty((layers + ONE) * block + np.uint64(LINE), x.dtype)
    points = _beginning(values)
    values[points : points + size] = x
    # of two layers; zero at what is not learned, and so they stay there
    errors = np.zeros(block + block + np.uint64(LINE), x.dtype)
    now = _beginning(errors)
    before = now + block
    slopes = np.empty_like(weights)
    for step in range(len(losses)):
        start, here = NONE, points
        for layer in range(layers):
            n_in, n_out = widths[layer], widths[layer + ONE]
            bend = slope if layer + ONE < layers else LINEAR
            _forward(values, here, here + block, weights, start, n_in, n_out, bend, size)
            start += (n_in + ONE) * n_out
            here += block
        losses[step] = _residuals(values, here, y, errors, now)
        if not math.isfinite(losses[step]):
            return step
        for layer in range(layers - ONE, NONE, -1):
            n_in, n_out = widths[layer], widths[layer + ONE]
            start -= (n_in + ONE) * n_out
            here -= block
            if layer == ONE and n_out == ONE:
                _both_layers(
                    slopes, weights, n_in, errors, now, before, values, here, points, slope, size
                )
                continue
            _by_weights(slopes, start, n_in, n_out, errors, now, values, here, size)
            for unit in range(n_in):
                row = before + unit * size
                _combine(errors, row, ZERO, weights, start + unit, n_in, n_out, errors, now, size)
                _through(errors, row, values, here + unit * size, slope, size)
                if layer == ONE:
                    slopes[unit] = _product(errors, row, values, points, size)
                    slopes[n_in + unit] = _sum(errors, row, size)
            now, before = before, now
        update(weights, slopes, rule, settings, first, second, made + step + 1)
        norms[step] = norm(slopes)
    return len(losses)


@compiled
def _beginning(array):
    """Find the first place of an array at which a line of the cache begins."""
    return np.uint64(-array.ctypes.data % LINE // array.itemsize)


@compiled
def _forward(values, here, there, weights, start, n_in, n_out, slope, size):
    """Compute a layer's outputs, rectified."""
    for unit in range(n_out):
        row = there + unit * size
        bias = weights[start + n_in * n_out + unit]
        if n_in == ONE:
            weight = weights[start + unit]
            for p in range(size):
                value = bias + weight * values[here + p]
                values[row + p] = max(value, slope * value)
        else:
            _combine(values, row, bias, weights, start + unit * n_in, ONE, n_in, values, here, size)
            for p in range(size):
                values[row + p] = max(values[row + p], slope * values[row + p])


@compiled
def _residuals(values, here, y, errors, now):
    """Return the mean squared error, and leave its gradient by the outputs."""
    total, count = ZERO, np.uint64(len(y))
    share = y.dtype.type(2 / count)
    for p in range(count):
        away = values[here + p] - y[p]
        total += away * away
        errors[now + p] = share * away
    return total / count


@compiled
def _by_weights(slopes, start, n_in, n_out, errors, now, values, here, size):
    """Compute a layer's gradient from the errors of its outputs and its inputs."""
    few = n_in % FOUR
    for unit in range(n_out):
        row, place = now + unit * size, start + unit * n_in
        slopes[start + n_in * n_out + unit] = _sum(errors, row, size)
        for k in range(few):
            slopes[place + k] = _product(errors, row, values, here + k * size, size)
        for k in range(few, n_in, FOUR):
            _four_products(slopes, place + k, errors, row, values, here + k * size, size)


@compiled
def _both_layers(slopes, weights, units, errors, now, spare, values, here, points, slope, size):
    """Compute the gradient of a network of two layers, in one pass over its hidden units."""
    # a unit's errors, those of the output times weight and slope, are summed and never written
    start = units + units  # of the second layer
    for p in range(size):
        errors[spare + p] = errors[now + p] * values[points + p]
    whole, whole_x = _sum(errors, now, size), _sum(errors, spare, size)
    slopes[start + units] = whole
    for unit in range(units):
        row = here + unit * size
        product, part, part_x = ZERO, ZERO, ZERO
        for p in range(size):
            value = values[row + p]
            product += errors[now + p] * value
            part += errors[now + p] if value > 0 else ZERO
            part_x += errors[spare + p] if value > 0 else ZERO
        weight = weights[start + unit]
        slopes[start + unit] = product
        slopes[unit] = weight * (part_x + slope * (whole_x - part_x))
        slopes[units + unit] = weight * (part + slope * (whole - part))


@compiled
def _combine(out, row, bias, weights, place, stride, count, rows, begin, size):
    """Write the sum of `count` rows, each times its weight, and the bias into a row."""
    few = (count - ONE) % FOUR + ONE
    weight = weights[place]
    for p in range(size):
        out[row + p] = bias + weight * rows[begin + p]
    for k in range(ONE, few):
        weight, other = weights[place + k * stride], begin + k * size
        for p in range(size):
            out[row + p] += weight * rows[other + p]
    for k in range(few, count, FOUR):
        _four_more(out, row, weights, place + k * stride, stride, rows, begin + k * size, size)


@_inlined
def _four_more(out, row, weights, place, stride, rows, a, size):
    w, v = weights[place], weights[place + stride]
    u, t = weights[place + stride + stride], weights[place + stride + stride + stride]
    b, c, d = a + size, a + size + size, a + size + size + size
    for p in range(size):
        out[row + p] += w * rows[a + p] + v * rows[b + p] + u * rows[c + p] + t * rows[d + p]


@_inlined
def _through(errors, row, values, value, slope, size):
    """Take errors back through rectifiers."""
    for p in range(size):
        error = errors[row + p]
        errors[row + p] = error if values[value + p] > 0 else slope * error


@_inlined
def _sum(values, row, size):
    total = ZERO
    for p in range(size):
        total += values[row + p]
    return total


@_inlined
def _product(values, row, others, other, size):
    total = ZERO
    for p in range(size):
        total += values[row + p] * others[other + p]
    return total


@_inlined
def _four_products(found, place, errors, row, rows, a, size):
    b, c, d = a + size, a + size + size, a + size + size + size
    w, v, u, t = ZERO, ZERO, ZERO, ZERO
    for p in range(size):
        w += errors[row + p] * rows[a + p]
        v += errors[row + p] * rows[b + p]
        u += errors[row + p] * rows[c + p]
        t += errors[row + p] * rows[d + p]
    for value in (w, v, u, t):
        found[place] = value
        place += ONE


@_in_order
def update(
    weights: np.ndarray,
    slopes: np.ndarray,
    rule: int,
    settings: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    number: int,
) -> None:
    """Change the weights by a rule as torch has it.

    Args:
        weights: All parameters, (P,).
        slopes: The loss's gradient, (P,).
        rule: As of `advance`.
        settings: As there.
        first: The rule's memory, (P,).
        second: Adam's memory of squares, (P,).
        number: Of this update, from 1.
    """
    rate, decay, a, b, epsilon = settings.astype(weights.dtype)
    rest_a, rest_b = weights.dtype.type(1 - settings[2]), weights.dtype.type(1 - settings[3])
    if rule == SGD:
        for k in range(len(weights)):
            weights[k] -= rate * (slopes[k] + decay * weights[k])
    elif rule == RMSPROP:
        for k in range(len(weights)):
            slope = slopes[k] + decay * weights[k]
            square = a * first[k] + rest_a * slope * slope
            first[k] = square
            weights[k] -= rate * slope / (np.sqrt(square) + epsilon)
    else:
        length = weights.dtype.type(settings[0] / (1 - settings[2] ** number))
        scale = weights.dtype.type(1 / math.sqrt(1 - settings[3] ** number))
        for k in range(len(weights)):
            slope = slopes[k] + decay * weights[k]
            mean = a * first[k] + rest_a * slope
            square = b * second[k] + rest_b * slope * slope
            first[k], second[k] = mean, square
            weights[k] -= length * mean / (scale * np.sqrt(square) + epsilon)


@compiled
def norm(values: np.ndarray) -> np.floating:
    """Return the Euclidean norm."""
    squares = ZERO
    for k in range(len(values)):
        squares += values[k] * values[k]
    return np.sqrt(squares)
