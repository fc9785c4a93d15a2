"""What papers report beside what was found here, and what does not count as agreement."""

from types import SimpleNamespace

import numpy as np
import pytest

from hw1lib.chapters.capacity.result import PUBLISHED
from hw1lib.chapters.capacity.spec import LONG
from hw1lib.chapters.gradient_norm.result import BatchEdge
from hw1lib.chapters.sensitivity.spec import BATCHES, EQUAL_F1, LARGE_F1, SMALL_F1
from hw1lib.chapters.summary import literature, training_papers
from hw1lib.chapters.summary.beside import NO, NOBODY, OPEN, YES, Comparison
from hw1lib.measuring.generalization import MEASURES
from hw1lib.showing.references import citation

EIGHT = np.linspace(0.9, 1.1, 8)


def networks(rng, **related):
    """Made-up networks of six arms, in which some measures rise with the accuracy gap."""
    found = {}
    for number in range(30):
        values = {name: rng.normal(size=3) for name in MEASURES}
        values |= {name: np.full(3, sign * number) for name, sign in related.items()}
        values |= {"train_accuracy": np.full(3, 0.01 * number), "test_accuracy": np.zeros(3)}
        found[f"arm {number % 6}, batch {number}"] = values
    return {"one": found}


@pytest.mark.parametrize(("sign", "agrees"), [(1, YES), (-1, NO)])
def test_novaks_correlation_is_that_of_the_jacobian_of_the_probabilities(monkeypatch, sign, agrees):
    described = networks(
        np.random.default_rng(0), probability_jacobian_test=sign, jacobian_test=-sign
    )
    monkeypatch.setattr(literature, "correlation", lambda *_: literature.Interval(0, -1, 1, 9))
    result = SimpleNamespace(described=described, chapters={"minimal-ratio": None})
    plain, given = literature._correlations(result)
    assert plain.source == citation("novak2018sensitivity")
    assert "Jacobian of the probabilities" in plain.what
    assert (plain.agrees, given.agrees) == (agrees, agrees)
    assert "at equal training loss" in given.what


def keskar(**changes):
    """Networks of F1 with these sharpnesses and training losses."""
    values = {"test_accuracy": EIGHT, "train_accuracy": EIGHT, "train_loss": EIGHT}
    values |= dict.fromkeys(("keskar_subspace", "relative_sharpness", "top_eigenvalue"), EIGHT)
    alone = {name: dict(values) for both in BATCHES.values() for name in both}
    closer = {name: SimpleNamespace(keskar_wide=EIGHT, keskar_narrow=EIGHT) for name in alone}
    closer[LARGE_F1].keskar_wide = 20 * EIGHT
    alone[LARGE_F1]["train_loss"] = 0.01 * EIGHT
    spec = SimpleNamespace(f1_units=(5, 5))
    return SimpleNamespace(
        chapters={"sensitivity": SimpleNamespace(alone=alone, closer=closer, spec=spec)}
    )


def test_keskars_numbers_name_the_losses_that_they_are_compared_at():
    found = {one.what: one for one in literature._keskar(keskar())}
    told = "large / small batch, {}: sharpness at 1e-3, all directions"
    unequal, equal = (found[told.format(name)] for name in ("F1", "F1, equal loss"))
    assert (unequal.agrees, equal.agrees) == (YES, NO)
    assert "large batch at 0.01 times the training loss" in unequal.scale
    assert "large batch at 1 times the training loss" in equal.scale
    assert {SMALL_F1, EQUAL_F1} == {*BATCHES["F1, equal loss"]}


def test_what_nobody_reports_counts_neither_way(monkeypatch):
    def one(source, agrees):
        return Comparison("", source, "", "", 8, "", agrees)

    found = [one("report A", YES), one(NOBODY, YES), one("report B", OPEN)]
    monkeypatch.setattr(literature, "comparisons", lambda _: found)
    assert literature.sentence(None) == "Of 2 numbers, 1 agree, 0 do not, and 1 are open."


@pytest.mark.parametrize(
    ("batch", "whole", "agree"),
    [(1.0, 0.5, [YES, YES]), (0.5, 1.0, [NO, NO]), (0.5, 0.4, [NO, YES])],
)
def test_batch_sharpness_is_compared_with_the_edge_and_with_the_whole_loss(batch, whole, agree):
    rate = 0.1
    edges = {
        size: BatchEdge(
            np.arange(9),
            2 / rate * level * np.tile(whole * EIGHT, (9, 1)),
            2 / rate * level * np.tile(batch * EIGHT, (9, 1)),
            EIGHT,
        )
        for size, level in ((10, 1.0), (100, 7.0))  # the smallest batch counts
    }
    found = SimpleNamespace(batches=edges, spec=SimpleNamespace(batch_rate=rate))
    rows = [*training_papers._batch_sharpness(SimpleNamespace(chapters={"gradient-norm": found}))]
    assert [row.agrees for row in rows] == agree
    assert all("10 points per step" in row.scale for row in rows)


@pytest.mark.parametrize(("rise", "agrees"), [(0.2, YES), (-0.2, NO)])
def test_the_peak_is_compared_after_the_most_epochs_that_both_have(rise, agrees):
    names = ["784-4-10", "784-12-10"]
    along = np.ones((2, 3, 8, 2))  # widths, measurements, replicas, loss and accuracy
    along[1, 1, :, 0] += rise * EIGHT
    sweep = SimpleNamespace(names=names, epochs=np.array([0, 500, 600]), test_along=along)
    found = SimpleNamespace(sweeps={LONG: sweep})
    (row,) = training_papers.double_descent(SimpleNamespace(chapters={"capacity": found}))
    (published,) = (one for one in PUBLISHED if one.passes == 500)
    assert "500 epochs" in row.what
    assert row.agrees == agrees
    assert row.theirs.startswith(f"{published.loss[0]:g} [")
    sweep.names = names[:1]
    assert not [*training_papers.double_descent(SimpleNamespace(chapters={"capacity": found}))]


def test_what_was_not_fitted_is_not_compared():
    found = SimpleNamespace(spec=SimpleNamespace(targets=("sinc",)))
    result = SimpleNamespace(chapters={"function-fit": found})
    assert not [*training_papers._order_of_learning(result)]
