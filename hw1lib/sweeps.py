"""Runs of one chapter over a grid of parameters: what they are, and what came of each."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import io
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hw1lib import disk
from hw1lib.chapters.registry import Chapter
from hw1lib.judging.statistics import t_interval
from hw1lib.messages import brief
from hw1lib.publish.given import ExecutionError, value
from hw1lib.results.specs import SettingError

MOST = 10_000  # runs of one sweep
DONE, FAILED = "done", "failed"

Parameters = dict[str, Any]


def values(name: str, text: str) -> list[Any]:
    """Read the values of one axis: `1e-3,1e-2` or a range of whole numbers, `0:20` or `0:20:2`.

    Raises:
        ExecutionError: If there is none, or more than `MOST`.

    >>> values("seed", "0:6:2"), values("rate", "1e-3,auto")
    ([0, 2, 4], [0.001, 'auto'])
    """
    if re.fullmatch(r"-?\d+:-?\d+(:[1-9]\d*)?", text):
        found: Sequence[Any] = range(*map(int, text.split(":")))
    else:
        found = [value(name, word) for word in text.split(",") if word]
    if not found or found[MOST:]:  # a range has no len where it is very long
        raise ExecutionError(f"axis {name}: {text!r} must have 1 to {MOST:,} values")
    return list(found)


def grid(axes: Mapping[str, Sequence[Any]], fixed: Parameters) -> list[Parameters]:
    """List every combination of the axes' values, with what is fixed.

    Raises:
        ExecutionError: If a name is on an axis and fixed, or there are too many runs.
    """
    if both := sorted(set(axes) & set(fixed)):
        raise ExecutionError(f"{both[0]} is on an axis and fixed; give it once")
    count = int(np.prod([len(of) for of in axes.values()], dtype=float))
    if count > MOST:
        raise ExecutionError(f"the grid has {count:,} runs, more than {MOST:,}")
    combinations = itertools.product(*axes.values())
    return [fixed | dict(zip(axes, of, strict=True)) for of in combinations]


def stacked(
    chapter: Chapter, axes: Mapping[str, Sequence[Any]], fixed: Parameters
) -> tuple[dict[str, list[Any]], Parameters]:
    """Make runs that differ in their seeds alone one run, whose replicas train side by side.

    Args:
        chapter: Whose runs they are.
        axes: Of the grid, one of them `seed`: the first seeds of blocks that follow each other.
        fixed: What all runs share.

    Returns:
        The axes without `seed`, and what is fixed with the first seed and the sum of replicas.

    Raises:
        ExecutionError: If there is no such axis, or its blocks leave gaps or overlap.
    """
    seeds = list(axes.get("seed", ()))
    if not seeds or "replicas" in axes:
        raise ExecutionError("runs are stacked over an axis of seeds, with one number of replicas")
    each = spec_of(chapter, fixed).replicas
    if seeds != list(range(seeds[0], seeds[0] + each * len(seeds), each)):
        raise ExecutionError(
            f"seeds {brief(seeds)} cannot be one stack: each is the first of {each}, so take "
            f"{seeds[0]}:{seeds[0] + each * len(seeds)}:{each}"
        )
    others = {name: list(of) for name, of in axes.items() if name != "seed"}
    return others, fixed | {"seed": seeds[0], "replicas": each * len(seeds)}


def check_seeds(chapter: Chapter, runs: Iterable[Parameters]) -> None:
    """Refuse runs that differ in their first seed alone and share some seeds.

    A seed is the first of consecutive ones, so seeds 0 and 1 of two replicas would hold 0, 1 and
    1, 2: counted as four trainings, they are three.

    Raises:
        SettingError: Naming a step that keeps them apart.
    """
    seen: dict[str, dict[int, int]] = {}
    for run in runs:
        spec = spec_of(chapter, run)
        others = json.dumps({k: v for k, v in run.items() if k != "seed"}, sort_keys=True)
        owners = seen.setdefault(others, {})
        for seed in spec.seeds:
            first = owners.setdefault(seed, spec.seed)
            if first != spec.seed:
                raise SettingError(
                    f"seeds {first} and {spec.seed} both train with seed {seed}, since each is the "
                    f"first of {spec.replicas}; take steps of {spec.replicas}, such as "
                    f"seed 0:{5 * spec.replicas}:{spec.replicas}"
                )


def spec_of(chapter: Chapter, run: Parameters) -> Any:
    """Return the settings of a run.

    Raises:
        SettingError: If one is unknown or not allowed.
    """
    changes = {k: v for k, v in run.items() if k not in ("profile", "device")}
    return chapter.profiles.choose(run.get("profile", "quick"), **changes)


@dataclass(frozen=True)
class Run:
    """One run of a sweep, in a folder of its own."""

    folder: Path
    parameters: Parameters

    @property
    def notebook(self) -> Path:
        """The executed notebook."""
        return self.folder / "notebook.ipynb"

    def outcome(self) -> dict[str, Any]:
        """Return what is known of it: status, seconds, what decided it; empty if it never ran."""
        try:
            return dict(json.loads((self.folder / "run.json").read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return {}

    def note(self, **outcome: Any) -> None:
        """Keep what came of it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"parameters": self.parameters, **outcome}, indent=1)
        disk.replace(self.folder / "run.json", f"{text}\n".encode())


def runs(folder: Path, combinations: Iterable[Parameters], axes: Iterable[str]) -> list[Run]:
    """Give each combination a folder that its swept values name."""
    axes = list(axes)
    return [Run(folder / (_name(of, axes) or "run"), of) for of in combinations]


def _name(parameters: Parameters, axes: Sequence[str]) -> str:
    """Name a combination, such as `seed=3,learning_rate=0.01`, safely for any file system."""
    plain = ",".join(f"{name}={parameters[name]}" for name in axes)
    safe = re.sub(r"[^\w=,.+-]", "_", plain)
    if safe == plain and len(safe) <= 100:
        return safe
    return f"{safe[:80]}-{hashlib.sha256(plain.encode()).hexdigest()[:8]}"


def rows(chapter: Chapter, finished: Iterable[tuple[Run, Any]]) -> Iterator[dict[str, Any]]:
    """Write one row for each run: parameters, metrics and verdicts.

    Args:
        chapter: Whose runs they are.
        finished: Runs, each with its `Result`, or None where it failed.
    """
    for run, result in finished:
        outcome = run.outcome()
        row: dict[str, Any] = {
            "run": run.folder.name,
            "status": outcome.get("status", "missing"),
            "seconds": outcome.get("seconds", ""),
            "error": outcome.get("error", ""),
            **run.parameters,
            "path": str(run.notebook),
        }
        if result is not None:
            for name, metric in chapter.metrics.items():
                found = t_interval(metric(result))
                row |= {name: found.mean, f"{name}, low": found.low, f"{name}, high": found.high}
                row[f"{name}, n"] = found.n
            for claim in chapter.claims:
                row[claim.id] = claim.judge(result).told
        yield row


def trainings(chapter: Chapter, finished: Iterable[tuple[Run, Any]]) -> Iterator[dict[str, Any]]:
    """Write one row for each run, training and metric; arguments as of `rows`.

    Of the parameters, `seed` and `replicas` are always there: the first seed of the run, and how
    many there are.
    """
    for run, result in finished:
        if result is None:
            continue
        seeds = spec_of(chapter, run.parameters).seeds
        fixed = {"run": run.folder.name, **run.parameters}
        fixed |= {"seed": seeds[0], "replicas": len(seeds)}
        for row in chapter.frame(result).to_dict("records"):
            yield {**fixed, **row}


def write_parquet(file: Path, found: Sequence[Mapping[str, Any]]) -> bool:
    """Write rows as Parquet, if pyarrow is there to do it; return whether it is.

    What is missing in a row is null; a column whose values are of several kinds is text.
    """
    if importlib.util.find_spec("pyarrow") is None:
        return False
    columns = list(dict.fromkeys(name for row in found for name in row))
    table = {}
    for name in columns:
        values = [None if row.get(name, "") == "" else row[name] for row in found]
        kinds = {float if type(v) is int else type(v) for v in values if v is not None}
        plain = len(kinds) == 1 and kinds <= {float, str, bool}
        table[name] = values if plain else [None if v is None else str(v) for v in values]
    disk.replace(file, pd.DataFrame(table).to_parquet(engine="pyarrow", index=False))
    return True


def write_table(file: Path, found: Sequence[Mapping[str, Any]]) -> None:
    """Write rows as CSV, with every column that one of them has."""
    columns = list(dict.fromkeys(name for row in found for name in row))
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, columns, restval="")
    writer.writeheader()
    writer.writerows(found)
    disk.replace(file, stream.getvalue().encode())
