"""Correlations of measures with the generalization gap, over the networks of several chapters.

A point is a network: the mean over its trainings. Trainings of one network differ in their seed
alone, so counting each would claim more networks than there are. Networks of one arm of a chapter
form a family: they differ in one setting and share all others, so intervals over chapters leave
out whole families.

Most measures follow how far a network was trained, and so does the gap. Given the training loss,
networks are compared as if it were equal.

Source:
    Y. Jiang et al., "Fantastic generalization measures and where to find them", ICLR 2020, who
    control for what is varied; here for what training reached.
"""

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pandas as pd

from hw1lib.judging import ranks
from hw1lib.judging.effects import Correlation, NotTested
from hw1lib.judging.statistics import NO_INTERVAL, Interval

Described = Mapping[str, np.ndarray]  # as `generalization.describe` returns it: name -> (R,)

LEAST_NETWORKS = 8  # of which one may be left out, with a third measure held

GAPS = {  # what is to be explained, with its unit
    "loss_gap": "test loss − training loss (nats)",
    "accuracy_gap": "training accuracy − test accuracy (percentage points)",
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


def families(found: pd.DataFrame) -> np.ndarray:
    """Name the family of each network, (n,): its chapter, and what of its name others share.

    That is the first part, between commas, that another network of the chapter has too; a network
    without one is a family of its own.
    """
    names = [(chapter, network.split(", ")) for chapter, network in found.index]
    seen = Counter((chapter, part) for chapter, parts in names for part in parts)
    shared = [
        next((part for part in parts if seen[chapter, part] > 1), ", ".join(parts))
        for chapter, parts in names
    ]
    return np.array([f"{c}: {part}" for (c, _), part in zip(names, shared, strict=True)], dtype=str)


def between(
    found: pd.DataFrame,
    first: str,
    second: str,
    *,
    given: str | None = None,
    by_family: bool = False,
) -> Interval:
    """Estimate Spearman's rank correlation of two columns over the networks that have both.

    Args:
        found: As `networks` returns it.
        first: A column.
        second: Another.
        given: A third, at equal ranks of which the two are compared.
        by_family: Whether the interval takes families for independent, and not networks.
    """
    sides = [first, second] + [given] * (given is not None)
    if len({*sides}) < len(sides):
        return NO_INTERVAL  # a measure has no correlation with itself
    known = found.reindex(columns=sides).dropna()
    if len(known) < 2:
        return NO_INTERVAL
    columns = dict(zip(("first", "second", "given"), known.to_numpy().T, strict=False))
    if by_family:
        return ranks.over_families(families(known), **columns)
    return ranks.correlation(**columns)


def effect(
    of: str,
    found: pd.DataFrame,
    first: str,
    second: str,
    *,
    given: str | None = None,
    absent: bool = False,
) -> Correlation:
    """Return the correlation of two columns as the effect of a claim.

    Args:
        of: What is correlated.
        found: As `networks` returns it.
        first: A column.
        second: Another.
        given: A third, at equal ranks of which the two are compared.
        absent: Whether the claim is of no correlation.

    Raises:
        NotTested: If there are too few networks or families for an interval.
    """
    sides = [first, second] + [given] * (given is not None)
    known = found.reindex(columns=sides).dropna()
    labels = families(known)
    if len(known) < LEAST_NETWORKS or len({*labels}) < ranks.LEAST_FAMILIES:
        raise NotTested(
            f"a rank correlation needs {LEAST_NETWORKS} networks of {ranks.LEAST_FAMILIES} "
            f"families, and {len(known)} of {len({*labels})} have both measures"
        )
    columns = dict(zip(("first", "second", "given"), known.to_numpy().T, strict=False))
    return Correlation(of, **columns, families=labels, absent=absent)
