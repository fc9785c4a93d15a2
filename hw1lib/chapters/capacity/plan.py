"""Which networks chapter 32 trains and how, and which random features it fits."""

from collections.abc import Sequence
from typing import Any

from hw1lib.chapters.capacity.long_trainings import LongTraining
from hw1lib.chapters.capacity.spec import (
    A_HIDDEN,
    BETWEEN,
    LEAST_SIZES,
    LONG,
    NOISY,
    OF_A,
    OF_B,
    SETTLED,
    Spec,
)
from hw1lib.chapters.capacity.trainings import Digits, Features, Training
from hw1lib.data import own_images
from hw1lib.data.image_sets import ImageSet
from hw1lib.networks import builders
from hw1lib.results.specs import SettingError
from hw1lib.training import losses


def trainings(spec: Spec, images: ImageSet) -> dict[str, list[Training]]:
    """List every arm's trainings, the smallest network first."""
    of_a = [A_HIDDEN[number - 1] for number in spec.a_models]
    reports: dict[str, Any] = {
        "digits": _digits(spec, images, spec.train_examples),
        "epochs": spec.epochs,
        "described": spec.described,
    }
    return {
        OF_A: _by_size(
            images,
            of_a,
            **reports,
            batch_size=spec.a_batch_size,
            learning_rate=spec.a_rate,
            described_replicas=min(spec.described_replicas, spec.replicas),
            seeds=spec.seeds,
        ),
        OF_B: _by_size(
            images,
            [(units,) for units in spec.b_units],
            **reports,
            batch_size=spec.b_batch_size,
            learning_rate=spec.b_rate,
            described_replicas=min(spec.described_replicas, spec.side_replicas),
            seeds=spec.side_seeds,
        ),
        SETTLED: _by_size(
            images,
            of_a,
            digits=_digits(spec, images, spec.settled_examples),
            batch_size=spec.a_batch_size,
            learning_rate=spec.settled_rate,
            epochs=spec.settled_epochs,
            settled=spec.settled_loss,
            measure_every=spec.settled_every,
            seeds=spec.side_seeds,
        ),
        NOISY: _by_size(
            images,
            [(units,) for units in spec.noisy_units],
            digits=_digits(spec, images, spec.noisy_examples, spec.noise),
            objective=losses.one_hot_squared_error,
            batch_size=spec.noisy_batch_size,
            learning_rate=spec.noisy_rate,
            epochs=spec.noisy_epochs,
            seeds=spec.side_seeds,
        ),
        BETWEEN: _by_size(
            images,
            [(units, 2 * units) for units in spec.between_units],
            digits=reports["digits"],
            epochs=spec.epochs,
            batch_size=spec.a_batch_size,
            learning_rate=spec.a_rate,
            seeds=spec.side_seeds,
        ),
        LONG: _by_size(
            images,
            [(units,) for units in spec.long_units],
            LongTraining,
            digits=_digits(spec, images, spec.long_examples, spec.long_noise),
            batch_size=spec.long_batch_size,
            learning_rate=spec.long_rate,
            same_rate=spec.long_same_rate,
            spread=spec.long_spread,
            epochs=spec.long_epochs,
            measure_every=spec.long_every,
            seeds=spec.side_seeds,
        ),
    }


def features(spec: Spec, images: ImageSet) -> list[Features]:
    """List the fits of random features, the fewest first.

    Raises:
        SettingError: If a folder holds too few different images for as many numbers of features.
    """
    digits = _digits(spec, own_images.distinct(images), spec.noisy_examples, spec.noise)
    counts = {max(1, round(ratio * digits.train)) for ratio in spec.feature_ratios}
    if len(counts) < LEAST_SIZES:
        raise SettingError(
            f"random features: {images.description} hold {digits.train} different ones to learn, "
            f"too few for {LEAST_SIZES} numbers of features; give more of them"
        )
    return [Features(count, digits, spec.bandwidth, spec.side_seeds) for count in sorted(counts)]


def _digits(spec: Spec, images: ImageSet, count: int, noise: float = 0.0) -> Digits:
    train, test = min(count, len(images.train)), min(spec.test_examples, len(images.test))
    return Digits(train, test, noise, noise_seed=spec.seed)


def _by_size(
    images: ImageSet,
    hidden: Sequence[tuple[int, ...]],
    kind: type[Training] = Training,
    **how: Any,
) -> list[Training]:
    """List trainings of networks with these hidden layers in one way, by their parameters."""
    ends = images.train.images[0].numel(), len(images.classes)
    widths = {(ends[0], *units, ends[1]) for units in hidden}
    return [kind(widths=w, **how) for w in sorted(widths, key=builders.parameter_count)]
