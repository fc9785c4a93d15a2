"""What chapter 21 found, in sentences that its result computes."""

import numpy as np

from hw1lib.chapters.weight_paths.result import (
    POINTS,
    REPORTED_B,
    WALKS,
    Result,
    angle_text,
    broader,
    percent_text,
)
from hw1lib.chapters.weight_paths.spec import OF_B
from hw1lib.judging.statistics import t_interval
from hw1lib.measuring import trajectories
from hw1lib.showing.references import citation


def joint_sentence(result: Result) -> str:
    """Write how much of the variance the picture shows, beside that of the walks'."""
    parts = []
    for paths in result.paths.values():
        trained, walks = (percent_text(paths.plane_share(None, walk=w)) for w in POINTS.values())
        parts.append(f"{trained} of the variance of {paths.name}, where its walks have {walks}")
    return f"Two components show {'; '.join(parts)}."


def outward_sentence(result: Result) -> str:
    """Write how many paths lead outwards in the plane of the first two components."""
    parts = []
    for paths in result.paths.values():
        if not len(paths.arrived):
            parts.append(f"every training of {paths.name} diverged")
            continue
        trained, walks = (
            f"{paths.outward(None, walk=walk).sum()} of {len(paths.arrived)}"
            for walk in POINTS.values()
        )
        parts.append(f"{trained} trainings and {walks} random walks of {paths.name}")
    return f"Paths that lead outwards in the plane of two components: {'; '.join(parts)}."


def own_sentence(result: Result) -> str:
    """Write how much of a single path its first component holds."""
    parts = []
    for paths in result.paths.values():
        trained, walks = (
            t_interval(paths.own_percent(None, walk=w)[:, 0]) for w in POINTS.values()
        )
        parts.append(f"{trained} % of a path of {paths.name} and {walks} % of its random walk")
    return f"One component holds {'; '.join(parts)} (means with 95 % t intervals)."


def straight_sentence(result: Result) -> str:
    """Write how straight trainings are, beside both kinds of walk, by their medians."""
    parts = []
    for paths in result.paths.values():
        if len(paths.arrived):
            trained, kept, walks = (
                np.median(values)
                for values in (
                    paths.straightness(None),
                    paths.persistent_straightness(None),
                    paths.straightness(None, walk=True),
                )
            )
            parts.append(
                f"{paths.name} {trained:.2g}, a walk that keeps its direction as long {kept:.2g}, "
                f"a random walk {walks:.2g}"
            )
    said = "; ".join(parts) or "every training diverged"
    return f"Distance from first to last weights over path length, medians: {said}."


def theory_sentence(result: Result) -> str:
    """Write what is known of walks with equal steps."""
    points = len(result.spec.snapshots)
    known = 100 * trajectories.walk_shares(points)[:2]
    return (
        f"For one walk of {points} points with equal steps in infinitely many dimensions, theory "
        f"gives {known[0]:.0f} % to the first component and {known[1]:.0f} % to the second "
        f"{citation('antognini2018pca')}."
    )


def star_sentence(result: Result) -> str:
    """Write how straight the paths are, where they start and at what angles they part."""
    parts = []
    for paths in result.paths.values():
        if not len(paths.arrived):
            parts.append(f"Every training of {paths.name} diverged.")
            continue
        trained, walked = (t_interval(paths.straightness(None, walk=w)) for w in POINTS.values())
        kept = t_interval(paths.persistent_straightness(None))
        parts.append(
            f"The distance from the first to the last weights of {paths.name} is {trained} of the "
            f"path's length. It is {walked} for a random walk, and {kept} for a walk that keeps "
            "its direction as long as the training does."
        )
        if len(paths.arrived) > 1:
            gram = paths.gram(None)
            starts = trajectories.distances(gram[:, 0, :, 0])
            moved = trajectories.from_start(gram)[:, -1].mean()
            parts.append(
                f"The displacements of two trainings are at {angle_text(paths, None)} degrees to "
                f"each other, and {moved:.3g} long on average; two starting points are "
                f"{starts[np.triu_indices(len(starts), k=1)].mean():.3g} apart."
            )
    return " ".join(parts)


def spread_sentence(result: Result) -> str:
    """Write which layers are narrower than the whole network, and which broader."""
    parts = []
    for paths in result.paths.values():
        if not len(paths.arrived):
            parts.append(f"Every training of {paths.name} diverged.")
            continue
        listed = ", ".join(
            f"{broader(paths, layer)} % ({name})" for layer, name in enumerate(paths.layers)
        )
        held = ", ".join(
            f"{t_interval(paths.variance_share(layer)):.2g} %" for layer in range(len(paths.layers))
        )
        parts.append(
            f"The spread per parameter of the whole {paths.name} exceeds that of its layers by "
            f"{listed}; these layers hold {held} of the whole variance."
        )
    return " ".join(parts)


def accuracy_sentence(result: Result) -> str:
    """Compare the test accuracy of B's network with what report B found."""
    paths = result.paths[OF_B]
    if not len(paths.arrived):
        return f"Every training of {paths.name} diverged."
    accuracies = 100 * paths.final_accuracy
    low, high = REPORTED_B
    return (
        f"After {result.spec.epochs} epochs the trainings of {paths.name} classify "
        f"{accuracies.min():.2f} to {accuracies.max():.2f} % of the test images correctly "
        f"(n = {len(accuracies)}); report B found {low:.2f} to {high:.2f} % in eight trainings "
        "on MNIST."
    )


def describe(result: Result, *, walk: bool = False) -> str:
    """Describe the picture of all paths for readers who cannot see it."""
    points = WALKS if walk else "trainings"
    listed = "; ".join(
        f"{paths.name}, {part}: {percent_text(paths.plane_share(layer, walk=walk))}"
        for paths, part, layer in result.parts
    )
    return f"Paths of {points} in two principal components; variance shown: {listed}."


def panel_caption(result: Result) -> str:
    """Describe what the chapter's panel in the summary shows."""
    return (
        "distance between the first and the last weights over the length of the path, of every "
        "training of report A's network, of a walk that turns no more than it does, and of a "
        "random walk with its steps."
    )
