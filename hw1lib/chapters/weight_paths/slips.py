"""Slips of reports A and B where they draw weight paths, and what each changes."""

from hw1lib.chapters.weight_paths.result import Paths, Result, percent_text
from hw1lib.chapters.weight_paths.spec import OF_A, OF_B
from hw1lib.judging.slips import Slip


def _shown(paths: Paths, layer: int | None, *, walk: bool = False) -> str:
    """Write the variance that a plane of two components shows of all runs together."""
    reason = "" if len(paths.arrived) else ", since all diverged,"
    return f"{percent_text(paths.plane_share(layer, walk=walk))}{reason}"


def _variance_shown(result: Result) -> str:
    paths = result.paths[OF_A]
    runs, walks = (_shown(paths, None, walk=walk) for walk in (False, True))
    return (
        f"wording only; the plane shows {runs} of the variance of {len(paths.arrived)} trainings, "
        f"{walks} of that of their walks"
    )


def _one_layer(result: Result) -> str:
    paths = result.paths[OF_B]
    layer, whole = (_shown(paths, which) for which in (0, None))
    return (
        f"planes show {layer} of the first layer's variance and {whole} of the whole network's, of "
        f"{len(paths.arrived)} trainings; not rebuilt without biases, which are few of the weights"
    )


SLIPS = (
    Slip(
        "A3",
        "speaks of activations where weights are projected; gives no variance",
        "called weights, with the variance shown beside that of random walks",
        _variance_shown,
    ),
    Slip(
        "B9",
        "announced a plot of one layer and shows none; leaves biases out",
        "one layer and the whole network, biases included",
        _one_layer,
    ),
)
