"""Arrays in, axes out; and the one way in which a figure or a table enters the report."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown, display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from hw1lib import marks
from hw1lib.marks import KEY, plain, typographic
from hw1lib.showing import carried, drawn, lettering

# the one look of every figure that this module or a chapter draws
# from Matplotlib's own defaults on, whatever the user has set
plt.style.use(["default", Path(__file__).with_name("report.mplstyle")])

WIDEST = 90  # letters of a title at the size of those that name the data
SMALLEST = 8  # points, in print; of all letters but exponents
TRIAL = "a trial of the code: these numbers mean nothing"  # of the profile smoke, on its figures
BAND = "median and the band from the 10th to the 90th percentile"


class Settings(Protocol):
    """What a figure prints of the settings behind it."""

    @property
    def digest(self) -> str:
        """A short name that only these settings have."""

    @property
    def seeds(self) -> Sequence[int]:
        """Consecutive, one per replica."""


class Result(Protocol):
    """What a chapter computed."""

    @property
    def spec(self) -> Settings:
        """Under which settings."""


def panels(rows: int, columns: int, height: float, **settings: Any) -> tuple[Figure, np.ndarray]:
    """Make a grid of axes as wide as the report's text.

    Args:
        rows: Rows of panels.
        columns: Columns of panels.
        height: Of one row, in inches.
        settings: Further settings of `matplotlib.figure.Figure.subplots`.

    Returns:
        The figure, and its axes in an array (rows, columns).
    """
    # not pyplot's: nothing to close, and nothing shown twice in a notebook
    figure = Figure(figsize=(6.3, height * rows + 0.3))
    return figure, figure.subplots(rows, columns, squeeze=False, **settings)


def curves(
    ax: Axes,
    x: np.ndarray,
    values: np.ndarray,
    *,
    label: str,
    color: str,
    dash: Any = "-",
    band: bool = True,
) -> Axes:
    """Draw the median over replicas with the band from the 10th to the 90th percentile.

    Args:
        ax: Where to draw.
        x: Shape (K,).
        values: Shape (K, R); not finite where a replica has ended.
        label: Legend entry.
        color: Of line and band.
        dash: Line style, so that curves differ without colour too.
        band: Whether to draw it; several wide ones cover each other.
    """
    values = np.where(np.isfinite(values), values, np.nan)
    running = ~np.isnan(values).all(axis=1)
    low, median, high = bounds = np.full((3, len(values)), np.nan)
    whole = ~np.isnan(values).any(axis=1)  # most; where some are NaN it takes much longer
    for rows, quantile in ((whole, np.quantile), (running & ~whole, np.nanquantile)):
        if rows.any():
            bounds[:, rows] = quantile(values[rows], [0.1, 0.5, 0.9], axis=1)
    (line,) = ax.plot(x, median, color=color, linestyle=dash, label=label)
    drawn.note(line, x=np.asarray(x)[:, None], y=values, replica=np.arange(values.shape[1]))
    if band and values.shape[1] > 1 and running.any():
        drawn.omit(ax.fill_between(x, low, high, color=color, alpha=0.18, linewidth=0))
    return ax


def each(ax: Axes, x: np.ndarray, values: np.ndarray, *, color: str) -> Axes:
    """Draw every replica as a thin line, which is darker where lines meet.

    Args:
        ax: Where to draw.
        x: Shape (K,).
        values: Shape (K, R); not finite where a replica has ended.
        color: Of all lines.
    """
    for replica, line in enumerate(ax.plot(x, values, color=color, linewidth=0.6, alpha=0.5)):
        drawn.note(line, replica=replica)
    return ax


def strip(
    ax: Axes, groups: Mapping[str, np.ndarray], colors: Sequence[str], marks: Sequence[str]
) -> Axes:
    """Draw every replica of each group as a point, and the group's median as a bar.

    Args:
        ax: Where to draw.
        groups: Values (R,) by the name under the axis; NaN where a replica has none.
        colors: One per group.
        marks: One per group.
    """
    for place, (values, color, mark) in enumerate(zip(groups.values(), colors, marks, strict=True)):
        there = np.flatnonzero(~np.isnan(values))
        spread = np.linspace(-0.22, 0.22, len(there)) if len(there) > 1 else np.zeros(len(there))
        points = ax.scatter(place + spread, values[there], s=11, color=color, marker=mark)
        points.set(alpha=0.7, linewidths=0)
        drawn.note(points, replica=there)
        if len(there):
            ends, median = [place - 0.32, place + 0.32], np.median(values[there])
            drawn.omit(*ax.plot(ends, [median] * 2, color=color, linewidth=2))
    ax.set_xticks(range(len(groups)), list(groups))
    ax.set_xlim(-0.6, len(groups) - 0.4)
    ax.grid(axis="x", visible=False)
    return ax


def show(
    figure: Figure,
    name: str,
    caption: str,
    *,
    alt: str,
    result: Result,
    seen: str = "",
    standin: str = "",
    beside: Mapping[str, Any] | None = None,
) -> None:
    """Show a figure in the notebook and hand it to the report: as vectors, and as numbers.

    Args:
        figure: What to show.
        name: Its label, such as `fig-fit-loss`; text refers to it as
            `[Figure fit-loss](#fig-fit-loss)`, for which the report prints its number.
        caption: Markdown, which may hold computed numbers.
        alt: What the figure shows, for readers who cannot see it.
        result: What it is drawn from; the report prints its settings and seeds below the figure.
        seen: What is to be seen, computed; its first sentence heads the caption.
        standin: Data in the place of a published set, as Markdown, named on the figure and in the
            caption.
        beside: Further media of the same output, for those who can show more than a picture.

    Raises:
        ValueError: If letters of the figure are smaller than `SMALLEST`.
    """
    if seen:
        caption = f"{marks.headed(seen)} {caption}"
    marked = [shortened(plain(standin)).replace("$", r"\$")] if standin else []
    if standin:
        caption = carried.naming(caption, standin)
    if getattr(result.spec, "chosen_from", "") == "smoke":
        marked.append(TRIAL)
        caption = f"{caption} **{TRIAL[0].upper()}{TRIAL[1:]}.**"
    if marked:
        # a title of the figure, so that the layout makes room for it
        figure.suptitle(
            "; ".join(marked), x=0.99, ha="right", fontsize=SMALLEST, color="0.35", style="italic"
        )
    caption, alt = typographic(caption), typographic(alt)
    numbers = carried.packed(drawn.rows(figure))
    lettering.few_ticks(figure)
    for text in figure.findobj(Text):
        text.set_text(typographic(text.get_text()))
        if text.get_text() and float(text.get_fontsize()) < SMALLEST:
            raise ValueError(
                f"{name}: {text.get_text()!r} has {text.get_fontsize():g} points, and the report "
                f"prints nothing below {SMALLEST}"
            )
    if layout := figure.get_layout_engine():
        layout.execute(figure)  # once; each format would do so again
    with plt.rc_context({"figure.constrained_layout.use": False}):
        figure.set_layout_engine(None)  # not "none", with which each format is drawn twice
        vectors, dots = (carried.saved(figure, kind) for kind in ("svg", "png"))
    # in one line: a notebook is a list of lines, and of a figure's thousands each costs time
    on_one_line = vectors.decode().replace("\n", " ")
    bundle: dict[str, Any] = {"image/svg+xml": on_one_line, "text/plain": alt}
    # JupyterLab draws no vectors from a notebook that was executed elsewhere
    bundle["image/png"] = base64.b64encode(dots).decode()
    bundle[marks.DATA] = numbers
    bundle |= beside or {}
    metadata = {"kind": marks.FIGURE, "id": name, "caption": caption, "alt": alt}
    first, last = result.spec.seeds[0], result.spec.seeds[-1]
    metadata |= {
        "spec": result.spec.digest,
        "seeds": f"{first}" if first == last else f"{first} to {last}",
    }
    display(bundle, raw=True, metadata={KEY: metadata})
    _caption("Figure", name, caption)


def shortened(text: str) -> str:
    """Cut the middle out of a text that is longer than a figure is wide."""
    return text if len(text) <= WIDEST else f"{text[: WIDEST // 2]} … {text[-WIDEST // 2 + 3 :]}"


def table(
    frame: pd.DataFrame,
    name: str,
    caption: str,
    *,
    standin: str = "",
) -> None:
    """Show a table in the notebook and hand it to the report.

    Args:
        frame: Columns of text or numbers, already rounded for the reader.
        name: Its label, such as `tbl-fit-stop`.
        caption: Markdown.
        standin: Data in the place of a published set, as Markdown, named in the caption.
    """
    if standin:
        caption = carried.naming(caption, standin)
    shown, alike = carried.without_constants(frame)
    caption = typographic(" ".join([caption, *alike]))
    metadata = {"kind": marks.TABLE, "id": name, "caption": caption}
    bundle = {"text/markdown": carried.pipes(shown), "text/plain": shown.to_string(index=False)}
    bundle[marks.DATA] = carried.packed(frame)
    _caption("Table", name, caption)
    display(bundle, raw=True, metadata={KEY: metadata})


def _caption(word: str, name: str, caption: str) -> None:
    """Show a caption in the notebook, where links of the text lead to it."""
    called = f"{word} {name.partition('-')[2]}"
    text = f'<a id="{name}"></a>**{called}.** {caption}'
    display(
        {"text/markdown": text, "text/plain": f"{called}. {caption}"},
        raw=True,
        metadata={KEY: {"kind": marks.CAPTION}},
    )


def provenance(chapter: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Show where the chapter's numbers come from, here and on the report's provenance page.

    Args:
        chapter: Its title.
        rows: One per data set, as `jobs.record` makes them.
    """
    named = [{"chapter": chapter, **row} for row in rows]
    lines = []
    for row in named:
        places = "; ".join(
            f"{where['machine']}, {where['device']}, torch {where['versions']['torch']}"
            for where in row["environments"]
        )
        lines.append(
            f"- {row['data']}: {row['trainings']} trainings in {row['seconds']:,.0f} s on "
            f"{places}; commit {', '.join(row['commits']) or 'unknown'}"
        )
    bundle = {"text/markdown": "\n".join(lines), "text/plain": "\n".join(lines)}
    display(bundle, raw=True, metadata={KEY: {"kind": marks.PROVENANCE, "rows": named}})


def say(*sentences: str) -> Markdown:
    """Show sentences with computed numbers as a paragraph of the report."""
    return Markdown(typographic(" ".join(sentences)))


def points(sentences: Sequence[str]) -> Markdown:
    """Show sentences with computed numbers as a list."""
    return Markdown(typographic("\n".join(f"- {sentence}" for sentence in sentences)))
