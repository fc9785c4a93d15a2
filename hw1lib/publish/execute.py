"""Run one notebook through papermill, and publish the copy only if all of it ran.

papermill's own file is no witness: after a killed kernel it calls every cell completed. So a
notebook is executed to `OUT.part.ipynb`, looked through, and only then renamed to `OUT.ipynb`.
Parameters are checked first, because papermill pastes their names into the code as they are and
only warns about unknown ones.
"""

from __future__ import annotations

import argparse
import difflib
import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

import nbformat
import papermill
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config


class ExecutionError(Exception):
    """A notebook did not run to its end; says where and why in one sentence."""


def execute(
    source: Path, target: Path, parameters: Mapping[str, Any], *, progress: TextIO | None = None
) -> None:
    """Execute a notebook, and put the executed copy in place if no cell failed.

    The kernel is a process of the Python that calls this, in the current folder. After a failed
    cell the notebook is kept as `<target>.failed.ipynb`, and an older target stays as it was.

    Args:
        source: Notebook with a cell tagged `parameters`.
        target: Where the executed copy goes; its folder is made if missing.
        parameters: Values for names of that cell: None, bool, int, float, str, or a list of them.
        progress: Where to repeat what the notebook writes to stderr, while it runs.

    Raises:
        ExecutionError: If a parameter is refused, a cell fails, the kernel dies, or `target` is
            `source`.
        OSError: If the notebook cannot be read or its copy not written.
    """
    _check_parameters(source, parameters)
    if target.resolve() == source.resolve():
        raise ExecutionError(f"{target} is the notebook itself; name another file for the copy")
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch, failed = target.with_suffix(".part.ipynb"), target.with_suffix(".failed.ipynb")
    try:
        _run(source, scratch, parameters, progress)
        if complaint := _complaint(scratch):
            scratch.replace(failed)
            raise ExecutionError(f"{source.stem}, {complaint}")
        _sync(scratch)
        scratch.replace(target)
        failed.unlink(missing_ok=True)
    finally:
        scratch.unlink(missing_ok=True)


def _check_parameters(source: Path, parameters: Mapping[str, Any]) -> None:
    try:
        known = papermill.inspect_notebook(str(source))
    except ValueError as error:
        raise ExecutionError(f"{source} is not a notebook that can be run: {error}") from error
    for name, value in parameters.items():
        # Known names are names that Python accepted in the cell, so nothing else gets past this.
        if name not in known:
            raise ExecutionError(unknown(source.stem, name, list(known)))
        if not all(map(_is_scalar, value if type(value) is list else [value])):
            raise ExecutionError(
                f"{source.stem}, parameter {name}: {value!r} is refused; a value is None, a bool, "
                "an int, a finite float, a str, or a list of them"
            )


def unknown(where: str, name: str, known: Sequence[str]) -> str:
    """Say in one sentence that there is no parameter of this name, and which there are."""
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"{where} has no parameter {name!r}, only {', '.join(known) or 'none'}{hint}"


def _is_scalar(value: Any) -> bool:
    """Tell whether papermill passes `value` on as it is, which it does for exact types only."""
    kinds = (type(None), bool, int, str)
    return type(value) in kinds or (type(value) is float and math.isfinite(value))


LONGEST_PATH = 85  # bytes of a folder for sockets, of 103 on macOS, with a file's name behind it


OWN = "-ipython"  # ends the name of a kernel's own folder of settings


class _Kernel(AsyncKernelManager):
    """A kernel of the Python that runs this, whatever kernels the user has registered."""

    @property
    def kernel_spec(self) -> KernelSpec:
        # the debugger in ipykernel complains about frozen modules on every start
        command = [sys.executable, "-Xfrozen_modules=off", "-m", "ipykernel_launcher"]
        # nor the user's start-up files, settings and history of IPython
        own = f"--ipython-dir={{connection_file}}{OWN}"
        return KernelSpec(argv=[*command, "-f", "{connection_file}", own], language="python")


def _run(
    source: Path, scratch: Path, parameters: Mapping[str, Any], progress: TextIO | None
) -> None:
    """Execute to `scratch`; a cell that fails is left for `_complaint` to find there."""
    with tempfile.TemporaryDirectory(prefix="hw1-", ignore_cleanup_errors=True) as folder:
        connection = {"connection_file": str(Path(folder, "kernel.json"))}
        Path(f"{connection['connection_file']}{OWN}").mkdir()
        # kernels that start together race for TCP ports; but a socket's path must be short
        if os.name != "nt" and len(os.fsencode(folder)) <= LONGEST_PATH:
            connection["transport"] = "ipc"
        try:
            with suppress(PapermillExecutionError):
                papermill.execute_notebook(
                    str(source),
                    str(scratch),
                    dict(parameters),
                    kernel_name="python3",
                    language="python",
                    progress_bar=False,
                    stderr_file=progress,
                    kernel_manager_class=_Kernel,
                    config=Config(KernelManager=connection),
                    coalesce_streams=True,  # keeps a progress bar's last line, not thousands
                    shutdown_kernel="immediate",  # a training in a cell would not hear a request
                )
        except RuntimeError as error:  # nbclient's DeadKernelError, or no answer at the start
            raise ExecutionError(
                f"{source.stem}, {_last_started(scratch)}: the kernel died without a Python error; "
                "the system may have ended it for lack of memory"
            ) from error


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
    started = [cell.id for cell in _cells(executed) if cell.metadata.papermill.start_time]
    return f"cell {started[-1]!r}" if started else "before its first cell"


def _cells(notebook: Path) -> list[nbformat.NotebookNode]:
    return nbformat.read(notebook, as_version=nbformat.NO_CONVERT).cells


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
        if options.known_only:
            known = papermill.inspect_notebook(str(options.notebook))
            parameters = {name: value for name, value in parameters.items() if name in known}
        shown = ", ".join(f"{name}={value!r}" for name, value in parameters.items())
        _say(f"{options.notebook.stem}: running" + (f" with {shown}" if shown else ""))
        execute(options.notebook, options.out, parameters, progress=sys.stderr)
    except (ExecutionError, OSError) as error:
        _say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        _say("interrupted: finished trainings are kept, and the same command continues")
        return 130
    _say(f"{options.notebook.stem}: {time.monotonic() - started:.1f} s")
    return 0


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m hw1lib.execute",
        description="Execute a notebook with parameters, and write the copy if no cell failed.",
        epilog="After a failed cell, OUT.failed.ipynb shows it and an older OUT.ipynb is kept.",
    )
    parser.add_argument("notebook", type=Path, metavar="NOTEBOOK.ipynb")
    parser.add_argument("out", type=Path, metavar="OUT.ipynb")
    parser.add_argument(
        "--known-only",
        action="store_true",
        help="pass over parameters that this notebook lacks; other chapters have them",
    )
    add_parameters(parser)
    return parser


def add_parameters(parser: argparse.ArgumentParser) -> None:
    """Let a command's help show that it takes parameters of notebooks, by -p NAME VALUE."""
    parser.add_argument(
        "-p",
        nargs=2,
        action="append",
        default=[],
        dest="parameters",
        metavar=("NAME", "VALUE"),
        help="value of a parameter: 3, 1e-3, True, None, a word, or a list as in JSON: [1, 2]",
    )


def read(
    parser: argparse.ArgumentParser, words: Sequence[str] | None
) -> tuple[argparse.Namespace, dict[str, Any]]:
    """Read a command line with parameters, whose values may begin with a dash.

    Args:
        parser: Of the command, with `add_parameters`.
        words: The command line without the program; None takes that of the process.

    Returns:
        What the parser read, and the values of the parameters.

    Raises:
        ExecutionError: If a parameter is given twice, or a list is not JSON.
    """
    rest, pairs, left = [], [], list(sys.argv[1:] if words is None else words)
    while left:
        word = left.pop(0)
        if word == "-p" and len(left) >= 2:
            pairs.append((left.pop(0), left.pop(0)))
        else:
            rest.append(word)
    return parser.parse_args(rest), parse(pairs)


def parse(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Turn the words of the command line into values, each name once."""
    parameters: dict[str, Any] = {}
    for name, word in pairs:
        if name in parameters:
            raise ExecutionError(f"parameter {name!r} is given twice")
        if word.encode(errors="replace").decode() != word:
            known = "set PYTHONUTF8=1, or rename what it names"
            raise ExecutionError(f"parameter {name!r} has letters unknown to the locale; {known}")
        parameters[name] = value(name, word)
    return parameters


def value(name: str, word: str) -> Any:
    """Read a scalar as papermill's own command does, and a list as JSON."""
    if word.startswith("["):
        try:
            return json.loads(word)
        except ValueError as error:
            raise ExecutionError(f"parameter {name!r}: {word} is no JSON list: {error}") from error
    constants = {"True": True, "False": False, "None": None}
    if word in constants:
        return constants[word]
    for kind in (int, float):
        with suppress(ValueError):
            return kind(word)
    return word


if __name__ == "__main__":
    sys.exit(main())
