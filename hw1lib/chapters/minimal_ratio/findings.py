"""What chapter 23 found, in sentences that its result computes."""

import numpy as np

from hw1lib.chapters.minimal_ratio import ALONE, ARMS, LEAKY, MADE, SPLIT, Result, ratios
from hw1lib.chapters.minimal_ratio.claims import SMOOTH, correlation
from hw1lib.chapters.minimal_ratio.views import RIVALS, correlate, signed


def search_sentence(result: Result) -> str:
    """Say how many searches of each kind found a point."""
    parts = [f"{arm} {result.certified(arm).sum()} of {len(result.certified(arm))}" for arm in ARMS]
    return f"Gradient norm at most {result.spec.residual:g}: {', '.join(parts)}."


def share_sentence(result: Result) -> str:
    """Say how ratio and index go with the loss over points that differ."""
    ratio, index = (correlation(result, part) for part in ("positive", "negative"))
    if ratio.n < 4 and index.n < 4:
        return "Too few different points with weight decay to correlate."
    return (
        f"Rank correlation with the loss over {max(ratio.n, index.n)} different points with "
        f"weight decay: ratio {signed(ratio)}, index {signed(index)} (95 % by Fisher's z)."
    )


def made_sentence(result: Result) -> str:
    """Say how many of the points were made, and what their shares are beside the found ones."""
    parts = []
    for name, arms in {
        "found": [arm for arm in SMOOTH if arm not in MADE],
        "made": [arm for arm in SMOOTH if arm in MADE],
    }.items():
        ends = [result.distinct(arm) for arm in arms]
        positive = np.concatenate(
            [result.shares(arm).positive[e] for arm, e in zip(arms, ends, strict=True)]
        )
        if len(positive):
            low, high = positive.min(), positive.max()
            parts.append(f"{len(positive)} {name} points have ratios from {low:.2f} to {high:.2f}")
        else:
            parts.append(f"no {name} points")
    return f"With weight decay, {' and '.join(parts)}."


def tolerance_sentence(result: Result) -> str:
    """Say how far the tolerance moves the ratio, between one round-off and ten thousand million."""
    parts = []
    for name, arms in {"with weight decay": SMOOTH, "for the loss alone": (ALONE, SPLIT)}.items():
        spectra = np.concatenate(
            [result.arms[arm].end.eigenvalues[result.certified(arm)] for arm in arms]
        )
        if len(spectra):
            moved = ratios.shares(spectra, 1).positive - ratios.shares(spectra, 1e10).positive
            parts.append(f"{name} by {np.median(moved):.2f}")
    moves = ", ".join(parts) or "nothing to move"
    return f"From a tolerance of 1 to 1e10 round-offs the median ratio falls: {moves}."


def rival_sentence(result: Result) -> str:
    """Say which rival definition goes with the Hessian's share, and which against it."""
    parts: dict[str, list[str]] = {"agree": [], "disagree": [], "are open": []}
    for name, label in RIVALS.items():
        rho = correlate(result, name, "positive")
        word = "are open" if not rho.excludes_zero else "agree" if rho.mean > 0 else "disagree"
        parts[word].append(label.replace("\n", " "))
    said = "; ".join(f"{word}: {', '.join(names)}" for word, names in parts.items() if names)
    return f"In rank with the Hessian's share of positive eigenvalues, {said}."


def kink_sentence(result: Result) -> str:
    """Say how far below their ceiling the networks with kinks stay."""
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
