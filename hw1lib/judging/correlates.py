"""Correlations of measures with the generalization gap, over the networks of several chapters.

A point is a network: the mean over its trainings. Trainings of one network differ in their seed
alone, so counting each would claim more networks than there are.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from hw1lib.judging.statistics import NO_INTERVAL, Interval, rank_correlation

Described = Mapping[str, np.ndarray]  # as `generalization.describe` returns it: name -> (R,)

GAPS = {  # what is to be explained, with its unit
    "loss_gap": "test loss − training loss (nats)",
    "accuracy_gap": "training accuracy − test accuracy (points)",
}


def gaps(described: Described) -> dict[str, np.ndarray]:
    """Compute both `GAPS` of every training, each (R,): above zero if training images do better."""
    return {
        "loss_gap": described["test_loss"] - described["train_loss"],
        "accuracy_gap": 100 * (described["train_accuracy"] - described["test_accuracy"]),
    }


def networks(chapters: Mapping[str, Mapping[str, Described]]) -> pd.DataFrame:
    """Gather the networks of several chapters, each the mean over its trainings.

    Args:
        chapters: By the chapter's title and the network's name, what `generalization.describe`
            returned.

    Returns:
        One row per network, indexed by chapter and network, with a column for each measure and
        those of `GAPS`; trainings that diverged are left out, and networks of which all did.
    """
    measures = [*dict.fromkeys(m for of in chapters.values() for one in of.values() for m in one)]
    rows = {}
    for chapter, described in chapters.items():
        for network, of in described.items():
            values = {name: np.asarray(of[name], dtype=float) for name in measures} | gaps(of)
            sound = np.isfinite(values["loss_gap"])
            if sound.any():
                rows[chapter, network] = {name: _mean(v[sound]) for name, v in values.items()}
    index = pd.MultiIndex.from_tuples([*rows], names=["chapter", "network"])
    return pd.DataFrame([*rows.values()], index=index, columns=[*measures, *GAPS], dtype=float)


def _mean(values: np.ndarray) -> float:
    """Average the finite values; NaN, without a warning, if there is none."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else np.nan


def between(found: pd.DataFrame, first: str, second: str) -> Interval:
    """Estimate Spearman's rank correlation of two columns over the networks that have both."""
    both = found.reindex(columns=[first, second]).dropna().to_numpy().T
    return rank_correlation(*both) if both.shape[1] > 1 else NO_INTERVAL
