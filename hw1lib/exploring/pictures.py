"""A view as Matplotlib draws it, for print and for all that shows a notebook without running it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize
from matplotlib.figure import Figure

from hw1lib.exploring.limits import heat_limits
from hw1lib.exploring.views import Layer, State, View
from hw1lib.showing import drawn, figures

RAMP = ((20, 24, 82), (0, 92, 138), (0, 143, 126), (104, 188, 84), (250, 236, 130))
COLOURS = LinearSegmentedColormap.from_list("hw1", [tuple(c / 255 for c in one) for one in RAMP])
ACROSS = 3  # panels side by side, at most


def picture(view: View, state: State | None = None) -> Figure:
    """Draw a view at a state, at its first one by default."""
    state = {**view.start, **(state or {})}
    across = min(len(view.panels), ACROSS)
    figure, axes = figures.panels(-(-len(view.panels) // across), across, 2.3)
    for n, ax in enumerate(axes.flat):
        if n < len(view.panels):
            _panel(ax, view, n, state)
        else:
            ax.set_axis_off()
    _legends(axes.flat)
    if settings := said(view, state):
        figure.suptitle(figures.shortened(settings).replace("$", r"\$"), fontsize=figures.SMALLEST)
    return figure


def said(view: View, state: State) -> str:
    """Say what the controls are at: of those that choose what is drawn."""
    texts = []
    for control in view.controls:
        if control.kind == "text" and state[control.name]:
            texts.append(f"{control.label.removesuffix(' =')}: {state[control.name]}")
        elif control.options and not control.live:
            texts.append(f"{control.label}: {control.options[int(state[control.name])]}")
    return "; ".join(texts)


def _panel(ax: Axes, view: View, number: int, state: State) -> None:
    panel = view.panels[number]
    ax.set_title(panel.title, fontsize=figures.SMALLEST)
    for layer in view.layers:
        if layer.panel == number:
            _layer(ax, layer, {n: view.at(a, state) for n, a in layer.parts.items()})
    for name, axis in (("x", panel.x), ("y", panel.y)):
        option = int(state[axis.by]) if axis.by else 0
        label = axis.label if isinstance(axis.label, str) else axis.label[option]
        if axis.log:
            getattr(ax, f"set_{name}scale")("log")
        getattr(ax, f"set_{name}label")(label)
        getattr(ax, f"set_{name}lim")(*view.limits(number, name, option))
    if panel.bare:
        ax.set_axis_off()


def _legends(axes: Iterable[Axes]) -> None:
    """Name in each panel what no panel before it has named."""
    named: set[str] = set()
    for ax in axes:
        handles, labels = ax.get_legend_handles_labels()
        fresh = {label: handle for handle, label in zip(handles, labels, strict=True)}
        fresh = {label: handle for label, handle in fresh.items() if label not in named}
        if fresh:
            ax.legend(fresh.values(), fresh.keys(), fontsize=figures.SMALLEST)
        named |= set(fresh)


def _layer(ax: Axes, layer: Layer, part: dict[str, np.ndarray]) -> None:
    dash = (0, tuple(float(n) for n in layer.dash.split())) if layer.dash else "-"
    label = layer.label or None
    match layer.kind:
        case "line":
            ax.plot(
                part["x"], part["y"], color=layer.colour, linestyle=dash,
                linewidth=layer.width * 0.7, label=label,
            )  # fmt: skip
        case "band":
            ax.fill_between(
                part["x"], part["low"], part["high"], color=layer.colour, alpha=0.2, linewidth=0
            )
        case "points":
            size = (1.4 * layer.width) ** 2
            ax.scatter(part["x"], part["y"], s=size, color=layer.colour, alpha=0.7, label=label)
        case "rule":
            draw, at = (ax.axvline, part["x"]) if "x" in part else (ax.axhline, part["y"])
            if np.isfinite(at[0]):
                draw(float(at[0]), color=layer.colour, linestyle=dash, linewidth=0.8, label=label)
        case "heat":
            low, high = heat_limits(part["z"], log=layer.log)
            norm = LogNorm(low, high) if layer.log else Normalize(low, high)
            cells = ax.pcolormesh(
                part["x"], part["y"], part["z"], cmap=COLOURS, norm=norm, rasterized=True
            )
            ax.grid(visible=False)
            ax.figure.colorbar(cells, ax=ax, label=layer.label or ax.get_title())
        case "image":
            pixels = np.moveaxis(part["z"], 0, -1)
            (left, right), (low, high) = (_ends(part[name]) for name in "xy")
            shown = pixels if pixels.shape[-1] > 1 else np.repeat(pixels, 3, axis=-1)
            extent = (left, right, low, high)
            drawn.omit(ax.imshow(shown.clip(0, 1), extent=extent, origin="lower", aspect="auto"))
        case "words":
            for x, y, which in zip(part["x"], part["y"], part["z"], strict=True):
                if np.isfinite(which):
                    ax.text(
                        x, y, layer.texts[int(which)], color=layer.colour, ha="center",
                        va="center", fontsize=figures.SMALLEST,
                    )  # fmt: skip


def _ends(centres: np.ndarray) -> tuple[float, float]:
    """Return where cells around evenly spaced numbers begin and end."""
    half = (centres[1] - centres[0]) / 2
    return centres[0] - half, centres[-1] + half
