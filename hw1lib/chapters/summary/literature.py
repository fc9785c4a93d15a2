"""What papers and reports found, beside what was found here."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from hw1lib.chapters.capacity import spec as capacity
from hw1lib.chapters.error_surface.spec import SGD
from hw1lib.chapters.function_fit.spec import AS_B, B_SIGN
from hw1lib.chapters.minimal_ratio.result import correlation
from hw1lib.chapters.random_labels.spec import CNN, MLP
from hw1lib.chapters.sensitivity.result import keskar_measures, their_factor
from hw1lib.chapters.sensitivity.spec import BATCHES
from hw1lib.chapters.summary import training_papers
from hw1lib.chapters.summary.beside import NO, NOBODY, OPEN, YES, Comparison, compare
from hw1lib.chapters.summary.result import Result
from hw1lib.chapters.weight_paths.result import REPORTED_B
from hw1lib.chapters.weight_paths.spec import OF_B
from hw1lib.data import own_images
from hw1lib.judging import correlates
from hw1lib.judging.statistics import (
    Interval,
    log_ratio,
    paired_difference,
    share_interval,
    t_interval,
)
from hw1lib.showing.references import citation


def comparisons(result: Result) -> list[Comparison]:
    """Put all that the survey of the literature lists beside our runs.

    Numbers of images are left out where others were learned than those in the literature.
    """
    orders = [
        _order(result, AS_B, "sinc", ("deep", "medium", "shallow"), "J. Yao"),
        _order(result, B_SIGN, "sign", ("medium", "deep", "shallow"), "report B"),
    ]
    if own_images.among(*result.images):
        return [*orders, *training_papers.on_points(result), _saddles(result)]
    return [
        *_random_labels(result),
        *_sweeps(result),
        *training_papers.double_descent(result),
        _eight(result),
        *orders,
        *training_papers.on_points(result),
        *_keskar(result),
        _line(result),
        *_components(result),
        *_correlations(result),
        _saddles(result),
    ]


def _random_labels(result: Result) -> Iterator[Comparison]:
    found = result.chapters["random-labels"]
    fits, spec = found.fits, found.spec
    for network, source, train, test, images, of in (
        (CNN, citation("zhang2017rethinking"), "99.3 to 100", "9.9 to 10.6", spec.scenes, 50_000),
        (MLP, "report B", "not kept", "10.4", spec.digits, 60_000),
    ):
        scale = f"at most {images:,} of their {of:,} images" if images < of else ""
        fit, what = fits[network, 1.0], f"random labels, {network}"
        ours = t_interval(100 * fit.final("train", "accuracy"))
        yield compare(
            f"{what}: training accuracy (%)", source, train, ours, low=99, digits=".4g", scale=scale
        )
        ours = t_interval(100 * fit.final("test", "accuracy"))
        yield compare(
            f"{what}: test accuracy (%)", source, test, ours, low=8.5, high=11.5, scale=scale
        )


def _sweeps(result: Result) -> Iterator[Comparison]:
    """Compare test accuracies of A's large networks, and of B's smallest and largest."""
    for arm, source, which, theirs, place, above in (
        (capacity.OF_A, "report A", "above 300,000 parameters", 98.0, slice(None), 300_000),
        (capacity.OF_B, "report B", "the smallest", 95.5, slice(0, 1), 0),
        (capacity.OF_B, "report B", "the largest", 98.1, slice(-1, None), 0),
    ):
        sweep = result.chapters["capacity"].sweeps[arm]
        chosen = sweep.accuracy("test")[:, place][:, sweep.parameters[place] > above]
        yield compare(
            f"{arm}, {which}: test accuracy (%)",
            source,
            f"{theirs:g}",
            t_interval(chosen.mean(axis=1) if chosen.size else np.empty(0)),
            low=theirs - 0.5,
            high=theirs + 0.5,
            digits=".4g",
        )


def _eight(result: Result) -> Comparison:
    paths = result.chapters["weight-paths"].paths[OF_B]
    low, high = REPORTED_B
    return compare(
        f"trainings of {paths.name}: test accuracy (%)",
        "report B",
        f"{low} to {high}",
        t_interval(100 * paths.test[-1, paths.arrived, 2]),
        low=low - 0.2,
        high=high + 0.2,
        digits=".4g",
    )


def _order(result: Result, arm: str, target: str, order: Sequence[str], source: str) -> Comparison:
    """Compare an order of networks: each must be sure to end below the next."""
    fits = result.chapters["function-fit"].fits
    finals = {name: fits[arm, target, name].final for name in order if (arm, target, name) in fits}
    steps = [log_ratio(finals[a], finals[b]) for a, b in pairwise(finals)]
    reversed_ = any(step.excludes_zero and step.mean > 0 for step in steps)
    surely = len(steps) == len(order) - 1 and all(s.excludes_zero and s.mean < 0 for s in steps)
    ranked = sorted(finals, key=lambda name: float(np.median(finals[name])))
    return Comparison(
        f"{target}, {arm}: networks by median loss, the lowest first",
        source,
        ", ".join(order),
        ", ".join(ranked) or "not fitted",
        min((step.n for step in steps), default=0),
        "every step in this order",
        YES if surely else NO if reversed_ else OPEN,
    )


def _keskar(result: Result) -> Iterator[Comparison]:
    found, source = result.chapters["sensitivity"], citation("keskar2017large")
    for network, both in BATCHES.items():
        if not network.startswith("F1"):
            continue
        small, large = (keskar_measures(found, name) for name in both)
        loss = log_ratio(large["training loss"], small["training loss"]).factor
        at = f"large batch at {loss.mean:.2g} times the training loss, " if loss.n else ""
        scale = f"{at}no batch normalization"
        yield compare(
            f"small − large batch, {network}: test accuracy (percentage points)",
            source,
            "0.22",
            paired_difference(small["test accuracy (%)"], large["test accuracy (%)"]),
            low=0.1,
            high=0.5,
            scale=scale,
        )
        for space, measure in (
            ("all directions", "sharpness, 1e-3"),
            ("a random subspace", "sharpness, 1e-3, subspace"),
        ):
            yield compare(
                f"large / small batch, {network}: sharpness at 1e-3, {space}",
                source,
                f"{their_factor(measure):.0f}",
                log_ratio(large[measure], small[measure]).factor,
                low=10,
                scale=scale,
            )


def _line(result: Result) -> Comparison:
    share = share_interval(result.chapters["error-surface"].surfaces[SGD].monotone)
    percent = Interval(100 * share.mean, 100 * share.low, 100 * share.high, share.n)
    return compare(
        "digits, SGD: lines from start to solution on which the loss never rises (%)",
        citation("goodfellow2015qualitatively"),
        "all",
        percent,
        low=80,  # twenty of twenty trainings tell no more
    )


def _components(result: Result) -> Iterator[Comparison]:
    for paths in result.chapters["weight-paths"].paths.values():
        for name, walk in {"": False, ", random walk beside it": True}.items():
            yield compare(
                f"path of {paths.name}{name}: variance in two components (%)",
                NOBODY if walk else citation("li2018visualizing"),
                NOBODY if walk else "40 to 90",
                t_interval(paths.own_percent(None, walk=walk)[:, 1]),
                low=40,
                high=90,
            )


def _correlations(result: Result) -> Iterator[Comparison]:
    networks = correlates.networks(result.described)
    for given, how in ((None, ""), ("train_loss", ", at equal training loss")):
        yield compare(
            "Jacobian of the probabilities on test images with the accuracy gap: rank correlation "
            f"over networks{how}",
            citation("novak2018sensitivity"),
            "positive",
            correlates.between(
                networks, "probability_jacobian_test", "accuracy_gap", given=given, by_family=True
            ),
            low=0,
            scale="perceptrons and small CNNs; theirs: thousands of perceptrons",
        )


def _saddles(result: Result) -> Comparison:
    return compare(
        "share of negative eigenvalues with the loss: rank correlation over critical points",
        citation("dauphin2014saddle"),
        "positive",
        correlation(result.chapters["minimal-ratio"], "negative"),
        low=0,
    )


def sentence(result: Result) -> str:
    """Count the agreements with what somebody reports."""
    reported = [one for one in comparisons(result) if one.source != NOBODY]
    agrees = Counter(one.agrees for one in reported)
    return (
        f"Of {agrees.total()} numbers, {agrees[YES]} agree, {agrees[NO]} do not, and "
        f"{agrees[OPEN]} are open."
    )
