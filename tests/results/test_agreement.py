"""Whether another machine computed the same."""

import numpy as np
import pytest

from hw1lib.results import agreement

REPLICAS = 8
CURVES = np.random.default_rng(0).uniform(1, 2, (300, REPLICAS))
ENDS = np.linspace(1.0, 2.0, REPLICAS)
NEVER = np.where(np.arange(REPLICAS) < 6, ENDS, np.nan)  # two have not reached it


@pytest.mark.parametrize(
    ("computed", "apart"),
    [
        (CURVES, False),
        (CURVES * (1 + 1e-6), False),
        (CURVES[:, :4], True),
        (CURVES + 1e-2, True),
        # round-off that training has magnified, late and within the replicas' band
        (np.vstack([CURVES[:200], CURVES[200:, ::-1]]), False),
        (np.vstack([CURVES[:200], CURVES[:100] + 1.0]), True),
        (np.vstack([CURVES[:200] + 1.0, CURVES[:100]]), True),
        (np.vstack([CURVES[100:200], CURVES[100:]]), True),
    ],
    ids=["same", "round-off", "shape", "other", "late", "end", "middle", "beginning"],
)
def test_losses_agree_up_to_what_training_magnifies(computed, apart):
    found = agreement.differing({"loss": CURVES}, {"loss": computed}, REPLICAS)
    assert found == (["loss"] if apart else [])


@pytest.mark.parametrize(
    ("stored", "computed", "agrees"),
    [
        (ENDS, ENDS[::-1], True),
        (ENDS, ENDS + 0.9, True),
        (ENDS, ENDS + 1.1, False),
        # a row for each replica: each column has a band of its own
        (np.stack([ENDS, 10 * ENDS], 1), np.stack([ENDS, 10 * ENDS], 1)[::-1], True),
        (np.stack([ENDS, 10 * ENDS], 1), np.stack([ENDS, ENDS], 1), False),
        # as many bins as replicas: either may come first
        (np.diag(ENDS), np.diag(ENDS[::-1]), True),
        # measured of the first three replicas only
        (ENDS[:3], ENDS[2::-1], True),
        (ENDS[:3], ENDS[:3] + 5, False),
        # what was never reached lies above all that was
        (NEVER, NEVER[::-1], True),
        (NEVER, np.full(REPLICAS, np.nan), True),
        (ENDS, np.full(REPLICAS, np.nan), False),
        # whole numbers: of replicas, and of none
        (np.arange(REPLICAS), np.arange(REPLICAS)[::-1], True),
        (np.arange(5), np.arange(5)[::-1], False),
        (np.zeros(REPLICAS, bool), np.arange(REPLICAS) == 0, True),
        (np.zeros(REPLICAS, bool), np.ones(REPLICAS, bool), False),
        (np.array(20_000), np.array(20_001), False),
        (np.arange(REPLICAS), ENDS, False),
    ],
)
def test_results_agree_within_the_band_of_their_replicas(stored, computed, agrees):
    assert agreement.alike(stored, computed, REPLICAS) is agrees


def test_what_was_not_computed_again_differs():
    assert agreement.differing({"ends": ENDS, "steps": ENDS}, {"ends": ENDS}, REPLICAS) == ["steps"]
