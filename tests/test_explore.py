"""A view drawn from the shell at the state that a reader left it in."""

import os

import numpy as np
import pandas as pd
import pytest

from hw1lib.explore import StateError, main, state_of
from hw1lib.exploring.views import Axis, Control, Panel, View, choice, slider


@pytest.fixture
def view():
    return View(
        title="A try",
        alt="Nothing.",
        panels=[Panel(title="", x=Axis(label="x"), y=Axis(label="y"))],
        layers=[],
        controls=[
            choice("rate", "Rate", ["a", "b"]),
            slider("share", "Share", [1, 2, 3], start=2),
            Control(kind="text", name="formula", label="f", start=""),
            Control(kind="button", name="train", label="Train"),
        ],
    )


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("", {"rate": 0, "share": 2, "formula": ""}),
        ("rate=1;share=0", {"rate": 1, "share": 0, "formula": ""}),
        ("fig-a-try:formula=sin(x%3Bx)%3A;rate=1", {"rate": 1, "share": 2, "formula": "sin(x;x):"}),
    ],
)
def test_a_state_is_read_as_the_address_holds_it(view, text, state):
    assert state_of(view, text) == state


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("speed=1", "there is no control 'speed'; known: rate, share, formula"),
        ("train=1", "there is no control 'train'"),
        ("rate=2", "rate is a number from 0 to 1, got '2'"),
        ("rate=b", "rate is a number from 0 to 1, got 'b'"),
        ("rate", "rate is a number from 0 to 1, got ''"),
    ],
)
def test_a_state_that_is_not_there_is_refused(view, text, sentence):
    with pytest.raises(StateError) as refused:
        state_of(view, text)
    assert str(refused.value).startswith(sentence)


def test_the_picture_and_its_numbers_are_those_of_the_state(tmp_path, monkeypatch):
    monkeypatch.setenv("HW1_RESULTS", str(tmp_path / "results"))
    out = tmp_path / "fit.svg"
    state = ["--state", "fig-fit-try:target=1;optimizer=0"]
    monkeypatch.delenv("HW1_COMPUTE", raising=False)
    assert main(["11_function_fit", *state, "-p", "profile", "full", "--out", str(out)]) == 0
    assert "HW1_COMPUTE" not in os.environ
    assert out.read_text(encoding="utf-8").count("<svg") == 1
    rows = pd.read_csv(out.with_suffix(".csv"))
    target = rows[rows["series"] == "target"]
    np.testing.assert_allclose(target["f(x)"], np.sin(5 * np.pi * target["x"]), atol=1e-6)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["99_none"], "there is no chapter '99_none'; known: 11_function_fit"),
        (["11_function_fit", "-p", "profile", "huge"], "there is no profile 'huge'"),
        (["11_function_fit", "--state", "rate=1"], "there is no control 'rate'"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(tmp_path, monkeypatch, capsys, words, sentence):
    monkeypatch.setenv("HW1_RESULTS", str(tmp_path / "results"))
    assert main([*words, "--out", str(tmp_path / "x.svg")]) == 1
    error = capsys.readouterr().err
    assert f"error: {sentence}" in error
    assert not (tmp_path / "x.svg").exists()


def test_a_run_is_put_beside_ours_from_the_shell(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HW1_RESULTS", str(tmp_path / "results"))
    monkeypatch.delenv("HW1_COMPUTE", raising=False)
    short = ["-p", "profile", "smoke", "-p", "epochs", "8"]
    words = ["11_function_fit", *short, "--against", "--out", str(tmp_path / "fit.svg")]
    assert main(words) == 0
    said, settings, head, *rows, last = capsys.readouterr().out.splitlines()
    assert said.startswith("No claim can be tested in both runs")
    assert "epochs 8 (ours 20,000)" in settings
    assert head.startswith("claim | in our words | your run | ours")
    assert all(" | not tested | " in row for row in rows)
    assert len(rows) > 15
    assert last.startswith(str(tmp_path / "fit.svg"))
    assert "ours: deep" in set(pd.read_csv(tmp_path / "fit.csv")["series"])
