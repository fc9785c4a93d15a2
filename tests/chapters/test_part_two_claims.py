"""Results of chapters 21 to 24 by hand that decide every claim either way."""

import dataclasses
import functools

import numpy as np
from planted import EIGHT, REPLICAS, Cases, directions, looks, paths, place, surface

from hw1lib.chapters import error_surface, gradient_norm, minimal_ratio, weight_paths
from hw1lib.chapters.error_surface.spec import ADAM, LARGE, SGD
from hw1lib.chapters.gradient_norm.result import BatchEdge, Course, Swing
from hw1lib.chapters.gradient_norm.spec import (
    B_NETWORK,
    DIGITS,
    LATE,
    MAIN,
    OPTIMIZERS,
    RERUN,
    RMSPROP,
    SAME,
    TENTH,
)
from hw1lib.chapters.minimal_ratio.result import Points, Watched
from hw1lib.chapters.minimal_ratio.spec import B_NETWORKS, BOTTOM, EMBEDDED, RECIPE
from hw1lib.chapters.weight_paths.spec import OF_A, OF_B
from hw1lib.judging.oscillation import Oscillation

# Chapter 21: straight runs beside walks that wander, and the reverse


@functools.cache
def wandering():
    """Eight random walks of twelve points in 800 dimensions."""
    return np.random.default_rng(0).normal(size=(REPLICAS, 12, 800)).cumsum(axis=1)


@functools.cache
def straight():
    """Eight runs that go straight away from where those walks start."""
    drift = np.random.default_rng(1).normal(size=(REPLICAS, 1, 800)) * np.arange(12)[:, None]
    return wandering()[:, :1] + drift


@functools.cache
def circling():
    """Eight runs that go round in a circle each, and end a twelfth of it before their starts."""
    planes = np.random.default_rng(2).normal(size=(2, REPLICAS, 1, 800))
    turned = 2 * np.pi * np.arange(12)[:, None] / 12
    return wandering()[:, :1] + 50 * (np.cos(turned) * planes[0] + np.sin(turned) * planes[1])


def of_paths(runs, walks, factor=1.0):
    """Runs whose second and third layer, of 100 weights each, spread so many times as much."""
    scale = np.where(np.arange(800) < 600, 1, factor)
    a = paths(runs * scale, walks * scale, (600, 100, 100))
    spec = weight_paths.PROFILES["smoke"].replace(replicas=REPLICAS)
    return weight_paths.Result(spec, {OF_A: a, OF_B: a}, None, ())


@functools.cache
def a_star():
    return of_paths(straight(), wandering(), factor=3.0)


@functools.cache
def no_star():
    return of_paths(circling(), straight(), factor=0.1)


@functools.cache
def inwards():
    """Runs that come to a common centre, beside walks that leave it."""
    return of_paths(straight()[:, ::-1], straight())


@functools.cache
def drifting():
    """Runs whose steps have a common part, however far apart they are."""
    noise = np.random.default_rng(3).normal(size=(REPLICAS, 12, 800)).cumsum(axis=1)
    return of_paths(straight() + 1.5 * noise, wandering())


@functools.cache
def walks_inwards():
    return of_paths(straight(), straight()[:, ::-1])


# Chapter 22: a loss that falls early and lies still, with a norm that swings; and the reverse

UPDATES = 400
TIME = np.arange(UPDATES)[:, None]


def swing(amplitude, *, periodic, period=40):
    """A swing of this amplitude, in decades and in the norm's own unit; its period in updates."""
    some = amplitude * EIGHT
    p = np.full(REPLICAS, 0.01 if periodic else 0.6)
    phase = 2 * np.pi * np.arange(40)[:, None] / 40
    norm = 100 + some * np.sin(phase)
    return Swing(norm, Oscillation(some, period * EIGHT, period * EIGHT, some, p))


def of_norms(a, b, digits, swings, periods, batches):
    """Courses of A's and B's network and the digits, and the swings of each part.

    Args:
        a: Course under each optimizer.
        b: Course of B's network.
        digits: Course of the digits.
        swings: By optimizer and part, or by optimizer for the main part.
        periods: Under RMSprop with its shortest and its longest memory.
        batches: Batch sharpness and largest eigenvalue, in units of 2 / step.
    """
    courses = {(arm, MAIN): a for arm in OPTIMIZERS} | {
        (B_NETWORK, MAIN): b,
        (DIGITS, MAIN): digits,
    }
    courses |= {(B_NETWORK, RERUN): Course(b.loss[-6:], b.norm[:6][::-1])}
    spec = gradient_norm.PROFILES["smoke"].replace(replicas=REPLICAS, epochs=UPDATES, window=40)
    memories = {
        smoothing: swing(1, periodic=True, period=period)
        for smoothing, period in zip((0.9, 0.995), periods, strict=True)
    }
    units = 2 / spec.batch_rate * np.tile(EIGHT, (3, 1))
    edge = BatchEdge(np.arange(3), batches[1] * units, batches[0] * units, EIGHT)
    parts = courses, swings, {}, memories, {10: edge}
    return gradient_norm.Result(spec, *parts, EIGHT, None, ())


def swings_of(same, tenth, *, periodic):
    """Swings of all parts: RMSprop's and the others' at the same step, and all at a tenth."""
    found = {(arm, LATE): swing(0.2, periodic=periodic) for arm in OPTIMIZERS}
    for arm in OPTIMIZERS:
        is_it = arm == RMSPROP
        found[arm, SAME] = swing(same[0 if is_it else 1], periodic=is_it == periodic)
        found[arm, TENTH] = swing(tenth, periodic=True)
    return found


def fluctuating(early, late, level=1.0):
    """A norm whose logarithm fluctuates by so much in the first tenth, and after it."""
    noise = np.random.default_rng(0).standard_normal((UPDATES, REPLICAS))
    return level * 10 ** (np.where(TIME < UPDATES // 10, early, late) * noise)


@functools.cache
def swinging():
    loss = np.where(TIME < 20, 1 - 0.0495 * TIME, 0.01) * EIGHT
    falling = np.exp(-TIME / 60) * EIGHT
    b = Course(falling, falling**2)
    swings = swings_of((0.5, 0.1), 0.01, periodic=True)
    return of_norms(
        Course(loss, fluctuating(0.3, 0.02)), b, b, swings, periods=(15, 60), batches=(1, 0.5)
    )


@functools.cache
def together():
    """Norms that fall with the losses, in all three networks."""
    falling = np.exp(-TIME / 60) * EIGHT
    one = Course(falling, falling**2)
    return dataclasses.replace(
        swinging(), courses={(arm, MAIN): one for arm in (*OPTIMIZERS, B_NETWORK, DIGITS)}
    )


@functools.cache
def still():
    loss = 10 ** (-3 * TIME / UPDATES) * EIGHT
    rough = fluctuating(0.1, 0.1)
    swings = swings_of((0.03, 0.2), 0.5, periodic=False)
    rising = fluctuating(0.02, 0.3) * 10 ** (4 * TIME / UPDATES)
    b = Course(rough, 1 / rough)
    return of_norms(Course(loss, rising), b, b, swings, periods=(60, 15), batches=(0.5, 2))


# Chapter 23: minima with ratios as A has them, and saddles whose ratio falls with the loss

LOOKS = np.arange(24)


def of_points(ratio, rest, *, rivals, residual, along):
    """Points with these shares of positive eigenvalues and others of one size.

    Args:
        ratio: Share by loss, (R,) to (R,).
        rest: The other eigenvalues.
        rivals: By which sign the norms follow the loss.
        residual: Where training by Adam ends.
        along: Looks at A's network.
    """
    losses = np.geomspace(1e-4, 5e-2, 200)
    spectra = np.where(np.arange(100) < 100 * (1 - ratio(losses))[:, None], rest, 1.0)
    norms = losses**rivals
    found = place(losses, spectra, over_loss=norms, layer_norm=norms, gauss_newton=0.5 + losses)
    ended = place(losses, spectra, residual=residual * np.ones(200))
    lost = place(losses, spectra, residual=np.ones(200))
    weights, nobody = np.zeros((200, 100)), np.zeros(200, dtype=bool)
    arms = {
        RECIPE: Points(found, found, weights, nobody),
        BOTTOM: Points(ended, lost, weights, nobody),
        EMBEDDED: Points(lost, found, weights, nobody),
    }
    spec = minimal_ratio.PROFILES["smoke"]
    return minimal_ratio.Result(spec, arms, along, along, of_b(rivals), ())


def of_b(sign):
    """B's networks, all of whose ratios follow the validation loss with a sign, each in its way."""
    loss = np.geomspace(1, 1e-4, len(LOOKS))[:, None] * EIGHT
    noise = np.random.default_rng(3).normal(0, 0.1, loss.shape)
    ratio = loss**sign * 10**noise
    shares = 0.5 + 0.1 * np.log10(ratio)
    spectra = np.where(np.arange(100) < 100 * (1 - shares)[..., None], -1.0, 1.0)
    watched = Watched(LOOKS, loss, loss, ratio, ratio, spectra)
    return dict.fromkeys(B_NETWORKS, watched)


def in_the_band(looks):
    """Ratios of A's band that have nothing to do with the loss."""
    return 0.71 + 0.04 * (looks % 4 > 1)


def as_a_has_it():
    index = np.linspace(0.24, 0.01, len(LOOKS))
    band = in_the_band(LOOKS)
    return looks(band, index, counted=band, residual=1e-4)


def otherwise_than_a():
    index = np.linspace(0.01, 0.05, len(LOOKS))
    ratio = np.linspace(0.8, 0.95, len(LOOKS))
    return looks(ratio, index, counted=ratio, residual=1.0)


@functools.cache
def minima():
    return of_points(lambda loss: 0.705 + loss, 0.0, rivals=1, residual=1e-4, along=as_a_has_it())


@functools.cache
def saddles():
    return of_points(
        lambda loss: 0.9 - 8 * loss, -0.1, rivals=-1, residual=1.0, along=otherwise_than_a()
    )


@functools.cache
def unrelated():
    """Ratios that are low and high at losses of any size."""
    return of_points(
        lambda loss: in_the_band(np.arange(200)),
        0.0,
        rivals=1,
        residual=1,
        along=as_a_has_it(),
    )


@functools.cache
def lower_saddles():
    """Saddles whose index is the larger the lower they lie."""
    return of_points(lambda loss: 0.5 + 8 * loss, -0.1, rivals=1, residual=1, along=as_a_has_it())


# Chapter 24: rises on the line, and surroundings


def of_surfaces(sgd, adam, large, deep, shallow):
    parts = {
        SGD: surface(sgd, 0.1),
        ADAM: surface(adam, 0.1),
        LARGE: surface(large, 0.1),
        "deep": surface(0.0, deep),
        "shallow": surface(0.0, shallow),
    }
    around = {"deep": directions(deep), "shallow": directions(shallow)}
    return error_surface.Result(error_surface.PROFILES["smoke"], parts, around, None, ())


@functools.cache
def as_expected():
    return of_surfaces(0.0, 0.2, 0.5, deep=0.1, shallow=0.3)


@functools.cache
def otherwise():
    return of_surfaces(0.5, 0.2, 0.0, deep=0.3, shallow=0.1)


CASES = {
    "weight_paths": Cases(
        a_star,
        no_star,
        # where the first layer spreads least, the others spread most
        right_of={
            "A-C12b": walks_inwards,
            "E-21b": drifting,
            **dict.fromkeys(("A-C13b", "A-C13c", "A-C13d"), no_star),
        },
        wrong_of={
            **dict.fromkeys(("A-C12a", "A-C12b"), inwards),
            **dict.fromkeys(("A-C13b", "A-C13c", "A-C13d"), a_star),
        },
    ),
    "gradient_norm": Cases(swinging, still, right_of={"E-22d": together}),
    "minimal_ratio": Cases(
        minima,
        saddles,
        right_of={
            **dict.fromkeys(("A-C20c", "A-C20d"), unrelated),  # which B-C12c excludes
            **dict.fromkeys(("E-23a", "E-23b", "E-23c"), saddles),
        },
        wrong_of=dict.fromkeys(("E-23a", "E-23b", "E-23c"), lower_saddles),
        untested={
            "A-C21": "nothing over-fits where the target has no noise",
            "B-C11b": "searches and made points are of one kind by their making",
            "B-C13": "neither initialization nor step size is varied",
        },
    ),
    "error_surface": Cases(as_expected, otherwise),
}
