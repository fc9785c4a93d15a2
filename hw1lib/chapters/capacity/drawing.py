"""How the figures of chapter 32 draw what was measured against size."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, LogLocator

from hw1lib.chapters.capacity.spec import BETWEEN, LONG, NOISY, OF_A, OF_B, SETTLED
from hw1lib.judging.statistics import t_interval
from hw1lib.showing import drawn, lettering
from hw1lib.showing.palette import BLACK, BLUE, GREEN, ORANGE, PINK, RED, SKY

STYLES = {  # colour and mark of each arm, in every figure
    OF_A: (BLUE, "o"),
    OF_B: (RED, "s"),
    SETTLED: (GREEN, "^"),
    NOISY: (PINK, "D"),
    BETWEEN: (SKY, "P"),
    LONG: (ORANGE, "o"),
}
EARLY = (SKY, "v")  # A's networks, trained on, after as many epochs as in A's own arm
OTHER = (BLACK, "x")  # what reports wrote, or fitted labels without noise
DASHES = {"train": "--", "test": "-"}
SPLITS = {"train": "training", "test": "test"}
SIZE = "parameters"
BAND = "mean and its 95 % t interval"


def draw(
    ax: Axes,
    sizes: np.ndarray,
    values: np.ndarray,
    style: tuple[str, str],
    split: str,
    label: str = "",
) -> None:
    """Draw means over trainings with their t intervals; values (R, K), test marks filled."""
    color, mark = style
    mean, low, high = limits(values)
    (line,) = ax.plot(
        sizes,
        mean,
        color=color,
        linestyle=DASHES[split],
        marker=mark,
        markerfacecolor=color if split == "test" else "white",
        label=label,
    )
    drawn.note(line, x=sizes, y=values, replica=np.arange(len(values))[:, None])
    ax.fill_between(sizes, low, high, color=color, alpha=0.18, linewidth=0)


def limits(values: np.ndarray) -> np.ndarray:
    """Compute means of values (R, K) over trainings with the limits of their intervals, (3, K)."""
    intervals = [t_interval(column) for column in values.T]
    return np.array([(i.mean, i.low, i.high) for i in intervals]).T


def scale(ax: Axes, y: str = "linear") -> None:
    """Make the axis of sizes logarithmic, and the other one if wanted."""
    if y == "log":
        lettering.log_scale(ax)
    elif not np.isfinite(ax.dataLim.y1):
        lettering.say_diverged(ax)
    across = ax.get_shared_x_axes().get_siblings(ax)
    if any(np.isfinite(each.dataLim.minposx) for each in across):
        ax.set_xscale("log")
        for each in across:
            each.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
            each.xaxis.set_major_formatter(EngFormatter(sep=""))


def keep_to_percent(ax: Axes) -> None:
    """Cut an axis of shares where intervals of few trainings go beyond 0 or 100 %."""
    low, high = ax.get_ylim()
    ax.set_ylim(max(low, -1), min(high, 101))
