"""What chapter 23 found, in sentences that its result computes."""

import numpy as np

from hw1lib.chapters.minimal_ratio import ratios
from hw1lib.chapters.minimal_ratio.result import (
    RIVALS,
    Result,
    certified_spectra,
    correlate,
    correlation,
    distinct_points,
    signed,
)
from hw1lib.chapters.minimal_ratio.spec import ARMS, LEAKY, MADE, SMOOTH, UNDECAYED


def search_sentence(result: Result) -> str:
    """Count the searches of each kind that found a point."""
    parts = [f"{arm} {result.certified(arm).sum()} of {len(result.certified(arm))}" for arm in ARMS]
    return f"Gradient norm at most {result.spec.residual:g}: {', '.join(parts)}."


def share_sentence(result: Result) -> str:
    """Report how ratio and index go with the loss over points that differ."""
    ratio, index = (correlation(result, part) for part in ("positive", "negative"))
    if ratio.n < 4 and index.n < 4:
        return "Too few different points with weight decay to correlate."
    return (
        f"Rank correlation with the loss over {max(ratio.n, index.n)} different points with "
        f"weight decay: ratio {signed(ratio)}, index {signed(index)} (95 % by Fisher's z)."
    )


def made_sentence(result: Result) -> str:
    """Count the points that were made, and compare their ratios with those of the found ones."""
    parts = []
    for name, arms in {
        "found": [arm for arm in SMOOTH if arm not in MADE],
        "made": [arm for arm in SMOOTH if arm in MADE],
    }.items():
        _, shares = distinct_points(result, arms)
        ratio = shares.positive
        if len(ratio):
            low, high = ratio.min(), ratio.max()
            parts.append(f"{len(ratio)} {name} points have ratios from {low:.2f} to {high:.2f}")
        else:
            parts.append(f"no {name} points")
    return f"With weight decay, {' and '.join(parts)}."


def tolerance_sentence(result: Result) -> str:
    """Report how far the tolerance moves the ratio, from one to ten thousand million round-offs."""
    parts = []
    for name, arms in {"with weight decay": SMOOTH, "for the loss alone": UNDECAYED}.items():
        spectra = certified_spectra(result, arms)
        if len(spectra):
            moved = ratios.shares(spectra, 1).positive - ratios.shares(spectra, 1e10).positive
            parts.append(f"{name} by {np.median(moved):.2f}")
    moves = ", ".join(parts) or "nothing to move"
    return f"From a tolerance of 1 to 1e10 round-offs the median ratio falls: {moves}."


def rival_sentence(result: Result) -> str:
    """List which rival definition goes with the Hessian's share, and which against it."""
    parts: dict[str, list[str]] = {"agree": [], "disagree": [], "are open": []}
    for name, label in RIVALS.items():
        rho = correlate(result, name, "positive")
        word = "are open" if not rho.excludes_zero else "agree" if rho.mean > 0 else "disagree"
        parts[word].append(label.replace("\n", " "))
    listed = "; ".join(f"{word}: {', '.join(names)}" for word, names in parts.items() if names)
    return f"In rank with the Hessian's share of positive eigenvalues, {listed}."


def kink_sentence(result: Result) -> str:
    """Report how far below their ceiling the networks with kinks stay."""
    points, shares = result.arms[LEAKY], result.shares(LEAKY)
    positive = shares.positive[~points.diverged]
    if not len(positive):
        return "Every network with kinks diverged."
    return (
        f"The ceiling is {result.ceiling:.3f}; the largest share of {len(positive)} networks with "
        f"kinks is {positive.max():.3f}, the median {np.median(positive):.3f}."
    )


def describe_searches(result: Result) -> str:
    """Describe where the searches ended for readers who cannot see it."""
    return "Gradient norm against loss where each search ended, in two panels. " + search_sentence(
        result
    )


def panel_caption(result: Result) -> str:
    """Describe what the chapter's panel in the summary shows."""
    return f"different points whose gradient vanishes. {share_sentence(result)}"
