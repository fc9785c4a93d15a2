"""What report A says about weight paths, each sentence with its test."""

from hw1lib.chapters.weight_paths import A, Paths, Result
from hw1lib.judging import verdicts
from hw1lib.judging.statistics import NO_INTERVAL, Interval, paired_difference, t_interval
from hw1lib.judging.verdicts import Claim, Verdict
from hw1lib.measuring import trajectories


def straighter(paths: Paths, layer: int | None) -> Interval:
    """Compare the straightness of each run with that of its random walk, paired."""
    if not len(paths.arrived):
        return NO_INTERVAL
    return paired_difference(
        trajectories.straightness(paths.gram(layer)),
        trajectories.straightness(paths.gram(layer, walk=True)),
    )


def broader(paths: Paths, layer: int) -> Interval:
    """Tell by how many percent the whole network spreads more per parameter than a layer does."""
    if not len(paths.arrived):
        return NO_INTERVAL
    return t_interval(100 * (paths.spread(None) / paths.spread(layer) - 1))


# Straightness lies between 0 and 1, and a walk of 15 equal steps has 1 / sqrt(15) = 0.26. A tenth
# is the least that a reader sees in a plot of paths.
STRAIGHTER = 0.1
# Two clouds whose widths differ by less than a tenth look equally wide.
BROADER = 10.0  # %


def _star(result: Result) -> Verdict:
    """Judge whether A's runs leave their starts straighter than walks of the same steps do."""
    return verdicts.of_effect(
        f"displacement / path length of each {result.paths[A].name} with that of its random walk",
        straighter(result.paths[A], None),
        unit="of the path",
        margin=STRAIGHTER,
    )


def _cloud(result: Result) -> Verdict:
    """Judge whether A's whole network spreads more per parameter than its first layer does."""
    paths = result.paths[A]
    return verdicts.of_effect(
        f"spread per parameter of the whole {paths.name} with that of its first layer",
        broader(paths, 0),
        unit="%",
        margin=BROADER,
    )


CLAIMS = (
    Claim(
        "A-C12",
        "The paths of eight trainings, drawn by PCA, form a star: each leads straight away.",
        _star,
    ),
    Claim(
        "A-C13",
        "The cloud of the whole network's snapshots is broader than that of one layer's.",
        _cloud,
    ),
)
