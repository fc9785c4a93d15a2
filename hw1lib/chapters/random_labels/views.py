"""Figures and tables of chapter 31, each a function of its result."""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from hw1lib.chapters.random_labels.result import (
    REPORTS,
    ZHANG,
    Fit,
    Result,
    finite,
    learned,
    learned_at_scale,
    parameters,
    slower,
    slower_to,
    with_subject,
)
from hw1lib.chapters.random_labels.spec import CNN, MLP, NETWORKS, RANDOM, TRUE
from hw1lib.judging.statistics import geometric_mean, t_interval
from hw1lib.showing import drawn, figures, lettering
from hw1lib.showing.palette import BLUE, RED

STYLES = {MLP: (BLUE, "o"), CNN: (RED, "s")}  # colour and mark of each network
DASHES = ["-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1, 1, 1))]
UNITS = {"loss": "cross-entropy (nats)", "accuracy": "accuracy (%)"}
PACES = np.array([0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0])  # labels right
SHIFTS = {MLP: -2.5, CNN: 2.5}  # of points, so that the networks stand side by side


def curves(result: Result, network: str) -> Figure:
    """Draw loss and accuracy of both splits against epochs, by share of random labels."""
    figure, axes = figures.panels(2, 2, 1.8, sharex=True, sharey="row")
    for row, measure in zip(axes, UNITS, strict=True):
        for ax, split in zip(row, ("train", "test"), strict=True):
            _course(ax, result, network, split, measure)
        row[0].set_ylabel(UNITS[measure])
    for ax, split in zip(axes[0], ("training images", "test images"), strict=True):
        ax.set_title(split)
        lettering.log_scale(ax)
    _name_shares(axes[0, 1])
    figure.supxlabel("epochs over the training images")
    return figure


def noise(result: Result) -> Figure:
    """Draw how long the fit takes, and how the fitted network tests, against the noise."""
    figure, (axes,) = figures.panels(1, 2, 2.2)
    for network in NETWORKS:
        medians = []
        for share, fit in result.arm(network).items():
            passes = np.where(fit.diverged, np.nan, np.minimum(fit.fitted, result.spec.epochs))
            # open marks end unfitted: they would have needed more
            _points(axes[0], result, network, share, passes, fitted=np.isfinite(fit.fitted))
            tested = fit.percent("test")
            _points(axes[1], result, network, share, tested)
            known = [finite(values) for values in (passes, tested)]
            medians.append([np.median(values) if len(values) else np.nan for values in known])
        color, mark = STYLES[network]
        places = [100 * share + SHIFTS[network] for share in result.arm(network)]
        for ax, line in zip(axes, np.transpose(medians), strict=True):
            (drawn_line,) = ax.plot(places, line, color=color, marker=mark, markersize=3)
            drawn_line.set(linewidth=1, label=with_subject(result, network))
            drawn.omit(drawn_line)
    for ax in axes:
        ax.set_xticks([100 * share for share in result.spec.shares])
    lettering.log_scale(axes[0])
    axes[0].set_ylabel("epochs until all labels are right")
    axes[1].axhline(result.images[MLP].chance, color="0.5", linewidth=0.8, linestyle=(0, (2, 2)))
    axes[1].set(ylabel="test accuracy (%)", ylim=(0, 102))
    axes[1].legend()
    figure.supxlabel("labels drawn at random (%)")
    return figure


def pace(result: Result) -> Figure:
    """Draw how much longer random labels take than true ones until so many are right."""
    figure, axes = figures.panels(1, 1, 2.2)
    ax = axes[0, 0]
    for network in NETWORKS:
        color, mark = STYLES[network]
        ratios = np.array([slower_to(result, network, share) for share in PACES])
        found = [geometric_mean(row) for row in ratios]
        mean, low, high = np.array([[i.mean, i.low, i.high] for i in found]).T
        (line,) = ax.plot(
            100 * PACES, mean, color=color, marker=mark, label=with_subject(result, network)
        )
        drawn.note(line, x=100 * PACES[:, None], y=ratios, replica=np.arange(ratios.shape[1]))
        ax.fill_between(100 * PACES, low, high, color=color, alpha=0.18, linewidth=0)
    lettering.log_scale(ax)
    ax.axhline(1, color="0.5", linewidth=0.8, linestyle=(0, (2, 2)))
    ax.set(xlabel="training labels that are right (%)", ylabel="epochs, random / true labels")
    ax.legend()
    return figure


def memory(result: Result) -> Figure:
    """Draw the accuracy on the true labels of the training images against epochs."""
    figure, (axes,) = figures.panels(1, len(NETWORKS), 2.1, sharey=True)
    for ax, network in zip(axes, NETWORKS, strict=True):
        _course(ax, result, network, "train", "true accuracy")
        ax.set_title(with_subject(result, network))
    axes[0].set(ylabel="accuracy on the true labels (%)", ylim=(0, 102))
    _name_shares(axes[-1])
    figure.supxlabel("epochs over the training images")
    return figure


def written(result: Result) -> Figure:
    """Draw the training loss on random labels as B kept it, beside that of the whole split."""
    figure, (axes,) = figures.panels(1, len(NETWORKS), 2.1, sharey=True)
    for ax, network in zip(axes, NETWORKS, strict=True):
        fit = result.fits[network, RANDOM]
        passes = 1 + np.arange(len(fit.last))
        last = ax.plot(passes, fit.last[:, 0], ".", color="0.45", markersize=3)
        last[0].set_label("last minibatch")
        whole = fit.series("train", "loss")
        whole = np.where(fit.epochs[:, None] <= _ends(fit), whole, np.nan)[:, 0]
        rest = ax.plot(fit.epochs, whole, color=STYLES[network][0], label="whole split")
        for line in (*last, *rest):
            drawn.note(line, replica=0)
        ax.set_title(with_subject(result, network))
        lettering.log_scale(ax)
    axes[0].set_ylabel("training loss (nats)")
    axes[0].legend(loc="lower left")
    figure.supxlabel("epochs over the training images")
    return figure


def panel(ax: Axes, result: Result) -> None:
    """Draw both accuracies against the share of random labels, for the summary."""
    for network, (color, mark) in STYLES.items():
        arm = result.arm(network)
        for split, dash in (("train", "-"), ("test", "--")):
            found = [t_interval(fit.percent(split)) for fit in arm.values()]
            mean, low, high = np.array([(i.mean, i.low, i.high) for i in found]).T
            ax.errorbar(
                [100 * share for share in arm],
                mean,
                yerr=np.nan_to_num([mean - low, high - mean]),
                color=color,
                linestyle=dash,
                marker=mark,
                markersize=3.5,
                linewidth=1,
            )
            drawn.omit(*ax.plot(100 * max(arm), mean[-1], color=color, label=f"{network}, {split}"))
    ax.set(xlabel="labels drawn\nat random (%)", ylabel="accuracy (%)", ylim=(0, 104))
    lettering.label_lines(ax)


def fit_table(result: Result) -> pd.DataFrame:
    """List how many trainings fitted each share of random labels, and how long it took."""
    rows = []
    for (network, share), fit in result.fits.items():
        passes = finite(fit.fitted)
        right = finite(fit.percent("train"))
        rows.append(
            {
                "network": network,
                "images": f"{learned(result, network):,}",
                "random labels (%)": f"{100 * share:g}",
                "all labels right": f"{len(passes)} of {len(fit.fitted)}",
                "epochs": f"{np.median(passes):g}" if len(passes) else "–",
                "× true labels": str(slower(result, network, share).factor) if share else "1",
                "training accuracy (%)": str(t_interval(right)),
                "diverged": int(fit.diverged.sum()),
            }
        )
    return pd.DataFrame(rows)


def test_table(result: Result) -> pd.DataFrame:
    """List what the last weights do on test images, and on the true labels of the training set."""
    return pd.DataFrame(
        {
            "network": network,
            "images": f"{learned(result, network):,}",
            "random labels (%)": f"{100 * share:g}",
            "test accuracy (%)": str(t_interval(fit.percent("test"))),
            "test loss (nats)": str(t_interval(fit.final("test", "loss"))),
            "true labels, last (%)": str(t_interval(fit.percent("train", "true accuracy"))),
            "best (%)": str(t_interval(fit.best_percent())),
        }
        for (network, share), fit in result.fits.items()
    )


def literature_table(result: Result) -> pd.DataFrame:
    """List this chapter's networks beside what others report on random labels."""
    columns = ["who", "network", "parameters", "images", "training (%)", "test (%)"]
    columns.append("true labels (%)")
    rows = []
    for fits, count in ((result.fits, learned), (result.at_scale, learned_at_scale)):
        for network in NETWORKS:
            random, true = (fits[network, share] for share in (RANDOM, TRUE))
            right = (random.percent("train"), random.percent("test"), true.percent("test"))
            rows.append(
                [
                    "here",
                    network,
                    f"{parameters(result, network):,}",
                    f"{count(result, network):,}, {result.images[network].description}",
                    *(str(t_interval(finite(values), whole=True)) for values in right),
                ]
            )
    for one in (*ZHANG, *REPORTS):
        percent = (one.train, one.test, one.test_if_true)
        shown = ["–" if value is None else f"{value:g}" for value in percent]
        rows.append([one.who, one.network, one.parameters, one.images, *shown])
    return pd.DataFrame(rows, columns=columns)


def _course(ax: Axes, result: Result, network: str, split: str, measure: str) -> None:
    """Draw one measure against epochs, a curve per share of random labels."""
    arm = result.arm(network)
    for place, (share, fit) in enumerate(arm.items()):
        figures.curves(
            ax,
            fit.epochs,
            fit.series(split, measure) * (1 if measure == "loss" else 100),
            label=f"{100 * share:g} %",
            color=_shade(share),
            dash=DASHES[place % len(DASHES)],
        )
    # even over powers of ten, with a place for the start
    ax.set_xscale("symlog", linthresh=1, linscale=0.3)
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    last = max(_ends(fit).max() for fit in arm.values())
    ax.set_xlim(0, 1.15 * last)


def _name_shares(ax: Axes) -> None:
    """Put the legend of the shares beside a panel, since the curves may be anywhere in it."""
    title = "random\nlabels"
    ax.legend(title=title, loc="upper left", bbox_to_anchor=(1, 1))


def _ends(fit: Fit) -> np.ndarray:
    """Epochs after which each replica rests, (R,)."""
    return np.minimum(fit.fitted, fit.epochs[-1])


def _shade(share: float) -> str:
    """Colour a share of random labels: the more, the lighter."""
    return to_hex(colormaps["viridis"](0.88 * share))


def _points(
    ax: Axes,
    result: Result,
    network: str,
    share: float,
    values: np.ndarray,
    fitted: np.ndarray | None = None,
) -> None:
    """Draw a value of every training, (R,), at its share of random labels; filled if fitted."""
    color, mark = STYLES[network]
    there = np.flatnonzero(np.isfinite(values))
    spread = np.linspace(-1.6, 1.6, len(there)) if len(there) > 1 else np.zeros(len(there))
    filled = np.ones(len(values), dtype=bool) if fitted is None else fitted
    points = ax.scatter(
        100 * share + SHIFTS[network] + spread,
        values[there],
        s=9,
        marker=mark,
        facecolors=[color if full else "none" for full in filled[there]],
        edgecolors=color,
        linewidths=0.6,
    )
    known = {} if fitted is None else {"fitted": fitted[there]}
    drawn.note(points, x=100 * share, replica=there, series=with_subject(result, network), **known)
