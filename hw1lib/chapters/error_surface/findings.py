"""What chapter 24 found, in sentences that its result computes."""

from collections.abc import Sequence

import numpy as np

from hw1lib.chapters.error_surface.flatness import FLATNESS, flatter
from hw1lib.chapters.error_surface.result import (
    PATHS,
    PLANES,
    Result,
    network_title,
    plane_shares,
)
from hw1lib.chapters.error_surface.spec import ARMS, REGRESSORS
from hw1lib.judging.slips import told
from hw1lib.judging.statistics import geometric_mean, t_interval, tally
from hw1lib.measuring import trajectories
from hw1lib.showing import figures

HIGH_ACCURACY = 0.9


def line_sentence(result: Result) -> str:
    """Count the trainings in which the loss never rises on the line."""
    listed = "; ".join(
        f"{network_title(result, n)} {tally(s.monotone)}" for n, s in result.surfaces.items()
    )
    return f"Lines on which the training loss never rises: {listed}."


def accuracy_sentence(result: Result) -> str:
    """Report where on the line the training accuracy first is high."""
    parts = []
    for arm in ARMS:
        surface = result.surfaces[arm]
        high = surface.line[:, :, 0, 1] >= HIGH_ACCURACY
        reached = high.any(axis=1)
        if reached.any():
            first = np.median(surface.alphas[high.argmax(axis=1)][reached])
            parts.append(f"{arm} {first:.2f} ({reached.sum()} of {len(high)} trainings)")
        else:
            parts.append(f"{arm} never")
    return (
        f"Median position on the line where the training accuracy first exceeds "
        f"{100 * HIGH_ACCURACY:.0f} %: {'; '.join(parts)}."
    )


def regressor_sentence(result: Result) -> str:
    """Count the regressors in which the loss never rises on the line."""
    listed = ", ".join(f"{n} {tally(result.surfaces[n].monotone)}" for n in REGRESSORS)
    return f"Trainings on whose line the loss never rises: {listed}."


def planes_sentence(result: Result) -> str:
    """Report how much of the planes lies under half of the loss at the initial weights."""
    parts = []
    for name in PLANES:
        wide = plane_shares(result.surfaces[name])
        share = told(t_interval(wide, whole=True), "%") if len(wide) else "diverged"
        parts.append(f"{network_title(result, name)} {share}")
    return f"Share of a plane under half of the loss at the initial weights: {'; '.join(parts)}."


def flatter_sentence(result: Result) -> str:
    """Say in which directions which regressor is the flatter one."""
    parts: dict[str, list[str]] = {"deep": [], "shallow": [], "open": []}
    for direction in FLATNESS:
        ratio = flatter(direction, result).interval
        if not ratio.n:
            continue
        which = "open" if not ratio.excludes_zero else "deep" if ratio.mean > 0 else "shallow"
        parts[which].append(f"{direction} (× {ratio.factor:.2g})")
    said = {
        "deep": "the deep regressor is flatter",
        "shallow": "the shallow one is flatter",
        "open": "it is open which is flatter",
    }
    listed = "; ".join(
        f"{said[which]}: {', '.join(found)}" for which, found in parts.items() if found
    )
    if not listed:
        return "No direction has two regressors to compare."
    counts = ", ".join(f"{said[which]} in {len(of)}" for which, of in parts.items() if of)
    return (
        f"In {sum(map(len, parts.values()))} kinds of directions, {counts}. Rise around shallow "
        f"over rise around deep, where {listed}."
    )


def away_sentence(result: Result) -> str:
    """Compare how far the loss of both regressors rises in random directions."""
    rises = {name: geometric_mean(result.surfaces[name].away(1.0)).mean for name in REGRESSORS}
    listed = ", ".join(f"{rise:.2g} around *{name}*" for name, rise in rises.items())
    return f"At distance 1 in random directions the loss on sinc rises by {listed}."


def path_sentence(result: Result) -> str:
    """Report how much of the paths' variance the planes hold, beside that of random walks."""
    parts = []
    for name in PATHS:
        surface = result.surfaces[name]
        found = np.isfinite(surface.path_share).all(axis=1)
        share = 100 * surface.path_share[found].sum(axis=1)
        if not found.any():
            parts.append(f"{network_title(result, name)} diverged")
            continue
        points = surface.path.shape[1]
        walk = 100 * trajectories.walk_shares(points)[:2].sum()
        parts.append(
            f"{network_title(result, name)} {told(t_interval(share, whole=True), '%')}, a random "
            f"walk of {points} points {walk:.0f} %"
        )
    return f"Share of a path's variance that two components hold: {'; '.join(parts)}."


def eigenvalue_sentence(result: Result) -> str:
    """List the largest eigenvalues."""
    listed = "; ".join(
        f"{network_title(result, n)} {geometric_mean(s.eigenvalues[:, 0])}"
        for n, s in result.surfaces.items()
    )
    return f"Largest eigenvalues, geometric means: {listed}."


def describe_lines(result: Result, names: Sequence[str]) -> str:
    """Describe lines for readers who cannot see them."""
    parts = []
    for name in names:
        falling = result.surfaces[name].falling
        falling = falling[:, np.isfinite(falling).all(axis=0)]
        ends = np.median(falling[[0, -1]], axis=1) if falling.size else None
        course = "diverged" if ends is None else f"from {ends[0]:.2g} to {ends[1]:.2g}"
        parts.append(f"{name} {course}")
    return f"Median training loss from the first to the last weights: {', '.join(parts)}."


def panel_caption(result: Result) -> str:
    """Describe what the chapter's panel in the summary shows."""
    return (
        "loss on the straight line between the first and the last weights, "
        f"{result.images.subject}, {figures.BAND}."
    )
