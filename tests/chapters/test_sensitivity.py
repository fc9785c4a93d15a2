"""Chapter 34 trains what it says, describes it as the library does, and shows whatever happened."""

import dataclasses
import re
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from filed import changed, filed_under, jobs_of
from matplotlib.figure import Figure
from torch import nn
from torch.nn import functional as F

from hw1lib.chapters import sensitivity as chapter
from hw1lib.chapters import tables
from hw1lib.chapters.sensitivity import (
    claims,
    comparisons,
    correlations,
    findings,
    keskar,
    slips,
    timings,
    trainings,
    views,
)
from hw1lib.chapters.sensitivity.chapter import CHAPTER
from hw1lib.chapters.sensitivity.result import COMPARED, SHORT, accuracy_lost
from hw1lib.chapters.sensitivity.spec import (
    ALONE,
    ARMS,
    AS_A,
    BATCHES,
    EPOCHS,
    EQUAL_F1,
    LARGE,
    LARGE_F1,
    RANDOM,
    RESCALED,
    SCALED,
    SMALL,
    SMALL_F1,
    STEPS,
    TRUE,
)
from hw1lib.data import image_sets
from hw1lib.judging import verdicts
from hw1lib.measuring import sensitivities
from hw1lib.measuring.generalization import MEASURES
from hw1lib.networks import builders
from hw1lib.networks.replicas import Streams
from hw1lib.results.specs import SettingError
from hw1lib.results.store import Entry
from hw1lib.showing import drawn
from hw1lib.training import classification, loop, optimizers
from hw1lib.training.run import Run, threads

SPEC = chapter.PROFILES["smoke"].replace(data="standin", train_examples=50, test_examples=33)
OF_RESULT = [views.sweep, views.sensitivity, views.as_written, views.noise, views.sharp]
OF_RESULT += [views.rescaled, keskar.compared]
TABLES = [keskar.table, views.jacobian_table, views.time_table]
TABLES += [partial(tables.verdicts, claims.CLAIMS), partial(tables.slips, slips.SLIPS)]
SENTENCES = [findings.sweep_sentence, findings.sensitivity_sentence, findings.written_sentence]
SENTENCES += [findings.noise_sentence, findings.sharp_sentence, findings.rescaled_sentence]
SENTENCES += [findings.keskar_sentence, findings.describe_sweep]
SENTENCES += [findings.time_sentence, findings.networks_sentence]
SENTENCES += [partial(findings.in_short, measure="keskar_wide", title="Keskar's sharpness")]


@pytest.fixture(autouse=True)
def _one_thread():
    """Spare these small networks the waiting for other threads."""
    with threads(1):
        yield


@pytest.fixture(scope="module")
def result(fresh):
    return fresh(chapter, SPEC)


@pytest.fixture(scope="module")
def failed(fresh):
    """Steps so large that whole arms, and the networks outside the sweep, diverge."""
    return fresh(chapter, SPEC.replace(learning_rate=1e30, adam_rate=1e30))


@pytest.fixture(scope="module")
def images():
    return image_sets.load("mnist", "standin", sizes=(60, 40))


def settings(**changes):
    """Settings of one small stack."""
    return trainings.Training(
        **{
            "widths": (784, 5, 10),
            "optimizer": chapter.NESTEROV,
            "learning_rate": 0.01,
            "batch_size": 20,
            "epochs": 2,
            "updates": 0,
            "train_examples": 50,
            "test_examples": 33,
            "random_labels": False,
            "described": 9,
            "closer": 0,
            "rescaled": False,
            "seeds": (0, 1),
            **changes,
        }
    )


def flat(images, split):
    part = getattr(images, split)
    return ((part.images.float() / 255 - images.mean[0]) / images.std[0]).flatten(1)


def plain(number, widths=(784, 5, 10)):
    """Replica `number` as torch's own modules, at its first weights."""
    with torch.random.fork_rng():
        net = nn.Sequential(
            nn.Linear(widths[0], widths[1]), nn.ReLU(), nn.Linear(widths[1], widths[2])
        )
    first = builders.mlp(Streams([number]), *widths)
    for p, its in zip(net.parameters(), first.parameters(), strict=True):
        p.data = its.data[0].clone()
    return net


# What is trained


@pytest.mark.parametrize("updates", [0, 4])
def test_a_training_is_that_of_plain_torch(images, updates):
    of = settings(updates=updates, epochs=1 if updates else 2)
    found = trainings.train(of, images, run=Run())
    net, order = plain(1), Streams([1]).order[0]
    x, y = flat(images, "train")[:50], images.train.labels[:50]
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, nesterov=True)
    batches = [part for _ in range(2) for part in torch.randperm(50, generator=order).split(20)]
    assert [len(part) for part in batches] == [20, 20, 10] * 2
    for part in batches[: updates or len(batches)]:
        optimizer.zero_grad()
        F.cross_entropy(net(x[part]), y[part]).backward()
        optimizer.step()
    outputs, labels = net(flat(images, "test")[:33]), images.test.labels[:33]
    assert found["described_test_loss"][1] == pytest.approx(
        F.cross_entropy(outputs, labels).item(), rel=1e-4
    )
    accuracy = (outputs.argmax(dim=1) == labels).double().mean().item()
    assert found["described_test_accuracy"][1] == pytest.approx(accuracy)
    if not updates:
        # as A measured it: on one minibatch, averaged over the four tensors
        part = torch.randperm(50, generator=order)[:20]
        optimizer.zero_grad()
        F.cross_entropy(net(x[part]), y[part]).backward()
        norms = [p.grad.norm().item() for p in net.parameters()]
        assert found["tensor_gradient"][1] == pytest.approx(np.mean(norms), rel=1e-3)


def test_random_labels_are_learned_but_not_tested_on(images):
    true = trainings._task(settings(), images, "cpu")
    task = trainings._task(settings(random_labels=True), images, "cpu")
    assert torch.equal(task.train[0], true.train[0])
    assert torch.equal(task.test[1], true.test[1])
    assert len(set(task.train[1].tolist())) == 10
    assert (task.train[1] == true.train[1]).float().mean() < 0.4


def test_the_arms_differ_as_they_say(images):
    sizes, sweep = SPEC.batch_sizes, chapter._sweep(SPEC, images)
    for size in sizes:
        equal = sweep[EPOCHS, size]
        assert (equal.batch_size, equal.epochs, equal.updates) == (size, SPEC.epochs, 0)
        assert equal.learning_rate == SPEC.learning_rate
        assert equal.optimizer is chapter.NESTEROV
        assert chapter.NESTEROV.keywords == {"momentum": 0.9}
        steps = dataclasses.replace(equal, epochs=1, updates=SPEC.updates)
        assert sweep[STEPS, size] == steps
        assert sweep[AS_A, size] == dataclasses.replace(equal, learning_rate=1e-4)
        rate = sweep[SCALED, size].learning_rate
        assert sweep[SCALED, size] == dataclasses.replace(equal, learning_rate=rate)
        assert rate / size == pytest.approx(1e-4 / sizes[0])
    # one training, found in the store the second time
    assert sweep[SCALED, sizes[0]] == sweep[AS_A, sizes[0]]


def test_the_sweep_is_that_of_as_network_and_the_rest_has_one_hidden_layer(images):
    full = chapter.PROFILES["full"].replace(
        batch_sizes=(10, 20, 50), small_batch=10, train_examples=60, twin_examples=60
    )
    assert {of.widths for of in chapter._sweep(full, images).values()} == {(784, 500, 100, 50, 10)}
    alone = chapter._alone(full, images)
    assert {alone[name].widths for name in ALONE} == {(784, 100, 10)}
    assert chapter._noise(full, images).settings.widths == (784, 100, 10)
    assert chapter._time(full, images).settings.widths == (784, 500, 100, 50, 10)
    assert (full.epochs, full.replicas, full.written_rate) == (30, 10, 1e-4)


def test_a_training_that_two_arms_share_is_one_network(result, images):
    full = chapter.PROFILES["full"]
    spec = SPEC.replace(batch_sizes=(10, 20, 50), learning_rate=full.written_rate * (20 / 10))
    sweep = chapter._sweep(spec, images)
    assert sweep[SCALED, 20] == sweep[EPOCHS, 20]
    planted = {key: result.alone[TRUE] for key in sweep}
    described = dataclasses.replace(result, spec=spec, sweep=planted).described
    assert len(described) == len({*sweep.values()}) + len(ALONE)
    assert f"{EPOCHS}, batch 20" in described
    # and in the full profile, at a thousand images
    assert full.scaled_rate(1_000) == full.learning_rate


def test_networks_are_named_by_their_widths_and_parameters(result):
    spec = chapter.PROFILES["full"]
    said = findings.networks_sentence(dataclasses.replace(result, spec=spec))
    assert "the network 784-500-100-50-10, 448,160 parameters" in said
    assert "The perceptron is 784-100-10, 79,510 parameters" in said


def test_the_networks_outside_the_sweep_differ_as_they_say(images):
    alone = chapter._alone(SPEC, images)
    small, large, true = alone[SMALL], alone[LARGE], alone[TRUE]
    assert small.optimizer is optimizers.adam
    assert (small.learning_rate, small.batch_size, small.closer) == (1e-3, 10, 20)
    unlike = {"batch_size": 5, "epochs": SPEC.large_epochs, "rescaled": False}
    assert large == dataclasses.replace(small, **unlike)
    assert alone[RANDOM] == dataclasses.replace(true, random_labels=True)
    twin = {"train_examples": 20, "epochs": SPEC.twin_epochs, "closer": 0, "rescaled": False}
    assert true == dataclasses.replace(small, **twin)


def test_f1_is_trained_as_the_perceptron_in_keskars_setting_but_for_its_size(images):
    full = chapter.PROFILES["full"]
    whole = image_sets.Split(
        images.train.images[:1].expand(60_000, -1, -1, -1), torch.zeros(60_000)
    )
    many = dataclasses.replace(images, train=whole)
    for ours, f1 in zip(BATCHES["perceptron"], BATCHES["F1"], strict=True):
        alone = chapter._alone(full, many)
        one, other = alone[ours], alone[f1]
        assert other.widths == (784, 512, 512, 512, 512, 512, 10)
        assert other.seeds == full.seeds[:6]
        size = {"widths": one.widths, "seeds": one.seeds, "epochs": one.epochs}
        assert dataclasses.replace(other, **size, rescaled=one.rescaled) == one
        assert other.batch_size == {SMALL_F1: 256, LARGE_F1: 6_000}[f1]


def test_the_same_spec_gives_the_same_bits(fresh, result):
    again = fresh(chapter, SPEC)
    assert len(result.described) == len(ARMS) * len(SPEC.batch_sizes) - 1 + len(ALONE)
    for name, of in result.described.items():
        assert list(of) == list(MEASURES)
        for measure, values in of.items():
            assert values.shape == (SPEC.replicas,)
            assert np.array_equal(values, again.described[name][measure]), (name, measure)
    assert np.array_equal(result.variance, again.variance)


def test_a_training_ends_at_the_pass_that_reaches_the_loss_of_another(images):
    of = settings(epochs=6, batch_size=10, learning_rate=0.05, closer=20)
    losses = []
    for epochs in range(7):
        after = dataclasses.replace(of, epochs=epochs)
        losses.append(trainings.train(after, images, run=Run())["described_train_loss"])
    goal = np.array([losses[3][0] * 1.001, 0.0])  # one replica gets there, the other never
    other = Entry(
        arrays={"described_train_loss": goal}, key={}, provenance={}, path=Path("another")
    )
    found = trainings.train_to(of, images, other, run=Run())
    reached = next(k for k in range(7) if losses[k][0] <= goal[0])
    assert found["updates"].tolist() == [5 * reached, 5 * 6]
    expected = [losses[reached][0], losses[6][1]]
    np.testing.assert_allclose(found["described_train_loss"], expected, rtol=1e-5)
    whole = trainings.train(dataclasses.replace(of, epochs=6), images, run=Run())
    for name in ("keskar_wide", "described_trace", "described_test_accuracy"):
        assert found[name][1] == pytest.approx(whole[name][1], rel=1e-4), name
    assert not found["diverged"].any()


# The closer look


@pytest.fixture(scope="module")
def looked(images):
    """A trained stack, its task, and what a closer look finds."""
    model = builders.mlp(Streams((0, 1)), 784, 12, 10)
    of = settings(widths=(784, 12, 10), closer=15, rescaled=True)
    task = trainings._task(of, images, "cpu")
    with threads(1):
        loop.fit(
            model,
            task.minibatches(10, Streams((0, 1)).order),
            classification.MEASURES[0],
            optimizers.adam(model, learning_rate=3e-3),
            epochs=6,
        )
        return model, task, trainings.look_closer(of, task, model)


def test_images_are_told_apart_by_whether_they_are_classified_correctly(looked):
    model, task, found = looked
    images, labels = task.test
    with torch.no_grad():
        right = (model(task.prepare(images)).argmax(dim=2) == labels).numpy()
    assert 0 < right.mean() < 1
    norms = sensitivities.jacobian_norms(model, images, prepare=task.prepare).numpy()
    for r in range(2):
        expected = [norms[r][right[r]].mean(), norms[r][~right[r]].mean()]
        np.testing.assert_allclose(found["jacobian"][0, :, r], expected, rtol=1e-5)


def test_rescaling_multiplies_sharpness_but_not_the_relative_one(looked):
    found = looked[2]
    assert found["difference"].max() < 1e-10
    ratios = found["rescaled"][:, -1] / found["rescaled"][:, 0]
    by_name = dict(zip(RESCALED, ratios, strict=True))
    for name in ("keskar", "eigenvalue", "trace", "perturbed"):
        assert (by_name[name] > 1e3).all(), name
    np.testing.assert_allclose(by_name["relative"], 1, rtol=1e-6)


def test_the_noise_of_minibatches_falls_as_that_of_means_without_replacement(images):
    of = trainings.Noise(
        widths=(784, 5, 10),
        batch_sizes=(1, 7, 20, 50),
        draws=400,
        optimizer=chapter.NESTEROV,
        learning_rate=0.01,
        batch_size=20,
        epochs=1,
        train_examples=50,
        seeds=(0, 1),
    )
    found = trainings.noise(of, images, run=Run())
    net, x, y = plain(1), flat(images, "train")[:50], images.train.labels[:50]

    def gradient(inputs, labels):
        parts = torch.autograd.grad(F.cross_entropy(net(inputs), labels), [*net.parameters()])
        return torch.cat([part.flatten() for part in parts])

    whole = gradient(x, y)
    assert found["length"][0, 1] == pytest.approx(whole.square().sum().item(), rel=1e-3)
    single = [gradient(a[None], b[None]) - whole for a, b in zip(x, y, strict=True)]
    variance = torch.stack(single).square().sum(dim=1).mean().item()
    for size, measured in zip(of.batch_sizes, found["variance"][0, :, 1], strict=True):
        expected = variance / size * (1 - (size - 1) / 49)
        assert measured == pytest.approx(expected, rel=0.1, abs=1e-9), size


# How long an epoch takes


TIMED = timings.Timing(
    widths=(784, 5, 4, 10),
    batch_sizes=(7, 20, 50),
    updates=2,
    rounds=4,
    optimizer=chapter.NESTEROV,
    learning_rate=1e-4,
    train_examples=50,
    seed=0,
)


@pytest.fixture
def clock(monkeypatch):
    """A clock that only updates move: by a second each, and a hundredth for each image."""
    now, sizes = [0.0], []
    objective = timings.losses.cross_entropy

    def counted(outputs, targets):
        if outputs.requires_grad:
            sizes.append(targets.shape[1])
            now[0] += 1 + 0.01 * targets.shape[1]
        return objective(outputs, targets)

    monkeypatch.setattr(timings.losses, "cross_entropy", counted)
    monkeypatch.setattr(timings.time, "perf_counter", lambda: now[0])
    return sizes


def test_a_pass_is_timed_as_a_whole_and_a_cut_one_is_scaled_up(images, clock):
    seconds = timings.time_passes(TIMED, images, run=Run())["seconds"]
    # 50 images: two updates of 7, then of 20, are a part of an epoch; one of 50 is all of it
    cut = [2 * (1 + 0.01 * size) * 50 / (2 * size) for size in (7, 20)]
    np.testing.assert_allclose(seconds, np.array([*cut, 1.5])[:, None].repeat(4, axis=1))
    turn = [7] * 8 + [20] * 8 + [50] * 4  # an epoch to warm up, and three
    assert clock == turn * 4


def test_a_whole_pass_counts_its_short_last_batch(images, clock):
    whole = dataclasses.replace(TIMED, batch_sizes=(20,), updates=100, rounds=1)
    seconds = timings.time_passes(whole, images, run=Run())["seconds"]
    np.testing.assert_allclose(seconds, [[3 + 0.01 * 50]])
    assert clock == [20, 20, 10] * 4


def test_a_disturbed_pass_does_not_count(images, monkeypatch):
    ends = iter([0.0, 1.0, 9.0, 10.0])
    monkeypatch.setattr(timings.time, "perf_counter", lambda: next(ends))
    one = dataclasses.replace(TIMED, batch_sizes=(50,), rounds=1)
    assert timings.time_passes(one, images, run=Run())["seconds"].tolist() == [[1.0]]


def test_a_graphics_card_is_waited_for(monkeypatch):
    waited = []
    monkeypatch.setattr(timings.torch.cuda, "synchronize", waited.append)
    timings._now("cpu")
    assert not waited
    timings._now("cuda:0")
    assert waited == ["cuda:0"]


def test_times_are_told_with_the_machine_and_the_loss_beside_them(result):
    seconds = np.array([[8.0], [2.0], [0.5]]) * EIGHT
    sizes = SPEC.batch_sizes
    losses = {(AS_A, sizes[0]): {"train_loss": EIGHT}, (AS_A, sizes[-1]): {"train_loss": 2 * EIGHT}}
    shown = planted(result, seconds=seconds, sweep=losses)
    table = views.time_table(shown)
    assert table["seconds per epoch"].str.match(r"^(7.98|2|1.99|0.499) \[").all()
    assert table["updates per epoch"].tolist() == ["10", "3", "1"]
    said = findings.time_sentence(shown)
    assert "a ratio of 16 [16, 16]" in said
    assert "end at a training loss of 0.998, with the largest at 2" in said
    assert re.search(r"cores?, .+; cpu, 1 thread$", result.timed_on), result.timed_on


# Bad input


def test_a_batch_larger_than_the_split_is_refused_in_one_sentence(fresh):
    with pytest.raises(
        SettingError,
        match=r"^batch_sizes and small_batch of sensitivity\.Spec must be at most the 60 training "
        r"images here \(stand-in for MNIST \(scikit-learn digits\)\), got 61$",
    ):
        fresh(chapter, SPEC.replace(train_examples=1_000, batch_sizes=(5, 20, 61)))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"batch_sizes": (5, 20)}, "must be at least 3, each above the one before, got [5, 20]"),
        ({"batch_sizes": (5, 5, 20)}, "each above the one before, got [5, 5, 20]"),
        ({"large_share": 1.5}, "large_share of sensitivity.Spec must be at most 1, got 1.5"),
        ({"twin_examples": 51}, "must be at most train_examples (50), got 51"),
        ({"small_batch": 30}, "must be at most twin_examples (20), got 30"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(changes, sentence):
    with pytest.raises(SettingError, match=re.escape(sentence)):
        SPEC.replace(**changes)


# What is read off


def planted(result, **measures):
    """A result in which arms and networks have other values, given per training."""
    sweep = {key: {**of} for key, of in result.sweep.items()}
    for key, changes in measures.pop("sweep", {}).items():
        sweep[key] |= changes
    alone = {name: {**of} for name, of in result.alone.items()}
    for name, changes in measures.pop("alone", {}).items():
        alone[name] |= changes
    return dataclasses.replace(result, sweep=sweep, alone=alone, **measures)


PLACES = {claim.sentence: place for place, claim in enumerate(claims.CLAIMS)}
EIGHT = np.linspace(0.9, 1.1, 8)


def test_levelling_off_compares_changes_per_tenfold_batch(result):
    a, b, c = SPEC.batch_sizes  # 5, 20, 50
    values = {
        (AS_A, a): {"input_gradient_test": EIGHT},
        (AS_A, b): {"input_gradient_test": EIGHT * 4},
        (AS_A, c): {"input_gradient_test": EIGHT * 4 * 1.01},
    }
    changed = planted(result, sweep=values)
    sides = comparisons.levelling(
        changed, {key: of["input_gradient_test"] for key, of in changed.sweep.items()}
    )
    small, large = (10 ** (np.log10(f) / np.log10(b / a)) for f, a, b in ((4, a, b), (1.01, b, c)))
    assert [*sides] == [f"batches {a} to {b}", f"batches {b} to {c}"]
    np.testing.assert_allclose([*sides.values()], [[small] * 8, [large] * 8])


def test_keskars_setting_is_judged_by_pairs_of_trainings(result):
    accuracies = {
        SMALL: {"test_accuracy": 0.98 + 0.001 * EIGHT},
        LARGE: {"test_accuracy": 0.977 + 0.001 * EIGHT},
    }
    better = claims.CLAIMS[PLACES["Small batches generalize better, where both train to the end."]]
    judged = better.judge(planted(result, alone=accuracies))
    assert judged.interval.mean == pytest.approx(0.3)


def test_each_network_of_keskars_setting_has_its_own_factor(result):
    closer = {
        name: dataclasses.replace(result.closer[name], keskar_wide=level * EIGHT)
        for name, level in {
            SMALL: 3.0,
            LARGE: 6.0,
            SMALL_F1: 30.0,
            LARGE_F1: 3_000.0,
            EQUAL_F1: 15.0,
        }.items()
    }
    table = keskar.table(planted(result, closer=closer))
    rows = table[table["measure"] == "sharpness, 1e-3"].set_index("network")
    assert rows["large / small"].tolist() == [
        "2 [2, 2]",
        "100 [100, 100]",
        "0.5 [0.5, 0.5]",
        "167",
    ]
    assert rows["n"].tolist() == [8, 8, 8, 5]
    shown = drawn.rows(keskar.compared(planted(result, closer=closer)))
    factors = shown[shown["group"] == "sharpness, 0.001"].set_index("series").filter(like="large")
    assert factors.squeeze().to_dict() == pytest.approx(
        {"perceptron": 2, "F1": 100, "F1, equal loss": 0.5, keskar.PAPER: 205.14 / 1.23}
    )
    said = findings.keskar_sentence(planted(result, closer=closer))
    ours = "perceptron 2 [2, 2]; F1: 100 [100, 100]; F1, equal loss 0.5 [0.5, 0.5]"
    assert f"1e-3: {ours}; F1 of Keskar et al. 167" in said


def word(result, name):
    return next(claim for claim in claims.CLAIMS if claim.id == name).judge(result)


@pytest.mark.parametrize(
    ("factor", "tested"), [(0.4, False), (0.6, True), (1.9, True), (2.1, False)]
)
def test_minima_at_unequal_loss_are_not_compared(result, factor, tested):
    alone = {SMALL_F1: {"train_loss": 0.1 * EIGHT}, LARGE_F1: {"train_loss": 0.1 * factor * EIGHT}}
    closer = {
        name: dataclasses.replace(of, keskar_wide=EIGHT) for name, of in result.closer.items()
    }
    judged = word(planted(result, alone=alone, closer=closer), "34, F1")
    assert (judged.word != verdicts.NOT_TESTED) == tested
    if not tested:
        assert f"ended at {factor:g} times the training loss of the small one" in judged.reason


def test_leaving_out_an_arm_leaves_out_its_networks(result):
    rest = comparisons.without_arm(result)
    *arms, last = rest
    assert arms == [*ARMS]
    assert {*rest[last].described} == {*result.described} - {*ALONE}
    for arm in arms:
        less = rest[arm]
        names = [name for name in less.described if name.startswith(arm)]
        assert not names
        assert len(less.described) >= len(result.described) - len(SPEC.batch_sizes)


def test_each_jacobian_is_judged_for_itself(result):
    alone = {
        RANDOM: {"jacobian_test": EIGHT, "probability_jacobian_test": 3 * EIGHT},
        TRUE: {"jacobian_test": 2 * EIGHT, "probability_jacobian_test": EIGHT},
    }
    changed = planted(result, alone=alone)
    assert word(changed, "E-34c, outputs").interval.factor.mean == pytest.approx(0.5)
    assert word(changed, "E-34c, probabilities").interval.factor.mean == pytest.approx(3)


# What is shown


def chapters(result):
    """This chapter's networks, and made-up ones of another."""
    g = np.random.default_rng(0)
    other = {f"made up {n}": {name: g.random(3) for name in MEASURES} for n in range(5)}
    return {"34 sensitivity": result.described, "31 another": other}


@pytest.mark.parametrize("which", ["result", "failed"])
def test_everything_can_be_shown_whatever_happened(which, request):
    shown = request.getfixturevalue(which)
    for draw in OF_RESULT:
        figure = draw(shown)
        assert isinstance(figure, Figure)
        figure.draw_without_rendering()
    for tabulate in TABLES:
        assert isinstance(tabulate(shown), pd.DataFrame)
        assert not re.search(r"\bnan\b|\binf\b", tabulate(shown).to_string())
    for say in SENTENCES:
        assert not re.search(r"\bnan\b|\binf\b|None", say(shown)), say


@pytest.mark.parametrize("which", ["result", "failed"])
def test_several_chapters_are_shown_together(which, request):
    together = chapters(request.getfixturevalue(which))
    for gathered in (together, {"31 another": {}}):
        for draw in (correlations.with_the_gap, correlations.gaps_drawn):
            draw(gathered).draw_without_rendering()
        assert len(correlations.correlation_table(gathered)) == len(SHORT)
        assert len(correlations.chapter_table(gathered)) == 2 * len(COMPARED)
        for tabulate in (correlations.correlation_table, correlations.chapter_table):
            assert not re.search(r"\bnan\b|\binf\b", tabulate(gathered).to_string())
        for say in (
            findings.correlation_sentence,
            findings.equal_loss_sentence,
            findings.closest_in_short,
        ):
            assert not re.search(r"\bnan\b|\binf\b|None", say(gathered)), say.__name__


def test_what_goes_with_the_loss_alone_is_nothing_at_equal_loss():
    """In 60 networks whose gap and measure follow the loss, each with noise of its own."""
    g = np.random.default_rng(0)
    loss = np.arange(60.0)
    of = {"train_loss": loss, "test_loss": loss, "test_accuracy": np.zeros(60)}
    of["train_accuracy"] = loss + g.normal(0, 4, 60)
    of |= {name: loss + g.normal(0, 4, 60) for name in COMPARED}
    networks = {f"network {n}": {k: v[n : n + 1] for k, v in of.items()} for n in range(60)}
    table = correlations.chapter_table({"31 another": networks})
    found = table["31 another (n = 60)"].str.split().str[0].astype(float).to_numpy().reshape(-1, 2)
    assert (found[:, 0] > 0.9).all()
    # the rank correlation of what is left of noise, two standard errors of which are 0.26
    assert (abs(found[:, 1]) < 0.35).all()


def test_every_measure_that_is_correlated_is_described():
    assert {*SHORT} <= {*MEASURES}
    assert {*MEASURES} - {*SHORT} == {"test_loss", "train_accuracy", "test_accuracy"}


def test_diverged_trainings_are_counted(failed):
    lost = sum(int(np.isnan(of["train_loss"]).sum()) for of in failed.sweep.values())
    assert lost >= 2 * len(SPEC.batch_sizes)  # at least those whose every update is too large
    assert f"Trainings that diverged: {lost} of {4 * 3 * 2}." in findings.sweep_sentence(failed)
    assert np.isnan(failed.alone[TRUE]["train_loss"]).all()
    assert np.isnan(failed.alone[RANDOM]["jacobian_test"]).all()


# What it states of itself


MARGINS = {  # factors, points or units of correlation, and when they were chosen
    **dict.fromkeys(("A-C33a", "A-C33b", "A-C33, control", "A-C35a", "A-C35b", "A-C36"), 1.25),
    **dict.fromkeys(("A-C33c", "A-C34a", "A-C34b", "A-C34c"), 0.1),
    "A-C36b": 1.25,
    **dict.fromkeys(("E-34c, outputs", "E-34d, probabilities"), 1.25),
    "E-34a": 10.0,
    "E-34b": 1_000.0,
}


def test_the_margins_are_those_that_were_fixed():
    margins = {claim.id: claim.margin.size for claim in claims.CLAIMS if not claim.margin.after}
    assert margins == MARGINS


def test_no_claim_is_judged_by_one_jacobian_alone():
    ids = {claim.id for claim in claims.CLAIMS}
    for name in ids:
        if name.endswith(", outputs"):
            assert f"{name.removesuffix('outputs')}probabilities" in ids


def test_the_chapter_tells_itself_to_the_summary(result, failed):
    for shown in (result, failed):
        assert all(said.endswith(".") for said in CHAPTER.answer(shown))
    values = {name: metric(result) for name, metric in CHAPTER.metrics.items()}
    assert {value.shape for value in values.values()} == {(SPEC.replicas,)}
    lost, updates, sharp = values.values()
    sizes = SPEC.batch_sizes
    small, large = (result.sweep[EPOCHS, size]["test_accuracy"] for size in (sizes[0], sizes[-1]))
    np.testing.assert_allclose(lost, 100 * (small - large))
    small, large = (result.sweep[STEPS, size]["test_accuracy"] for size in (sizes[0], sizes[-1]))
    np.testing.assert_allclose(updates, 100 * (small - large))
    ratio = result.closer[LARGE].keskar_wide / result.closer[SMALL].keskar_wide
    np.testing.assert_allclose(sharp, ratio)


# Under which key it is filed


def test_a_training_is_filed_under_what_decides_it_and_nothing_else(images):
    def listed(images=images, device="cpu", **changes):
        return jobs_of(chapter, SPEC.replace(**changes), images=images, device=device)

    jobs = listed()
    of_f1 = {*BATCHES["F1"], EQUAL_F1}
    assert set(jobs) == {(arm, b) for arm in ARMS for b in SPEC.batch_sizes} | {
        *ALONE,
        *of_f1,
        "noise",
        "time",
    }
    assert changed(jobs, listed(device="cuda")) == set()
    assert changed(jobs, listed(dataclasses.replace(images, fingerprint="other"))) == {*jobs}
    assert changed(jobs, listed(seed=1)) == {*jobs}
    assert changed(jobs, listed(adam_rate=2e-3)) == {*ALONE, *of_f1}
    assert changed(jobs, listed(updates=4)) == {(STEPS, size) for size in SPEC.batch_sizes}
    assert changed(jobs, listed(f1_units=(7, 6))) == of_f1
    assert changed(jobs, listed(f1_small_epochs=3)) == {SMALL_F1, EQUAL_F1}
    assert changed(jobs, listed(noise_batches=3)) == {"noise"}
    assert changed(jobs, listed(timed_updates=2)) == {"time"}
    assert changed(jobs, listed(timed_rounds=3)) == {"time"}
    swept = {(arm, b) for arm in ARMS for b in SPEC.batch_sizes} | {"time"}
    assert changed(jobs, listed(hidden=(7, 6))) == swept
    assert changed(jobs, listed(units=7)) == {*ALONE, "noise"}
    assert [name for name, job in jobs.items() if not job.repeats] == ["time"]
    for job in jobs.values():
        assert filed_under(job, optimizer=optimizers.rmsprop) != filed_under(job)


def test_accuracy_lost_is_that_of_the_smallest_batch_less_that_of_the_largest(result):
    sizes, arm = SPEC.batch_sizes, next(arm for arm, _ in result.sweep)
    small, large = np.array([0.5, 0.75]), np.array([0.25, 0.25])
    sweep = dict(result.sweep)
    for size, planted in zip((sizes[0], sizes[-1]), (small, large), strict=True):
        sweep[arm, size] = {**sweep[arm, size], "test_accuracy": planted}
    lost = accuracy_lost(dataclasses.replace(result, sweep=sweep), arm)
    assert lost.tolist() == [25, 50]  # points
