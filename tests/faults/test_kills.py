"""A sweep whose processes are killed ends as one that nobody touched.

`make test-faults` kills 500 processes; `make test` three. HW1_KILLS says how many.
"""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
from campaign import campaign

from hw1lib import batch

ROOT = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("HW1_KILLS", "3"))
RUNS = 20 if KILLS > 20 else 1


def words(folder):
    """A sweep over seeds, whose trainings take a second each."""
    return [
        *("11_function_fit", "-p", "profile", "smoke", "-p", "epochs", "300"),
        *("-g", "seed", f"0:{2 * RUNS}:2", "-g", "points", "40"),
        *("-o", str(folder / "runs"), "--workers", "2", "--retry-failed", "--no-compare"),
    ]


def surroundings(folder):
    """Its environment: a store and a folder for temporary files of its own."""
    (folder / "tmp").mkdir(parents=True)
    return {
        "HW1_RESULTS": str(folder / "results"),
        "HW1_REFERENCE": str(folder / "reference"),
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "TMPDIR": str(folder / "tmp"),
    }


def stored(folder):
    """The arrays of all results, as bytes, and whatever else lies there."""
    results = folder / "results"
    return {
        str(path.relative_to(results)): path.read_bytes() if path.name == "result.npz" else None
        for path in sorted(results.rglob("*"))
        if path.is_file()
    }


def rows(folder, name):
    """What a table of the sweep holds, but for times and paths."""
    with (folder / "runs" / name).open(encoding="utf-8") as file:
        return [
            {k: v for k, v in row.items() if k not in ("seconds", "path")}
            for row in csv.DictReader(file)
        ]


@pytest.mark.skipif(os.name == "nt", reason="ends processes as POSIX does")
def test_a_sweep_survives_kills(tmp_path, monkeypatch, record_property):
    killed, control = tmp_path / "killed", tmp_path / "control"
    command = [sys.executable, "-m", "hw1lib.batch", *words(killed)]
    how = {"env": {**os.environ, **surroundings(killed)}, "cwd": ROOT}
    with (tmp_path / "log").open("w", encoding="utf-8") as log:
        counts = campaign(command, kills=KILLS, stdout=log, stderr=subprocess.STDOUT, **how)
    record_property("kills", counts)
    print(counts)
    for name, value in surroundings(control).items():
        monkeypatch.setenv(name, value)
    assert batch.main(words(control)) == 0
    assert stored(killed) == stored(control)
    for name in ("runs.csv", "trainings.csv"):
        assert rows(killed, name) == rows(control, name)
    assert not [path for path in (killed / "runs").rglob("*") if ".part" in path.name]
    assert not [*(killed / "tmp").glob("hw1-*")]
