"""Does depth, width or convolution help on images? Chapter 12, homework 1-1."""

from typing import Any

import numpy as np

from hw1lib.chapters.image_task.plan import (
    Arm,
    Network,
    arms,
    choose,
    jobs,
    of_depth,
    stacks,
    trials,
)
from hw1lib.chapters.image_task.result import Curves, Result, depth_arms
from hw1lib.chapters.image_task.spec import AS_A, AS_B, CONTROL, DEPTH, MAIN, PROFILES, Spec
from hw1lib.data import image_sets
from hw1lib.networks import replicas
from hw1lib.results.jobs import carry_out, record
from hw1lib.results.store import Entry
from hw1lib.training.gaps import to_length

__all__ = [
    "AS_A",
    "AS_B",
    "CONTROL",
    "DEPTH",
    "MAIN",
    "PROFILES",
    "Result",
    "Spec",
    "depth_arms",
    "run",
]


def run(spec: Spec, *, device: str = "auto", progress: bool = True) -> Result:
    """Train every network that is not stored yet, and gather the chapter's numbers.

    With a folder of images, report A's networks learn those, and the networks for MNIST's digits
    are left out.
    """
    of_folder = spec.data.startswith("folder:")
    known = spec == PROFILES["full"]
    scenes = image_sets.load("cifar10", spec.data, known=known)
    digits = None if of_folder else image_sets.load("mnist", spec.data, known=known)
    tuning = trials(spec, scenes, digits)
    plan = arms(spec, scenes, digits)
    how: dict[str, Any] = {"device": device, "progress": progress}
    entries = carry_out("image_task", {**jobs(spec, plan), **tuning}, **how)
    rates = choose({key: entries[key].arrays["train"][-1, :, 0] for key in tuning})
    depth = of_depth(spec, scenes, digits, rates)
    entries |= carry_out("image_task", jobs(spec, depth), **how)
    plan |= depth
    curves = {
        (name, network.name): _curves(
            spec,
            arm,
            network,
            [entries[name, network.name, seeds] for seeds in stacks(arm, network)],
        )
        for name, arm in plan.items()
        for network in arm.networks
    }
    sets = {images.name: images for images in (scenes, digits) if images}
    return Result(
        spec=spec,
        curves=curves,
        rates=rates,
        images={name: arm.images for name, arm in plan.items()},
        provenance=tuple(
            record(
                [entry for (arm, *_), entry in entries.items() if plan[arm].images is images],
                learned=images,
                replicas=spec.replicas,
            )
            for images in sets.values()
        ),
    )


def _curves(spec: Spec, arm: Arm, network: Network, entries: list[Entry]) -> Curves:
    """Join the replicas of one network; NaN where one diverged before the end."""

    def side_by_side(name: str, length: int) -> np.ndarray:
        return np.concatenate([to_length(entry.arrays[name], length) for entry in entries], axis=1)

    epochs = spec.evaluated(arm.epochs)
    return Curves(
        parameters=replicas.parameter_count(network.single()),
        epochs=epochs,
        train=side_by_side("train", len(epochs)),
        test=side_by_side("test", len(epochs)),
        objective=side_by_side("objective", arm.epochs),
        diverged=np.concatenate([entry.arrays["diverged"] for entry in entries]),
    )
