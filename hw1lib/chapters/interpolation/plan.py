"""Which trainings chapter 33 makes, and between which of them it measures."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from hw1lib.chapters.interpolation.spec import (
    A_ALPHAS,
    ADAM,
    ALIGNED,
    APART,
    AS_A,
    AS_B,
    AS_B_RATE,
    B_ALPHAS,
    B_PAIR,
    B_RATE,
    B_RATE_ALPHAS,
    B_STEPS,
    BATCH_HIGH,
    BATCH_LOW,
    DECAY,
    NESTEROV,
    NEVER,
    ON_B,
    ON_B_RATE,
    OPTIMIZERS,
    OTHER,
    RATE,
    STEPS,
    Spec,
    main,
)
from hw1lib.chapters.interpolation.trainings import Branch, Line, Training
from hw1lib.data.image_sets import ImageSet


def lines(spec: Spec, images: ImageSet) -> dict[str, Line]:
    """List the pairs of the chapter by their names; ends that pairs share are trained once."""
    of_a, of_b = _main_pairs(spec, images), _pairs_of_b(spec, images)
    return {
        **of_a,
        **_variations(spec, of_a[main(ADAM, BATCH_LOW)]),
        **of_b,
        AS_A: replace(of_a[main(NESTEROV, BATCH_LOW)], alphas=A_ALPHAS),
        ON_B: replace(of_b[B_PAIR], alphas=B_ALPHAS),
        AS_B: replace(of_b[B_PAIR], alphas=B_ALPHAS, passes=1),
        ON_B_RATE: replace(of_b[B_RATE], alphas=B_RATE_ALPHAS),
        AS_B_RATE: replace(of_b[B_RATE], alphas=B_RATE_ALPHAS, passes=1),
    }


def branches(spec: Spec, images: ImageSet) -> dict[tuple[str, int], Line]:
    """List the pairs of one way of training, by optimizer and the epochs before they part."""
    alphas = tuple((np.arange(spec.line_steps + 1) / spec.line_steps).tolist())
    network = partial(_network(spec, images, spec.hidden), epochs=spec.epochs)
    found = {}
    for name, rate in ((NESTEROV, spec.high_rate), (ADAM, spec.low_rate)):
        one = network(
            optimizer=OPTIMIZERS[name],
            learning_rate=rate,
            weight_decay=0.0,
            batch_size=spec.small_batch,
        )
        found[name, NEVER] = Line(one, _elsewhere(one), alphas)
        for common in (passes for passes in spec.branch_epochs if passes < spec.epochs):
            found[name, common] = Line(one, Branch(**vars(one), common=common), alphas)
    return found


def positions(steps: int) -> tuple[float, ...]:
    """List the positions from -1 to 2 with so many steps from 0 to 1, both exact."""
    return tuple((np.arange(-steps, 2 * steps + 1) / steps).tolist())


def _main_pairs(spec: Spec, images: ImageSet) -> dict[str, Line]:
    """List the pairs of A's network: for either optimizer by batch size and by rate."""
    network, alphas = _network(spec, images, spec.hidden), positions(spec.line_steps)
    pairs = {}
    for name, optimizer in OPTIMIZERS.items():
        trained = partial(network, optimizer=optimizer, weight_decay=0.0, epochs=spec.epochs)
        small, large, small_fast, large_fast = (
            trained(learning_rate=rate, batch_size=batch_size)
            for rate in (spec.low_rate, spec.high_rate)
            for batch_size in (spec.small_batch, spec.large_batch)
        )
        pairs[main(name, BATCH_LOW)] = Line(small, large, alphas)
        pairs[main(name, BATCH_HIGH)] = Line(small_fast, large_fast, alphas)
        pairs[main(name, RATE)] = Line(small, small_fast, alphas)
    return pairs


def _variations(spec: Spec, model: Line) -> dict[str, Line]:
    """List the variations of a pair by batch size, in one respect each."""
    small, large = model.first, model.second
    other = replace(model, second=_elsewhere(large))
    small_decayed, large_decayed = (replace(end, weight_decay=spec.decay) for end in (small, large))
    return {
        STEPS: replace(model, first=replace(small, shortened=large.steps)),
        OTHER: other,
        ALIGNED: replace(other, aligned=True),
        DECAY: replace(model, first=small_decayed, second=large_decayed),
    }


def _pairs_of_b(spec: Spec, images: ImageSet) -> dict[str, Line]:
    """List the pairs of B's network."""
    alphas = positions(spec.line_steps)
    trained = partial(
        _network(spec, images, spec.b_hidden),
        optimizer=OPTIMIZERS[ADAM],
        weight_decay=spec.b_decay,
    )
    small, large = (
        trained(learning_rate=spec.b_rate, batch_size=batch_size, epochs=spec.b_epochs)
        for batch_size in (spec.small_batch, spec.b_batch)
    )
    slow, fast = (
        trained(learning_rate=rate, batch_size=spec.small_batch, epochs=spec.b_rate_epochs)
        for rate in (spec.low_rate, spec.high_rate)
    )
    large, fast = _elsewhere(large), _elsewhere(fast)
    return {
        B_PAIR: Line(small, large, alphas),
        B_STEPS: Line(replace(small, shortened=large.steps), large, alphas),
        B_RATE: Line(slow, fast, alphas),
    }


def _network(spec: Spec, images: ImageSet, hidden: tuple[int, ...]) -> Callable[..., Training]:
    """Return what makes a training of one network, given how it is trained."""
    count = min(spec.train_examples, len(images.train))
    return partial(
        Training,
        widths=(images.train.images[0].numel(), *hidden, len(images.classes)),
        train_examples=count,
        measured=min(spec.measured, count, len(images.test)),
        described=spec.described,
        described_replicas=min(spec.described_replicas, spec.replicas),
        seeds=spec.seeds,
    )


def _elsewhere(settings: Training) -> Training:
    """Let a training begin at weights of its own, and see its images in an order of its own."""
    return replace(settings, seeds=tuple(seed + APART for seed in settings.seeds))
