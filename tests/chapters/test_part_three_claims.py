"""Results of chapters 31 to 34 by hand that decide every claim either way."""

import dataclasses
import functools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
from planted import EIGHT, REPLICAS, Cases, end, fit, fitted_after, pair, sweep

from hw1lib.chapters import capacity, interpolation, random_labels, sensitivity
from hw1lib.chapters.capacity.spec import BETWEEN, LONG, NOISY, OF_A, OF_B, SETTLED
from hw1lib.chapters.capacity.sweeps import FeatureSweep
from hw1lib.chapters.interpolation.spec import (
    ADAM,
    ALIGNED,
    AS_B,
    B_PAIR,
    B_RATE,
    B_STEPS,
    BATCH_HIGH,
    BATCH_LOW,
    DECAY,
    NESTEROV,
    NEVER,
    ON_B,
    OTHER,
    main,
)
from hw1lib.chapters.interpolation.spec import AS_A as ON_AS_RANGE
from hw1lib.chapters.random_labels.spec import NETWORKS, RANDOM, TRUE
from hw1lib.chapters.sensitivity.result import CloserLook, expected_variance
from hw1lib.chapters.sensitivity.spec import (
    ALONE,
    ARMS,
    AS_A,
    BATCHES,
    FACTORS,
    KINDS,
    LARGE,
    RESCALED,
    SMALL,
    STEPS,
)
from hw1lib.measuring.generalization import MEASURES

# Chapter 31


def of_labels(true, half, random, at_scale):
    fits = {
        (network, share): found
        for network in NETWORKS
        for share, found in ((TRUE, true), (0.5, half), (RANDOM, random))
    }
    # measured every third epoch, three times as long as report A's trainings
    longer = {
        (network, share): dataclasses.replace(found, epochs=3 * found.epochs)
        for network in NETWORKS
        for share, found in ((TRUE, true), (RANDOM, at_scale))
    }
    spec = random_labels.PROFILES["full"].replace(replicas=REPLICAS, epochs=100)
    return random_labels.Result(spec, fits, longer, {}, {}, ())


def losses_on_test(*losses, accuracy=0.1):
    """Courses of the test loss through these values, with this accuracy."""
    values = np.interp(np.linspace(0, 1, 101), np.linspace(0, 1, len(losses)), losses)
    course = values[:, None] * EIGHT
    return np.stack([course, np.full_like(course, accuracy)], axis=2)


def knowing(*shares):
    """A fit whose accuracy on the true labels goes through these values."""
    found = fitted_after([40])
    course = np.interp(np.linspace(0, 1, 101), np.linspace(0, 1, len(shares)), shares)
    found.train[:, :, 2] = course[:, None] + 0.01 * EIGHT
    return found


@functools.cache
def learned_by_heart():
    random = fitted_after([40], test=losses_on_test(2.3, 10))
    at_scale = fitted_after([20], test=losses_on_test(2.3, 10))
    return of_labels(fitted_after([10]), knowing(0.1, 0.9, 0.7, 0.6, 0.5), random, at_scale)


@functools.cache
def not_learned():
    accuracy = np.linspace(0.1, 0.8, 101)[:, None] * np.linspace(0.99, 1, REPLICAS)
    random = fit(accuracy, epochs=np.arange(101), test=losses_on_test(10, 2.3, accuracy=0.5))
    return of_labels(fitted_after([10]), knowing(0.1, 0.2, 0.3, 0.4, 0.5), random, random)


@functools.cache
def faster_than_true():
    quick = fitted_after([10])
    return of_labels(fitted_after([40]), knowing(0.1, 0.5), quick, quick)


# Chapter 32

SIZES = [4000, 20000, 45000, 100000, 160000, 300001, 390000, 500000]
SIZES_BETWEEN = [6000, 9000, 12000, 30000, 60000, 80000]
COUNTS = np.array([2, 5, 10, 15, 20, 25, 40, 80])  # of features, on both sides of 20 digits


def bent(at, before, after, level, sizes=SIZES):
    """Accuracies with a knee, by the points per tenfold size on both sides and the level there."""
    away = np.log10(sizes) - np.log10(at)
    return level + np.where(away < 0, before, after) * away


def trained_on(train, test, *, early_gap=0.0, early_loss=1.0):
    """A sweep to convergence by accuracies in %, and what was other before its last epochs.

    Args:
        early_gap: By how much the training accuracy lay above its last value, in points.
        early_loss: The test loss as a multiple of the last one.
    """
    end = sweep(SIZES, train, test)
    ended = np.full_like(end.train, np.nan)  # before the last measurement
    early, tested = end.train + np.array([0, early_gap / 100]), end.test * [early_loss, 1]
    return dataclasses.replace(
        end,
        epochs=np.array([0, 5]),
        train_along=np.stack([early, ended], axis=1),
        test_along=np.stack([tested, ended], axis=1),
    )


def of_sizes(a, b, between, settled, long, features):
    """Each arm by training and test accuracy in %; features by error with noise and without."""
    sweeps = {
        OF_A: sweep(SIZES, *a),
        OF_B: sweep(SIZES, *b),
        SETTLED: settled,
        NOISY: sweep(SIZES, np.zeros(8), 100 - np.array(long)),
        BETWEEN: sweep(SIZES_BETWEEN, between, between),
        LONG: sweep(SIZES, np.zeros(8), 100 - np.array(long)),
    }
    noise = np.random.default_rng(0).normal(scale=1e-4, size=(8, REPLICAS, 2))
    errors = np.stack(features, axis=1)[:, None] / 100 + noise  # (K, R, 2)
    test = np.stack([errors, 1 - errors], axis=3)
    return capacity.Result(
        capacity.PROFILES["smoke"].replace(replicas=REPLICAS, long_epochs=2000),
        sweeps,
        FeatureSweep(COUNTS, test, test),
        {},
        SimpleNamespace(train=range(20), source="standin", subject="digits"),
        (),
    )


PEAKED, SMOOTH = [30, 25, 20, 28, 35, 25, 18, 15], np.linspace(30, 10, 8)


@functools.cache
def growing():
    knee = {"at": 300_001, "before": 8, "after": 0.3, "level": 98}
    accuracy = bent(**knee)
    dip = accuracy - 1.0 * (np.arange(8) == 6)
    return of_sizes(
        a=(accuracy, accuracy - 0.2),
        b=(accuracy, dip),
        between=bent(**knee, sizes=SIZES_BETWEEN) - 0.2,
        settled=trained_on(accuracy, accuracy, early_loss=0.5),
        long=PEAKED,
        features=(PEAKED, SMOOTH),
    )


@functools.cache
def shrinking():
    knee = {"at": 45_000, "before": -20, "after": 8, "level": 70}
    falling = bent(**knee)
    return of_sizes(
        a=(falling + 2, falling),
        b=(falling, np.linspace(90, 98, 8)),
        between=bent(**knee, sizes=SIZES_BETWEEN),
        settled=trained_on(
            np.linspace(100, 98, 8), np.linspace(95, 90, 8), early_gap=-5, early_loss=2
        ),
        long=SMOOTH,
        features=(SMOOTH, PEAKED),
    )


# Chapter 33


def hill(alpha):
    return 0.1 + np.exp(-20 * (alpha - 0.5) ** 2)


def valley(alpha):
    return 0.1 + (alpha - 0.5) ** 2


def wider_beyond_one(alpha):
    return np.where(alpha < 0.5, 10 ** (-2 * alpha), 10 ** (alpha - 1.5))


def wider_before_zero(alpha):
    return wider_beyond_one(1 - alpha)


def rising(alpha):
    return 0.5 + 0.1 * alpha


def falling_loss(alpha):
    """Falls ever faster, in steps beyond the middle."""
    steps = 1 - 0.01 * (np.round(20 * alpha) % 2) * (alpha > 0.5)
    return (10 - (alpha + 1) ** 2) * steps


def rising_loss(alpha):
    """Rises ever faster, in steps before the middle."""
    steps = 1 - 0.01 * (np.round(20 * alpha) % 2) * (alpha < 0.5)
    return (1 + 2 * (alpha + 1) ** 2) * steps


def rough_at_one(alpha):
    return 0.9 - 0.4 * np.abs(alpha - 1)


def turned(found):
    """The same pair, with test losses and accuracies that go the other way along the line."""
    found.line[:, :, 1] = 2 - found.line[:, :, 1]
    return found


def lifted(found, by):
    """The same pair, with a test accuracy that is higher by so much between the ends."""
    found.line[:, :, 1, 1] += by * ((found.alphas > 0) & (found.alphas < 1))[:, None]
    return found


def low_hill(alpha):
    return 0.1 + 0.01 * np.exp(-20 * (alpha - 0.5) ** 2)


def parting(start, order):
    """Pairs of one way of training, by the losses of SGD and of Adam on their lines."""
    return {
        (optimizer, common): pair(loss)
        for common, losses in ((NEVER, start), (0, order))
        for optimizer, loss in zip((NESTEROV, ADAM), losses, strict=True)
    }


def of_lines(low, high, apart, **pairs):
    names = {"b": B_PAIR, "b_steps": B_STEPS, "as_b": AS_B}
    names |= {"other": OTHER, "aligned": ALIGNED, "decay": DECAY, "adam": main(ADAM, BATCH_LOW)}
    found = {names[name]: of for name, of in pairs.items()}
    found |= {B_RATE: found[B_PAIR], ON_B: found[B_PAIR]}
    found |= {main(NESTEROV, BATCH_LOW): low, main(NESTEROV, BATCH_HIGH): high, ON_AS_RANGE: low}
    spec = interpolation.PROFILES["smoke"].replace(replicas=REPLICAS)
    return interpolation.Result(spec, found, apart, None, ())


@functools.cache
def as_the_reports_have_it():
    slow = (end(1.0), end(3.0))
    low, high = ((end(accuracy=a), end(accuracy=b)) for a, b in ((0.9, 0.8), (0.95, 0.9)))
    return of_lines(
        low=lifted(
            pair(falling_loss, lambda a: 0.5 * rising(a) + 0.4 * (a > 1), ends=low), by=-0.05
        ),
        high=pair(falling_loss, rising, ends=high),
        apart=parting((hill, hill), (valley, valley)),
        b=pair(hill, lambda a: 1 - 0.5 * hill(a), ends=slow),
        b_steps=pair(hill, ends=slow),
        as_b=pair(valley),
        other=pair(hill),
        aligned=pair(valley),
        decay=pair(wider_beyond_one),
        adam=pair(wider_before_zero),
    )


@functools.cache
def not_as_the_reports_have_it():
    fast = (end(3.0), end(1.0))
    low, high = ((end(accuracy=a), end(accuracy=b)) for a, b in ((0.8, 0.9), (0.7, 0.8)))
    return of_lines(
        low=lifted(pair(rising_loss, lambda a: 1 - rising(a), ends=low), by=0.05),
        high=pair(rising_loss, rough_at_one, ends=high),
        apart=parting((low_hill, hill), (hill, hill)),
        b=turned(pair(valley, lambda a: 1 - 0.5 * valley(a), ends=fast)),
        b_steps=pair(valley, ends=fast),
        as_b=pair(hill),
        other=pair(valley),
        aligned=pair(hill),
        decay=pair(wider_before_zero),
        adam=pair(wider_beyond_one),
    )


@functools.cache
def barrier_with_adam():
    """A barrier already without another initialization."""
    found = not_as_the_reports_have_it()
    return replace(found, pairs={**found.pairs, main(ADAM, BATCH_LOW): pair(hill)})


@functools.cache
def the_same_end_with_decay():
    """The small batch's end looks wider, with weight decay and without."""
    found = as_the_reports_have_it()
    return replace(found, pairs={**found.pairs, DECAY: pair(wider_before_zero)})


# Chapter 34


def of_batches(sign):
    """Everything as A says and the chapter expects where the sign is 1, the reverse where -1."""
    sizes = sensitivity.PROFILES["smoke"].batch_sizes
    keys = [(arm, size) for arm in ARMS for size in sizes] + [*ALONE]
    described = {}
    for number, key in enumerate(keys):
        place = sizes.index(key[1]) - 1 if isinstance(key, tuple) else 0  # -1, 0 or 1
        loss, accuracy = 3.0 ** (sign * place), 0.9 - 0.01 * sign * place
        if key in (SMALL, LARGE):
            accuracy += 0.002 * sign * (key == SMALL)
        accuracies = accuracy + 1e-5 * EIGHT
        relation = 2.0 ** (sign * number) * EIGHT
        described[key] = dict.fromkeys(MEASURES, EIGHT) | {
            "train_loss": loss ** (-1 if key[0] == STEPS else 1) * EIGHT,
            "test_loss": loss * EIGHT,
            "test_accuracy": accuracies,
            "train_accuracy": accuracies + 0.001 * number,  # so the gap grows along the list
            "jacobian_test": relation,
            "probability_jacobian_test": relation,
            "keskar_wide": relation if sign < 0 else UNRELATED[number] * EIGHT,
        }
    # changes between the first two sizes and then lies still; or the reverse
    level = dict(zip(sizes, (1.0, 8.0, 8.0) if sign > 0 else (1.0, 1.0, 8.0), strict=True))
    for size in sizes:
        described[AS_A, size]["input_gradient_test"] = level[size] * EIGHT
    rescaled = np.ones((len(RESCALED), len(FACTORS), REPLICAS)) * EIGHT
    rescaled[RESCALED.index("keskar"), -1] *= 1e5**sign
    jacobian = np.ones((len(KINDS), 2, REPLICAS)) * EIGHT
    jacobian[:, 1] *= 3.0**sign
    networks = {name: place for both in BATCHES.values() for place, name in enumerate(both)}
    closer = {
        name: CloserLook(
            100.0 ** (sign * place) * EIGHT, EIGHT, jacobian, rescaled, np.zeros((4, REPLICAS))
        )
        for name, place in networks.items()
    }
    variance = np.array([100.0 ** (sign * k) for k in range(3)])[:, None] * EIGHT
    return sensitivity.Result(
        spec=sensitivity.PROFILES["smoke"].replace(replicas=REPLICAS),
        sweep={key: of for key, of in described.items() if key not in ALONE},
        alone={name: described.get(name, described[SMALL]) for name in (*ALONE, *networks)},
        tensor_gradient={(AS_A, size): level[size] * EIGHT for size in sizes},
        closer=closer,
        variance=np.stack([variance, variance]),
        length=np.ones((2, REPLICAS)),
        seconds=np.array([100.0 ** (-sign * k) for k in range(3)])[:, None] * EIGHT,
        timed_on="a machine",
        images=SimpleNamespace(train=range(60)),
        provenance=(),
    )


# by network: low, high and low again in every arm, which goes neither with gap nor loss
UNRELATED = [1.0, 3, 1] * 4 + [2, 2, 2, 2]


@functools.cache
def noise_by_the_law():
    found = of_batches(1)
    law = expected_variance(found, np.array(found.spec.batch_sizes))[:, None] * EIGHT
    return replace(found, variance=np.stack([law, law]))


@functools.cache
def batch_size_matters():
    return of_batches(1)


@functools.cache
def batch_size_matters_the_other_way():
    return of_batches(-1)


CASES = {
    "random_labels": Cases(
        learned_by_heart,
        not_learned,
        wrong_of=dict.fromkeys(("E-31a", "E-31b", "E-31d", "E-31e"), faster_than_true),
    ),
    "capacity": Cases(growing, shrinking),
    "interpolation": Cases(
        as_the_reports_have_it,
        not_as_the_reports_have_it,
        wrong_of={"E-33a": barrier_with_adam, "E-33c": the_same_end_with_decay},
    ),
    "sensitivity": Cases(
        batch_size_matters,
        batch_size_matters_the_other_way,
        right_of={"E-34h": noise_by_the_law},
        wrong_of={"E-34h": batch_size_matters},
    ),
}
