"""Chapter 24's visits: what is said of a place is true of the network there."""

import numpy as np
import pytest

from hw1lib.chapters import error_surface as chapter
from hw1lib.chapters.error_surface.visiting import DRAWN, KINDS, SIDE, visit

SPEC = chapter.PROFILES["smoke"]


@pytest.fixture(scope="module", params=KINDS)
def place(request):
    spec = SPEC.replace(points=DRAWN, updates=60)  # learned at the points that are drawn
    return visit(spec, "shallow", request.param, 1)


def test_the_loss_of_a_place_is_that_of_its_network(place):
    errors = ((place.outputs - place.target) ** 2).mean(axis=2)
    np.testing.assert_allclose(place.loss, errors, rtol=1e-4)


def test_the_solution_is_in_the_middle_and_has_learned(place):
    middle = SIDE // 2
    assert place.places[middle] == 0
    assert place.loss[middle, middle] < place.target.var()


def test_slope_and_curvature_agree_with_the_loss_itself(place):
    assert (place.slope > 0).all()
    if place.about.startswith("its two steepest"):
        # along an eigenvector the loss is a parabola of its eigenvalue, near the solution
        middle = SIDE // 2
        step = place.loss[[middle - 1, middle, middle + 1], middle]
        told = float(place.about.split("curvatures ")[1].split(",")[0])
        second = np.diff(step, 2)[0]
        across = place.loss[middle, [middle - 1, middle, middle + 1]]
        assert second > np.diff(across, 2)[0] > 0
        assert told > 0
        assert place.curvature[middle, middle] <= told * 1.001


def test_every_visit_has_another_seed_and_none_of_the_stored_trainings():
    first, second = (visit(SPEC, "deep", KINDS[0], n) for n in (1, 2))
    assert first.seed != second.seed
    assert not {first.seed, second.seed} & set(SPEC.seeds)
    assert (first.loss != second.loss).any()
