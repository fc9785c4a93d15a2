"""What a sweep costs besides its trainings, and what side by side saves."""

import os
import tempfile
import time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import nbformat
import numpy as np
from nbclient import NotebookClient
from traitlets.config import Config

from benchmarks.timing import best
from hw1lib.chapters.registry import discover
from hw1lib.compute import asked, fill, missing
from hw1lib.publish.apart import Apart
from hw1lib.publish.kernels import Kernel, connection, connection_folder
from hw1lib.results import jobs
from hw1lib.results.forecasts import forecast
from hw1lib.results.store import Store
from hw1lib.results.workers import Local, Making

RUNS = 200  # trivial ones
KEYS = 20_000


def batch() -> None:
    """Time runs of a notebook that does nothing, many stored keys, seeds in a stack, a forecast."""
    with tempfile.TemporaryDirectory() as folder:
        _runs(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        _keys(folder)
    _stack()
    _forecast()


def _runs(folder: Path) -> None:
    """Compare our execution with nbclient's alone, and two workers with one."""
    parameters = nbformat.v4.new_code_cell("x: int = 1", metadata={"tags": ["parameters"]})
    cells = [parameters, nbformat.v4.new_code_cell("print(x)")]
    notebook = folder / "trivial.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), notebook)

    with Apart() as apart:

        def ours(number: int = 0) -> None:
            if complaint := apart.execute(notebook, folder / f"{number}.out.ipynb", {"x": number}):
                raise RuntimeError(complaint)

        def kernel() -> None:
            with connection_folder() as place:
                config = Config(KernelManager=connection(place))
                read = nbformat.read(notebook, as_version=4)
                NotebookClient(read, kernel_manager_class=Kernel, config=config).execute()

        seconds = best(5, warm=True, ours=ours, kernel=kernel)
        print("one run of a trivial notebook")
        print(f"  its kernel's start and work          {seconds['kernel']:.2f} s")
        print(f"  in its own process, checked, in place {seconds['ours']:.2f} s")
        print(f"  overhead {seconds['ours'] - seconds['kernel']:.2f} s (wanted: under 0.5 s)")
        took = {}
        for workers in (1, 2):
            started = time.perf_counter()
            with ThreadPoolExecutor(workers) as pool:
                list(pool.map(ours, range(RUNS)))
            took[workers] = time.perf_counter() - started
    print(
        f"{RUNS} such runs: one worker {took[1]:.0f} s, two {took[2]:.0f} s, "
        f"{took[1] / took[2]:.2f} times as fast"
    )


@dataclass(frozen=True)
class Settings:
    """Of a result that is as good as none."""

    number: int


def nothing(settings: Settings, run: object) -> dict[str, np.ndarray]:
    """Return one number."""
    return {"x": np.array([settings.number])}


def _keys(folder: str) -> None:
    """Find many stored results again."""
    store = Store(folder, folder)
    calls = [partial(nothing, Settings(number)) for number in range(KEYS)]
    for call in calls:
        store.fetch("nothing", call, lambda _, call=call: call(run=None))
    started = time.perf_counter()
    for call in calls:
        if store.find("nothing", call) is None:
            raise RuntimeError("a result is lost")
    seconds = time.perf_counter() - started
    started = time.perf_counter()
    if store.count() != KEYS:
        raise RuntimeError("a result is lost")
    listed = time.perf_counter() - started
    print(f"{KEYS:,} stored results")
    for what, took, wanted in (("listing", listed, 2), ("reading and checking", seconds, 60)):
        print(f"  {what} 100,000 would take {took / KEYS * 100_000:.1f} s (wanted: {wanted} s)")


@contextmanager
def _own_store() -> Iterator[None]:
    """Take an empty store, and nothing that came along."""
    before = {name: os.environ.get(name) for name in ("HW1_RESULTS", "HW1_REFERENCE")}
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {name: folder for name in before}
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})


def _stack() -> None:
    """Train ten pairs of seeds one after another, and as one stack of twenty."""
    fit = discover()["function-fit"]
    spec = fit.profiles.choose("smoke", epochs=300)
    took = {}
    for name, specs in {
        "apart": [spec.replace(seed=seed) for seed in range(0, 20, 2)],
        "stack": [spec.replace(replicas=20)],
    }.items():
        with _own_store():
            started = time.perf_counter()
            for one in specs:
                fit.run(one, device="cpu", progress=False)
            took[name] = time.perf_counter() - started
    print("chapter 11, smoke with 300 updates, 20 seeds")
    print(
        f"  ten runs of 2 {took['apart']:.1f} s, one stack of 20 {took['stack']:.1f} s, "
        f"{took['apart'] / took['stack']:.1f} times as fast"
    )


def _forecast() -> None:
    """Compare a forecast with what its results then took."""
    with _own_store(), Local(1) as crew:

        def due(seed: int, epochs: int) -> dict[str, jobs.Asked]:
            return asked("smoke", {"seed": seed, "epochs": epochs}, ("11",))

        def make(seed: int, epochs: int, wanted: Collection[str]) -> None:
            def left() -> list[Making]:
                pairs = missing(due(seed, epochs))
                return [pair for pair in pairs if jobs.ResultOf(*pair).fingerprint in wanted]

            fill(left, device="cpu", crew=crew)

        for seed, epochs in ((0, 2_000), (100, 6_000)):
            make(seed, epochs, due(seed, epochs)["function_fit"].jobs)  # what comes first
        known, new = due(0, 2_000), due(100, 6_000)
        make(0, 2_000, known["function_fit"].jobs)
        foreseen = forecast([new], [due(0, 2_000)], workers=1)
        names = {*new["function_fit"].jobs} - {*new["function_fit"].entries}
        make(100, 6_000, names)
        made = due(100, 6_000)["function_fit"].entries
        took = sum(float(made[name].provenance["seconds"]) for name in names)
    print(f"{len(names)} trainings of chapter 11, foreseen from other seeds and a third of updates")
    print(f"  forecast {foreseen.seconds:.1f} s of one core, they took {took:.1f} s")
