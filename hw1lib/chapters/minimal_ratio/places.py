"""Tables of chapter 23: what became of the searches, and the ratio wherever one looked."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from hw1lib.chapters.minimal_ratio import ratios
from hw1lib.chapters.minimal_ratio.result import PointMeasures, Result
from hw1lib.chapters.minimal_ratio.spec import ARMS, BOTTOM, EMBEDDED, RECIPE

Place = tuple[str, np.ndarray, np.ndarray, np.ndarray]  # name, gradients (n,), losses (n,), spectra


def outcome_table(result: Result) -> pd.DataFrame:
    """Count what became of the searches of each arm."""
    rows = []
    for arm in ARMS:
        points, certified = result.arms[arm], result.certified(arm)
        flat = result.gradient_flat(arm)
        plateau = certified & (points.end.loss > 0.99 * result.constant)
        rows.append(
            {
                "arm": arm,
                "networks": len(certified),
                "certified": int(certified.sum()),
                "of these constant": int(plateau.sum()),
                "distinct": len(result.distinct(arm)),
                **{
                    f"below {bound:g}": int((points.end.residual <= bound).sum())
                    for bound in result.spec.bounds[:-1]
                },
                "gradient-flat": int(flat.sum()),
                "other rejects": int((~certified & ~flat & ~points.diverged).sum()),
                "diverged": int(points.diverged.sum()),
                "median gradient": _median(points.end.residual),
            }
        )
    return pd.DataFrame(rows)


def ratio_table(result: Result) -> pd.DataFrame:
    """List the ratio and the index of the objective, and those of the loss alone, by place.

    Weight decay raises each eigenvalue by itself, so that of the loss alone is known from that of
    the objective.
    """
    rows = []
    for name, residuals, losses, spectra in _places(result):
        row = {"where": name, "n": len(losses)}
        if len(losses):
            with_decay, alone = (
                ratios.shares(values, result.spec.tolerance)
                for values in (spectra, spectra - result.spec.weight_decay)
            )
            row |= {
                "gradient": f"{np.median(residuals):.0e}",
                "loss": f"{np.median(losses):.1e}",
                "ratio": f"{np.median(with_decay.positive):.2f}",
                "index": f"{np.median(with_decay.negative):.2f}",
                "ratio, loss alone": f"{np.median(alone.positive):.2f}",
                "index, loss alone": f"{np.median(alone.negative):.2f}",
            }
        rows.append(row)
    return pd.DataFrame(rows).fillna("")


def _places(result: Result) -> Iterator[Place]:
    """Go through the places: of the objective, with weight decay in it."""
    decay = result.spec.weight_decay
    along, lowered, recipe = result.along, result.lowered, result.arms[RECIPE]
    known = np.isfinite(along.loss[-1])
    yield (
        "A's network, end of training",
        along.residual[-1, known],
        along.loss[-1, known],
        along.eigenvalues[-1, known].astype(float) + decay,
    )
    for k, bound in enumerate(lowered.at):
        near = lowered.residual[k] <= bound
        spectra = lowered.eigenvalues[k, near].astype(float) + decay
        name = f"A's network, gradient below {bound:g}"
        yield name, lowered.residual[k, near], lowered.loss[k, near], spectra
    yield "smooth network, left by Adam", *_of(recipe.start, ~recipe.diverged)
    for bound in result.spec.bounds:
        name = f"smooth network, recipe, gradient below {bound:g}"
        yield name, *_of(recipe.end, recipe.end.residual <= bound)
    yield "smooth network, minima found", *_of(result.arms[BOTTOM].end, result.distinct(BOTTOM))
    made = result.distinct(EMBEDDED)
    yield "smooth network, points made", *_of(result.arms[EMBEDDED].end, made)


def _of(measured: PointMeasures, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return measured.residual[chosen], measured.loss[chosen], measured.eigenvalues[chosen]


def _median(values: np.ndarray) -> str:
    values = values[np.isfinite(values)]
    return f"{np.median(values):.0e}" if len(values) else "–"
