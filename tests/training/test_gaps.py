"""Arrays of all replicas have NaN where a replica has no values."""

import numpy as np
import pytest

from hw1lib.training.gaps import among_all, to_length


def test_what_ended_early_is_filled_up_with_nan():
    values = np.arange(6.0).reshape(2, 3)
    longer = to_length(values, 4)
    assert np.array_equal(longer[:2], values)
    assert longer.shape == (4, 3)
    assert np.isnan(longer[2:]).all()
    square = to_length(values, 3, 0, 1)
    assert np.array_equal(np.isnan(square), [[False] * 3] * 2 + [[True] * 3])


def test_what_is_as_long_as_it_should_be_stays():
    values = np.arange(6.0).reshape(2, 3)
    assert np.array_equal(to_length(values, 2), values)
    assert np.array_equal(to_length(values, 3, 1), values)


def test_what_is_longer_than_it_should_be_is_refused():
    with pytest.raises(ValueError, match="negative"):
        to_length(np.zeros(4), 3)


def test_values_of_some_stand_in_their_places_among_all():
    values = np.arange(4.0).reshape(2, 2)
    full = among_all(values, np.array([False, True, False, True]))
    assert full.shape == (4, 2)
    assert np.array_equal(full[[1, 3]], values)
    assert np.isnan(full[[0, 2]]).all()


@pytest.mark.parametrize("count", [0, 3])
def test_all_or_none_may_be_sound(count):
    sound = np.arange(3) < count
    full = among_all(np.ones((count, 5), dtype=np.float32), sound)
    assert full.dtype == np.float64
    assert np.isnan(full).all(axis=1).tolist() == (~sound).tolist()


def test_values_that_are_not_one_for_each_sound_replica_are_refused():
    for count in (0, 1, 3):  # a single one would else be that of both
        with pytest.raises(ValueError, match=f"^{count} values do not fit 2 sound replicas$"):
            among_all(np.ones(count), np.array([True, False, True]))
