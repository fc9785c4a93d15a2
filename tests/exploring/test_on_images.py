"""Networks that learn images on the spot, and what the explorers show of them."""

from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from test_views import view
from torch import nn

from hw1lib.chapters import error_surface, on_images
from hw1lib.chapters.error_surface import around
from hw1lib.chapters.error_surface import exploring as error_surface_exploring
from hw1lib.chapters.error_surface import spec as surfaces
from hw1lib.chapters.image_task import exploring, mistakes
from hw1lib.chapters.interpolation import between
from hw1lib.chapters.on_images import CONVOLUTION, PERCEPTRON, YOURS, Trial, side_by_side, watch
from hw1lib.chapters.sensitivity import maps
from hw1lib.data import image_sets
from hw1lib.data.image_sets import Split, assembled
from hw1lib.exploring import packing
from hw1lib.exploring.mosaics import Mosaic
from hw1lib.exploring.session import Session
from hw1lib.measuring import sensitivities

STORED = view(id="fig-x-try")


def stripes(count, side=12, channels=1, seed=0):
    """Two classes that anybody can tell apart: upright and lying stripes, with noise."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(2, size=count)
    lines = 200 * (np.arange(side) % 4 < 2)
    images = np.where(labels[:, None, None], lines[:, None], lines)[:, None]
    images = images + draw.integers(0, 50, size=(count, channels, side, side))
    return Split(torch.from_numpy(images.astype(np.uint8)), torch.from_numpy(labels))


@pytest.fixture(scope="module")
def images():
    return assembled("stripes", "folder", stripes(120), stripes(40, seed=1), ("lying", "upright"))


def trial(images, **changes):
    return Trial(**{"images": images, "updates": 12, "batch_size": 20, "seeds": (1,), **changes})


def linear(n=144, classes=2):
    return nn.Sequential(nn.Flatten(), nn.Linear(n, classes))


@pytest.mark.parametrize("name", [PERCEPTRON, CONVOLUTION, YOURS])
def test_every_network_learns_what_anybody_could(images, name):
    *_, seen = watch(trial(images, network=name, build=linear, seeds=(1, 2)))
    assert seen.updates == [0, 5, 10, 12]
    assert len(seen.test) == 4
    assert seen.test[-1].min() > 90
    right = 100 * (seen.said() == seen.truth).mean(axis=1)
    np.testing.assert_allclose(seen.test[-1], right, rtol=1e-5)


def test_permuted_pixels_are_what_the_networks_see(images):
    seen = next(watch(trial(images, permuted=True)))
    plain = next(watch(trial(images)))
    assert not torch.equal(seen.task.test[0], plain.task.test[0])
    assert torch.equal(seen.task.test[0].flatten(1).sort().values,
                       plain.task.test[0].flatten(1).sort().values)  # fmt: skip


def test_networks_take_turns_and_threads_are_left_as_found(images):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        trials = {"short": trial(images, updates=5), "long": trial(images)}
        rounds = list(side_by_side(trials))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert [list(runs) for runs in rounds] == [["short", "long"]] * 4
    assert rounds[-1]["short"].updates == [0, 5]
    assert rounds[-1]["long"].updates == [0, 5, 10, 12]
    assert on_images.progress(rounds[-1], over=True) == (
        "short: trained, 5 of 5 updates; long: trained, 12 of 12 updates"
    )


def broken():
    raise OSError("no weights here")


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (broken, "your network cannot be built: no weights here"),
        (partial(linear, n=100), r"your network cannot take images of shape \(2, 1, 12, 12\): "),
        (partial(linear, classes=7), r"your network returns \(2, 7\) for 2 images, expected \(2, "),
        (lambda: nn.Sequential(nn.Flatten(), nn.Dropout(), nn.Linear(144, 2)), "draws at random"),
        (lambda: nn.ReLU(), "has no parameters to train"),
        (None, "give a network of your own as network="),
    ],
)
def test_what_is_wrong_with_a_network_is_said_in_one_sentence(images, build, sentence):
    with pytest.raises(ValueError, match=sentence) as refused:
        next(watch(trial(images, network=YOURS, build=build)))
    assert "\n" not in str(refused.value)


def test_images_that_are_too_small_or_not_here_are_named(images):
    tiny = assembled("tiny", "folder", stripes(20, 8), stripes(20, 8), ("a", "b"))
    with pytest.raises(ValueError, match="need images of 10×10 pixels or more, these have 8×8"):
        next(watch(trial(tiny, network=CONVOLUTION)))
    with pytest.raises(ValueError, match="MNIST is not on this machine; HW1_DATA names"):
        next(watch(trial(image_sets._known("mnist"))))


def test_pixels_and_words_of_a_mosaic_lie_where_its_images_are():
    place = Mosaic(count=3, across=2, height=4, width=3)
    pictures = np.arange(3.0)[:, None, None, None] * np.ones((3, 1, 4, 3))
    pixels = place.pixels(pictures)
    assert pixels.shape == (1, *place.shape)
    top_down = pixels[0, ::-1]
    assert (top_down[:4, :3] == 0).all()
    assert (top_down[:4, place.step[1] :][:, :3] == 1).all()
    assert (top_down[place.step[0] :][:4, :3] == 2).all()
    assert np.isfinite(top_down).sum() == 3 * 12
    x, y = place.words
    assert (x[0], x[1] - x[0]) == (1, place.step[1])
    for image, (across, up) in enumerate(zip(x, y, strict=True)):  # below each image is its room
        row = place.shape[0] - 1 - round(up)
        assert np.isnan(top_down[row, round(across)]), image
        assert np.nanmax(top_down[: row + 1, round(across)][-place.step[0] :]) == image


def finished(visit, **state):
    """Press a visit's button, and return the session once its work is done."""
    session = Session(STORED, {"go": visit})
    session.explorer.state = {**session.explorer.state, **state}
    session.pressed("go")
    session.worker.join(60)
    assert not session.worker.busy
    return session


def held(view, kind, panel):
    return [layer for layer in view.layers if (layer.kind, layer.panel) == (kind, panel)]


def test_the_images_that_are_shown_are_those_it_gets_wrong(images):
    noisy = replace(images, test=Split(images.test.images, 1 - images.test.labels))
    runs = next(side_by_side({PERCEPTRON: trial(noisy, updates=0)}))
    shown = mistakes.drawn(STORED, runs, (), over=True)
    seen = runs[PERCEPTRON]
    wrong = np.flatnonzero(seen.said()[0] != seen.truth)
    (words,) = held(shown, "words", 1)
    texts = [words.texts[int(z)] for z in words.parts["z"].values[0] if np.isfinite(z)]
    names = ("lyin", "upri")
    expected = [f"{names[seen.truth[k]]}→{names[seen.said()[0, k]]}" for k in wrong[:15]]
    assert texts == expected
    counted = shown.readings[1].value.values
    assert counted.tolist() == [len(wrong)]


def test_networks_are_trained_and_stopped_by_the_buttons_of_chapter_12(images):
    visit = mistakes.visit(STORED, {"stripes": images}, linear)
    session = finished(visit, pixels=1, trainings=1)
    assert session.explorer.header["status"].count("trained, 200 of 200 updates") == 3
    shown = session.shown
    assert [c.name for c in shown.controls][:2] == ["look", "shown"]
    assert shown.controls[0].options == (PERCEPTRON, CONVOLUTION, YOURS)
    packing.packed(shown)
    kept = {name: session.explorer.state[name] for name in ("pixels", "trainings")}
    assert kept == {"pixels": 1, "trainings": 1}  # also while they were not shown
    session.pressed("go")
    session.pressed("stop")
    session.worker.join(30)
    assert "stopped, " in session.explorer.header["status"]
    session.pressed("back")
    assert session.explorer.header["title"] == STORED.title
    assert session.explorer.state["rate"] == STORED.start["rate"]


def test_a_network_that_does_not_fit_leaves_a_sentence_in_the_explorer(images):
    visit = mistakes.visit(STORED, {"stripes": images}, partial(linear, n=5))
    said = finished(visit).explorer.header["status"]
    assert said.startswith("That failed: your network cannot take images of shape")


def test_a_folder_of_images_is_offered_beside_those_of_the_chapter(tmp_path, monkeypatch):
    for split, count in (("train", 6), ("test", 3)):
        for label, name in enumerate(("cats", "dogs")):
            folder = tmp_path / split / name
            folder.mkdir(parents=True)
            for n in range(count):
                pixels = np.full((12, 12, 3), 40 * label + n, dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{n}.png")
    asked = {}
    monkeypatch.setattr(exploring, "view", lambda result: STORED)
    monkeypatch.setattr(exploring.against, "explore", lambda *_, **given: asked.update(given))

    result = SimpleNamespace(images={}, standin=lambda *arms: "")
    exploring.explore(result, "fig-image-try", data=f"folder:{tmp_path}", network=linear)
    (choice, *_) = asked["visits"]["train"].controls
    assert choice.options == (f"images of the folder {tmp_path.name}",)


def test_the_ends_of_a_line_are_the_two_networks(images):
    session = finished(between.visit(STORED, images), ends=1)
    shown = session.shown
    places = list(between.ALPHAS)
    ends = [int(np.argmin(np.abs(between.ALPHAS - end))) for end in (0, 1)]
    assert [places[k] for k in ends] == pytest.approx([0, 1])
    (accuracy,) = [one for one in shown.readings if one.label == "test accuracy"]
    runs = list(
        side_by_side(
            {
                name: Trial(images=images, seeds=(on_images.OTHER_SEEDS + 10 + n,),
                            orders=(on_images.OTHER_SEEDS + 12 + n,))
                for n, name in enumerate((between.FIRST, between.SECOND))
            }
        )
    )[-1]  # fmt: skip
    for k, seen in zip(ends, runs.values(), strict=True):
        assert accuracy.value.values[k] == pytest.approx(seen.test[-1][0])
    right, wrong = held(shown, "words", 2)
    told = np.isfinite(right.parts["z"].values).astype(int)
    assert (told + np.isfinite(wrong.parts["z"].values) == 1).all()


def test_reactions_of_all_pixels_sum_up_to_the_norm_of_the_jacobian(images):
    for name in (PERCEPTRON, CONVOLUTION):
        *_, seen = watch(trial(images, network=name))
        found = maps.reactions(seen)
        norms = sensitivities.jacobian_norms(
            seen.model, seen.task.test[0][: len(found)], prepare=seen.task.prepare
        )
        np.testing.assert_allclose(
            np.sqrt((found**2).sum(axis=(1, 2, 3))), norms[0].numpy(), rtol=1e-4
        )


def test_two_batch_sizes_learn_from_as_many_images(images):
    shown = finished(maps.visit(STORED, images)).shown
    assert shown.controls[0].options == ("batches of 20", "batches of 120")
    assert "30 of 30 updates; batches of 120: trained, 5 of 5 updates" in shown.status
    assert len(held(shown, "image", 1)) == 1
    assert len(held(shown, "heat", 2)) == 1


def test_confusions_count_every_test_image_once(images):
    *_, seen = watch(trial(images, hidden=(4,), seeds=(1,)))
    found = around.classifier(seen)
    middle = len(found.places) // 2
    assert (found.counts.sum(axis=(2, 3)) == len(seen.truth)).all()
    np.testing.assert_array_equal(found.counts.sum(axis=3)[0, 0], np.bincount(seen.truth))
    at_solution = found.counts[middle, middle]
    assert 100 * np.trace(at_solution) / len(seen.truth) == pytest.approx(seen.test[-1][0])
    np.testing.assert_allclose(found.redrawn[middle], found.loss[middle, middle], rtol=1e-5)
    assert (found.redrawn[0] != found.loss[0, middle]).all()  # other directions than the plane's


def test_a_classifier_of_chapter_24_is_visited_like_a_regressor(images):
    names = ["deep", surfaces.SGD]
    way = around.way(STORED, surfaces.PROFILES["smoke"], names, images)
    session = finished(way, network=1)
    assert [panel.title for panel in session.shown.panels][1] == "Test images"
    assert "lyin" in session.shown.note


def test_a_regressor_is_visited_from_what_chapter_24_shows(fresh):
    result = fresh(error_surface, surfaces.PROFILES.choose("smoke", data="standin"))
    stored = replace(error_surface_exploring.view(result), id="fig-surface-try")
    way = around.way(stored, result.spec, [*result.surfaces], result.images)
    session, heard = Session(stored, {"go": way}), []
    session.explorer.observe(lambda change: heard.append(change["new"]["status"]), "header")
    session.pressed("go")
    session.worker.join(60)
    assert heard[0] == "Training deep ..."
    assert session.shown.panels[1].title == "The network there"
    assert session.explorer.state["a"] == len(session.shown.controls[0].options) // 2
    session.pressed("back")
    assert session.explorer.header["panels"][0]["title"] == "On the line"
