"""Tasks for students from a seed, what to expect of them, and a sheet for whoever grades.

    python -m hw1lib.grading task --seed 7 --out task7        what a student gets
    python -m hw1lib.grading expected --seed 7 --out 7.json   the same with its bands, for you
    python -m hw1lib.grading sheet -p profile quick --only 11 --answer a.json --out sheet.json

A task is chapter 11's question about a target, widths and noise of its own: `task.json`, and the
points to learn as `points.csv`, which any framework reads. Its expected bands are computed by
training on the spot. An answer is a JSON file such as {"seed": 7, "losses": {"deep": 0.003,
"shallow": 0.004}}: final mean squared errors on those points.

A sheet holds for each chapter what was measured, the verdicts, beside those of the stored full
profile where there is one, the predictions that were kept for these settings, and what the
homework gives points for. Points for words and figures are given by a person.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hw1lib import disk
from hw1lib.chapters import against
from hw1lib.chapters.function_fit.variants import BAND, Variant, expected, variant
from hw1lib.chapters.registry import Chapter, discover
from hw1lib.chapters.summary.handing_in import PARTS
from hw1lib.exploring.predictions import FILE
from hw1lib.judging.statistics import Interval
from hw1lib.publish.given import ExecutionError, add_parameters, read
from hw1lib.results.specs import SettingError
from hw1lib.results.store import MissingResultError, Store, StoreError


def bands(asked: Variant) -> dict[str, dict[str, Any]]:
    """Train a variant's networks, and return low, median and high of the final losses by name."""
    found = {}
    for name, losses in expected(asked).items():
        known = losses[np.isfinite(losses)]
        low, median, high = (float(v) for v in np.quantile(known, BAND))
        found[name] = {"low": low, "median": median, "high": high, "trainings": len(known)}
    return found


def scored(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Score an answer to a task: inside the bands or not, and, apart from that, which is best.

    Raises:
        ValueError: If it is no answer, in one sentence.
    """
    seed, losses = answer.get("seed"), answer.get("losses")
    if type(seed) is not int or not isinstance(losses, dict):
        raise ValueError('an answer is like {"seed": 7, "losses": {"deep": 0.003, ...}}')
    asked = variant(seed)
    for name in asked.networks:
        if not isinstance(losses.get(name), int | float) or not losses[name] >= 0:
            raise ValueError(
                f"the answer to seed {seed} lacks a loss of {name}, a number from 0 on"
            )
    known = bands(asked)
    scores = {
        name: {
            "yours": losses[name],
            **band,
            "lies": "below"
            if losses[name] < band["low"]
            else "above"
            if losses[name] > band["high"]
            else "inside",
        }
        for name, band in known.items()
    }
    best = min(asked.networks, key=lambda name: losses[name])
    ours = min(asked.networks, key=lambda name: known[name]["median"])
    return {
        "task": asdict(asked),
        "losses": scores,
        "best": {"yours": best, "expected": ours, "same": best == ours},
    }


def chapter_sheet(chapter: Chapter, result: Any) -> dict[str, Any]:
    """Collect what a grader wants to know of a chapter's result."""
    try:
        pairs = against.judged(chapter, result, against.reference(chapter))
        compared, missing = against.summed_up(pairs), ""
    except MissingResultError as error:
        pairs = against.judged(chapter, result, result)
        compared, missing = "", str(error).partition(", and HW1_COMPUTE")[0]
    verdicts = []
    for pair in pairs:
        interval, row = pair.yours.interval, pair.row()
        known = pair.yours.effect is not None
        verdicts.append(
            {
                "claim": row[0],
                "sentence": row[1],
                "verdict": pair.yours.told,
                "reason": pair.yours.reason,
                "effect": _effect(interval) if known else None,
                "n": interval.n,
                "p": _number(pair.yours.p),
                **({} if missing else {"ours": row[3], "lies": row[4], "conclusion": row[5]}),
            }
        )
    part = PARTS[chapter.section]
    return {
        "question": chapter.question,
        "settings": {"name": result.spec.digest, **_plain(asdict(result.spec))},
        "numbers": numbers(chapter, result),
        "verdicts": verdicts,
        "against the stored full profile": compared or f"nothing to compare with: {missing}",
        "predictions": kept(result.spec.digest),
        "rubric": {"part": part.title, "points": part.points, "complete": part.complete},
    }


def numbers(chapter: Chapter, result: Any) -> dict[str, dict[str, Any]]:
    """Return median, band and count of each metric of a result."""
    found = {}
    for name, rows in chapter.frame(result).groupby("metric", sort=False):
        known = rows["value"][np.isfinite(rows["value"])]
        low, median, high = (
            (_number(v) for v in np.quantile(known, BAND)) if len(known) else (None,) * 3
        )
        found[str(name)] = {"low": low, "median": median, "high": high, "trainings": len(known)}
    return found


def kept(digest: str) -> list[dict[str, Any]]:
    """Return the predictions that were made about settings of this name."""
    text = disk.read_file(Store().root / FILE)
    return [one for one in json.loads(text or "[]") if one.get("settings") == digest]


def _number(value: float) -> float | None:
    """Return a number as JSON has it, which knows none that is not finite."""
    return float(value) if np.isfinite(value) else None


def _effect(interval: Interval) -> dict[str, float | None]:
    return {name: _number(getattr(interval, name)) for name in ("mean", "low", "high")}


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(v) if isinstance(v, tuple) else v for name, v in settings.items()}


def sheet(only: Sequence[str], parameters: dict[str, Any]) -> dict[str, Any]:
    """Collect the sheets of chapters, by notebook, computing what is not stored.

    Raises:
        SettingError: If there is no such chapter, or it refuses a setting.
    """
    chapters = {chapter.number: chapter for chapter in discover().values()}
    if unknown := sorted(set(only) - set(chapters)):
        raise SettingError(f"there is no chapter {unknown[0]}; known: {', '.join(chapters)}")
    found = {}
    for number in only or chapters:
        chapter, given = chapters[number], {"profile": "quick", **parameters}
        device = given.pop("device", "cpu")
        spec = chapter.profiles.choose(given.pop("profile"), **given)
        found[chapter.notebook] = chapter_sheet(chapter, chapter.run(spec, device=device))
    return found


def _write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(path)


def main(words: Sequence[str] | None = None) -> int:
    """Write a task, its expected bands, or a sheet.

    Args:
        words: Command line without the program; None takes that of the process.

    Returns:
        The exit status: 0; 1 after a sentence on standard error.
    """
    parser = argparse.ArgumentParser(
        prog="python -m hw1lib.grading",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=("task", "expected", "sheet"))
    parser.add_argument("--seed", type=int, default=0, help="of the task (default: 0)")
    parser.add_argument("--only", action="append", default=[], help="chapters of a sheet: 11")
    parser.add_argument("--answer", type=Path, help="a student's answer to a task, as JSON")
    parser.add_argument("--out", type=Path, required=True, help="file, of a task the folder")
    add_parameters(parser)
    try:
        options, parameters = read(parser, words)
        if options.what == "sheet":
            answer = json.loads(options.answer.read_text("utf-8")) if options.answer else None
            task = {"answer to the task": scored(answer)} if answer is not None else {}
            _write(options.out, {**task, "chapters": sheet(options.only, parameters)})
            return 0
        asked = variant(options.seed)
        if options.what == "expected":
            _write(options.out, {"task": asdict(asked), "expected": bands(asked)})
            return 0
        points = asked.task
        _write(options.out / "task.json", {**asdict(asked), "answer": "final losses by network"})
        rows = {"x": points.x[:, 0].numpy(), "y": points.y[:, 0].numpy()}
        pd.DataFrame(rows).to_csv(options.out / "points.csv", index=False)
    except (SettingError, ExecutionError, StoreError, OSError, ValueError, AttributeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
