"""Results of chapters 11 and 12 by hand that decide every claim either way."""

import functools

import numpy as np
import planted
from planted import REPLICAS, Cases

from hw1lib.chapters import function_fit, image_task
from hw1lib.chapters.function_fit import claims as function_fit_claims
from hw1lib.chapters.function_fit.result import Learning, near_jumps
from hw1lib.chapters.function_fit.spec import ARMS, AS_A, AS_B, B_SIGN, NETWORKS, TUNED
from hw1lib.chapters.image_task import claims as image_task_claims
from hw1lib.chapters.image_task.result import Curves
from hw1lib.chapters.image_task.spec import AS_B as DIGITS
from hw1lib.chapters.image_task.spec import BY_ITSELF, CONTROL, DEPTH, DIGITS_DEPTH, MAIN
from hw1lib.judging import verdicts
from hw1lib.training.regression import DENSE

UPDATES = 400


def words(module, result):
    return {claim.id: claim.judge(result).word for claim in module.CLAIMS}


def jitter(seed):
    return np.random.default_rng(seed).normal(1, 0.01, REPLICAS)


def fit(low, flat_from, *, error=0.01, at_jumps=0.0, seed=0, bumpy=False, lost=0):
    """A loss that falls by powers to its lowest and stays, and an error of a given size.

    A bumpy one jumps up at every second update; of a lost one the last losses are no numbers.
    """
    updates = np.arange(UPDATES + 1)[:, None]
    falling = 10.0 ** (np.log10(low) * np.minimum(updates / flat_from, 1))
    steady = falling * (1 - 1e-7 * updates) * jitter(seed)
    wrong = np.full((REPLICAS, DENSE), error)
    wrong[:, near_jumps()] += at_jumps
    if bumpy:
        steady[::2] *= 1.5
    steady[len(steady) - lost :] = np.nan
    return planted.function_fit(steady, wrong * jitter(seed)[:, None])


def came_about(*, low=100, high=400, inner=400, outer=100, deep=90, shallow=60):
    """How fits came about: when each frequency and place was learned, and pieces at the end."""
    updates = np.arange(UPDATES + 1)

    def errors(*times):
        when = np.array(times)[:, None] * jitter(0)
        return np.where(updates[:, None] < when[:, None], 1.0, 0.01).transpose(1, 2, 0)

    ends = {"deep": deep, "medium": 1, "shallow": shallow}
    return {
        (target, network): Learning(
            updates,
            errors(low, high, high, high),
            errors(inner, inner, inner, inner, outer),
            np.stack([np.ones(REPLICAS), ends[network] * jitter(1)]),
        )
        for target in ("sine", "sign")
        for network in NETWORKS
    }


def fitted(fits, learning=None, **spec):
    """A result of chapter 11 in which all fits not given are alike."""
    arms = {(arm, t): fit(1e-2, 300) for arm in (*ARMS, B_SIGN) for t in ("sinc", "sine", "sign")}
    everything = {(*key, n): alike for key, alike in arms.items() for n in NETWORKS} | fits
    chosen = function_fit.PROFILES["smoke"].replace(replicas=REPLICAS, epochs=UPDATES, **spec)
    return function_fit.Result(chosen, everything, {}, learning or came_about(), ())


def of_arm(arm, target, deep, medium, shallow):
    return {(arm, target, n): f for n, f in zip(NETWORKS, (deep, medium, shallow), strict=True)}


@functools.cache
def right():
    """Fits about which both reports are right."""
    stopped, slower, high = fit(1e-4, 100), fit(3e-4, 200), fit(1e-2, 300)
    fits = of_arm(AS_A, "sinc", stopped, slower, high)
    fits |= of_arm(AS_A, "sine", high, fit(2e-3, 300), high)
    fits |= of_arm(AS_B, "sinc", fit(1e-4, 200), fit(1e-4, 250), fit(5e-4, 100, error=0.5))
    fits |= of_arm(B_SIGN, "sign", fit(5e-2, 300), fit(1e-1, 300), fit(1e-2, 300, at_jumps=1.0))
    for target in ("sinc", "sine", "sign"):
        fits |= of_arm(TUNED, target, fit(1e-4, 300), fit(1e-2, 300), fit(1e-3, 300))
    return fitted(fits)


@functools.cache
def wrong():
    """Fits about which both reports are wrong."""
    stopped, slower, high = fit(1e-4, 100), fit(3e-4, 200), fit(1e-2, 300)
    fits = of_arm(AS_A, "sinc", high, fit(8e-3, 200), stopped)
    # what stops later has the lower loss, where all stop
    fits |= of_arm(AS_A, "sine", slower, slower, stopped)
    bumpy = fit(1e-2, 200, error=0.5, bumpy=True)
    fits |= of_arm(AS_B, "sinc", bumpy, bumpy, fit(2e-5, 300))
    fits |= of_arm(B_SIGN, "sign", fit(1e-1, 300), fit(1e-2, 300), fit(2e-1, 300, error=1.0))
    for target in ("sinc", "sine", "sign"):
        fits |= of_arm(TUNED, target, fit(1e-2, 300), fit(1e-3, 300), fit(5e-3, 300))
    late = came_about(low=400, high=100, inner=100, outer=400, deep=60, shallow=90)
    return fitted(fits, late)


@functools.cache
def deep_always():
    """Fits of which the deep network's have the lowest loss."""
    low, high = fit(1e-4, 100), fit(1e-2, 300)
    arms = [(a, t) for a in ARMS for t in ("sinc", "sine", "sign")]
    return fitted({key: f for pair in arms for key, f in of_arm(*pair, low, high, high).items()})


@functools.cache
def wrong_order():
    """Fits of which those that stop later have the lower loss."""
    first, later = fit(9e-4, 100), fit(1e-4, 300)
    fits = of_arm(AS_A, "sinc", first, first, later) | of_arm(AS_B, "sinc", first, first, later)
    return fitted(fits)


def test_what_was_not_fitted_is_not_tested():
    result = fitted(right().fits, targets=("sine",))
    found = words(function_fit_claims, result)
    assert found["A-C1a"] == found["B-C7"] == verdicts.NOT_TESTED
    assert found["A-C5"] == verdicts.SUPPORTED


def test_fits_that_diverged_are_not_judged():
    lost = fit(1e-2, 300, lost=100)
    found = words(
        function_fit_claims,
        fitted(
            {
                (a, t, n): lost
                for a in (*ARMS, B_SIGN)
                for t in ("sinc", "sine", "sign")
                for n in NETWORKS
            }
        ),
    )
    judged = {name for name, word in found.items() if word != verdicts.NOT_TESTED}
    # of stops and of losses that they never reach, and of other trainings
    never = {"A-C1a", "A-C1b", "A-C2", "A-C4", "A-C7c", "B-C3", "E-11a"}
    assert judged == never | {"E-11b", "E-11c", "E-11d"}


def curves(loss, accuracy, seed=0, *, bumpy=False):
    """Curves whose training loss falls to a value by powers, with an accuracy at the end."""
    passes = np.linspace(0, 1, 5)[:, None]
    measured = np.empty((5, REPLICAS, 3))
    measured[:, :, 0] = loss**passes * jitter(seed)
    if bumpy:
        measured[1::2, :, 0] *= 3
    measured[:, :, 1] = 0.01
    measured[:, :, 2] = accuracy * jitter(seed + 1)
    nobody = np.zeros(REPLICAS, dtype=bool)
    return Curves(1, np.arange(5), measured, measured, measured[1:, :, 0], nobody)


def learned(**accuracy):
    """A result of chapter 12; losses fall where accuracies rise."""
    names = {
        (MAIN, "CNN 16"): "narrow",
        (MAIN, "CNN 80"): "wide",
        (MAIN, "MLP 128"): "thin",
        (MAIN, "MLP 260"): "thick",
        (CONTROL, "CNN 16"): "permuted",
        (CONTROL, "MLP 128"): "thin",
        (CONTROL, "MLP 260"): "thick",
        (BY_ITSELF, "linear"): "line",
        **{(arm, name): kind for arm, names in DEPTHS.items() for name, kind in names.items()},
        (DIGITS, "LeNet"): "small",
        (DIGITS, "dropout CNN"): "large",
    }
    spec = image_task.PROFILES["smoke"].replace(channels=(16, 80), units=(128, 260))
    known = {key: curves(1.05 - accuracy[name], accuracy[name]) for key, name in names.items()}
    images = {DIGITS: None, DEPTH: None, DIGITS_DEPTH: None}
    return image_task.Result(spec, known, {}, images, ())


DEPTHS = {
    DEPTH: {"2 layers": "flat", "6 layers": "deep", "6 layers, residual": "deep"},
    DIGITS_DEPTH: {"1 hidden": "flat", "6 hidden": "deep", "6 hidden, residual": "deep"},
}
RIGHT = {"narrow": 0.6, "wide": 0.8, "thin": 0.3, "thick": 0.5, "permuted": 0.4}
RIGHT |= {"line": 0.4, "flat": 0.3, "deep": 0.6}
WRONG = {"narrow": 0.5, "wide": 0.3, "thin": 0.8, "thick": 0.6, "permuted": 0.9}
WRONG |= {"line": 0.3, "flat": 0.6, "deep": 0.3}


@functools.cache
def images_right():
    return learned(**RIGHT, small=0.9, large=0.95)


@functools.cache
def images_wrong():
    result = learned(**WRONG, small=0.95, large=0.4)
    result.curves[DIGITS, "LeNet"] = curves(0.1, 0.95, bumpy=True)
    return result


CASES = {
    "function_fit": Cases(
        right, wrong, {"E-11a": deep_always}, wrong_of={"A-C6": wrong_order, "B-C3": wrong_order}
    ),
    "image_task": Cases(images_right, images_wrong),
}


MARGINS = {  # the smallest effects that matter, as chosen before the verdicts were looked at
    "A-C1a A-C1b A-C2 A-C4 B-C7 E-11a": 0.1,  # of the trainings, the error, the targets
    "A-C3a A-C3b A-C5 A-C6 A-C7a A-C7b B-C2 B-C3 B-C5 B-C6": 1.25,  # a factor
    "A-C7d E-11b E-11c E-11d": 1.25,
    "A-C7c": 10.0,  # percentage points
    "E-12a": 0.1,  # likewise
    "B-C1 B-C4 B-C8b": 0.05,  # of the updates, the value, the epochs
    "A-C8a A-C8c A-C9a A-C9c A-C10a A-C10c B-C8a": 1.1,  # a factor
    "A-C8b A-C9b A-C10b A-C11a A-C11b E-12b E-12c E-12d E-12e": 1.0,  # percentage points
}


def test_the_margins_are_those_that_were_chosen():
    cases = ((function_fit_claims, right()), (image_task_claims, images_right()))
    found = {c.id: c.margin.size for claims, _ in cases for c in claims.CLAIMS}
    assert found == {name: size for names, size in MARGINS.items() for name in names.split()}


def test_without_digits_or_a_second_width_there_is_no_test():
    result = learned(**RIGHT, small=0.9, large=0.95)
    result.images.clear()
    narrow = image_task.Result(
        result.spec.replace(channels=(16,)), result.curves, {}, result.images, ()
    )
    found = words(image_task_claims, narrow)
    assert found["B-C8a"] == found["A-C8a"] == found["A-C8b"] == verdicts.NOT_TESTED
    assert found["A-C9a"] == verdicts.SUPPORTED
