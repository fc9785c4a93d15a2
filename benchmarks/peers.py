"""The same trainings by JAX, where it is installed: the peer to beat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.timing import one_core

try:
    import jax
    from jax import numpy as jnp
except ImportError:  # an extra of the benchmarks alone
    jax = None
else:
    with one_core():
        jax.devices()  # which starts a thread for each core that it sees, for good

RATE = 1e-3


def start(replicas: int, widths: Sequence[int]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Draw weights (R, n_in, n_out) and biases (R, n_out) of a stack."""
    draw = np.random.default_rng(0).uniform
    return [
        (
            draw(-(n_in**-0.5), n_in**-0.5, (replicas, n_in, n_out)).astype(np.float32),
            np.zeros((replicas, n_out), np.float32),
        )
        for n_in, n_out in pairwise(widths)
    ]


def regressors(
    widths: Sequence[int], x: np.ndarray, y: np.ndarray, replicas: int, updates: int
) -> Callable[[], Any]:
    """Return full-batch RMSprop of a stack of regressors: jit of vmap of scan, losses recorded."""

    def outputs(weights: Any, x: Any) -> Any:
        for w, b in weights[:-1]:
            x = jax.nn.leaky_relu(x @ w + b)
        w, b = weights[-1]
        return x @ w + b

    def loss(weights: Any) -> Any:
        return jnp.mean((outputs(weights, x) - y) ** 2)

    def one(weights: Any) -> Any:
        def update(state: Any, _: None) -> Any:
            weights, squares = state
            value, slopes = jax.value_and_grad(loss)(weights)
            slopes = jax.tree.map(lambda g, w: g + 1e-4 * w, slopes, weights)
            squares = jax.tree.map(lambda s, g: 0.99 * s + 0.01 * g * g, squares, slopes)
            step = jax.tree.map(lambda g, s: RATE * g / (jnp.sqrt(s) + 1e-8), slopes, squares)
            return (jax.tree.map(jnp.subtract, weights, step), squares), value

        state = weights, jax.tree.map(jnp.zeros_like, weights)
        return jax.lax.scan(update, state, None, updates)

    trained, weights = jax.jit(jax.vmap(one)), start(replicas, widths)
    return lambda: jax.block_until_ready(trained(weights))


def perceptrons(
    widths: Sequence[int], pixels: np.ndarray, labels: np.ndarray, replicas: int, batch_size: int
) -> Callable[[], Any]:
    """Return a pass of Adam over digits, each replica in its own order: jit of vmap of scan.

    The digits are normalized before, and the order is drawn before: both cost nothing here.
    """
    steps = len(pixels) // batch_size
    draws = [np.random.default_rng(r).permutation(len(pixels)) for r in range(replicas)]
    orders = np.stack(draws)[:, : steps * batch_size].reshape(replicas, steps, batch_size)

    def loss(weights: Any, x: Any, y: Any) -> Any:
        for w, b in weights[:-1]:
            x = jax.nn.relu(x @ w + b)
        w, b = weights[-1]
        logs = jax.nn.log_softmax(x @ w + b)
        return -jnp.take_along_axis(logs, y[:, None], axis=1).mean()

    def one(weights: Any, order: Any) -> Any:
        def update(state: Any, chosen: Any) -> Any:
            weights, first, second, made = state
            value, slopes = jax.value_and_grad(loss)(weights, pixels[chosen], labels[chosen])
            first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, slopes)
            second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, slopes)
            made += 1
            a, b = 1 - 0.9**made, 1 - 0.999**made
            weights = jax.tree.map(
                lambda w, m, v: w - RATE * (m / a) / (jnp.sqrt(v / b) + 1e-8),
                weights,
                first,
                second,
            )
            return (weights, first, second, made), value

        zeros = jax.tree.map(jnp.zeros_like, weights)
        return jax.lax.scan(update, (weights, zeros, zeros, 0.0), order)

    trained, weights = jax.jit(jax.vmap(one)), start(replicas, widths)
    pixels, labels = jnp.asarray(pixels), jnp.asarray(labels)
    return lambda: jax.block_until_ready(trained(weights, orders))
