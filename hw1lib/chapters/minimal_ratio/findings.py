"""What chapter 23 found, in sentences that its result computes."""

import numpy as np

from hw1lib.chapters.minimal_ratio import ratios
from hw1lib.chapters.minimal_ratio.result import (
    A_BAND,
    PLATEAU,
    RIVALS,
    Result,
    certified_spectra,
    correlate,
    correlation,
    distinct_points,
    signed,
)
from hw1lib.chapters.minimal_ratio.spec import (
    ARMS,
    BOTTOM,
    FOUND,
    LEAKY,
    MADE,
    RECIPE,
    SMOOTH,
    UNDECAYED,
)
from hw1lib.judging.statistics import t_interval


def search_sentence(result: Result) -> str:
    """Count the searches of each kind that found a point."""
    parts = [f"{arm} {result.certified(arm).sum()} of {len(result.certified(arm))}" for arm in ARMS]
    recipe, bottom = (result.certified(arm) for arm in (RECIPE, BOTTOM))
    return (
        f"The homework's search ends at a zero gradient in {recipe.sum()} of {len(recipe)} "
        f"networks, Newton's method in {bottom.sum()} of {len(bottom)}. "
        f"Gradient norm at most {result.spec.residual:g}: {', '.join(parts)}."
    )


def share_sentence(result: Result) -> str:
    """Report the ratio of A's network, by the Hessian and by A's code, at the end of training."""
    along, positive = result.along, result.along_shares().positive[-1]
    if not np.isfinite(positive).any():
        return "Every training of A's network diverged."
    decayed = along.shares(result.spec.tolerance, result.spec.weight_decay).positive[-1]
    exact, lifted, counted = (
        t_interval(values) for values in (positive, decayed, along.gauss_newton[-1])
    )
    low, high = A_BAND
    return (
        f"At the end of the training of A's network (n = {exact.n}) the share of positive "
        f"eigenvalues is {exact} for the loss, {lifted} with the weight decay in the objective, "
        f"and {counted} as A's code counts; report A has {low:g} to {high:g}."
    )


def accepted_sentence(result: Result) -> str:
    """Count what would pass for a zero gradient at each bound, by kind of network."""
    parts = []
    for bound, residual in zip(result.lowered.at, result.lowered.residual, strict=True):
        recipe = result.arms[RECIPE].end.residual
        parts.append(
            f"at {bound:g} it is {(recipe <= bound).sum()} of {len(recipe)} smooth networks and "
            f"{(residual <= bound).sum()} of {len(residual)} of A's"
        )
    return (
        "How many searches by the recipe end at a zero gradient depends on what passes for zero: "
        f"{'; '.join(parts)}."
    )


def made_sentence(result: Result) -> str:
    """Count the saddles among the points that were made and among those that were found."""
    parts = []
    for name, arms in {"found": FOUND, "made": MADE}.items():
        losses, shares = distinct_points(result, [arm for arm in SMOOTH if arm in arms])
        ratio = shares.positive
        if not len(ratio):
            parts.append(f"no points were {name}")
            continue
        low, high = (f"{value:.2f}" for value in (ratio.min(), ratio.max()))
        span = f"a ratio of {low}" if low == high else f"ratios from {low} to {high}"
        saddles = ((shares.negative > 0) & (losses < PLATEAU * result.constant)).sum()
        parts.append(
            f"of {len(ratio)} distinct points that were {name}, with {span}, {saddles} are "
            "saddles below the plateau"
        )
    return f"With weight decay, {'; '.join(parts)}."


def made_trend_sentence(result: Result) -> str:
    """Report how the index goes with the loss among points that were made."""
    index = correlation(result, "negative", [arm for arm in SMOOTH if arm in MADE])
    if index.n < 4:
        return "Too few distinct points were made to correlate."
    return (
        f"Over {index.n} distinct points that were made, the rank correlation of index and loss "
        f"is {signed(index)}. A narrower network has a higher loss and gets more silent units, so "
        "this correlation shows how the points were made, and nothing about training."
    )


def tolerance_sentence(result: Result) -> str:
    """Report how far the tolerance moves the ratio, from one to ten thousand million round-offs."""
    parts = []
    for name, arms in {"with weight decay": SMOOTH, "for the loss alone": UNDECAYED}.items():
        spectra = certified_spectra(result, arms)
        if len(spectra):
            moved = ratios.shares(spectra, 1).positive - ratios.shares(spectra, 1e10).positive
            parts.append(f"{name} by {np.median(moved):.2f}")
    if not parts:
        return "No point was certified, so no tolerance is varied."
    return f"From a tolerance of 1 to 1e10 round-offs, the median ratio falls {', '.join(parts)}."


def bulk_sentence(result: Result) -> str:
    """Say how many eigenvalues weight decay lifts off zero, at the point with least gradient."""
    end = result.arms[BOTTOM].end
    measured = np.where(np.isfinite(end.loss), end.residual, np.inf)
    if not np.isfinite(measured).any():
        return "Every search to the bottom diverged."
    values, decay = end.eigenvalues[int(measured.argmin())], result.spec.weight_decay
    lifted = int(((values > 0) & (values < 2 * decay)).sum())
    return (
        f"At the minimum, {lifted} of {len(values)} eigenvalues lie between 0 and twice the weight "
        f"decay of {decay:g}, which lifts them off zero."
    )


def rival_sentence(result: Result) -> str:
    """List which rival definition goes with the Hessian's share, and which against it."""
    parts: dict[str, list[str]] = {"like it": [], "the other way round": [], "undecided": []}
    for name, label in RIVALS.items():
        rho = correlate(result, name, "positive")
        against = "like it" if rho.mean > 0 else "the other way round"
        parts[against if rho.excludes_zero else "undecided"].append(label.replace("\n", " "))
    counts = ", ".join(f"{word} {len(names)}" for word, names in parts.items() if names)
    listed = "; ".join(f"{word}: {', '.join(names)}" for word, names in parts.items() if names)
    return (
        f"How {len(RIVALS)} other definitions rank networks, beside the Hessian's share: {counts}. "
        f"By name, {listed}."
    )


def kink_sentence(result: Result) -> str:
    """Report how far below their ceiling the networks with kinks stay."""
    points, shares = result.arms[LEAKY], result.shares(LEAKY)
    positive = shares.positive[~points.diverged]
    if not len(positive):
        return "Every network with kinks diverged."
    return (
        f"The ceiling is {result.ceiling:.3f}. Among {len(positive)} networks with kinks the "
        f"largest share is {positive.max():.3f}, the median {np.median(positive):.3f}."
    )


def describe_searches(result: Result) -> str:
    """Describe where the searches ended for readers who cannot see it."""
    return "Gradient norm against loss where each search ended, in two panels. " + search_sentence(
        result
    )


def panel_caption(result: Result) -> str:
    """Describe what the chapter's panel in the summary shows."""
    return (
        "distinct points of a smooth network whose gradient vanishes, found (dark) and made "
        f"(light). {made_sentence(result)}"
    )
