"""Check whether this machine can make the report, and say what is missing and what helps.

    python -m hw1lib.doctor        or: make doctor

Looks at Python, the place of the library, the settings in the environment, memory and disk, the
image sets, the stored results, a kernel and the printing programs. Nothing is downloaded or kept.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import torch

from hw1lib.data import published
from hw1lib.publish.execute import execute
from hw1lib.publish.given import ExecutionError
from hw1lib.publish.programs import compile_pdf, run_pandoc
from hw1lib.publish.settings import PublishError
from hw1lib.results import workers
from hw1lib.results.store import Store, StoreError

CHECKOUT = Path(__file__).resolve().parents[1]
MEMORY, DISK = 3.0, 1.0  # GiB: two chapters side by side, and results with a built report
SETTINGS = ("HW1_DATA", "HW1_RESULTS", "HW1_REFERENCE", "HW1_COMPUTE", "TMPDIR")


class Wrong(Exception):
    """What does not work, and what helps, in one sentence."""


def python() -> str:
    """Check the version of Python and the place of the library."""
    version = ".".join(map(str, sys.version_info[:3]))
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        raise Wrong(f"Python {version}; 3.11 to 3.13 are needed: make PYTHON=python3.12 report")
    here = Path.cwd()
    if (here / "hw1lib").is_dir() and here.resolve() != CHECKOUT:
        raise Wrong(
            f"the library comes from {CHECKOUT}, not from this checkout, {here}: run make here, "
            "which makes the environment anew"
        )
    return f"Python {version}, the library in {CHECKOUT}"


def settings() -> str:
    """List the settings in the environment, and check that text of any script can be printed."""
    encoding = sys.stdout.encoding or "ascii"
    try:
        "π → ✓ 写".encode(encoding)
    except UnicodeEncodeError:
        raise Wrong(f"text is written as {encoding}; set PYTHONUTF8=1") from None
    given = [f"{name}={os.environ[name]}" for name in SETTINGS if os.environ.get(name)]
    return ", ".join(given) or "none of ours is set"


def cores() -> str:
    """Count what there is to compute with."""
    devices = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return f"{workers.cores()} cores, torch {torch.__version__}, " + (
        ", ".join(devices) if devices else "no GPU, which is none of its needs"
    )


def memory() -> str:
    """Check the memory that is free."""
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    except (ValueError, OSError, AttributeError):
        return "not known on this system"
    if free < MEMORY:
        raise Wrong(f"{free:.1f} GiB free, {MEMORY:g} are needed: end something, or WORKERS=1")
    return f"{free:.1f} GiB free"


def disk() -> str:
    """Check the folders of results and of temporary files."""
    said = []
    for what, folder in (("results", Store().root), ("temporary files", tempfile.gettempdir())):
        there = next(p for p in (Path(folder), *Path(folder).parents) if p.exists())
        try:
            with tempfile.TemporaryFile(dir=there):
                free = shutil.disk_usage(there).free / 2**30
        except OSError as error:
            raise Wrong(
                f"{there}, for {what}, cannot be written: {error.strerror}; choose another folder "
                "by HW1_RESULTS or TMPDIR"
            ) from None
        if free < DISK:
            raise Wrong(f"{free:.1f} GiB free for {what} in {there}, {DISK:g} are needed")
        said.append(f"{free:.0f} GiB for {what} in {there}")
    return "; ".join(said)


def images() -> str:
    """Check where the image sets are."""
    try:
        missing = [name for name in ("mnist", "cifar10") if not published.is_here(name)]
    except (FileNotFoundError, published.DataError) as error:
        raise Wrong(f"{error}; correct or unset HW1_DATA") from None
    if missing:
        return (
            f"{' and '.join(missing)} will be downloaded when needed; without a network the report "
            "uses stand-ins and says so"
        )
    return "MNIST and CIFAR-10 are here"


def results() -> str:
    """Check that stored results can be read."""
    store = Store()
    packs = sorted(path.stem for path in store.reference.glob("*.zip"))
    if not packs:
        raise Wrong(f"no packs of full results in {store.reference}: is the checkout complete?")
    own = f"{store.count():,} of your own in {store.root}"
    return f"{own}, and of {len(packs)} chapters the full profile's in {store.reference}"


def kernel() -> str:
    """Run a notebook of one cell."""
    with tempfile.TemporaryDirectory() as name:
        source = Path(name, "one.ipynb")
        cell = nbformat.v4.new_code_cell("answer = 6 * 7", metadata={"tags": ["parameters"]})
        language = {"name": "python3", "display_name": "Python 3", "language": "python"}
        one = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": language})
        nbformat.write(one, source)
        try:
            execute(source, source.with_name("two.ipynb"), {})
        except ExecutionError as error:
            raise Wrong(f"a notebook does not run: {error}; make the environment anew") from None
    return "a notebook runs"


def printing() -> str:
    """Print a page."""
    try:
        typst, _ = run_pandoc("$e = mc^2$", {"from": "markdown", "to": "typst"}, {})
        size = len(compile_pdf(typst, {}))
    except (PublishError, OSError) as error:
        raise Wrong(f"a page cannot be printed: {error}; make the environment anew") from None
    return f"a page can be printed ({size:,} bytes)"


CHECKS: tuple[Callable[[], str], ...] = (
    python, settings, cores, memory, disk, images, results, kernel, printing,
)  # fmt: skip


def examine() -> Iterator[tuple[bool, str]]:
    """Make every check; whether it went well, and what it says."""
    for check in CHECKS:
        try:
            yield True, f"{check.__name__}: {check()}"
        except (Wrong, StoreError) as wrong:
            yield False, f"{check.__name__}: {wrong}"


def main(words: list[str] | None = None) -> int:
    """Say what was found; 1 if anything is wrong, else 0."""
    parser = argparse.ArgumentParser(
        prog="python -m hw1lib.doctor",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args(words)
    well = True
    for fine, said in examine():
        print("fine  " if fine else "WRONG ", said, flush=True)
        well &= fine
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
