"""Parameters of a report are checked, for all its chapters, before any of them starts."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hw1lib import compute, parameters
from hw1lib.publish import execute, load_report
from hw1lib.publish.given import ExecutionError
from hw1lib.results.specs import SettingError

ROOT = Path(__file__).resolve().parents[1]
REPORT = ["report/report.yml"]
CHAPTERS = [
    ROOT / "notebooks" / f"{n}.ipynb" for n in ("00_summary", "11_function_fit", "12_image_task")
]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"profile": "smoke", "data": "standin"},  # which chapter 11 lacks
        {"epochs": 60},  # which the summary lacks
        {"device": "cpu", "seed": 7},
        {"points": 50},  # which no cell of parameters lists
    ],
)
def test_what_some_chapter_knows_is_a_parameter_of_the_report(given):
    parameters.check(CHAPTERS, given)


def test_what_no_chapter_knows_is_refused():
    with pytest.raises(ExecutionError, match=r"the report has no parameter 'epoch', .* epochs\?"):
        parameters.check(CHAPTERS, {"epoch": 3})


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"epochs": 0}, "11_function_fit: epochs of function_fit.Spec must be at least 1, got 0"),
        ({"data": "fake"}, "00_summary: data of summary.Spec cannot be 'fake'"),
        ({"profile": "huge"}, "00_summary: there is no profile 'huge'"),
        ({"points": 1}, "11_function_fit: points of function_fit.Spec must be at least 2, got 1"),
        ({"seed": -1}, "00_summary: seed of summary.Spec must be at least 0, got -1"),
    ],
)
def test_what_one_chapter_refuses_is_refused_for_all(given, sentence):
    with pytest.raises(SettingError) as refused:
        parameters.check(CHAPTERS, given)
    assert str(refused.value).startswith(sentence)


def test_the_command_says_in_one_sentence_what_is_wrong(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert parameters.main([*REPORT, "-p", "seed", "-1"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert parameters.main([*REPORT, "-p", "seed", "3"]) == 0
    only = ["--only", "11_function_fit", "-p", "data", "standin"]
    assert parameters.main([*REPORT, *only]) == 1
    assert parameters.main(["nowhere.yml"]) == 1


@pytest.mark.parametrize("word", ["-1", "-1e-3", "-inf", "--x", "-p", "-"])
def test_a_value_may_begin_with_a_dash(word):
    _, given = execute.read(execute._parser(), ["a.ipynb", "-p", "x", word, "b.ipynb"])
    assert given == {"x": {"-1": -1, "-1e-3": -1e-3, "-inf": -float("inf")}.get(word, word)}


def test_a_chapter_passes_over_what_only_others_know(tmp_path, monkeypatch):
    ran = {}
    monkeypatch.setattr(execute, "execute", lambda source, target, given, **_: ran.update(given))
    words = [
        str(CHAPTERS[1]),
        str(tmp_path / "o.ipynb"),
        "-p",
        "data",
        "standin",
        "-p",
        "seed",
        "3",
    ]
    assert execute.main([*words, "--known-only"]) == 0
    assert ran == {"seed": 3}


def test_a_chapter_takes_the_settings_that_it_is_said_to_have(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    said, ran = tmp_path / "checked", {}
    monkeypatch.setattr(execute, "execute", lambda source, target, given, **_: ran.update(given))
    given = ["-p", "settings.points", "50", "-p", "seed", "3", "-p", "data", "standin"]
    assert parameters.main([*REPORT, "--out", str(said), *given]) == 0
    for chapter, takes in zip(CHAPTERS, ("data seed", "points seed", "data seed"), strict=True):
        ran.clear()
        words = [str(chapter), str(tmp_path / "o.ipynb"), "--known-only", str(said), *given]
        assert execute.main(words) == 0
        assert sorted(ran) == takes.split()


def planned(folder, *words):
    """What make would run in a folder that has our Makefile."""
    for name in ("Makefile", "hw1lib", "report", "tools"):
        if not (folder / name).exists():
            (folder / name).symlink_to(ROOT / name)
    if not (folder / "notebooks").exists():
        shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    return subprocess.run(
        ["make", "-n", *words, f"BUILD={folder / 'build'}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make here")
def test_the_report_runs_what_its_list_names_and_nothing_else(tmp_path):
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    (tmp_path / "notebooks" / "Untitled.ipynb").touch()
    shutil.copy(CHAPTERS[1], tmp_path / "notebooks" / "11_function_fit-Copy1.ipynb")
    plan = planned(tmp_path, "report", "PARAMS=-p seed 3")
    executed = re.findall(r"execute notebooks/([\w-]+)\.ipynb", plan)
    assert sorted(executed) == sorted(load_report(ROOT / "report" / "report.yml").notebooks)
    assert executed[-1] == "00_summary"
    checked, computed = plan.index("hw1lib.parameters"), plan.index("hw1lib.compute")
    assert checked < computed < plan.index("hw1lib.publish.execute")


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make here")
def test_what_was_checked_for_one_chapter_is_no_check_of_another(tmp_path):
    plans = [
        planned(tmp_path, "chapter", "NAME=11_function_fit"),
        planned(tmp_path, "chapter", "NAME=21_weight_paths"),
        planned(tmp_path, "report"),
    ]
    stamps = [re.findall(rf"(?:--out|touch) {tmp_path}/build/(\.\S+)", plan) for plan in plans]
    assert [len(of) for of in stamps] == [2, 2, 2]
    assert len({stamp for of in stamps for stamp in of}) == 6


def test_a_folder_of_images_is_looked_through_before_anything_starts(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    folder = f"folder:{tmp_path}"
    assert parameters.main([*REPORT, "-p", "data", folder]) == 1
    assert capsys.readouterr().err == (
        f"error: there is no folder {tmp_path / 'train'}; data='folder:PATH' reads "
        "PATH/train/<class>/*.png and PATH/test/<class>/*.png\n"
    )
    assert compute.main(["--only", "22", "-p", "data", folder]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(("profile", "least"), [("smoke", 50), ("quick", 400)])
def test_so_many_pictures_are_enough_for_a_whole_report(profile, least, tmp_path, monkeypatch):
    monkeypatch.setenv("HW1_RESULTS", str(tmp_path / "results"))
    for split, count in (("train", least // 2), ("test", 2)):
        for name in ("cat", "dog"):
            (tmp_path / "pets" / split / name).mkdir(parents=True)
            for k in range(count):
                pixels = np.random.default_rng(k + 1000 * len(name)).integers(0, 256, (10, 10))
                image = Image.fromarray(pixels.astype(np.uint8))
                image.save(tmp_path / "pets" / split / name / f"{k}.png")
    asked = compute.asked(profile, {"data": f"folder:{tmp_path / 'pets'}"})
    assert {"image_task", "capacity", "sensitivity", "random_labels"} <= set(asked)
    (tmp_path / "pets" / "train" / "cat" / "0.png").unlink()
    with pytest.raises(SettingError, match=str(least - 1)):
        compute.asked(profile, {"data": f"folder:{tmp_path / 'pets'}"})
