"""Which updates are kept."""

import numpy as np
import pytest

from hw1lib.training.thinning import KEPT, kept


@pytest.mark.parametrize("updates", [0, 1, 398, 399, 400, 2_000, 20_000, 1_000_000])
def test_the_ends_are_kept_and_few_others(updates):
    found = kept(updates)
    assert found[[0, -1]].tolist() == [0, updates]
    assert len(found) <= KEPT
    assert (np.diff(found) > 0).all()


def test_all_are_kept_where_there_are_few():
    assert kept(399).tolist() == list(range(400))


def test_neighbours_differ_by_one_or_by_less_than_a_factor():
    found = kept(20_000) + 1
    ratio = found[1:] / found[:-1]
    assert ((np.diff(found) == 1) | (ratio < 1.06)).all()
