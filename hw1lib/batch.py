"""Run a chapter over a grid of parameters, and put what came of it into one table.

    python -m hw1lib.batch 11_function_fit -g learning_rate 1e-3,1e-2 -g seed 0:40:20 -o runs/lr
    python -m hw1lib.batch 33_interpolation -p profile smoke -g epochs 2,4 -o runs/e --dry-run

An axis is a list, `1e-3,1e-2`, or a range of whole numbers, `0:40:20`. All names and values are
checked before anything starts. Trainings of all runs share the workers; then each run's notebook
is executed into a folder of its own, runs.csv gets a row for each with all metrics and verdicts,
trainings.csv one for each training, and comparison.pdf draws them. The same command again runs
only what is new, has changed or was not finished.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from hw1lib import sweeps
from hw1lib.chapters.registry import Chapter, discover
from hw1lib.compute import add_crew, crew_of, fill, missing
from hw1lib.publish.apart import Apart
from hw1lib.publish.build import publish_chapter
from hw1lib.publish.execute import execute
from hw1lib.publish.given import ExecutionError, add_parameters, plain, read, seconds
from hw1lib.publish.settings import Part, PublishError, Report
from hw1lib.results import forecasts, jobs
from hw1lib.results.jobs import Asked
from hw1lib.results.specs import SettingError
from hw1lib.results.store import MissingResultError, StoreError
from hw1lib.results.workers import Making, terminable
from hw1lib.sweeps import DONE, FAILED, Run

CHECKOUT = Path(__file__).resolve().parents[1]
NOTEBOOKS, COMPARISON = CHECKOUT / "notebooks", CHECKOUT / "tools" / "comparison.ipynb"


def main(words: list[str] | None = None) -> int:
    """Run what is asked, and say what came of it.

    Returns:
        The exit status: 0; 1 after a sentence on standard error, or if a run failed; 130 after
        Ctrl-C.
    """
    try:
        options, fixed = read(_parser(), words)
        chapter = _chapter(options.chapter)
        axes = {plain(name): sweeps.values(name, text) for name, text in options.axes}
        if options.stack:
            axes, fixed = sweeps.stacked(chapter, axes, fixed)
        found = sweeps.runs(options.out, sweeps.grid(axes, fixed), axes)
        sweeps.check_seeds(chapter, [run.parameters for run in found])
        asked = {run.folder: _ask(chapter, run) for run in found}
        todo = [run for run in found if _is_due(chapter, run, asked[run.folder], options)]
        due = forecasts.forecast(
            [asked[run.folder] for run in todo], asked.values(), workers=options.workers
        )
        done = f"{len(found)} runs, {len(found) - len(todo)} of them done"
        _say(f"{done}; {due}{_notebooks(found, todo)}")
        if options.dry_run:
            for run in found:
                _say(f"{'new ' if run in todo else 'done'} {run.folder.name}")
            return 0
        if todo:
            with crew_of(options) as crew:
                _, failed = fill(lambda: _missing(chapter, todo), device="cpu", crew=crew)
            todo = _without(chapter, todo, failed)
        with terminable(), ThreadPoolExecutor(options.workers) as pool, Apart() as apart:
            for _ in pool.map(lambda run: _execute(chapter, run, apart, options), todo):
                pass
        return _report(chapter, found, axes, options)
    except (ExecutionError, PublishError, SettingError, StoreError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        _say("interrupted: finished runs and trainings are kept, the same command continues")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m hw1lib.batch",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("chapter", help="such as 11_function_fit")
    parser.add_argument(
        "-g", nargs=2, action="append", default=[], dest="axes", metavar=("NAME", "VALUES"),
        help="an axis of the grid: 1e-3,1e-2 or 0:40:20",
    )  # fmt: skip
    parser.add_argument("-o", dest="out", type=Path, required=True, help="folder of the runs")
    parser.add_argument(
        "--stack", choices=["seed"],
        help="train the blocks of an axis of seeds side by side, as the replicas of one run",
    )  # fmt: skip
    parser.add_argument("--dry-run", action="store_true", help="only list the runs, and forecast")
    parser.add_argument("--retry-failed", action="store_true", help="run also what failed before")
    parser.add_argument("--force", action="store_true", help="run also what is done")
    parser.add_argument(
        "--no-compare", dest="compare", action="store_false", help="make no comparison.pdf"
    )
    parser.add_argument("--timeout", type=seconds, help="seconds after which a run has failed")
    add_crew(parser)
    add_parameters(parser)
    return parser


def _chapter(name: str) -> Chapter:
    chapters = {chapter.notebook: chapter for chapter in discover().values()}
    stem = Path(name).stem
    if stem not in chapters:
        raise ExecutionError(f"there is no chapter {name!r}; known: {', '.join(chapters)}")
    return chapters[stem]


def _ask(chapter: Chapter, run: Run) -> dict[str, Asked]:
    """Ask for the results of a run, computing none; refuse settings that do not read back."""
    spec = sweeps.spec_of(chapter, run.parameters)
    for name, given in run.parameters.items():
        kept = getattr(spec, name, given)
        if given is not None and kept != (tuple(given) if isinstance(given, list) else given):
            raise SettingError(f"{name} was given as {given!r} and read as {kept!r}")
    with jobs.asking() as found, contextlib.suppress(MissingResultError):
        chapter.run(spec, device="cpu", progress=False)
    return found


def _missing(chapter: Chapter, todo: Sequence[Run]) -> list[Making]:
    """List what the notebooks of runs will read and is not stored."""
    return [pair for run in todo for pair in missing(_ask(chapter, run))]


def _without(chapter: Chapter, todo: Sequence[Run], failed: Mapping[str, Exception]) -> list[Run]:
    """Return the runs that lack nothing, and note of the others which training failed."""
    left = []
    for run in todo:
        names = [jobs.ResultOf(*pair).fingerprint for pair in _missing(chapter, [run])]
        wrong = [failed[name] for name in names if name in failed]
        if wrong:
            run.note(status=FAILED, seconds=0.0, error=str(wrong[0]).splitlines()[0], decides="")
            _say(f"{run.folder.name}: {wrong[0]}")
        else:
            left.append(run)
    return left


def _decides(chapter: Chapter, run: Run, asked: Mapping[str, Asked]) -> str:
    """Name all that decides a run: its parameters, its notebook, and what is trained first."""
    notebook = (NOTEBOOKS / f"{chapter.notebook}.ipynb").read_bytes()
    trained = sorted(name for of in asked.values() for name in of.jobs)
    text = json.dumps([run.parameters, hashlib.sha256(notebook).hexdigest(), trained])
    return hashlib.sha256(text.encode()).hexdigest()


def _is_due(
    chapter: Chapter, run: Run, asked: Mapping[str, Asked], options: argparse.Namespace
) -> bool:
    outcome = run.outcome()
    if options.force or not outcome:
        return True
    if outcome.get("status") == FAILED:
        return bool(options.retry_failed)
    now = _decides(chapter, run, asked)
    return outcome.get("status") != DONE or outcome.get("decides") != now


def _notebooks(found: Sequence[Run], todo: Sequence[Run]) -> str:
    """Say how long the notebooks of runs will take, by those that are done."""
    took = [of["seconds"] for of in (run.outcome() for run in found) if of.get("status") == DONE]
    if not todo or not took:
        return ""
    return f"; {len(todo)} notebooks of about {sum(took) / len(took):.0f} s"


def _execute(chapter: Chapter, run: Run, apart: Apart, options: argparse.Namespace) -> None:
    """Execute a run's notebook in a process of its own, and note what came of it."""
    source, started = NOTEBOOKS / f"{chapter.notebook}.ipynb", time.monotonic()
    error = apart.execute(source, run.notebook, run.parameters, timeout=options.timeout)
    took = round(time.monotonic() - started, 1)
    # asked again, since now the chapter gets as far as its last trainings
    decides = _decides(chapter, run, _ask(chapter, run))
    run.note(status=FAILED if error else DONE, seconds=took, error=error, decides=decides)
    _say(f"{run.folder.name}: {error or 'done'} ({took:.0f} s)")


def _report(
    chapter: Chapter, found: Sequence[Run], axes: Iterable[str], options: argparse.Namespace
) -> int:
    """Write the tables of all runs and compare them; say where that is, and which runs failed."""
    out, swept = options.out, [name for name in axes if name != "seed"]
    pairs = [(run, _result(chapter, run)) for run in found]
    rows = list(sweeps.rows(chapter, pairs))
    sweeps.write_table(out / "runs.csv", rows)
    sweeps.write_parquet(out / "runs.parquet", rows)
    trained, before = out / "trainings.csv", _content(out / "trainings.csv")
    sweeps.write_table(trained, list(sweeps.trainings(chapter, pairs)))
    failed = [run for run in found if run.outcome().get("status") != DONE]
    _say(f"{len(found) - len(failed)} of {len(found)} runs done; {out / 'runs.csv'}")
    for run in failed:
        _say(f"failed: {run.folder.name}: {run.outcome().get('error', 'it never ran')}")
    is_new = _content(trained) != before or not (out / "comparison.pdf").exists()
    if options.compare and swept and is_new and len(failed) < len(found):
        _compare(chapter, swept, out, options.timeout)
    return 1 if failed else 0


def _content(file: Path) -> bytes:
    return file.read_bytes() if file.exists() else b""


def _compare(chapter: Chapter, swept: list[str], out: Path, timeout: float | None) -> None:
    """Execute the notebook that compares the runs, and print it."""
    given = {"table": str((out / "trainings.csv").absolute()), "axes": swept}
    execute(COMPARISON, out / "comparison.ipynb", given, timeout=timeout)
    title = f"A sweep over {' and '.join(swept)}"
    of = Report(title=title, parts=(Part(title="", notebooks=("comparison",)),))
    for product in publish_chapter(of, "comparison", out, out):
        _say(str(product))


def _result(chapter: Chapter, run: Run) -> Any:
    """Return the result of a run that is done, else None."""
    if run.outcome().get("status") != DONE:
        return None
    return chapter.run(sweeps.spec_of(chapter, run.parameters), device="cpu", progress=False)


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
