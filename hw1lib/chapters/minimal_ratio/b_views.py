"""The figure of report B's networks along their trainings, and what is to be seen there."""

import numpy as np
from matplotlib.figure import Figure

from hw1lib.chapters.minimal_ratio.result import Result, by_loss, of_b
from hw1lib.chapters.minimal_ratio.spec import B_NETWORKS, Spec
from hw1lib.judging.statistics import Interval, t_interval
from hw1lib.showing import drawn, figures
from hw1lib.showing.palette import BLUE, ORANGE

RATIOS = {  # what was measured, and what the figure calls it
    "over_loss": "B's text:\ngradient norm by loss",
    "layer_norm": "B's code: mean gradient\nnorm of the layers",
    "positive": "Hessian: share of\npositive eigenvalues",
}


def titles(spec: Spec) -> dict[str, str]:
    """Name B's networks by their widths."""
    return {name: f"1-{hidden}-1" for name, hidden in zip(B_NETWORKS, spec.b_hidden, strict=True)}


def along(result: Result) -> Figure:
    """Draw B's two ratios and the Hessian's against the validation loss along trainings."""
    figure, axes = figures.panels(1, len(RATIOS), 2.2, sharex=True)
    for (network, title), color, mark in zip(
        titles(result.spec).items(), (BLUE, ORANGE), "os", strict=True
    ):
        seen = result.of_b[network]
        updates = np.broadcast_to(seen.at[:, None], seen.loss.shape)
        for ax, values in zip(axes[0], of_b(result, network).values(), strict=True):
            points = ax.scatter(
                seen.validation,
                values,
                s=8,
                color=color,
                marker=mark,
                alpha=0.4,
                linewidths=0,
                label=title,
            )
            drawn.note(points, updates=updates.ravel())
    for ax, (name, label) in zip(axes[0], RATIOS.items(), strict=True):
        ax.set(xlabel="validation loss (mean squared error)", title=label)
        if any(np.isfinite(seen.loss).any() for seen in result.of_b.values()):
            ax.set_xscale("log")
            ax.set_yscale("linear" if name == "positive" else "log")
    axes[0, 0].legend(loc="best")
    return figure


def correlations(result: Result, network: str) -> dict[str, Interval]:
    """Correlate the ranks of each ratio and the validation loss along trainings of a network."""
    validation = result.of_b[network].validation
    found = of_b(result, network)
    return {name: t_interval(by_loss(validation, values)) for name, values in found.items()}


def sentence(result: Result) -> str:
    """Say how each ratio goes with the validation loss along the training of B's networks."""
    parts = []
    for network, title in titles(result.spec).items():
        text, code, share = correlations(result, network).values()
        if not text.n:
            parts.append(f"no training of {title} can be ranked")
            continue
        parts.append(
            f"along the training of {title} (n = {text.n}) the rank correlation with the "
            f"validation loss is {text} for the gradient norm by loss, {code} for the mean norm of "
            f"the layers, and {share} for the share of positive eigenvalues"
        )
    said = "; ".join(parts)
    return f"{said[0].upper()}{said[1:]}."
