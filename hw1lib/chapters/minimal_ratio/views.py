"""Figures and tables of chapter 23, each a function of its result."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from hw1lib.chapters.minimal_ratio import ratios
from hw1lib.chapters.minimal_ratio.result import (
    A_BAND,
    RIVALS,
    Result,
    certified_spectra,
    correlate,
    signed,
    trained,
)
from hw1lib.chapters.minimal_ratio.spec import (
    ALONE,
    BOTTOM,
    EMBEDDED,
    LEAKY,
    MADE,
    RECIPE,
    SMOOTH,
    SPLIT,
    UNDECAYED,
)
from hw1lib.showing import drawn, figures, lettering
from hw1lib.showing.palette import BLUE, GREEN, ORANGE, PINK, RED, SKY

STYLES = {  # colour and mark of each arm, in every figure
    RECIPE: (BLUE, "o"),
    BOTTOM: (GREEN, "s"),
    EMBEDDED: (RED, "^"),
    ALONE: (SKY, "o"),
    SPLIT: (ORANGE, "^"),
    LEAKY: (PINK, "D"),
}
SEARCH, NEWTON, SMALLER = "homework's search", "then Newton's method", "made from smaller ones"
PLAIN = {RECIPE: SEARCH, BOTTOM: NEWTON, EMBEDDED: SMALLER, ALONE: SEARCH, SPLIT: SMALLER}
FACTORS = np.geomspace(1, 1e14, 57)  # tolerances of the sweep, in round-offs


def searches(result: Result) -> Figure:
    """Draw where every search ended: its residual against its loss, with and without decay."""
    figure, axes = figures.panels(1, 2, 2.3, sharey=True, sharex=True)
    arms = (SMOOTH, UNDECAYED)
    titles = ("with weight decay", "loss alone")
    for ax, group, title in zip(axes[0], arms, titles, strict=True):
        for arm in group:
            color, mark = STYLES[arm]
            end, certified = result.arms[arm].end, result.certified(arm)
            flat = result.gradient_flat(arm)
            for outcome, which, face, edge in (
                ("certified", certified, color, "none"),
                ("rejected", ~certified & ~flat, "none", color),
                ("gradient-flat", flat, "0.75", color),
            ):
                points = ax.scatter(
                    end.loss[which],
                    np.maximum(end.residual[which], 1e-17),
                    s=16,
                    marker=mark,
                    facecolors=face,
                    edgecolors=edge,
                    linewidths=0.8,
                    alpha=0.8,
                    label=PLAIN[arm] if face == color else None,
                )
                drawn.note(points, series=arm, network=np.flatnonzero(which), outcome=outcome)
        ax.axhline(result.spec.residual, color="0.4", linewidth=0.8, linestyle="--")
        ax.axvline(result.constant, color="0.5", linewidth=0.8, linestyle=":")
        ax.set(xscale="log", yscale="log", title=title, xlabel="loss (mean squared error)")
        ax.legend(loc="upper left" if group == SMOOTH else "lower left")
    axes[0, 0].set_ylabel("norm of the gradient")
    return figure


def along(result: Result) -> Figure:
    """Draw the ratio of A's network while it trains: against the update, and against the loss."""
    figure, axes = figures.panels(1, 2, 2.2, sharey=True)
    looks, decay = result.along, result.spec.weight_decay
    kinds = {
        "Hessian of the loss": (result.along_shares().positive, BLUE, "o"),
        "with weight decay": (looks.shares(result.spec.tolerance, decay).positive, GREEN, "s"),
        "as A's code counts": (looks.gauss_newton, RED, "^"),
    }
    for name, (values, color, mark) in kinds.items():
        figures.curves(axes[0, 0], looks.at + 1, values, label=name, color=color)
        points = axes[0, 1].scatter(
            looks.loss, values, s=8, color=color, marker=mark, alpha=0.5, linewidths=0, label=name
        )
        updates = np.broadcast_to(looks.at[:, None], looks.loss.shape)
        drawn.note(points, updates=updates.ravel())
    for ax, label in zip(axes[0], ("update", "loss (mean squared error)"), strict=True):
        ax.axhspan(*A_BAND, color="0.85", linewidth=0, zorder=0)
        ax.set(xlabel=label, ylim=(-0.03, 1.03))
        if np.isfinite(looks.loss).any():
            ax.set_xscale("log")
    axes[0, 0].set_ylabel("share of positive eigenvalues")
    axes[0, 0].legend(loc="center left")
    return figure


def shares_against_loss(result: Result) -> Figure:
    """Draw the minimal ratio of every certified point against its loss: found, and made ones."""
    figure, axes = figures.panels(1, 2, 2.2, sharex=True, sharey=True)
    kinds = {"found": lambda arm: arm not in MADE, "made": lambda arm: arm in MADE}
    for ax, (title, belongs) in zip(axes[0], kinds.items(), strict=True):
        for arm in filter(belongs, (*SMOOTH, *UNDECAYED)):
            _certified(ax, result, arm, result.shares(arm).positive)
        ax.axvline(result.constant, color="0.5", linewidth=0.8, linestyle=":")
        ax.axhspan(*A_BAND, color="0.85", linewidth=0, zorder=0)
        ax.set(xscale="log", xlabel="loss (mean squared error)", title=title, ylim=(-0.03, 1.03))
        if ax.collections:
            ax.legend(loc="lower left")
    axes[0, 0].set_ylabel("share of positive eigenvalues")
    return figure


def _certified(ax: Axes, result: Result, arm: str, values: np.ndarray) -> None:
    color, mark = STYLES[arm]
    chosen = result.certified(arm)
    if chosen.any():
        points = ax.scatter(
            result.arms[arm].end.loss[chosen],
            values[chosen],
            s=18,
            color=color,
            marker=mark,
            alpha=0.7,
            linewidths=0,
            label=arm,
        )
        drawn.note(points, network=np.flatnonzero(chosen))


def tolerances(result: Result) -> Figure:
    """Draw the three shares against the tolerance: a panel for each kind of objective."""
    figure, axes = figures.panels(1, 2, 2.3, sharey=True, sharex=True)
    groups = {"with weight decay": SMOOTH, "loss alone": UNDECAYED}
    looks = {"positive": (BLUE, "-"), "zero": ("0.4", ":"), "negative": (RED, "--")}
    for ax, (title, arms) in zip(axes[0], groups.items(), strict=True):
        spectra = certified_spectra(result, arms)
        if len(spectra):
            swept = [ratios.shares(spectra, factor) for factor in FACTORS]
            for part, (color, dash) in looks.items():
                values = np.stack([getattr(shares, part) for shares in swept])
                figures.curves(ax, FACTORS, values, label=part, color=color, dash=dash)
                points = np.arange(len(spectra))
                drawn.note(ax.lines[-1], x=FACTORS[:, None], y=values, point=points)
            ax.legend(loc="center left")
        ax.axvline(result.spec.tolerance, color="0.5", linewidth=0.8)
        ax.set(xscale="log", title=f"{title} (n = {len(spectra)})", ylim=(-0.03, 1.03))
    figure.supxlabel("tolerance, in round-offs of the largest eigenvalue")
    axes[0, 0].set_ylabel("share of eigenvalues")
    return figure


def spectra(result: Result) -> Figure:
    """Draw the sorted eigenvalues of a few points, each sign on a logarithmic axis."""
    figure, axes = figures.panels(1, 2, 2.3, sharex=True, sharey=True)
    groups = {"with weight decay": (BOTTOM, EMBEDDED), "loss alone": (ALONE, SPLIT, LEAKY)}
    for ax, (title, arms) in zip(axes[0], groups.items(), strict=True):
        ax.set_title(title)
        _sorted_eigenvalues(ax, result, arms)
    axes[0, 0].set_ylabel("eigenvalue (loss per squared weight)")
    figure.supxlabel("eigenvalue, from the largest down")
    return figure


def _sorted_eigenvalues(ax: Axes, result: Result, arms: tuple[str, ...]) -> None:
    """Draw those of the network with the smallest gradient of each arm."""
    for arm in arms:
        end, (color, mark) = result.arms[arm].end, STYLES[arm]
        measured = np.where(np.isfinite(end.loss), end.residual, np.inf)
        if not np.isfinite(measured).any():
            continue
        best = int(measured.argmin())
        values = end.eigenvalues[best][::-1]
        (line,) = ax.plot(
            np.arange(1, len(values) + 1),
            values,
            f"{mark}-",
            markersize=2.5,
            linewidth=0.7,
            color=color,
            label=PLAIN.get(arm, arm),
        )
        drawn.note(line, network=best)
    ax.axhline(0, color="0.5", linewidth=0.8)
    ax.set_yscale("symlog", linthresh=1e-8)
    ax.set_yticks([-1, -1e-2, -1e-4, -1e-6, 0, 1e-6, 1e-4, 1e-2, 1])
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="lower left")


def rivals(result: Result) -> Figure:
    """Draw every rival definition against the Hessian's share, where phase 1 was left."""
    figure, axes = figures.panels(2, 2, 1.7, sharex=True)
    positive = trained(result, "positive")
    losses = trained(result, "loss")
    some = losses[np.isfinite(losses) & (losses > 0)]
    scale = LogNorm(some.min(), some.max()) if len(some) else None
    networks = np.flatnonzero(~result.arms[RECIPE].diverged)
    for ax, (name, label) in zip(axes.flat, RIVALS.items(), strict=True):
        values = trained(result, name)
        points = ax.scatter(
            positive, values, c=losses, s=14, cmap="cividis", norm=scale, linewidths=0
        )
        drawn.note(points, network=networks, loss=losses)
        rho = correlate(result, "positive", name)
        ax.set_title(f"rank correlation\n{signed(rho)}" if rho.n else "nothing to rank")
        ax.set_label(label)
        ax.set_ylabel(label)
        if name in ("over_loss", "layer_norm") and (values > 0).any():
            ax.set_yscale("log")
    figure.supxlabel("share of positive eigenvalues of the Hessian")
    bar = figure.colorbar(points, ax=axes, shrink=0.7)
    bar.set_label("loss (mean squared error)")
    if len(some):
        lettering.few_numbers(bar.ax.yaxis, some.min(), some.max())
    return figure


def kinks(result: Result) -> Figure:
    """Draw the positive share of networks with kinks, below the ceiling of their symmetry."""
    figure, axes = figures.panels(1, 1, 2.3)
    ax = axes[0, 0]
    for arm in (ALONE, LEAKY):
        end, shares, (color, mark) = result.arms[arm].end, result.shares(arm), STYLES[arm]
        certified = result.certified(arm)
        for which, face in ((certified, color), (~certified, "none")):
            points = ax.scatter(
                end.loss[which],
                shares.positive[which],
                s=16,
                marker=mark,
                facecolors=face,
                edgecolors=color,
                linewidths=0.8,
                alpha=0.8,
                label="tanh" if arm == ALONE else arm if face == "none" else None,
            )
            drawn.note(
                points,
                series="tanh" if arm == ALONE else arm,
                network=np.flatnonzero(which),
                certified=face == color,
            )
    handles = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    ax.axhline(result.ceiling, color="0.3", linewidth=0.8, linestyle="--")
    ax.annotate("ceiling 1 - H/P", (0.99, result.ceiling), xycoords=("axes fraction", "data"),
                ha="right", va="bottom")  # fmt: skip
    ax.set(xscale="log", ylim=(-0.03, 1.03), xlabel="loss (mean squared error)")
    ax.set_ylabel("share of positive eigenvalues")
    ax.legend(handles.values(), handles.keys(), loc="lower left")
    return figure


def panel(ax: Axes, result: Result) -> None:
    """Draw the index of every distinct point against its loss, for the summary."""
    for arm in SMOOTH:
        chosen, (color, mark) = result.distinct(arm), STYLES[arm]
        losses, shares = result.arms[arm].end.loss[chosen], result.shares(arm).negative[chosen]
        if len(chosen):
            name, alpha = (f"{arm} (made)", 0.4) if arm in MADE else (f"{arm} (found)", 1.0)
            ax.scatter(
                losses, shares, s=14, color=color, marker=mark, label=name, alpha=alpha,
                linewidths=0,
            )  # fmt: skip
    ax.set(xlabel="loss (mean squared error)", ylabel="share of negative eigenvalues")
    ax.set_xscale("log")
    if ax.collections:
        ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1))


def rival_table(result: Result) -> pd.DataFrame:
    """List how each definition goes with the Hessian's two shares and with the loss."""
    names = {"positive": "Hessian: share > 0", "negative": "Hessian: share < 0 (index)"}
    names |= {name: label.replace("\n", " ") for name, label in RIVALS.items()}
    return pd.DataFrame(
        [
            {
                "definition": label,
                "with share > 0": signed(correlate(result, name, "positive")),
                "with index": signed(correlate(result, name, "negative")),
                "with loss": signed(correlate(result, name, "loss")),
            }
            for name, label in names.items()
        ]
    )
