"""Chapter 31 trains on labels that are wrong, stay wrong and are fitted, and says so."""

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest
import torch
from filed import changed, filed_under, jobs_of
from matplotlib.figure import Figure
from planted import fit as fit_of
from planted import fitted_after
from torch import nn

from hw1lib.chapters import random_labels as chapter
from hw1lib.chapters import tables
from hw1lib.chapters.random_labels import claims, comparisons, findings, scale_views, slips, views
from hw1lib.chapters.random_labels import trainings as learning
from hw1lib.chapters.random_labels.chapter import CHAPTER
from hw1lib.chapters.random_labels.result import Fit, halfway, label, slower
from hw1lib.chapters.random_labels.spec import CNN, MLP, NETWORKS, RANDOM, TRUE
from hw1lib.data import image_sets
from hw1lib.judging import verdicts
from hw1lib.measuring import generalization
from hw1lib.networks import builders, replicas
from hw1lib.networks.replicas import Streams
from hw1lib.networks.stacked import Stacked
from hw1lib.results.specs import SettingError
from hw1lib.training import loop, losses
from hw1lib.training.run import Run

SPEC = chapter.PROFILES["smoke"].replace(data="standin")
FIGURES = [views.noise, views.pace, views.memory, views.written, scale_views.curves]
TABLES = [
    views.fit_table,
    views.test_table,
    views.literature_table,
    scale_views.table,
    lambda result: tables.verdicts(claims.CLAIMS, result),
    lambda result: tables.slips(slips.SLIPS, result),
]
SENTENCES = [findings.slower_sentence, findings.pace_sentence, findings.test_sentence]
SENTENCES += [findings.memory_sentence, findings.written_sentence, findings.literature_sentence]
SENTENCES += [findings.scale_sentence, findings.jump_sentence, findings.at_scale_sentence]


@pytest.fixture(scope="module")
def result(fresh):
    return fresh(chapter, SPEC)


@pytest.fixture(scope="module")
def failed(fresh):
    """Trainings with steps so large that all of them diverge."""
    return fresh(chapter, SPEC.replace(learning_rate=1e30))


def settings(**changes):
    """A stack of two perceptrons on the stand-ins' digits."""
    basic = learning.Training(
        build=builders.mlp,
        shape=(784, 64, 10),
        flat=True,
        share=1.0,
        train_examples=43,
        test_examples=40,
        batch_size=10,
        epochs=40,
        evaluate_every=1,
        learning_rate=3e-3,
        described=10,
        described_trainings=1,
        seeds=(3, 4),
    )
    return dataclasses.replace(basic, **changes)


@pytest.fixture(scope="module")
def digits():
    return image_sets.load("mnist", "standin", sizes=(60, 40))


# What is learned


def test_the_labels_learned_are_wrong_nine_times_in_ten_and_never_change(digits, monkeypatch):
    """Watch the images and labels that meet in every step, whatever made them meet."""
    met = [{}, {}]  # of either replica: the labels that came with each image
    images, plain_loss, plain_fit = [None], losses.cross_entropy, loop.fit

    def loss(outputs, labels):
        if images[0] is not None:
            for labels_met, pixels, row in zip(met, images[0], labels, strict=True):
                for one, label in zip(pixels, row.tolist(), strict=True):
                    labels_met.setdefault(one.numpy().tobytes(), []).append(label)
        return plain_loss(outputs, labels)

    def fit(model, batches, *args, **others):
        class Watched:
            def __iter__(self):
                for inputs, targets in batches:
                    images[0] = inputs
                    try:
                        yield inputs, targets
                    finally:
                        images[0] = None  # what follows is no step of training

        return plain_fit(model, Watched(), *args, **others)

    monkeypatch.setattr(losses, "cross_entropy", loss)
    monkeypatch.setattr(loop, "fit", fit)
    monkeypatch.setattr(learning, "described", lambda *args: {})
    passes = 4
    learning.train(settings(epochs=passes), digits, run=Run())

    pixels = digits.normalized(digits.train.images[:43]).flatten(1)
    truth = dict(zip((p.numpy().tobytes() for p in pixels), digits.train.labels, strict=False))
    assert len(truth) == 43
    for labels_met in met:
        assert set(labels_met) == set(truth)
        assert {len(labels) for labels in labels_met.values()} == {passes}
        assert {len(set(labels)) for labels in labels_met.values()} == {1}
        wrong = np.mean([labels[0] != truth[image] for image, labels in labels_met.items()])
        assert 0.75 < wrong < 1.0  # 0.9 with a standard error of 0.046
    # replicas have labels of their own
    assert np.mean([met[0][image] != met[1][image] for image in truth]) > 0.7


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_so_many_labels_of_a_large_set_are_wrong_as_the_share_says(share):
    truth = torch.arange(20_000) % 10
    given = learning.own_labels(truth, settings(share=share), classes=10)
    wrong = (given != truth).double().mean(dim=1).numpy()
    np.testing.assert_allclose(wrong, 0.9 * share, atol=0.01)


def test_the_networks_and_images_are_the_same_with_any_labels(result):
    for name in NETWORKS:
        true, random = result.fits[name, TRUE], result.fits[name, RANDOM]
        np.testing.assert_array_equal(true.test[0], random.test[0])
        np.testing.assert_array_equal(true.train[0, :, 2], random.train[0, :, 2])
        assert not np.array_equal(true.test[-1], random.test[-1])


def test_the_same_spec_gives_the_same_bits(fresh, result):
    again = fresh(chapter, SPEC)
    for key, fit in result.fits.items():
        for field in dataclasses.fields(Fit):
            one, other = getattr(fit, field.name), getattr(again.fits[key], field.name)
            assert np.array_equal(one, other, equal_nan=True), (key, field.name)


# What is measured


def plain_training(seed, images, given, until_fitted):
    """Train one perceptron with torch's own parts, and measure it after every epoch."""
    n = len(given)
    split = [
        (part.images.flatten(1) / 255 - images.mean[0]) / images.std[0]
        for part in (images.train, images.test)
    ]
    x, x_test = split[0][:n], split[1]
    with torch.random.fork_rng():
        model = nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
    start = replicas.weights(builders.mlp(Streams([seed]), 784, 64, 10))[0].detach()
    nn.utils.vector_to_parameters(start, model.parameters())
    adam, order = torch.optim.Adam(model.parameters(), lr=3e-3), Streams([seed]).order[0]
    seen, last = [], []
    while True:
        with torch.no_grad():
            outputs, tested = model(x), model(x_test)
        right = (outputs.argmax(1) == given).float().mean().item()
        seen.append(
            (
                nn.functional.cross_entropy(outputs, given).item(),
                right,
                (outputs.argmax(1) == images.train.labels[:n]).float().mean().item(),
                nn.functional.cross_entropy(tested, images.test.labels).item(),
                (tested.argmax(1) == images.test.labels).float().mean().item(),
            )
        )
        if right == 1 and until_fitted:
            return np.array(seen), np.array(last)
        for chosen in torch.randperm(n, generator=order).split(10):
            adam.zero_grad()
            loss = nn.functional.cross_entropy(model(x[chosen]), given[chosen])
            loss.backward()
            adam.step()
        last.append(loss.item())


def test_a_training_is_that_of_plain_torch_until_every_label_is_right(digits):
    found = learning.train(settings(), digits, run=Run())
    fit = Fit(
        epochs=np.arange(41),
        **{f.name: found[f.name] for f in dataclasses.fields(Fit) if f.name != "epochs"},
    )
    given = learning.own_labels(digits.train.labels[:43], settings(), 10)
    assert np.isfinite(fit.fitted).all()
    for r, seed in enumerate((3, 4)):
        seen, last = plain_training(seed, digits, given[r], until_fitted=True)
        passes = len(last)
        assert fit.fitted[r] == passes > 3
        both = np.concatenate([fit.train, fit.test], axis=2)[:, r]
        np.testing.assert_allclose(both[: passes + 1], seen, rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(fit.last[:passes, r], last, rtol=1e-3)
        # then it rests
        np.testing.assert_array_equal(both[passes:], np.tile(both[passes], (41 - passes, 1)))
        assert np.isnan(fit.objective[passes:, r]).all()
    # every network is described as it was left, on the labels that it learned
    for split, seen in (("train", fit.train), ("test", fit.test)):
        assert found[f"described_{split}_loss"] == pytest.approx(seen[-1, :1, 0], rel=1e-6)
        assert found[f"described_{split}_accuracy"] == pytest.approx(seen[-1, :1, 1])


def ordinary(streams, *shape):
    """Networks of torch's own layers, with the builders' signature."""

    def build():
        return nn.Sequential(nn.Linear(shape[0], shape[1]), nn.Tanh(), nn.Linear(*shape[1:]))

    return Stacked(build, seeds=range(len(streams.order)))


def test_an_ordinary_torch_module_learns_labels_too(digits):
    plan = settings(build=ordinary, shape=(784, 16, 10), epochs=3)
    found = learning.train(plan, digits, run=Run())
    assert not found["diverged"].any()
    assert found["train"].shape == (4, 2, 3)
    assert (found["train"][-1, :, 0] < found["train"][0, :, 0]).all()
    assert all(np.isfinite(values).all() for values in found.values())


def test_a_network_whose_last_update_goes_to_infinity_has_no_last_measurement(digits):
    found = learning.train(settings(epochs=1, batch_size=43, learning_rate=1e38), digits, run=Run())
    assert np.isfinite(found["objective"]).all()  # the only loss seen in training
    assert found["diverged"].all()
    for name in ("train", "test"):
        assert np.isfinite(found[name][0]).all()
        assert np.isnan(found[name][-1]).all()
    assert np.isnan(found["described_weight_norm"]).all()


def test_every_network_is_described_as_far_as_asked(result, failed):
    assert len(result.described) == len(result.fits)
    for (name, share), (of, found) in zip(result.fits, result.described.items(), strict=True):
        assert of == label(name, share)
        assert set(found) == set(generalization.MEASURES)
        assert {len(values) for values in found.values()} == {1}
        assert found["test_loss"] == pytest.approx(result.fits[name, share].test[-1, :1, 0])
    for found in failed.described.values():
        assert all(np.isnan(values).all() for values in found.values())


@pytest.mark.parametrize(("epochs", "every"), [(5, 2), (4, 2), (3, 1), (1, 4)])
def test_a_training_is_measured_as_often_as_planned(digits, epochs, every, monkeypatch):
    monkeypatch.setattr(learning, "described", lambda *args: {})
    plan = settings(epochs=epochs, evaluate_every=every, learning_rate=1e-5)
    found = learning.train(plan, digits, run=Run())
    planned = 1 + -(-epochs // every)  # before the first epoch, and then until the last
    assert len(found["train"]) == len(found["test"]) == planned
    assert found["objective"].shape == found["last"].shape == (epochs, 2)


# What is read off


def test_a_fit_takes_the_passes_until_the_first_measurement_without_a_mistake():
    accuracy = [[0, 0, 1, 0], [0.9, 1, 1, 0.9], [1, 0.99, 1, 0.95], [1, 1, 1, 0.99]]
    assert fit_of(accuracy).fitted.tolist() == [4, 2, 2, np.inf]
    lost = fit_of(accuracy)
    lost.train[:, 0, 0] = np.nan
    assert lost.fitted[0] == np.inf  # an accuracy of outputs that are no numbers


def planted(result, **fits):
    """A result with known trainings: `MLP_0` is that network with true labels."""
    keys = {f"{name}_{100 * share:g}": (name, share) for name, share in result.fits}
    return dataclasses.replace(
        result, fits={**result.fits, **{keys[name]: fit for name, fit in fits.items()}}
    )


def judged(which, result):
    """The verdict on a claim by its id."""
    (claim,) = (claim for claim in claims.CLAIMS if claim.id == which)
    return claim.judge(result)


def test_times_are_compared_as_factors_and_an_unfinished_one_counts_with_all_its_passes(result):
    long = dataclasses.replace(result, spec=SPEC.replace(epochs=100))
    both = planted(long, MLP_0=fitted_after([10, 20]), MLP_100=fitted_after([40, 1000]))
    effect = slower(both, MLP, 1.0)
    assert effect.n == 8
    assert effect.mean == pytest.approx((np.log10(40 / 10) + np.log10(100 / 20)) / 2)
    same = planted(both, MLP_100=fitted_after([10, 20]))
    assert judged("E-31b", same).word == verdicts.TOO_SMALL
    never = planted(both, MLP_0=fitted_after([1000]))
    assert slower(never, MLP, 1.0).n == 0
    some = fitted_after([40])
    some.diverged[:3] = True
    assert slower(planted(both, MLP_100=some), MLP, 1.0).n == 5


@pytest.mark.parametrize(
    ("accuracy", "word"),
    [
        (1.0, verdicts.SUPPORTED),
        (0.9934, verdicts.SUPPORTED),  # the lowest that Zhang et al. call a fit
        (0.98, verdicts.TOO_SMALL),
        (0.8, verdicts.CONTRADICTED),
    ],
)
def test_random_labels_count_as_fitted_from_99_percent_on(result, accuracy, word):
    course = np.outer([0.1, accuracy], np.linspace(0.9999, 1, 8))
    arms = planted(result, MLP_100=fit_of(course), CNN_100=fit_of(course))
    assert {judged(which, arms).word for which in ("A-C22", "B-C14")} == {word}


def whole(result, **fits):
    """A result at the reports' scale, with known trainings on random labels of all images."""
    spec = chapter.PROFILES["full"]
    images = {
        name: dataclasses.replace(
            result.images[name],
            train=image_sets.Split(torch.empty(count, 0), torch.empty(count)),
        )
        for name, count in ((MLP, 60_000), (CNN, 50_000))
    }
    known = {(name, RANDOM): fit for name, fit in fits.items()}
    return dataclasses.replace(
        result, spec=spec, images=images, at_scale={**result.at_scale, **known}
    )


def at_passes(passes, accuracy):
    """Eight trainings, measured after so many epochs."""
    course = np.outer(accuracy, np.linspace(0.9999, 1, 8))
    return dataclasses.replace(fit_of(course), epochs=np.array(passes))


@pytest.mark.parametrize(
    ("then", "last", "word", "later"),
    [
        (1.0, 1.0, verdicts.SUPPORTED, verdicts.SUPPORTED),
        (0.6, 0.995, verdicts.CONTRADICTED, verdicts.SUPPORTED),
        (0.6, 0.98, verdicts.CONTRADICTED, verdicts.TOO_SMALL),
    ],
)
def test_at_a_reports_scale_its_own_passes_count(result, then, last, word, later):
    scenes = at_passes([0, 90, 100, 300], [0.1, 0.5, then, last])
    digits = at_passes([0, 500, 1000], [0.1, 0.5, then])
    arms = whole(result, CNN=scenes, MLP=digits)
    assert judged("A-C22, A's scale", arms).word == word
    assert judged("A-C22, trained on", arms).word == later
    assert judged("B-C14, B's scale", arms).word == word
    assert "100 epochs" in judged("A-C22, A's scale", arms).effect.of
    assert "50,000 colour images" in judged("A-C22, A's scale", arms).effect.of
    no_longer = whole(result, CNN=at_passes([0, 100], [0.1, 1.0]))
    assert judged("A-C22, trained on", no_longer).word == verdicts.NOT_TESTED


def test_at_a_reports_scale_the_test_images_are_judged_too(result):
    loss = np.array([2.3, 10.0])[:, None] * np.linspace(0.95, 1.05, 8)
    test = np.stack([loss, np.full_like(loss, 0.1)], axis=2)
    guessing = dataclasses.replace(fit_of(np.ones((2, 8)), test=test), epochs=np.array([0, 1000]))
    arms = whole(result, MLP=guessing, CNN=guessing)
    assert judged("B-C15, B's scale", arms).word == verdicts.SUPPORTED
    assert {judged(which, arms).word for which in ("E-31k", "E-31l")} == {verdicts.SUPPORTED}
    knowing = dataclasses.replace(
        guessing, test=np.stack([loss[::-1], np.full_like(loss, 0.5)], axis=2)
    )
    arms = whole(result, MLP=knowing, CNN=knowing)
    assert judged("B-C15, B's scale", arms).word == verdicts.CONTRADICTED
    assert {judged(which, arms).word for which in ("E-31k", "E-31l")} == {verdicts.CONTRADICTED}


def test_a_smaller_scale_is_not_the_reports(result):
    cut = judged("B-C14, B's scale", result)
    assert cut.word == verdicts.NOT_TESTED
    assert "60,000 images for its 1,000 epochs" in cut.reason


def test_a_rising_test_loss_is_told_by_its_factor(result):
    losses = np.array([2.3, 5, 10])[:, None] * np.linspace(0.95, 1.05, 8)
    test = np.stack([losses, np.full_like(losses, 0.1)], axis=2)
    rising = planted(result, MLP_100=fit_of(np.ones((3, 8)), test=test))
    assert judged("B-C15", rising).interval.mean == pytest.approx(np.log10(10 / 2.3))


def test_the_passes_to_a_share_lie_between_measurements():
    given = np.array([0.1, 0.5, 0.9, 0.8, 1.0])[:, None] * np.ones(8)
    fit = fit_of(given)
    fit.train[3:, 0, 0] = np.nan  # diverged after it had most labels right
    at = {share: fit.passes_to(share) for share in (0.05, 0.3, 0.9, 1.0)}
    epochs = fit.epochs
    np.testing.assert_allclose(at[0.05], epochs[0])
    np.testing.assert_allclose(at[0.3], (epochs[0] + epochs[1]) / 2)
    np.testing.assert_allclose(at[0.9], epochs[2])
    np.testing.assert_allclose(at[1.0], [np.nan, *[epochs[4]] * 7])


def forgotten(fit, share):
    """How far the accuracy on the true labels falls, in points."""
    then, last = comparisons.known_then_and_last(fit, share).values()
    return then - last


def test_what_is_forgotten_was_known_when_as_many_labels_were_right_as_are_true():
    given = np.array([0.1, 0.5, 0.55, 0.8, 1.0])[:, None] * np.ones(8)
    true = np.array([0.1, 0.9, 0.8, 0.85, 0.55])[:, None] + np.linspace(0, 0.01, 8)
    fit = fit_of(given)
    fit.train[:, :, 2] = true
    np.testing.assert_allclose(forgotten(fit, 0.5), 25)  # 55 % of the labels are true
    np.testing.assert_allclose(forgotten(fit, 0.25), 30)
    fit.train[-1, 0, 0] = np.nan
    fit.train[:, 1, 1] = 0.4
    assert np.isnan(forgotten(fit, 0.5)[:3]).tolist() == [True, True, False]


def test_labels_that_are_learned_all_alike_are_not_forgotten():
    given = np.linspace(0.1, 1, 50)[:, None] * np.ones(8)
    fit = fit_of(given)
    fit.train[:, :, 2] = 0.55 * given  # the true ones among those that are learned
    assert (forgotten(fit, 0.5) < 0).all()


def test_the_noise_nearest_to_one_half_is_looked_at_more_closely(result):
    other = dataclasses.replace(result, spec=SPEC.replace(noise=(0.1, 0.7, 0.4)))
    assert halfway(other) == 0.4
    assert other.spec.shares == (0.0, 0.1, 0.4, 0.7, 1.0)


# What is shown


@pytest.mark.parametrize("which", ["result", "failed"])
def test_everything_can_be_shown_whatever_happened(which, request):
    shown = request.getfixturevalue(which)
    drawn = [draw(shown) for draw in FIGURES]
    drawn += [views.curves(shown, name) for name in NETWORKS]
    for figure in drawn:
        assert isinstance(figure, Figure)
        figure.draw_without_rendering()
    for tabulate in TABLES:
        table = tabulate(shown)
        assert isinstance(table, pd.DataFrame)
        assert not re.search(r"\bnan\b|\binf\b|None", table.to_string())
    said = [say(shown) for say in SENTENCES]
    said += [findings.curve_sentence(shown, name) for name in NETWORKS]
    for sentence in said:
        assert not re.search(r"\bnan\b|\binf\b|None", sentence), sentence


def test_diverged_trainings_are_counted_and_none_is_called_fitted(failed):
    table = views.fit_table(failed)
    for _, row in table.iterrows():
        n = 1 if row["network"] == CNN else 2
        assert (row["all labels right"], row["diverged"]) == (f"0 of {n}", n)
    assert "diverged" in findings.memory_sentence(failed)


def test_an_unfitted_training_is_called_a_lower_bound(result):
    long = dataclasses.replace(result, spec=SPEC.replace(epochs=100))
    both = planted(long, MLP_0=fitted_after([10]), MLP_100=fitted_after([40, 1000]))
    assert "at least, as 4 ended unfitted" in findings.slower_sentence(both)


def test_the_table_beside_the_literature_has_the_reports_networks(result):
    table = views.literature_table(result)
    assert table["parameters"].tolist()[:4] == 2 * ["407,050", "153,962"]
    assert (table["who"] == "Zhang et al.").sum() == 3
    # 28 x 28 x 3 inputs, 512 units, 10 classes
    assert table["parameters"][4] == f"{2352 * 512 + 512 + 5130:,}"


def test_the_scale_is_that_of_what_was_learned(result):
    said = findings.scale_sentence(result)
    assert "407,050 parameters. It learns 50 digits at a rate of 0.001, 8,140 parameters" in said
    assert "153,962 parameters. It learns 30 colour images at a rate of 0.001, 5,130" in said
    assert "report A it learns 50,000 at a rate of 0.0001, 3.1 for each" in said
    assert "report B it learns 60,000 at a rate of 0.0001, 6.8 for each" in said
    for which, images in (("A-C22", "30 colour images"), ("B-C14", "50 digits")):
        assert f"of {images} at a learning rate of 0.001" in judged(which, result).effect.of
    for say in SENTENCES:
        assert "50 digits" in say(result) or say in (
            findings.written_sentence,
            findings.jump_sentence,
            findings.at_scale_sentence,
        )


def test_a_loss_that_doubles_at_once_has_jumped(result):
    fit = fit_of(np.ones((4, 8)))
    fit.train[:, :, 0] = np.array([2.3, 1.0, 1.9, 0.5])[:, None]
    fit.train[2, 3:, 0] = 2.0
    fit.train[3, 4, 0] = np.nan
    assert fit.jumps().sum(axis=1).tolist() == [0, 5, 0]
    assert "5 of 8 [" in findings.jump_sentence(planted(result, MLP_100=fit))
    smooth = fit_of(np.ones((4, 8)), train=np.ones((4, 8, 3)))
    none = findings.jump_sentence(planted(result, MLP_100=smooth, CNN_100=smooth))
    assert none.startswith("There is no training")


def test_a_stand_in_is_named(result):
    assert "stand-in" in result.standin()
    assert [row["standin"] for row in result.provenance] == [True, True]


def test_fewer_than_six_trainings_are_not_tested(result):
    assert {claim.judge(result).word for claim in claims.CLAIMS} == {verdicts.NOT_TESTED}


def test_the_margins_are_those_that_were_fixed(result):
    early = {claim.id: claim.margin.size for claim in claims.CLAIMS if not claim.margin.after}
    factors = dict.fromkeys(("B-C15", "E-31a", "E-31b"), 1.25)
    fits = dict.fromkeys(("A-C22", "B-C14", "A-C22, A's scale", "B-C14, B's scale"), 1.0)
    assert early == {**fits, **factors, "B-C15, B's scale": 1.25}
    assert "Zhang et al. call 99.34 % a fit" in tables.margins(claims.CLAIMS, result)


def test_every_metric_is_one_number_per_training(result):
    for name, metric in CHAPTER.metrics.items():
        assert metric(result).shape == (SPEC.cnn_replicas if CNN in name else SPEC.replicas,)


# Under which key it is filed


def test_a_training_is_filed_under_what_decides_it_and_nothing_else(digits):
    def listed(images=digits, device="cpu", **changes):
        return jobs_of(chapter, SPEC.replace(**changes), images=images, device=device)

    jobs = listed()
    larger = {key for key in jobs if "at scale" in key}
    assert len(larger) == 2 * (1 + SPEC.scale_replicas)
    assert len(jobs) == 3 * (1 + SPEC.cnn_replicas) + len(larger)
    assert changed(jobs, listed(device="cuda")) == set()
    assert changed(jobs, listed(dataclasses.replace(digits, fingerprint="other"))) == {*jobs}
    assert changed(jobs, listed(learning_rate=2e-3)) == {*jobs} - larger
    assert changed(jobs, listed(epochs=4)) == {*jobs} - larger
    assert changed(jobs, listed(scale_rate=2e-4)) == larger
    assert changed(jobs, listed(scale_every=1)) == larger
    of_digits = {key for key in larger if key[0] == MLP}
    assert changed(jobs, listed(scale_digits=50)) == of_digits
    assert changed(jobs, listed(scale_digit_epochs=4)) == of_digits
    of_scenes = larger - of_digits
    random = {key for key in of_scenes if key[1] == 1}
    assert len(random) == SPEC.scale_replicas
    assert changed(jobs, listed(scale_scene_epochs=4)) == of_scenes - random
    assert changed(jobs, listed(scale_random_epochs=4)) == random
    for job in jobs.values():
        same = dataclasses.replace(job, label="other", cost=3, threads=1)
        assert filed_under(same) == filed_under(job)
        other = builders.lenet if job.settings.flat else builders.mlp
        for change in (
            {"build": other},
            {"share": 0.3},
            {"seeds": tuple(seed + 1 for seed in job.settings.seeds)},
        ):
            assert filed_under(job, **change) != filed_under(job), change


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 51}, r"batch_size .* at most digits \(50\), got 51"),
        ({"batch_size": 31}, r"batch_size .* at most scenes \(30\), got 31"),
        ({"noise": (0.5, 1.0)}, "noise of random_labels.Spec must be below 1, got 1"),
        ({"noise": (0.0,)}, "noise .* above 0, got 0"),
        ({"data": "fake"}, "data of random_labels.Spec cannot be 'fake'"),
        ({"cnn_replicas": 0}, "cnn_replicas .* at least 1, got 0"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes, message):
    with pytest.raises(SettingError, match=message):
        SPEC.replace(**changes)
