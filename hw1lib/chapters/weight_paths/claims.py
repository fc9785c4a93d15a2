"""What report A says about weight paths, each sentence with its test."""

from hw1lib.chapters.weight_paths.result import Result, broader, straighter
from hw1lib.chapters.weight_paths.spec import OF_A
from hw1lib.judging import verdicts
from hw1lib.judging.verdicts import Claim, Verdict

# Straightness lies between 0 and 1, and a walk of 15 equal steps has 1 / sqrt(15) = 0.26. A tenth
# is the least that a reader sees in a plot of paths.
STRAIGHTER = 0.1
# Two clouds whose widths differ by less than a tenth look equally wide.
BROADER = 10.0  # %


def _star(result: Result) -> Verdict:
    """Judge whether A's runs leave their starts straighter than walks of the same steps do."""
    paths = result.paths[OF_A]
    return verdicts.of_effect(
        f"displacement / path length of each {paths.name} with that of its random walk",
        straighter(paths, None),
        unit="of the path",
        margin=STRAIGHTER,
    )


def _cloud(result: Result) -> Verdict:
    """Judge whether A's whole network spreads more per parameter than its first layer does."""
    paths = result.paths[OF_A]
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
