"""Run one notebook through papermill, and publish the copy only if all of it ran.

papermill's own file is no witness: after a killed kernel it calls every cell completed. So a
notebook is executed to `OUT.part.ipynb`, looked through, and only then renamed to `OUT.ipynb`.
Parameters are checked first, because papermill pastes their names into the code as they are and
only warns about unknown ones.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

import nbformat
import papermill
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from hw1lib.marks import WIDGET
from hw1lib.publish.given import (
    SETTINGS,
    ExecutionError,
    add_parameters,
    listed,
    read,
    resolve,
    seconds,
)
from hw1lib.publish.kernels import Limit, connection, connection_folder, end_with


def execute(
    source: Path,
    target: Path,
    parameters: Mapping[str, Any],
    *,
    progress: TextIO | None = None,
    timeout: float | None = None,
) -> None:
    """Execute a notebook, and put the executed copy in place if no cell failed.

    The kernel is a process of the Python that calls this, in the current folder. After a failed
    cell the notebook is kept as `<target>.failed.ipynb`, and an older target stays as it was.

    Args:
        source: Notebook with a cell tagged `parameters`.
        target: Where the executed copy goes; its folder is made if missing.
        parameters: Values for names of that cell, or for those of `settings`, as `resolve` takes
            them: None, bool, int, float, str, or a list of them.
        progress: Where to repeat what the notebook writes to stderr, while it runs.
        timeout: Seconds after which the kernel is ended, whatever it does; None for never.

    Raises:
        ExecutionError: If a parameter is refused, a cell fails, the kernel dies, the time is over,
            or `target` is `source`.
        OSError: If the notebook cannot be read or its copy not written.
    """
    parameters = resolve(source, parameters)
    if target.resolve() == source.resolve():
        raise ExecutionError(f"{target} is the notebook itself; name another file for the copy")
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch, failed = target.with_suffix(".part.ipynb"), target.with_suffix(".failed.ipynb")
    try:
        _run(source, scratch, parameters, progress, timeout)
        if complaint := _complaint(scratch):
            scratch.replace(failed)
            raise ExecutionError(f"{source.stem}, {complaint}")
        _still(scratch)
        _sync(scratch)
        scratch.replace(target)
        failed.unlink(missing_ok=True)
    finally:
        scratch.unlink(missing_ok=True)


def _run(
    source: Path,
    scratch: Path,
    parameters: Mapping[str, Any],
    progress: TextIO | None,
    timeout: float | None,
) -> None:
    """Execute to `scratch`; a cell that fails is left for `_complaint` to find there."""
    limit = Limit(timeout)
    with connection_folder() as folder:
        try:
            with suppress(PapermillExecutionError), limit:
                papermill.execute_notebook(
                    str(source),
                    str(scratch),
                    dict(parameters),
                    kernel_name="python3",
                    language="python",
                    progress_bar=False,
                    stderr_file=progress,
                    kernel_manager_class=limit.manager(),
                    config=Config(KernelManager=connection(folder)),
                    coalesce_streams=True,  # keeps a progress bar's last line, not thousands
                    shutdown_kernel="immediate",  # a training in a cell would not hear a request
                )
        except RuntimeError as error:  # nbclient's DeadKernelError, or no answer at the start
            why = (
                f"not finished after {timeout:g} s"
                if limit.over
                else "the kernel died without a Python error; the system may have ended it for "
                "lack of memory"
            )
            raise ExecutionError(f"{source.stem}, {_last_started(scratch)}: {why}") from error


def _complaint(executed: Path) -> str | None:
    """Say what is wrong with an executed notebook, if anything is."""
    code = [cell for cell in _cells(executed) if cell.cell_type == "code" and cell.source.strip()]
    for cell in code:
        for output in cell.outputs:
            if output.output_type == "error":
                return f"cell {cell.id!r}: {output.ename}: {' '.join(output.evalue.split())}"
    if code and code[-1].execution_count is None:
        return f"cell {code[-1].id!r} was not executed"
    return None


def _last_started(executed: Path) -> str:
    if not executed.exists():
        return "before its first cell"
    started = [cell.id for cell in _cells(executed) if cell.metadata.papermill.start_time]
    return f"cell {started[-1]!r}" if started else "before its first cell"


def _cells(notebook: Path) -> list[nbformat.NotebookNode]:
    return nbformat.read(notebook, as_version=nbformat.NO_CONVERT).cells


def _still(path: Path) -> None:
    """Take out what only a running kernel could draw, where a picture stands beside it.

    JupyterLab would show an error in its place, and a page would ask the network for scripts.
    """
    nb = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    for cell in nb.cells:
        for output in cell.get("outputs", ()):
            if "image/svg+xml" in output.get("data", ()):
                output.data.pop(WIDGET, None)
    nb.metadata.pop("widgets", None)
    nbformat.write(nb, path)


def _sync(path: Path) -> None:
    """Have the content on the disk before the name: a power failure must not leave half."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


# The command


def main(arguments: Sequence[str] | None = None) -> int:
    """Execute one notebook and say how long it took.

    Args:
        arguments: Command line without the program; None takes that of the process.

    Returns:
        The exit status: 0; 1 after a sentence on standard error; 130 after Ctrl-C.
    """
    started = time.monotonic()
    try:
        options, parameters = read(_parser(), arguments)
        if options.with_process is not None:
            end_with(options.with_process)
        if options.known_only is not None:
            takes = _taken(options.notebook, options.known_only)
            parameters = {n: v for n, v in parameters.items() if n in takes}
        shown = ", ".join(f"{name}={value!r}" for name, value in parameters.items())
        _say(f"{options.notebook.stem}: running" + (f" with {shown}" if shown else ""))
        execute(
            options.notebook,
            options.out,
            parameters,
            progress=sys.stderr,
            timeout=options.timeout,
        )
    except (ExecutionError, OSError) as error:
        _say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        _say("interrupted: finished trainings are kept, and the same command continues")
        return 130
    _say(f"{options.notebook.stem}: {time.monotonic() - started:.1f} s")
    return 0


def _taken(notebook: Path, file: str) -> set[str]:
    """Name the parameters that a notebook takes: those it lists, and those that a file says."""
    text = Path(file).read_text(encoding="utf-8") if file else ""
    more = json.loads(text)[notebook.stem] if text.strip() else []
    return {*listed(notebook), *more} - {SETTINGS}


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m hw1lib.publish.execute",
        description="Execute a notebook with parameters, and write the copy if no cell failed.",
        epilog="After a failed cell, OUT.failed.ipynb shows it and an older OUT.ipynb is kept.",
    )
    parser.add_argument("notebook", type=Path, metavar="NOTEBOOK.ipynb")
    parser.add_argument("out", type=Path, metavar="OUT.ipynb")
    parser.add_argument(
        "--known-only",
        nargs="?",
        const="",
        metavar="FILE",
        help="pass over parameters that this notebook lacks, since other chapters have them; FILE, "
        "which hw1lib.parameters writes, says which it takes besides those that it lists",
    )
    parser.add_argument(
        "--with-process", type=int, metavar="PID", help="end when the process of this number does"
    )
    parser.add_argument(
        "--timeout", type=seconds, metavar="SECONDS", help="after which the notebook has failed"
    )
    add_parameters(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
