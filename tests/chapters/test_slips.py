"""The reports' slips: each in its chapters, and with what it changed in the numbers planted."""

import dataclasses

import numpy as np
import pytest
import test_part_one_claims as one
import test_part_three_claims as three
import test_part_two_claims as two
from planted import REPLICAS, fitted_after, pair, sweep

from hw1lib.chapters import capacity
from hw1lib.chapters.capacity.slips import some_smaller_is_better
from hw1lib.chapters.capacity.spec import OF_A as A_NETWORKS
from hw1lib.chapters.capacity.spec import OF_B as B_NETWORKS
from hw1lib.chapters.function_fit.spec import AS_A, AS_B, B_SIGN
from hw1lib.chapters.image_task import spec as image_task
from hw1lib.chapters.image_task.slips import opposite
from hw1lib.chapters.interpolation import spec as interpolation
from hw1lib.chapters.registry import discover
from hw1lib.chapters.weight_paths.spec import OF_A
from hw1lib.judging import slips
from hw1lib.judging.slips import Slip, factors, not_rebuilt, times, told, wording_only
from hw1lib.judging.statistics import NO_INTERVAL, Interval, t_interval

BELONGS = {  # chapter -> the slips that its numbers are about
    "function_fit": "A2 A12 A13 A15 B1 B2 B3 B4 B5 B16",
    "image_task": "A1 A12 B6 B7 B8",
    "weight_paths": "A3 B9",
    "gradient_norm": "A6 B10",
    "minimal_ratio": "A4 A5 A6 B11",
    "error_surface": "B15",
    "random_labels": "A7 B12",
    "capacity": "A11 A12 B13",
    "interpolation": "A8 A10 B14",
    "sensitivity": "A9 A14 B15",
}


def of_chapter(name):
    (chapter,) = (chapter for chapter in discover().values() if chapter.name == name)
    return chapter.slips


def changed(chapter, which, result):
    """What a slip changed in a result, as its table says it."""
    (slip,) = (slip for slip in of_chapter(chapter) if slip.id == which)
    return slip.changed(result)


# Where they are


@pytest.mark.parametrize("chapter", BELONGS)
def test_a_slip_is_in_the_chapters_it_is_about_and_in_no_other(chapter):
    assert [slip.id for slip in of_chapter(chapter)] == BELONGS[chapter].split()


def test_every_slip_of_both_reports_is_in_some_chapter():
    named = {which for chapter in BELONGS for which in BELONGS[chapter].split()}
    assert named == {f"A{n}" for n in range(1, 16)} | {f"B{n}" for n in range(1, 17)}


# How they are told


def test_an_effect_is_told_with_its_unit_and_n():
    assert told(Interval(0.5, 0.25, 0.75, 20), "points") == "0.5 [0.25, 0.75] points (n = 20)"
    assert told(t_interval(np.array([2.0, 2.5])), "nats") == "2.25 nats (n = 2)"
    assert told(NO_INTERVAL, "nats") == "no value (n = 0)"


def test_a_ratio_is_told_as_a_factor_and_several_share_their_n():
    ratio = Interval(1.0, 0.0, 2.0, 8)
    assert times(ratio) == "× 10 [1, 100] (n = 8)"
    assert times(NO_INTERVAL) == "no value (n = 0)"
    assert factors({"a": ratio, "b": ratio}) == "a × 10 [1, 100], b × 10 [1, 100] (n = 8)"
    fewer = dataclasses.replace(ratio, n=7)
    assert factors({"a": ratio, "b": fewer}) == ("a × 10 [1, 100] (n = 8), b × 10 [1, 100] (n = 7)")


def test_a_table_has_a_row_for_each_slip():
    both = (
        Slip("A1", "was wrong", "is right", wording_only),
        Slip("B2", "was left out", "is done", not_rebuilt("too long")),
    )
    table = slips.table(both, None)
    assert table.to_numpy().tolist() == [
        ["A1", "was wrong", "is right", "wording only"],
        ["B2", "was left out", "is done", "not rebuilt: too long"],
    ]
    assert list(table) == ["id", "what the report did", "here", "what it changed"]


def test_no_line_breaks_within_a_number():
    said = "twice × 2 [1, 3] (n = 8) as (much or little)"
    table = slips.table([Slip("A1", "", "", lambda result: said)], None)
    (cell,) = table["what it changed"]
    assert cell.split(" ") == [
        *("twice", "×\xa02", "[1,\xa03]", "(n\xa0=\xa08)", "as", "(much", "or", "little)")
    ]


# What they changed, where it is known


def fits(arm, target, deep, medium, shallow):
    return one.fitted(one.of_arm(arm, target, *(one.fit(x, 300) for x in (deep, medium, shallow))))


def test_neurons_and_layers_are_told_apart():
    said = changed("function_fit", "A2", one.right())
    assert "fewest neurons (medium) over most (shallow) × 10 [10, 10]" in said
    assert "one hidden layer (shallow) over most (deep) × 10 [10, 10] (n = 8)" in said


def test_seeds_that_alone_name_another_network_are_counted():
    result = fits(AS_A, "sinc", 1e-3, 1e-2, 1e-2)
    result.fits[AS_A, "sinc", "deep"].loss[-1, :3] *= 1e3
    assert "on sinc in 3 of 8" in changed("function_fit", "A12", result)


def test_the_fall_after_the_stop_is_told():
    stopped = one.fit(1e-4, 100)
    stopped.loss[-1] /= 10
    high = one.fit(1e-2, 300)
    result = one.fitted(one.of_arm(AS_A, "sinc", stopped, high, high))
    assert changed("function_fit", "A13", result).endswith("on sinc: deep × 10 [10, 10] (n = 8)")
    never = changed("function_fit", "A13", fits(AS_A, "sinc", 1e-2, 1e-2, 1e-2))
    assert never == "nothing: its rule stops no training of this run"


def test_other_targets_and_settings_of_b_are_compared_by_factors():
    sign = fits(AS_B, "sign", 2e-2, 1e-2, 5e-3)  # all others end at 1e-2
    expected = "deep × {} [{}, {}], medium × 1 [1, 1], shallow × {} [{}, {}] (n = 8)"
    assert changed("function_fit", "B1", sign).endswith(expected.format(*"222", *["0.5"] * 3))
    assert changed("function_fit", "B3", sign).endswith(expected.format(*["0.5"] * 3, *"222"))


def test_losses_at_the_stop_are_nearer_to_each_other_than_at_the_end():
    result = fits(AS_B, "sinc", 1e-3, 1e-2, 1e-2)
    assert "after all updates × 10 [10, 10] (n = 8)" in changed("function_fit", "B4", result)


def test_the_sign_fits_are_ranked_by_their_losses():
    said = changed("function_fit", "B5", fits(B_SIGN, "sign", 5e-2, 1e-2, 1e-1))
    assert said.endswith("lowest) × 10 [10, 10], deep (said to be lower) × 5 [5, 5] (n = 8)")


@pytest.mark.parametrize(("points", "said"), [(5, "0 is among the 5 points"), (300, "0.0033 away")])
def test_the_grid_is_looked_at_for_zero(points, said):
    assert said in changed("function_fit", "B16", one.fitted({}, points=points))


def test_a_slip_about_a_target_that_was_not_fitted_says_so():
    result = one.fitted({}, targets=("sine",))
    assert changed("function_fit", "B5", result).endswith("was not fitted")


def test_the_squared_error_costs_what_was_planted():
    result = one.images_right()
    written = {
        (image_task.AS_A, "CNN 16"): one.curves(0.5, 0.5),
        (image_task.AS_A, "MLP 260"): one.curves(0.5, 0.4),
    }
    result = dataclasses.replace(result, curves=result.curves | written)
    said = changed("image_task", "A1", result)
    assert "by -10 [-10.1, -9.9" in said  # 50 in place of 60 %, within the seeds' noise
    assert "points (n = 8) for CNN 16" in said


def test_seeds_that_alone_turn_width_round_are_counted():
    narrow, wide = one.curves(0.5, 0.5), one.curves(0.5, 0.6)
    wide.test[-1, :2, 2] = 0.45
    assert opposite([narrow, wide]).sum() == 2


def test_the_loss_in_motion_is_compared_with_that_at_rest():
    known = one.curves(0.5, 0.5)
    moving = dataclasses.replace(known, objective=3 * known.objective)
    result = one.images_right()
    curves = result.curves | {(image_task.AS_B, "dropout CNN"): moving}
    said = changed("image_task", "B8", dataclasses.replace(result, curves=curves))
    assert said.endswith("LeNet × 1 [1, 1], dropout CNN × 3 [3, 3] (n = 8)")


def test_a_plane_shows_all_of_runs_that_lie_in_it():
    flat = two.wandering() * (np.arange(800) < 2)
    found = two.of_paths(flat, two.wandering(), factor=1.0)
    assert "shows 100 % of the variance of 8 trainings" in changed("weight_paths", "A3", found)
    assert "100 % of the first layer's" in changed("weight_paths", "B9", found)
    lost = dataclasses.replace(found.paths[OF_A], diverged=np.ones(REPLICAS, bool))
    result = dataclasses.replace(found, paths=dict.fromkeys(found.paths, lost))
    assert "none, since all diverged" in changed("weight_paths", "A3", result)


def test_the_late_norm_and_the_rerun_are_told():
    result = two.swinging()
    said = changed("gradient_norm", "A6", result)
    assert said.startswith("the late norm is 100 [100, 100] loss per unit of weight (n = 8)")
    assert "periodic in 8 of 8" in said
    said = changed("gradient_norm", "B10", result)
    assert "8 of 8 [68, 100] % after 6 updates" in said
    assert "0 of 8 [0, 32] % after 400" in said
    assert said.endswith("figure, in 8 of 8 [68, 100] %")


def test_the_rivals_of_the_ratio_are_held_against_it():
    result = two.minima()
    # the share is 0.705 + loss in whole hundredths, A's count 0.5 + loss
    assert "smooth networks: -0.199 [" in changed("minimal_ratio", "A4", result)
    assert "in 200 of 200" in changed("minimal_ratio", "A5", result)
    said = changed("minimal_ratio", "A6", result)
    assert "training ends at a gradient of 0.0001 [0.0001, 0.0001]" in said
    assert "in 8 of 8" in said  # without the decay
    assert "Adam ends at a gradient of 0.0001 [0.0001, 0.0001]" in said
    assert "in 0 of 200" in said
    against = two.of_points(
        lambda loss: 0.705 + loss, 0.0, rivals=-1, residual=1.0, along=two.as_a_has_it()
    )
    assert "text -0.86" in changed("minimal_ratio", "B11", against)


def test_true_labels_and_the_last_minibatch_are_compared():
    said = changed("random_labels", "A7", three.learned_by_heart())
    assert "gains 90 " in said
    assert said.endswith("× 4 [4, 4] (n = 8)")
    found = fitted_after([40])
    whole = found.series("train", "loss")[1:]
    off = dataclasses.replace(found, last=3 * whole)
    result = three.of_labels(found, found, off, off)
    assert "off by × 3 [3, 3] (n = 8)" in changed("random_labels", "B12", result)


def of_a_list(accuracy):
    """Five networks of A's list, by size, with these test accuracies."""
    names = ["784-5-9-10", "784-25-50-10", "784-50-100-10", "784-100-200-10", "784-250-500-10"]
    sizes = [4079, 21435, 45360, 100710, 326760]
    found = dataclasses.replace(sweep(sizes, accuracy, accuracy), names=tuple(names))
    return dataclasses.replace(found, lowest_batch=found.loss("train").T / 2)


def test_as_list_and_bs_lowest_losses_are_told():
    found = of_a_list([90, 92, 94, 96, 98])
    result = three.growing()
    sweeps = result.sweeps | {A_NETWORKS: found, B_NETWORKS: found}
    spec = capacity.PROFILES["smoke"].replace(a_models=(1, 2, 3, 8, 10))
    result = dataclasses.replace(result, spec=spec, sweeps=sweeps)
    said = changed("capacity", "A11", result)
    assert said.startswith("1 of 4 steps")
    assert "changes by -3.99 [" in said
    said = changed("capacity", "B13", result)
    assert "is 50 [50, 50] % (n = 8) of" in said
    found.test[2, :3, 1] = 0.5
    assert some_smaller_is_better(found).tolist() == [True] * 3 + [False] * 5
    assert "3 of 8" in changed("capacity", "A12", result)


def test_as_range_and_bs_further_pass_are_told():
    result = three.as_the_reports_have_it()
    lines = {interpolation.AS_A: pair(three.rising, three.rising)}
    lines[interpolation.main(interpolation.ADAM, interpolation.BATCH_LOW)] = pair(three.hill)
    result = dataclasses.replace(result, pairs=result.pairs | lines)
    said = changed("interpolation", "A8", result)
    assert "better fit -1 [-1, -1] (n = 8) on A's range" in said
    barrier = three.hill(0.5) - three.hill(0)  # of the jitter's mean, 1
    said = changed("interpolation", "B14", result)
    assert f"the barrier by {barrier:.3g} [" in said
    assert "test accuracy by -45 [" in said  # from 1 - 1.1 / 2 to nothing


def test_as_gradient_and_the_noise_are_told():
    result = three.batch_size_matters()
    said = changed("sensitivity", "A9", result)
    assert "A's measure × 8 [8, 8], gradient by the input × 8 [8, 8]" in said
    assert "equal updates × 9 [9, 9] (n = 8)" in said
    assert changed("sensitivity", "A14", result).endswith("× 0.0001 [0.0001, 0.0001] (n = 8)")
