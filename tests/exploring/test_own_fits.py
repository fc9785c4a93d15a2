"""Chapter 11's explorer: what it stores, what it is asked for, and what it trains on the spot."""

import numpy as np
import pytest

from hw1lib.chapters import against
from hw1lib.chapters import function_fit as chapter
from hw1lib.chapters.function_fit import asking, exploring, on_the_spot
from hw1lib.chapters.function_fit.on_the_spot import Trial, watch
from hw1lib.chapters.function_fit.spec import ARMS, NETWORKS, TUNED
from hw1lib.data import functions
from hw1lib.exploring.views import numbers
from hw1lib.networks import builders
from hw1lib.training import optimizers, regression
from hw1lib.training.run import Run


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HW1_RESULTS", str(tmp_path_factory.mktemp("results")))
        patch.delenv("HW1_COMPUTE", raising=False)
        spec = chapter.PROFILES.choose("smoke", epochs=8, sign_epochs=4, tuning_epochs=2)
        yield chapter.run(spec, device="cpu", progress=False)


@pytest.fixture
def session(result):
    made = exploring.Session(result, "fig-fit-try")
    yield made
    made.worker.stop()
    made.worker.join(20)


def trial(**changes):
    fields = {
        "target": functions.sinc,
        "about": "sinc",
        "networks": {"deep": NETWORKS["deep"]},
        "optimizer": optimizers.adam,
        "rates": {"deep": 1e-2},
        "weight_decay": 0.0,
        "points": 20,
        "updates": 12,
        "seeds": (5, 6),
    }
    return Trial(**{**fields, **changes})


def test_trained_in_pieces_is_trained_at_once():
    *_, seen = watch(trial())
    settings = regression.Training(
        functions.sinc, NETWORKS["deep"], optimizers.adam, 1e-2, 20, 12, (5, 6)
    )
    whole = regression.fit(settings, run=Run())
    np.testing.assert_allclose(seen.losses("deep"), whole.loss[seen.updates], rtol=1e-4)
    every = (regression.DENSE - 1) // (len(seen.fit["deep"]) - 1)
    np.testing.assert_allclose(seen.fit["deep"].T, whole.prediction[:, ::every], atol=1e-4)
    assert seen.updates[0] == 0
    assert seen.updates[-1] == 12


def test_the_view_holds_what_is_stored(result):
    view = exploring.view(result)
    fit = result.fits[ARMS[1], "sine", "medium"]
    state = {"target": result.spec.targets.index("sine"), "optimizer": 1}
    (line,) = [x for x in view.layers if (x.label, x.panel, x.kind) == ("medium", 0, "line")]
    shown = view.at(line.parts["y"], state)
    assert shown[-1] == pytest.approx(np.median(fit.loss[-1]))
    assert shown[0] == pytest.approx(np.median(fit.loss[0]))
    (target,) = [x for x in view.layers if x.label == "target"]
    grid = numbers(target.parts["x"])
    np.testing.assert_allclose(
        view.at(target.parts["y"], state), np.sin(5 * np.pi * grid), atol=1e-9
    )


@pytest.mark.parametrize(
    ("state", "wrong"),
    [
        ({"formula": "1/x"}, "f(x): has no finite value at 1 of 151 points, x = 0 first."),
        ({"formula": "y"}, "f(x): letter 1: 'y' is not known"),
        ({"hidden": "12;12"}, "Network: hidden widths are whole numbers such as 12-12-12"),
        ({"hidden": "0-3"}, "Network: up to 12 hidden layers of 1 to 400 units, got '0-3'."),
        ({"hidden": "-".join("2" * 13)}, "Network: up to 12 hidden layers"),
    ],
)
def test_what_is_not_understood_is_said(state, wrong):
    asked = asking.understood({"formula": "", "hidden": "", **state})
    assert [said.startswith(wrong) for said in asked.wrong] == [True]


def test_a_network_is_told_its_size_and_what_would_match():
    said = asking.sized((1, 12, 12, 12, 1))
    assert said.startswith(f"1-12-12-12-1 has {builders.parameter_count((1, 12, 12, 12, 1))} ")
    matched = asking.network(said.split("With ")[1].split(" it")[0])
    assert abs(builders.parameter_count(matched) - 571) < 25
    assert asking.sized(NETWORKS["deep"]) == "1-5-10-10-10-10-10-5-1 has 571 parameters."


@pytest.mark.parametrize("arm", ARMS)
def test_a_run_learns_as_its_arm_does(session, arm):
    spec, fits = session.result.spec, session.result.fits
    tuned = {key[1:]: fit.learning_rate for key, fit in fits.items() if key[0] == TUNED}
    stored = chapter.arm_jobs(spec, tuned)[arm, "sine", "deep"].settings
    asked = {"target": spec.targets.index("sine"), "optimizer": ARMS.index(arm)}
    state = {**session.explorer.state, **asked}
    tried = session.trial(asking.understood(state), state)
    assert tried.optimizer is stored.optimizer
    assert tried.weight_decay == stored.weight_decay
    assert tried.rates["deep"] == stored.learning_rate


def test_a_run_on_a_target_is_compared_and_one_of_your_own_is_not(session):
    shown = []
    session.explorer.show = shown.append
    session.explorer.state = {**session.explorer.state, "updates": 0}
    session.trial = lambda asked, state: trial(
        target=asked.function or functions.sinc,
        about=asked.text or "sinc",
        networks=dict(NETWORKS),
        rates=dict.fromkeys(NETWORKS, 1e-2),
        updates=8,
    )
    session.pressed("train")
    session.worker.join(60)
    status = shown[-1].status.splitlines()
    assert status[0] == "Trained: 8 of 8 updates; 2 trainings of each network."
    assert [line.split(":")[0] for line in status[1:4]] == ["deep", "medium", "shallow"]
    assert status[4].startswith("Your lowest median has ")
    labels = [layer.label for layer in shown[-1].layers]
    assert {"deep", "your run: deep"} <= set(labels)
    assert " stored trainings; " in shown[-1].note

    session.explorer.state = {**session.explorer.state, "formula": "abs(x)"}
    session.pressed("train")
    session.worker.join(60)
    assert shown[-1].status == "Trained: 8 of 8 updates; 2 trainings of each network."
    assert "deep" not in [layer.label for layer in shown[-1].layers]
    assert " over your trainings; " in shown[-1].note

    session.explorer.state = {**session.explorer.state, "formula": "abs(x"}
    before = session.runs
    session.pressed("train")
    assert session.runs is before  # nothing was begun
    assert shown[-1].status.startswith("f(x): 1 times '('")


def test_inside_and_outside_are_told_apart(result):
    *_, run = watch(trial(networks=dict(NETWORKS), rates=dict.fromkeys(NETWORKS, 1e-3), updates=8))
    fits = result.networks(ARMS[0], "sinc")
    low, high = np.nanquantile(fits["deep"].loss[-1], [0.1, 0.9])
    for value, word in [((low + high) / 2, "inside"), (low / 2, "below"), (2 * high, "above")]:
        run.loss["deep"][-1] = np.full(2, value)
        assert f"lies {word} the stored band" in on_the_spot.compared(run, fits)[0]
    run.updates[-1] = 9
    assert on_the_spot.compared(run, fits) == ["The stored trainings end after 8 updates."]


def test_every_training_has_seeds_that_no_stored_one_has(session):
    asked = asking.understood(session.explorer.state)
    session.count = 3
    seeds = session.trial(asked, session.explorer.state).seeds
    spec = session.result.spec
    assert not set(seeds) & {*spec.seeds, *spec.tuning_seeds}


def test_the_stored_run_stays_beside_until_one_goes_back(session, result, monkeypatch):
    monkeypatch.setattr(against, "reference", lambda chapter: result)
    session.pressed("compare")
    session.worker.join(30)
    claims = {row[0] for row in session.explorer.header["table"][1:]}
    assert "A-C7c" in claims
    session.explorer.state = {**session.explorer.state, "target": 1}  # a control was moved
    labels = [layer["label"] for layer in session.explorer.header["layers"]]
    assert "ours: deep" in labels
    assert "your run: deep" in labels
    session.pressed("back")
    assert session.explorer.header["table"] == []
    names = [control["name"] for control in session.explorer.header["controls"]]
    assert names[-2:] == ["stop", "compare"]


def test_a_function_without_a_training_asks_for_one(session):
    session.explorer.state = {**session.explorer.state, "formula": "x^2"}
    assert "press Train" in session.explorer.header["status"]
