"""Chapter 33: what lies between two ways of training? Homework 1-3."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from hw1lib.chapters.interpolation.trainings import (
    ADAM,
    NESTEROV,
    End,
    Line,
    Pair,
    Training,
    fewer_updates,
    measure,
    train,
)
from hw1lib.data import image_sets
from hw1lib.data.image_sets import ImageSet
from hw1lib.measuring import generalization
from hw1lib.results import specs
from hw1lib.results.jobs import Job, carry_out, record, to_length
from hw1lib.results.specs import setting
from hw1lib.results.store import Entry

# Pairs of A's network. The contrast between two ends, for either optimizer:
BATCH_LOW, BATCH_HIGH, RATE = "batch, low rate", "batch, high rate", "rate"
CONTRASTS = (BATCH_LOW, BATCH_HIGH, RATE)
# and variations of Adam's pair by batch size at the low rate.
STEPS, OTHER = "equal updates", "another initialization"
ALIGNED, DECAY = "another initialization, aligned", "weight decay"
SIDE = (STEPS, OTHER, ALIGNED, DECAY)
# Pairs of B's network, which begin at different weights: B makes one network after the other.
B, B_STEPS = "B's pair", "B's pair, equal updates"
# What the reports did otherwise.
AS_A, AS_B = "as A drew it", "as B measured it"

APART = 1_000  # between the seeds of two initializations
A_ALPHAS = tuple(np.linspace(-2, 2, 50).tolist())  # as A's script has them


def main(optimizer: str, contrast: str) -> str:
    """Name one of the main pairs of A's network."""
    return f"{optimizer}, {contrast}"


MAIN = tuple(main(optimizer, contrast) for optimizer in (NESTEROV, ADAM) for contrast in CONTRASTS)


@dataclass(frozen=True, kw_only=True)
class Spec(specs.Replicated):
    """Settings of the interpolation; the defaults are the full profile.

    Cut to stay near an hour on two cores: A trains for 30 passes, B for 15, and lines are measured
    on the first images of each split.
    """

    data: str = setting("auto", "auto, real, standin or folder:PATH", choices=image_sets.MODES)
    replicas: int = setting(8, "pairs of trainings in each comparison", at_least=1)
    epochs: int = setting(15, "passes over the training images, as B makes", at_least=1)
    train_examples: int = setting(60_000, "training images used, at most", at_least=1)
    measured: int = setting(
        10_000, "images of either split on which networks are measured, at most", at_least=1
    )
    described: int = setting(
        1_000, "images of each split on which sensitivity and sharpness are measured", at_least=1
    )
    described_replicas: int = setting(
        8, "trainings of each network that get described so, at most", at_least=1
    )
    hidden: tuple[int, ...] = setting((500, 100, 50), "hidden layers of A's network", at_least=1)
    b_hidden: tuple[int, ...] = setting((500,), "hidden layers of B's network", at_least=1)
    small_batch: int = setting(64, "images per step at one end, as A and B have it", at_least=1)
    large_batch: int = setting(1024, "images per step at A's other end", at_least=1)
    b_batch: int = setting(1000, "images per step at B's other end", at_least=1)
    low_rate: float = setting(1e-3, "learning rate at one end, as A has it", above=0)
    high_rate: float = setting(1e-2, "learning rate at the other end", above=0)
    b_rate: float = setting(1.5e-3, "learning rate of B's Adam", above=0)
    b_decay: float = setting(1e-4, "L2 penalty of B's Adam", at_least=0)
    decay: float = setting(5e-4, "L2 penalty where A's network has one", at_least=0)
    line_steps: int = setting(
        20, "steps from one end to the other; each line goes on as far beyond both", at_least=2
    )
    retrained_steps: int = setting(4, "the same where every point is retrained", at_least=1)

    def __post_init__(self) -> None:
        """Check also what no field can check alone."""
        super().__post_init__()
        for batch in ("large_batch", "b_batch"):
            self.at_most("small_batch", batch)
            self.at_most(batch, "train_examples")


PROFILES = specs.Profiles(
    full=Spec(),
    quick=Spec(
        replicas=6,
        epochs=4,
        train_examples=1_000,
        measured=250,
        described=20,
        described_replicas=1,
        hidden=(50, 30, 20),
        b_hidden=(50,),
        small_batch=20,
        large_batch=100,
        b_batch=100,
        line_steps=10,
        retrained_steps=2,
    ),
    smoke=Spec(
        replicas=2,
        epochs=2,
        train_examples=60,
        measured=40,
        described=5,
        described_replicas=1,
        hidden=(12, 8),
        b_hidden=(10,),
        small_batch=10,
        large_batch=30,
        b_batch=30,
        line_steps=4,
        retrained_steps=2,
    ),
)


@dataclass(frozen=True)
class Result:
    """Everything that chapter 33 shows."""

    spec: Spec
    pairs: dict[str, Pair]  # by the names above
    images: ImageSet
    provenance: tuple[dict[str, Any], ...]

    @property
    def standin(self) -> str:
        """Name the stand-in that was learned; empty where the images are real."""
        return image_sets.name_standins(self.images)

    @property
    def ends(self) -> list[End]:
        """List all ways of training, each once."""
        found: dict[Training, End] = {}
        for pair in self.pairs.values():
            found |= {end.settings: end for end in (pair.first, pair.second)}
        return [*found.values()]

    @property
    def described(self) -> dict[str, dict[str, np.ndarray]]:
        """Give the `generalization.MEASURES` of every way of training, (D,) each, by its name."""
        return {
            f"{'-'.join(map(str, end.settings.widths))}, {self.label(end)}": end.described
            for end in self.ends
        }

    def label(self, end: End) -> str:
        """Name a way of training by all that the pairs vary."""
        t = end.settings
        name = f"{t.optimizer}, batch {t.batch_size}, rate {t.learning_rate:g}"
        if t.weight_decay:
            name += f", decay {t.weight_decay:g}"
        if fewer_updates(t):
            name += ", fewer updates"
        return name if t.seeds == self.spec.seeds else f"{name}, another initialization"


def run(spec: Spec, *, device: str = "auto", progress: bool = True) -> Result:
    """Train every end and measure every line that is not stored yet.

    Args:
        spec: What to compute.
        device: Where to train: auto, cpu or cuda.
        progress: Whether to show a bar.
    """
    images = image_sets.load("mnist", spec.data)
    lines = _lines(spec, images)
    trainings = {t: _learn(t, images) for line in lines.values() for t in (line.first, line.second)}
    ends = carry_out("interpolation", trainings, device=device, progress=progress)
    jobs = {name: _between(name, line, ends, images) for name, line in lines.items()}
    measured = carry_out("interpolation", jobs, device=device, progress=progress)
    return Result(
        spec=spec,
        pairs={
            name: Pair(
                first=_end(line.first, ends[line.first]),
                second=_end(line.second, ends[line.second]),
                alphas=np.array(line.alphas),
                line=_sound(measured[name].arrays["line"]).transpose(1, 0, 2, 3),
                distance=measured[name].arrays["distance"],
            )
            for name, line in lines.items()
        },
        images=images,
        provenance=(
            record([*ends.values(), *measured.values()], learned=images, replicas=spec.replicas),
        ),
    )


def _lines(spec: Spec, images: ImageSet) -> dict[str, Line]:
    """List the pairs of the chapter; ends that they share are trained once."""
    count = min(spec.train_examples, len(images.train))

    def training(hidden: tuple[int, ...], batch_size: int, **how: Any) -> Training:
        return Training(
            widths=(images.train.images[0].numel(), *hidden, len(images.classes)),
            batch_size=batch_size,
            steps=-(-count // batch_size),
            epochs=spec.epochs,
            train_examples=count,
            measured=min(spec.measured, count, len(images.test)),
            described=spec.described,
            described_replicas=min(spec.described_replicas, spec.replicas),
            seeds=spec.seeds,
            **how,
        )

    def between(first: Training, second: Training, *, aligned: bool = False) -> Line:
        return Line(first, second, aligned, _alphas(spec.line_steps), passes=0)

    lines = {}
    for optimizer in (NESTEROV, ADAM):
        how = {"optimizer": optimizer, "weight_decay": 0.0}
        low, low_large, high, high_large = (
            training(spec.hidden, batch_size, learning_rate=rate, **how)
            for rate in (spec.low_rate, spec.high_rate)
            for batch_size in (spec.small_batch, spec.large_batch)
        )
        lines[main(optimizer, BATCH_LOW)] = between(low, low_large)
        lines[main(optimizer, BATCH_HIGH)] = between(high, high_large)
        lines[main(optimizer, RATE)] = between(low, high)

    adam = lines[main(ADAM, BATCH_LOW)]
    elsewhere = _elsewhere(adam.second)
    lines[STEPS] = between(_as_many_steps(adam.first, adam.second), adam.second)
    lines[OTHER] = between(adam.first, elsewhere)
    lines[ALIGNED] = between(adam.first, elsewhere, aligned=True)
    lines[DECAY] = between(
        *(replace(end, weight_decay=spec.decay) for end in (adam.first, adam.second))
    )

    bs = {"optimizer": ADAM, "learning_rate": spec.b_rate, "weight_decay": spec.b_decay}
    small = training(spec.b_hidden, spec.small_batch, **bs)
    large = _elsewhere(training(spec.b_hidden, spec.b_batch, **bs))
    lines[B] = between(small, large)
    lines[B_STEPS] = between(_as_many_steps(small, large), large)

    lines[AS_A] = replace(lines[main(NESTEROV, BATCH_LOW)], alphas=A_ALPHAS)
    lines[AS_B] = replace(lines[B], alphas=_alphas(spec.retrained_steps), passes=1)
    return lines


def _alphas(steps: int) -> tuple[float, ...]:
    """List the positions from -1 to 2 with so many steps from 0 to 1, both exact."""
    return tuple((np.arange(-steps, 2 * steps + 1) / steps).tolist())


def _as_many_steps(first: Training, second: Training) -> Training:
    """Let the first training make as many steps in each pass as the second."""
    return replace(first, steps=second.steps)


def _elsewhere(settings: Training) -> Training:
    """Let a training begin at weights of its own, and see its images in an order of its own."""
    return replace(settings, seeds=tuple(seed + APART for seed in settings.seeds))


def _learn(settings: Training, images: ImageSet) -> Job:
    widths = np.array(settings.widths)
    per_image = float(3 * ((widths[:-1] + 1) * widths[1:]).sum())  # there, back, and the weights
    return Job(
        f"{settings.optimizer}, batch {settings.batch_size}, rate {settings.learning_rate:g}",
        settings,
        partial(train, images=images),
        code=(train,),
        data_fingerprint=images.fingerprint,
        cost=per_image * settings.steps * settings.batch_size * len(settings.seeds),
    )


def _between(name: str, line: Line, ends: dict[Training, Entry], images: ImageSet) -> Job:
    first, second = (ends[settings].arrays for settings in (line.first, line.second))
    points = len(line.alphas)
    return Job(
        name,
        line,
        partial(
            measure,
            images=images,
            first=first["weights"],
            second=second["weights"],
            sound=~(first["diverged"] | second["diverged"]),
        ),
        # the line is that between what `train` made of its two ends
        code=(train, measure),
        data_fingerprint=images.fingerprint,
        cost=points * (line.first.measured + 10 * line.passes * line.first.train_examples),
    )


def _end(settings: Training, entry: Entry) -> End:
    course = to_length(entry.arrays["course"], settings.epochs + 1)
    return End(
        settings=settings,
        course=_sound(course),
        norm=np.linalg.norm(entry.arrays["weights"].astype(np.float64), axis=1),
        diverged=entry.arrays["diverged"],
        described={name: entry.arrays[f"described_{name}"] for name in generalization.MEASURES},
    )


def _sound(measured: np.ndarray) -> np.ndarray:
    """Put NaN where a loss is not finite: outputs that are no numbers would pass for a class."""
    return np.where(np.isfinite(measured[..., :1]), measured, np.nan)
