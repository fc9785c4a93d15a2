"""What report A says about weight paths, and what chapter 21 expects, each with its test."""

from functools import partial

from hw1lib.chapters.weight_paths.result import PERSISTENT, TRAINED, WALKS, Result
from hw1lib.chapters.weight_paths.spec import OF_A
from hw1lib.judging.effects import POINTS, Bound, Difference, Effect, Ratio, Share
from hw1lib.judging.verdicts import Claim, Margin

AFTER = "the full run"

STRAIGHTER = Margin(
    0.1, "straightness lies between 0 and 1, and a tenth is the least that a plot of paths shows"
)
PERSISTING = Margin(0.1, "the same tenth, against another walk", AFTER)
OFTEN = Margin(0.1, "a star needs more than 60 % of its rays to lead outwards", AFTER)
MORE_OFTEN = Margin(10.0, "one ray in ten more or less does not change the picture", AFTER)
BROADER = Margin(1.1, "two clouds whose widths differ by less than a tenth look equally wide")
OTHER_LAYERS = Margin(BROADER.size, "the same tenth, against the other layers", AFTER)
MOST = Margin(10.0, "40 to 60 % would be about half, neither most nor little", AFTER)


def _leads_outwards(result: Result) -> Effect:
    return Share("paths that end farther out than they start", result.paths[OF_A].outward(None))


def _more_outwards(result: Result) -> Effect:
    paths = result.paths[OF_A]
    sides = {TRAINED: paths.outward(None), WALKS: paths.outward(None, walk=True)}
    percent = {name: 100.0 * which for name, which in sides.items()}
    return Difference("paths that end farther out than they start", percent, unit=POINTS)


def _straighter(than: str, result: Result) -> Effect:
    paths = result.paths[OF_A]
    walks = {
        WALKS: lambda: paths.straightness(None, walk=True),
        PERSISTENT: lambda: paths.persistent_straightness(None),
    }
    sides = {TRAINED: paths.straightness(None), than: walks[than]()}
    return Difference("displacement / path length", sides)


def _broader(layer: int, result: Result) -> Effect:
    paths = result.paths[OF_A]
    sides = {"whole network": paths.spread(None), paths.layers[layer]: paths.spread(layer)}
    return Ratio("spread per parameter", sides)


def _holds_most(result: Result) -> Effect:
    paths = result.paths[OF_A]
    name = f"variance of the whole network that {paths.layers[0]} holds"
    return Bound(name, paths.variance_share(0), at_least=50.0, unit="%", whole=True)


CLAIMS = (
    Claim(
        "A-C12a",
        "Drawn by PCA, the paths of eight trainings form a star that leads outwards.",
        _leads_outwards,
        OFTEN,
    ),
    Claim(
        "A-C12b",
        "The star says something about training, since random walks draw less of one.",
        _more_outwards,
        MORE_OFTEN,
    ),
    Claim(
        "A-C13a",
        "Per parameter, the snapshots of the whole network spread more than its first layer's.",
        partial(_broader, 0),
        BROADER,
    ),
    Claim(
        "A-C13b",
        "Per parameter, they spread more than its second layer's.",
        partial(_broader, 1),
        OTHER_LAYERS,
    ),
    Claim(
        "A-C13c",
        "Per parameter, they spread more than its third layer's.",
        partial(_broader, 2),
        OTHER_LAYERS,
    ),
    Claim(
        "A-C13d",
        "One layer, the first, holds most of the whole network's variance.",
        _holds_most,
        MOST,
    ),
    Claim(
        "E-21a",
        "Training moves the weights straighter than random walks with the same starts and steps.",
        partial(_straighter, WALKS),
        STRAIGHTER,
    ),
    Claim(
        "E-21b",
        "It moves them straighter than walks that also turn no more from snapshot to snapshot.",
        partial(_straighter, PERSISTENT),
        PERSISTING,
    ),
)
