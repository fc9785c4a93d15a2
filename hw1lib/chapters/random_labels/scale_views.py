"""The figure and the table of chapter 31 at the reports' own scale."""

import pandas as pd
from matplotlib.figure import Figure

from hw1lib.chapters.random_labels.result import THEIRS, Result, finite, with_subject
from hw1lib.chapters.random_labels.spec import NETWORKS, RANDOM, TRUE
from hw1lib.judging.statistics import t_interval
from hw1lib.showing import figures, lettering
from hw1lib.showing.palette import BLUE, ORANGE

COLORS = {RANDOM: ORANGE, TRUE: BLUE}
UNITS = {"loss": "cross-entropy (nats)", "accuracy": "accuracy (%)"}
CALLED = {RANDOM: "random", TRUE: "true"}


def curves(result: Result) -> Figure:
    """Draw loss and accuracy of both splits against epochs, of all images at the reports' rate."""
    figure, axes = figures.panels(2, len(NETWORKS), 1.9, sharex="col", sharey="row")
    for column, network in zip(axes.T, NETWORKS, strict=True):
        for ax, measure in zip(column, UNITS, strict=True):
            for share, called in CALLED.items():
                fit = result.at_scale[network, share]
                for split, dash in (("train", "-"), ("test", "--")):
                    figures.curves(
                        ax,
                        fit.epochs,
                        fit.series(split, measure) * (1 if measure == "loss" else 100),
                        label=f"{called}, {split}",
                        color=COLORS[share],
                        dash=dash,
                    )
        theirs = THEIRS[network]
        column[0].set_title(f"report {theirs.report}'s {with_subject(result, network)}")
        lettering.log_scale(column[0])
        if theirs.epochs < fit.epochs[-1]:
            for ax in column:
                ax.axvline(theirs.epochs, color="0.5", linewidth=0.8, linestyle=(0, (2, 2)))
    for ax, unit in zip(axes[:, 0], UNITS.values(), strict=True):
        ax.set_ylabel(unit)
    axes[0, -1].legend(title="labels, split", loc="upper left", bbox_to_anchor=(1, 1))
    figure.supxlabel("epochs over the training images")
    return figure


def table(result: Result) -> pd.DataFrame:
    """List what is reached on all images at the reports' rate, after their epochs and at last."""
    rows = []
    for (network, share), fit in result.at_scale.items():
        theirs, passes = THEIRS[network], finite(fit.fitted)
        rows.append(
            {
                "network": f"report {theirs.report}'s {network}",
                "labels": CALLED[share],
                "training accuracy after their epochs (%)": str(
                    t_interval(finite(fit.percent_after(theirs.epochs, "train")), whole=True)
                ),
                "last (%)": str(t_interval(finite(fit.percent("train")), whole=True)),
                "epochs": f"{fit.epochs[-1]:,}",
                "all labels right": f"{len(passes)} of {len(fit.fitted)}",
                "test accuracy (%)": str(t_interval(finite(fit.percent("test")), whole=True)),
                "test loss (nats)": str(t_interval(finite(fit.final("test", "loss")))),
            }
        )
    return pd.DataFrame(rows)
