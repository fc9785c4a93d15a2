"""Chapter 12 computes what it says, twice the same, and shows it whatever happened."""

import dataclasses
import functools
import math
from collections import Counter

import numpy as np
import pytest
import torch
from torch import nn
from viewing import labels_and_units, no_text_lacks_a_number, of_panel, shown

from hw1lib.chapters import image_task, tables
from hw1lib.chapters.image_task import claims, findings, plan, slips, views
from hw1lib.chapters.image_task.chapter import CHAPTER
from hw1lib.chapters.image_task.result import Curves, depth_arms
from hw1lib.chapters.image_task.spec import (
    AS_A,
    AS_B,
    BY_ITSELF,
    CNN_DEPTHS,
    CONTROL,
    DEPTH,
    DIGITS_DEPTH,
    MAIN,
    MLP_DEPTHS,
)
from hw1lib.chapters.image_task.trainings import Training, train
from hw1lib.data import randomized
from hw1lib.networks import builders, replicas
from hw1lib.networks.replicas import Streams
from hw1lib.networks.stacked import Stacked
from hw1lib.results import keys
from hw1lib.results.specs import SettingError
from hw1lib.showing import drawn
from hw1lib.training import losses
from hw1lib.training.run import Run

IMAGES = image_task.PROFILES["smoke"].replace(
    data="standin",
    replicas=2,
    channels=[2, 3],
    side_channels=[2],
    units=[4, 6],
    train_examples=30,
    side_examples=25,
    measured=20,
    a_batch=12,
    b_batch=12,
    depth_epochs=2,
)
RATES = {  # as if tuned
    **{
        (DEPTH, f"{n} layers{kind}"): 0.02 + n / 100
        for n in (2, 4, 6)
        for kind in ("", ", residual")
    },
    **{
        (DIGITS_DEPTH, f"{n} hidden{kind}"): 0.05 + n / 100
        for n in (1, 3, 6)
        for kind in ("", ", residual")
    },
}


@pytest.fixture(scope="module")
def image_store(tmp_path_factory):
    return tmp_path_factory.mktemp("images")


@pytest.fixture(scope="module")
def seen(fresh, image_store):
    return fresh(image_task, IMAGES, image_store)


def test_the_same_spec_gives_the_same_bits(fresh, seen):
    again = fresh(image_task, IMAGES)
    assert list(again.curves) == list(seen.curves)
    for key, curves in seen.curves.items():
        for field in dataclasses.fields(curves):
            values, others = (getattr(c, field.name) for c in (curves, again.curves[key]))
            assert np.array_equal(values, others, equal_nan=True), (key, field.name)


def test_every_network_of_every_arm_is_there(seen):
    names = {arm: list(seen.arm(arm)) for arm in seen.images}
    assert names[MAIN] == ["CNN 2", "CNN 3", "MLP 4", "MLP 6"]
    assert names[AS_A] == names[MAIN]
    assert names[CONTROL] == ["CNN 2", "MLP 4", "MLP 6"]
    assert names[BY_ITSELF] == ["linear"]
    assert names[DEPTH] == [
        "2 layers", "4 layers", "6 layers", "4 layers, residual", "6 layers, residual"
    ]  # fmt: skip
    assert names[AS_B] == ["LeNet", "dropout CNN"]
    assert names[DIGITS_DEPTH] == [
        "1 hidden", "3 hidden", "6 hidden", "3 hidden, residual", "6 hidden, residual"
    ]  # fmt: skip
    for (arm, _), curves in seen.curves.items():
        count = IMAGES.replicas
        epochs = IMAGES.depth_epochs if arm in (DEPTH, DIGITS_DEPTH) else IMAGES.epochs
        assert curves.train.shape == curves.test.shape == (epochs + 1, count, 3)
        assert curves.objective.shape == (epochs, count)
        assert curves.epochs.tolist() == list(range(epochs + 1))
        assert curves.diverged.tolist() == [False] * count


# What the arms are

DIFFERS = {  # by arm: the settings in which it differs from the main one
    MAIN: {},
    CONTROL: {"permuted": True},
    AS_A: {"objective": losses.softmax_squared_error},
    BY_ITSELF: {},
    AS_B: {"batch_size": 12, "momentum": 0.9},
}
VARIES = {"batch_size": 12, "momentum": 0.9, "train_examples": 25, "epochs": 2}
DIFFERS |= {arm: VARIES for arm in (DEPTH, DIGITS_DEPTH)}
BUILT = {  # by arm and name: what builds a network, and of which shape
    (MAIN, "CNN 2"): (builders.wide_cnn, (2, 3, 32, 32, 10)),
    (MAIN, "CNN 3"): (builders.wide_cnn, (3, 3, 32, 32, 10)),
    (MAIN, "MLP 4"): (builders.mlp, (3072, 4, 256, 10)),
    (MAIN, "MLP 6"): (builders.mlp, (3072, 6, 256, 10)),
    (DEPTH, "2 layers"): (builders.deep_cnn, (2, 46, 3, 10)),
    (DEPTH, "4 layers"): (builders.deep_cnn, (4, 27, 3, 10)),
    (DEPTH, "6 layers"): (builders.deep_cnn, (6, 21, 3, 10)),
    (DEPTH, "4 layers, residual"): (builders.residual_cnn, (4, 27, 3, 10)),
    (DEPTH, "6 layers, residual"): (builders.residual_cnn, (6, 21, 3, 10)),
    (BY_ITSELF, "linear"): (builders.mlp, (3072, 10)),
    (AS_B, "LeNet"): (builders.lenet, ()),
    (AS_B, "dropout CNN"): (builders.dropout_cnn, ()),
    (DIGITS_DEPTH, "1 hidden"): (builders.mlp, (784, 128, 10)),
    (DIGITS_DEPTH, "3 hidden"): (builders.mlp, (784, 102, 102, 102, 10)),
    (DIGITS_DEPTH, "6 hidden"): (builders.mlp, (784, 83, 83, 83, 83, 83, 83, 10)),
    (DIGITS_DEPTH, "3 hidden, residual"): (builders.residual_mlp, (784, 102, 102, 102, 10)),
    (DIGITS_DEPTH, "6 hidden, residual"): (
        builders.residual_mlp,
        (784, 83, 83, 83, 83, 83, 83, 10),
    ),
}
BUILT |= {(arm, name): BUILT[MAIN, name] for arm in (CONTROL, AS_A) for name in ("CNN 2", "MLP 4")}
BUILT |= {(arm, "MLP 6"): BUILT[MAIN, "MLP 6"] for arm in (CONTROL, AS_A)}
BUILT[AS_A, "CNN 3"] = BUILT[MAIN, "CNN 3"]


def test_the_arms_differ_from_the_main_one_as_they_say(seen):
    spec = IMAGES.replace(a_batch=10, written_replicas=1)
    sets = seen.images[MAIN], seen.images[AS_B]
    found = plan.jobs(spec, plan.arms(spec, *sets) | plan.of_depth(spec, *sets, RATES))
    for (arm, name), (build, shape) in BUILT.items():
        flat = build in (builders.mlp, builders.residual_mlp)
        main = Training(
            build=build,
            shape=shape,
            flat=flat,
            objective=losses.cross_entropy,
            permuted=False,
            train_examples=30,
            measured=20,
            batch_size=10,
            epochs=1,
            evaluate_every=1,
            learning_rate=RATES.get((arm, name), 0.01),
            momentum=0.0,
            seeds=(),
        )
        all_seeds = (0,) if arm == AS_A else (0, 1)
        for seeds in [all_seeds] if flat else [(seed,) for seed in all_seeds]:
            job = found.pop((arm, name, seeds))
            assert job.settings == dataclasses.replace(main, seeds=seeds, **DIFFERS[arm])
            assert job.call.keywords == {"images": seen.images[arm]}
    assert not found


def test_the_reports_settings_are_those_of_the_full_profile():
    spec = image_task.PROFILES["full"]
    assert (spec.learning_rate, spec.momentum, spec.a_batch, spec.b_batch) == (0.01, 0.9, 16, 64)


# What they are filed under


def digest(job, images=None, **changes):
    settings = dataclasses.replace(job.settings, **changes)
    images = images or job.call.keywords["images"]
    return keys.digest("image_task", functools.partial(job.call.func, settings, images=images))


@pytest.fixture(scope="module")
def asked(seen):
    sets = seen.images[MAIN], seen.images[AS_B]
    arms = plan.arms(IMAGES, *sets) | plan.of_depth(IMAGES, *sets, seen.rates)
    return plan.jobs(IMAGES, arms), plan.trials(IMAGES, *sets)


def test_a_training_is_filed_under_its_settings_and_images_alone(asked, image_store):
    # not its label, cost, threads or device, which the digests here do not know
    filed = {path.parent.name for path in image_store.rglob("spec.json")}
    compared, tried = asked
    assert filed == {digest(job) for job in [*compared.values(), *tried.values()]}


def test_the_rates_are_chosen_by_the_training_loss_of_other_seeds(asked, seen):
    _, tried = asked
    assert {rate for *_, rate in tried} == set(IMAGES.depth_rates)
    for job in tried.values():
        assert set(job.settings.seeds) == {1_000_000}
        assert job.settings.epochs == IMAGES.tuning_epochs
    assert set(seen.rates) == {key[:2] for key in tried}
    losses = {
        ("a", "x", 0.1): np.array([1.0, 3.0]),
        ("a", "x", 0.2): np.array([1.0, 2.0]),
        ("a", "y", 0.1): np.array([9.0, 9.0]),
        ("a", "y", 0.2): np.array([0.1, np.nan]),  # one that diverged loses
    }
    assert plan.choose(losses) == {("a", "x"): 0.2, ("a", "y"): 0.1}


@pytest.mark.parametrize(
    "change",
    [
        {"build": builders.small_cnn},
        {"shape": (4, 3, 32, 32, 10)},
        {"flat": None},
        {"objective": losses.one_hot_squared_error},
        {"permuted": None},
        {"train_examples": 29},
        {"measured": 19},
        {"batch_size": 11},
        {"epochs": 99},
        {"evaluate_every": 9},
        {"learning_rate": 0.123},
        {"momentum": 0.123},
        {"seeds": (7,)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_decides_a_training_is_in_its_key(asked, change):
    for job in asked[0].values():
        assert digest(job, **change) != digest(job)


def test_other_images_are_other_keys(asked):
    for job in asked[0].values():
        images = dataclasses.replace(job.call.keywords["images"], fingerprint="of others")
        assert digest(job, images) != digest(job)


DEEP = (builders.deep_cnn, builders.residual_cnn)


def test_networks_that_differ_in_depth_alone_have_equally_many_parameters():
    for name, inputs in (("cifar10", 3 * 32 * 32), ("mnist", 28 * 28)):
        streams = Streams([0])
        if name == "cifar10":
            built = [build(streams, *shape) for shape in CNN_DEPTHS for build in DEEP]
        else:
            built = [
                build(streams, inputs, *[units] * hidden, 10)
                for hidden, units in MLP_DEPTHS
                for build in (builders.mlp, builders.residual_mlp)
            ]
        # by the tensors' shapes, not by the library's own count
        counts = [sum(math.prod(p.shape[1:]) for p in model.parameters()) for model in built]
        assert max(counts) / min(counts) < 1.02, counts


def test_the_comparisons_of_depth_report_their_equal_sizes(seen):
    counts = {name: curves.parameters for name, curves in seen.arm(DEPTH).items()}
    plain = {name: count for name, count in counts.items() if "residual" not in name}
    assert plain == {"2 layers": 20_848, "4 layers": 20_800, "6 layers": 20_758}
    counts = {name: curves.parameters for name, curves in seen.arm(DIGITS_DEPTH).items()}
    plain = {name: count for name, count in counts.items() if "residual" not in name}
    assert plain == {"1 hidden": 101_770, "3 hidden": 102_112, "6 hidden": 100_855}
    assert views.results_table(seen, [DEPTH])["rate"].tolist() == ["0.01"] * 5


@pytest.fixture
def perceptron(seen):
    """Settings of the chapter's narrower perceptron, and its images."""
    images = seen.images[MAIN]
    settings = Training(
        build=builders.mlp,
        shape=(3072, 4, 256, len(images.classes)),
        flat=True,
        objective=losses.cross_entropy,
        permuted=False,
        train_examples=IMAGES.train_examples,
        measured=IMAGES.measured,
        batch_size=IMAGES.a_batch,
        epochs=IMAGES.epochs,
        evaluate_every=1,
        learning_rate=IMAGES.learning_rate,
        momentum=0.0,
        seeds=(0, 1),
    )
    return settings, images


def test_a_perceptron_of_a_stack_trains_as_it_does_alone(seen, perceptron):
    settings, images = perceptron
    curves = seen.curves[MAIN, "MLP 4"]
    for r in range(IMAGES.replicas):
        alone = train(dataclasses.replace(settings, seeds=(r,)), images, run=Run())
        for name in ("train", "test", "objective"):
            np.testing.assert_allclose(
                getattr(curves, name)[:, r], alone[name][:, 0], rtol=1e-4, atol=1e-6
            )


def test_a_perceptron_trains_as_plain_torch_does(perceptron):
    settings, images = perceptron
    settings = dataclasses.replace(settings, learning_rate=0.05, momentum=0.9, epochs=3)
    found = train(settings, images, run=Run())
    with torch.random.fork_rng():
        layers = [nn.Linear(3072, 4), nn.ReLU(), nn.Linear(4, 256), nn.ReLU(), nn.Linear(256, 10)]
    plain = nn.Sequential(*layers)
    start = builders.mlp(Streams([1]), *settings.shape)
    for p, its in zip(plain.parameters(), start.parameters(), strict=True):
        p.data = its.data[0].clone()
    x = images.normalized(images.train.images[:30]).flatten(1)
    y = images.train.labels[:30]
    order = replicas.generators([1], "order")[0]
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.05, momentum=0.9)
    running = []
    for _ in range(3):
        total = 0.0
        for chosen in torch.randperm(30, generator=order).split(12):  # of 12, 12 and 6 images
            loss = nn.functional.cross_entropy(plain(x[chosen]), y[chosen])
            total += len(chosen) * loss.item()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        running.append(total / 30)
    np.testing.assert_allclose(found["objective"][:, 1], running, rtol=1e-4)


def test_the_running_loss_is_the_mean_over_the_examples_of_a_pass(perceptron):
    # without steps nothing changes, so the mean over a ragged epoch is that over the split
    still = dataclasses.replace(perceptron[0], learning_rate=0.0, epochs=2, measured=30)
    curves = train(still, perceptron[1], run=Run())
    for objective in curves["objective"]:
        np.testing.assert_allclose(objective, curves["train"][0, :, 0], rtol=1e-5)


def test_an_ordinary_torch_module_trains_here(perceptron):
    def build(streams, units):
        def one():
            layers = nn.Conv2d(3, units, 5, stride=3), nn.Tanh(), nn.Flatten()
            return nn.Sequential(*layers, nn.Linear(units * 10 * 10, 10))

        return Stacked(one, seeds=range(len(streams.weights)), axes=3)

    settings = dataclasses.replace(perceptron[0], build=build, shape=(4,), flat=False, epochs=3)
    found = train(settings, perceptron[1], run=Run())
    assert not found["diverged"].any()
    assert np.isfinite(found["test"]).all()
    assert (found["train"][-1, :, 0] < found["train"][0, :, 0]).all()  # the loss


def test_permuting_the_pixels_changes_what_a_network_sees(seen):
    for name in ("CNN 2", "MLP 4"):
        main, control = seen.curves[MAIN, name], seen.curves[CONTROL, name]
        assert not np.allclose(main.final("train", "loss"), control.final("train", "loss"))
        assert main.parameters == control.parameters


def test_a_perceptron_with_permuted_weights_does_not_notice_permuted_pixels(perceptron):
    settings, images = perceptron
    order = randomized.permute_pixels(torch.arange(32 * 32).reshape(1, 32, 32), seed=0).flatten()

    def build(streams, *widths):
        model = builders.mlp(streams, *widths)
        first = model.head[0].weight
        with torch.no_grad():
            first.copy_(first.unflatten(-1, (3, 32 * 32))[..., order].flatten(-2))
        return model

    plain = train(settings, images, run=Run())
    permuted = dataclasses.replace(settings, build=build, permuted=True)
    blind = train(permuted, images, run=Run())
    for name in ("train", "test", "objective"):
        np.testing.assert_allclose(blind[name], plain[name], rtol=1e-4, atol=1e-6)


def test_more_replicas_keep_the_convolutional_networks_that_there_are(fresh, seen, image_store):
    def written():
        return {path.parent: path.stat().st_mtime_ns for path in image_store.rglob("result.npz")}

    before = written()
    more = fresh(image_task, IMAGES.replace(replicas=IMAGES.replicas + 1), image_store)
    after = written()
    assert {path: after[path] for path in before} == before
    # one new convolutional network each; perceptrons train side by side, so anew
    in_one_stack = [key for key in seen.curves if key[0] != AS_A]  # which has two at most
    assert len(after) - len(before) == len(in_one_stack)
    for key, curves in seen.curves.items():
        np.testing.assert_allclose(
            more.curves[key].train[:, : IMAGES.replicas], curves.train, rtol=1e-5
        )


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"data": "stand-in"}, "data of image_task.Spec cannot be 'stand-in'; known: auto, real"),
        ({"side_channels": [5]}, "side_channels of image_task.Spec must be among channels"),
        ({"channels": [2, 3, 4, 5, 6, 7]}, "channels and units of image_task.Spec"),
        ({"a_batch": 31}, "a_batch of image_task.Spec must be at most train_examples"),
    ],
    ids=str,
)
def test_settings_that_do_not_fit_together_are_refused_before_training(settings, sentence):
    with pytest.raises(SettingError) as refused:
        IMAGES.replace(**settings)
    assert str(refused.value).startswith(sentence)


def test_a_folder_of_images_leaves_the_digits_out(fresh, tmp_path):
    from PIL import Image

    generator = np.random.default_rng(0)
    for part, count in (("train", 4), ("test", 3)):
        for kind in ("cat", "dog", "emu"):
            folder = tmp_path / "animals" / part / kind
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = generator.integers(0, 256, (14, 16, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{number}.png")
    spec = IMAGES.replace(data=f"folder:{tmp_path / 'animals'}", a_batch=5, b_batch=5)
    result = fresh(image_task, spec)
    assert set(result.images) == {MAIN, CONTROL, AS_A, BY_ITSELF, DEPTH}
    assert [row["standin"] for row in result.provenance] == [None]
    assert depth_arms(result) == [DEPTH]
    assert result.standin(*result.images) == "images of the folder animals"
    assert "animals" in findings.depth_sentence(result)
    views.depth_differences(result).draw_without_rendering()


# The views


@pytest.fixture(scope="module")
def images_shown(seen):
    """Every figure, table and text of chapter 12."""
    result = seen
    figures = [
        *(views.learning_curves(result, arm) for arm in result.images),
        views.finals(result, [MAIN, CONTROL]),
        views.finals(result, depth_arms(result)),
        *(views.objectives(result, arm) for arm in result.images),
    ]
    shown_tables = {
        "one arm": views.results_table(result, [MAIN]),
        "two arms": views.results_table(result, depth_arms(result)),
        "contrasts": views.contrast_table(result),
    }
    texts = [
        findings.main_sentence(result),
        *findings.width_reading(result),
        findings.control_sentence(result),
        findings.depth_sentence(result),
        *findings.depth_reading(result),
        findings.written_sentence(result),
        findings.digits_sentence(result),
        *(findings.describe(result, arm) for arm in result.images),
    ]
    return figures, shown_tables, texts


def test_every_figure_names_its_axes_with_units(seen, images_shown):
    figures, _, _ = images_shown
    for figure in figures:
        said = labels_and_units(figure)
        assert "nats" in said, said
    assert "test accuracy (%)" in labels_and_units(of_panel(views.panel)(seen))


def test_each_depth_is_compared_with_the_shallowest_pair_by_pair(seen):
    figure = views.depth_differences(seen)
    assert all("percentage points" in ax.get_xlabel() for ax in figure.axes)
    rows = drawn.rows(figure)
    of_depth = rows[(rows["panel"] == rows["panel"].iloc[0]) & (rows["group"] == "4 layers")]
    shown = of_depth.set_index("series").filter(like="test accuracy").bfill(axis=1).iloc[:, 0]
    ends = [seen.curves[DEPTH, name].percent("test") for name in ("4 layers", "2 layers")]
    assert shown["each"].tolist() == pytest.approx(ends[0] - ends[1])
    assert shown["mean"] == pytest.approx(np.mean(ends[0] - ends[1]))


def test_tables_have_a_row_per_network(images_shown):
    _, its, _ = images_shown
    assert len(its["one arm"]) == 4
    assert "arm" not in its["one arm"]
    assert Counter(its["two arms"]["arm"]) == {DEPTH: 5, DIGITS_DEPTH: 5}
    assert len(its["contrasts"]) == 6
    assert its["one arm"]["n"].tolist() == [IMAGES.replicas] * 4


def test_no_text_says_what_is_not_a_number(images_shown):
    _, its, texts = images_shown
    no_text_lacks_a_number(its, texts)


def test_a_caption_names_the_stand_in(seen):
    assert seen.standin(MAIN) == seen.images[MAIN].description
    assert "CIFAR-10" in seen.standin(MAIN)
    assert "MNIST" in seen.standin(DEPTH, DIGITS_DEPTH)
    assert "CIFAR-10" in seen.standin(DEPTH, DIGITS_DEPTH)
    assert [row["standin"] for row in seen.provenance] == [True, True]


# Divergence


VIEWS = {
    "learning_curves": lambda result: views.learning_curves(result, MAIN),
    "finals": lambda result: views.finals(result, [MAIN, CONTROL]),
    "depth_differences": views.depth_differences,
    "objectives": lambda result: views.objectives(result, AS_B),
    "results_table": lambda result: views.results_table(result, [MAIN]),
    "contrast_table": views.contrast_table,
    "panel": of_panel(views.panel),
    "verdicts": lambda result: tables.verdicts(claims.CLAIMS, result),
    "slips": lambda result: tables.slips(slips.SLIPS, result),
    "main_sentence": findings.main_sentence,
    "width_reading": findings.width_reading,
    "control_sentence": findings.control_sentence,
    "depth_sentence": findings.depth_sentence,
    "depth_reading": findings.depth_reading,
    "expectation": lambda result: tables.expectation(claims.CLAIMS, result),
    "written_sentence": findings.written_sentence,
    "digits_sentence": findings.digits_sentence,
    "describe": lambda result: findings.describe(result, MAIN),
    "panel_caption": findings.panel_caption,
}


@pytest.fixture(scope="module")
def overflowed(fresh):
    """Chapter 12 at a learning rate at which networks overflow within an epoch."""
    return fresh(image_task, IMAGES.replace(learning_rate=1e30, channels=[2], units=[4]))


@pytest.mark.parametrize("view", VIEWS)
def test_real_divergence_breaks_no_view(overflowed, view):
    shown(VIEWS[view], overflowed)


def test_networks_that_diverge_are_counted_in_the_table(overflowed):
    diverged = sum(curves.diverged.sum() for curves in overflowed.arm(MAIN).values())
    assert diverged > 0
    assert views.results_table(overflowed, [MAIN])["diverged"].sum() == diverged


def test_a_network_that_diverged_has_no_final_measures(overflowed):
    # above all not those of the initial network, the last that were taken
    for key, curves in overflowed.curves.items():
        for measure in ("loss", "squared error", "accuracy"):
            usable = np.isfinite(curves.final("test", measure))
            assert not usable[curves.diverged].any(), (key, measure)


def test_a_perceptron_that_diverged_beside_one_that_did_not_has_no_accuracy(perceptron):
    settings, images = perceptron

    def build(streams, *widths):
        model = builders.mlp(streams, *widths)
        with torch.no_grad():
            model.head[0].weight[1] = 1e30  # the second replica overflows at once
        return model

    trained = train(dataclasses.replace(settings, build=build), images, run=Run())
    assert trained["diverged"].tolist() == [False, True]
    curves = Curves(
        0, *(trained[name] for name in ("epochs", "train", "test", "objective", "diverged"))
    )
    for split in ("train", "test"):
        for measure in ("loss", "accuracy"):
            usable = np.isfinite(curves.final(split, measure))
            assert usable.tolist() == [True, False], (split, measure)


def test_a_metric_is_one_number_per_training(seen, overflowed):
    for result in (seen, overflowed):
        found = {name: metric(result) for name, metric in CHAPTER.metrics.items()}
        assert {values.shape for values in found.values()} == {(IMAGES.replicas,)}
        sound = {name: np.isfinite(values).all() for name, values in found.items()}
        assert set(sound.values()) == {result is seen}, sound


def test_the_final_measure_is_that_after_the_last_epoch():
    measured = np.arange(24.0).reshape(4, 2, 3)
    curves = Curves(
        1, np.arange(4), measured, measured + 100, measured[1:, :, 0], np.zeros(2, dtype=bool)
    )
    assert curves.final("train", "loss").tolist() == [18, 21]
    assert curves.final("test", "accuracy").tolist() == [120, 123]
