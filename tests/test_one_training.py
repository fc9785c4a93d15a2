"""The first page of the documentation is a program that runs."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

PAGE = Path(__file__).resolve().parents[1] / "docs" / "one_training.md"


def test_the_page_runs_from_start_to_figure(tmp_path, monkeypatch):
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.S)
    assert "UPDATES, STEP = range(8), 2_000" in program
    monkeypatch.chdir(tmp_path)
    found: dict = {}
    exec(compile(program.replace("2_000", "150"), PAGE.name, "exec"), found)
    plt.close("all")
    assert found["history"].losses.shape == (150, 8)
    assert found["history"].epochs["sharpness"].tolist() == [0, 50, 100, 150]
    assert np.isfinite(found["history"].series["sharpness"]).all()
    assert (found["history"].losses[-1] < found["history"].losses[0]).all()
    assert (tmp_path / "one_training.svg").stat().st_size > 1000
