"""The figure of report B's networks along their trainings, and what is to be seen there."""

import textwrap

import numpy as np
from matplotlib.figure import Figure

from hw1lib.chapters.minimal_ratio.result import Result, by_loss, of_b
from hw1lib.chapters.minimal_ratio.spec import B_NETWORKS, Spec
from hw1lib.showing import drawn, figures
from hw1lib.showing.palette import BLUE, ORANGE

RATIOS = {  # whose measure it is, and what it measures
    "over_loss": ("B's text", "gradient norm by loss"),
    "layer_norm": ("B's code", "mean gradient norm of the layers"),
    "positive": ("Hessian", "share of positive eigenvalues"),
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
    for ax, (name, (whose, what)) in zip(axes[0], RATIOS.items(), strict=True):
        title = textwrap.fill(f"{whose}: {what}", 24)
        ax.set(xlabel="validation loss\n(mean squared error)", title=title)
        if any(np.isfinite(seen.loss).any() for seen in result.of_b.values()):
            ax.set_xscale("log")
            ax.set_yscale("linear" if name == "positive" else "log")
    axes[0, 0].legend(loc="best")
    return figure


def sentence(result: Result) -> str:
    """Say how each ratio goes with the validation loss along the training of B's networks."""
    parts, closest = [], ""
    for network, title in titles(result.spec).items():
        validation = result.of_b[network].validation
        found = {
            RATIOS[name][1]: by_loss(validation, values)
            for name, values in of_b(result, network).items()
        }
        known = {name: rho[np.isfinite(rho)] for name, rho in found.items()}
        if not all(map(len, known.values())):
            parts.append(f"{title} none, since every training diverged")
            continue
        medians = {name: float(np.median(rho)) for name, rho in known.items()}
        closest = closest or (
            f"Along the training of {title} the {max(medians, key=medians.__getitem__)} follows "
            "the validation loss most closely. "
        )
        told = ", ".join(f"{name} {median:.2f}" for name, median in medians.items())
        parts.append(f"{title} (n = {min(map(len, known.values()))}) {told}")
    return f"{closest}Median rank correlations with it: {'; '.join(parts)}."
