"""Results on disk: keyed by what decides them, published atomically, checked on every read.

One entry is one training, or one computed piece:

    results/<experiment>/<2 hex digits>/<digest>/
        result.npz        the arrays, no pickles
        spec.json         what decides them; its SHA-256 is the digest
        provenance.json   who computed them, when and with what; decides nothing
        SHA256SUMS        of the three files, as `sha256sum -c` reads it

The digest covers the spec, the fingerprint of the data and the source of the code, and nothing
else: not the device, not a figure, not a file time. An entry appears by one rename of a folder
that is complete and synced, so a reader sees all of it or nothing. Beside it stand
`<digest>.partial/`, the checkpoints while it is computed, and `<digest>.damaged-N`, entries that
were found damaged and set aside.
"""

from __future__ import annotations

import ast
import collections
import dataclasses
import errno
import functools
import hashlib
import inspect
import io
import itertools
import json
import os
import platform
import re
import secrets
import shutil
import stat
import subprocess
import sys
import time
import typing
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

CHECKOUT = Path(__file__).resolve().parents[1]
FILES = ("result.npz", "spec.json", "provenance.json")
DAY = 86400.0  # seconds

Code = Callable[..., Any] | tuple[Callable[..., Any], ...]

# What this process imports, so that numbers are never filed under a later edit.
IMPORTED = {path: path.read_bytes() for path in Path(__file__).resolve().parent.rglob("*.py")}


class StoreError(OSError):
    """The store cannot be read or written; says where and what to do."""


class StoreWarning(UserWarning):
    """Something stored was damaged and has been set aside."""


@dataclass(frozen=True)
class Entry:
    """A stored result, as read back from the disk and verified."""

    arrays: dict[str, np.ndarray]  # what was computed, bit for bit
    provenance: dict[str, Any]  # versions, commit, machine, device, seconds, time of writing
    path: Path  # folder it lives in


class Store:
    """The results under one folder.

    Args:
        root: Folder of the results; by default the environment variable `HW1_RESULTS`, else
            `results/` in the checkout.
    """

    def __init__(self, root: Path | str | None = None) -> None:
        self.root = Path(root or os.environ.get("HW1_RESULTS") or CHECKOUT / "results").absolute()

    def fetch(
        self,
        experiment: str,
        spec: Any,
        compute: Callable[[Checkpoint], Mapping[str, np.ndarray]],
        *,
        code: Code,
        data_fingerprint: str = "",
        device: str = "cpu",
    ) -> Entry:
        """Return the stored result, computing it first if there is none.

        Args:
            experiment: Name of the experiment, and of its folder.
            spec: Frozen dataclass instance of everything that decides a number.
            compute: Makes the arrays; may save its progress in the `Checkpoint` it is given.
            code: Function or class, or several, whose source decides the numbers, with all it
                reaches.
            data_fingerprint: Identifies the data that `compute` reads.
            device: Where `compute` runs; recorded, but no part of the key.

        Returns:
            The entry as it stands on the disk, whoever computed it.

        Raises:
            StoreError: If the folder cannot be read or written.
            TypeError: If the spec or the computed arrays are of a kind that cannot be stored.
        """
        key = _key(experiment, spec, data_fingerprint, code)
        folder = self._folder(experiment, key)
        checkpoint = Checkpoint(folder.with_name(f"{folder.name}.partial"))
        with _explained(folder):
            _sweep(folder.parent)
            entry = _read(folder)
        if entry is None:
            _environment()
            result = _pack(compute(checkpoint))
            provenance = _provenance(device, data_fingerprint, checkpoint.seconds)
            with _explained(folder):
                _publish(folder, result, key, provenance)
                entry = _read(folder)
        if entry is None:
            raise StoreError(f"{folder} was written but does not read back: check that disk")
        checkpoint.clear()
        return entry

    def lookup(
        self,
        experiment: str,
        spec: Any,
        *,
        code: Code,
        data_fingerprint: str = "",
    ) -> Entry | None:
        """Return the stored result of the same key as in `fetch`, or None."""
        folder = self._folder(experiment, _key(experiment, spec, data_fingerprint, code))
        with _explained(folder):
            return _read(folder)

    def _folder(self, experiment: str, key: bytes) -> Path:
        name = _sha256(key)
        return self.root / experiment / name[:2] / name


class Checkpoint:
    """The latest states of one unfinished computation; the two newest are kept.

    Args:
        folder: Where the states live; it need not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._before = 0.0
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Time spent on the computation, earlier runs that it continues included."""
        return self._before + time.monotonic() - self._began

    def load(self) -> dict[str, Any] | None:
        """Return the newest intact state, its tensors on the CPU, or None."""
        for path in reversed(self._paths()):
            with _explained(path):
                payload = _read_file(path)
            if path.stem.endswith(_sha256(payload)):
                saved = _load_state(payload)
                self._before = saved["seconds"]
                return saved["state"]
            if path.exists():  # else another process has finished and cleared up
                warnings.warn(f"checkpoint {path} is damaged and was skipped", StoreWarning, 2)
        return None

    def save(self, state: dict[str, Any]) -> None:
        """Keep `state`: tensors, numbers, strings, and lists and dicts of them."""
        buffer = io.BytesIO()
        torch.save({"seconds": self.seconds, "state": state}, buffer)
        payload = buffer.getvalue()
        try:
            _load_state(payload)
        except Exception as error:
            raise TypeError(
                "a checkpoint holds only tensors, numbers, strings, lists, dicts"
            ) from error
        older = self._paths()
        number = int(older[-1].name[:8]) + 1 if older else 0
        with _explained(self.folder), suppress(FileNotFoundError):  # gone: another process finished
            _make_folder(self.folder)
            _sweep(self.folder)
            temporary = _temporary(self.folder)
            try:
                _write_file(temporary, payload)
                os.rename(temporary, self.folder / f"{number:08d}-{_sha256(payload)}.pt")
            finally:
                temporary.unlink(missing_ok=True)
            _sync(self.folder)
            for path in older[:-1]:
                path.unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove all states."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _paths(self) -> list[Path]:
        with _explained(self.folder), suppress(FileNotFoundError):
            return sorted(self.folder.glob("[0-9]*.pt"))
        return []


def _load_state(payload: bytes) -> dict[str, Any]:
    return torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)


# Keys


def digest(experiment: str, spec: Any, data_fingerprint: str, code: Code) -> str:
    """Return the SHA-256, in hex, of all that decides a result.

    An int given for a float field counts as that float, so `1` and `1.0` are the same key there.
    """
    return _sha256(_key(experiment, spec, data_fingerprint, code))


def _key(experiment: str, spec: Any, data_fingerprint: str, code: Code) -> bytes:
    """Return the content of spec.json."""
    if not re.fullmatch(r"\w[\w.-]*", experiment, re.ASCII):
        raise ValueError(
            f"experiment must be a plain name of letters and digits, got {experiment!r}"
        )
    if not dataclasses.is_dataclass(spec) or isinstance(spec, type):
        raise TypeError(f"spec must be a dataclass instance, got {type(spec).__name__}")
    return _json(
        {
            "experiment": experiment,
            "spec": _canonical(spec, type(spec), "spec"),
            "data": data_fingerprint,
            "code": _sha256(source_of(*code if isinstance(code, tuple) else (code,)).encode()),
        }
    )


def _canonical(value: Any, hint: Any, where: str) -> Any:
    """Turn a field of a spec, annotated with `hint`, into JSON that has one spelling."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        hints = typing.get_type_hints(type(value))
        named = ((f.name, getattr(value, f.name)) for f in dataclasses.fields(value))
        fields = {name: _canonical(v, hints[name], f"{where}.{name}") for name, v in named}
        return {"class": type(value).__qualname__, "fields": fields}
    if isinstance(value, tuple):
        items = _item_hints(hint, len(value))
        pairs = enumerate(zip(value, items, strict=True))
        return [_canonical(v, h, f"{where}[{i}]") for i, (v, h) in pairs]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        kinds = typing.get_args(hint) or (hint,)
        return float(value) if float in kinds and int not in kinds else int(value)
    if isinstance(value, float):
        return float(value)
    raise TypeError(
        f"{where} is {type(value).__name__}; a spec holds str, int, float, bool, None, "
        "tuples of them and dataclasses"
    )


def _item_hints(hint: Any, length: int) -> list[Any]:
    """Return the annotation of each item of a tuple annotated with `hint`."""
    for kind in (hint, *typing.get_args(hint)):  # the tuple itself, or a member of a union
        items = typing.get_args(kind)
        if typing.get_origin(kind) is tuple and items[-1:] == (...,):
            return [items[0]] * length
        if typing.get_origin(kind) is tuple and len(items) == length:
            return list(items)
    return [None] * length


# The source that decides a number


@functools.cache
def source_of(*functions: Callable[..., Any]) -> str:
    """Return the source of everything that the functions can reach, in one spelling.

    Follows names and attributes of modules through the top-level definitions and imports of
    `hw1lib` and of each function's own package. Comments, docstrings and whatever is not reached
    leave no trace. A module used as a value (`getattr(models, name)`) is reached as a whole.
    What is bound only at run time is not seen: closures, and registries filled by decorators.
    This module is left out, since it carries numbers and decides none. Read once per process.

    Raises:
        ValueError: If a function is not in a file, a name is hidden behind `import *`, or a
            module was edited after this process imported it.
    """
    starts = [inspect.unwrap(function) for function in functions]
    packages = {"hw1lib", *(start.__module__.partition(".")[0] for start in starts)}
    found: dict[str, str] = {}
    pending: list[tuple[str, tuple[str, ...]]] = []
    seen: set[tuple[str, tuple[str, ...]]] = set()

    def reach(module: str, names: tuple[str, ...]) -> None:
        step = (module, names)
        if step not in seen and module != __name__ and module.partition(".")[0] in packages:
            seen.add(step)
            pending.append(step)

    for start in starts:
        reach(start.__module__, (start.__qualname__.partition(".")[0],))
    while pending:
        module, names = pending.pop()
        bindings = _bindings(module)
        if not names:  # the module itself is used as a value
            for name in bindings:
                reach(module, (name,))
        elif names[0] not in bindings:  # a submodule, a builtin or a local variable
            reach(f"{module}.{names[0]}", names[1:])
        else:
            imports, statements = bindings[names[0]]
            for owner, path in imports:
                reach(owner, path + names[1:])
            if statements:
                found[f"{module}.{names[0]}"] = "\n".join(map(ast.unparse, statements))
            for statement in statements:
                for path in _references(statement):
                    reach(module, path)
    if not found:
        raise ValueError(f"the source of {functions!r} is not in a file, so it cannot be a key")
    return "\n\n".join(f"# {name}\n{text}" for name, text in sorted(found.items()))


class _Binding(typing.NamedTuple):
    """Where a top-level name gets its value."""

    imports: list[tuple[str, tuple[str, ...]]]  # module, and names to follow in it
    statements: list[ast.stmt]


@functools.cache
def _bindings(module: str) -> dict[str, _Binding]:
    """Return the names that a module defines or imports; none if there is no such module."""
    path = _source_file(module)
    if path is None:
        return {}
    content = path.read_bytes()
    tree = _parse(content)
    if ast.dump(tree) != ast.dump(_parse(IMPORTED.get(path, content))):
        raise ValueError(f"{path} was edited after it was imported: start this process again")
    table: dict[str, _Binding] = collections.defaultdict(lambda: _Binding([], []))
    for statement in tree.body:
        for name in dict.fromkeys(_bound(statement)):
            table[name].statements.append(statement)
    parents = module.split(".")[: None if path.name == "__init__.py" else -1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                table[name].imports.append((alias.name if alias.asname else name, ()))
        elif isinstance(node, ast.ImportFrom):
            above = parents[: len(parents) - node.level + 1] if node.level else []
            owner = ".".join([*above, node.module] if node.module else above)
            for alias in node.names:
                if alias.name == "*":
                    raise ValueError(f"{path} hides names behind `from {owner} import *`")
                table[alias.asname or alias.name].imports.append((owner, (alias.name,)))
    return dict(table)


def _source_file(module: str) -> Path | None:
    """Return the file of a module in a package that is already imported."""
    root, *inner = module.split(".")
    file = getattr(sys.modules.get(root), "__file__", None)
    if file is None or (inner and Path(file).name != "__init__.py"):
        return None
    origin = Path(file).resolve()
    stem = origin.parent.joinpath(*inner)
    candidates = (stem / "__init__.py", stem.with_suffix(".py")) if inner else (origin,)
    return next((path for path in candidates if path.is_file()), None)


def _parse(content: bytes) -> ast.Module:
    return _WithoutDocstrings().visit(ast.parse(content))


class _WithoutDocstrings(ast.NodeTransformer):
    """Drops strings that stand as statements."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        """Keep every expression but a bare string."""
        value = node.value
        return None if isinstance(value, ast.Constant) and isinstance(value.value, str) else node


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a top-level statement gives or changes a value of."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            yield from (names[0] for names in _references(target))
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        yield from (names[0] for names in _references(statement.value.func))  # TABLE.update(...)
    else:
        for block in ("body", "orelse", "finalbody", "handlers"):
            for inner in getattr(statement, block, []):
                yield from _bound(inner)


def _references(node: ast.AST) -> Iterator[tuple[str, ...]]:
    """Yield the names in `node`, each with the attributes taken from it: a.b.c as (a, b, c)."""
    attributes: list[str] = []
    head = node
    while isinstance(head, ast.Attribute):
        attributes.insert(0, head.attr)
        head = head.value
    if isinstance(head, ast.Name):
        yield (head.id, *attributes)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _references(child)


# The disk


def _publish(folder: Path, result: bytes, key: bytes, provenance: dict[str, Any]) -> None:
    """Make the entry appear, complete, under its name; an entry already there stays."""
    sums = {"result.npz": _sha256(result), "spec.json": _sha256(key)}
    contents = dict(zip(FILES, (result, key, _json(provenance | {"sha256": sums})), strict=True))
    _make_folder(folder.parent)
    temporary = _temporary(folder.parent)
    try:
        temporary.mkdir()
        for name, content in {**contents, "SHA256SUMS": _sums(contents)}.items():
            _write_file(temporary / name, content)
        _sync(temporary)
        try:
            os.rename(temporary, folder)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        _sync(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _read(folder: Path) -> Entry | None:
    """Return the entry in `folder`; a damaged one is set aside, reported and None."""
    if not os.path.lexists(folder):
        return None
    contents = {name: _read_file(folder / name) for name in FILES}
    intact = _read_file(folder / "SHA256SUMS") == _sums(contents)
    if intact and _sha256(contents["spec.json"]) == folder.name:
        arrays = _unpack(contents["result.npz"])
        return Entry(arrays, json.loads(contents["provenance.json"]), folder)
    _set_aside(folder)
    return None


def _set_aside(folder: Path) -> None:
    for number in itertools.count(1):
        aside = folder.with_name(f"{folder.name}.damaged-{number}")
        if not os.path.lexists(aside):
            break
    with suppress(FileNotFoundError):  # another process was faster
        os.rename(folder, aside)
        warnings.warn(f"a damaged result was set aside as {aside}", StoreWarning, 4)


def _sums(contents: Mapping[str, bytes]) -> bytes:
    return "".join(f"{_sha256(data)}  {name}\n" for name, data in contents.items()).encode()


def _pack(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return the content of an npz file, the same bytes for the same arrays."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:  # members get the fixed date 1980-01-01
        for name, array in arrays.items():
            if not isinstance(name, str) or type(array) is not np.ndarray or array.dtype.hasobject:
                raise TypeError(f"{name!r} is {_kind(array)}; a result holds plain NumPy arrays")
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    return buffer.getvalue()


def _unpack(content: bytes) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {
            name.removesuffix(".npy"): np.lib.format.read_array(archive.open(name))
            for name in archive.namelist()
        }


def _kind(value: Any) -> str:
    dtype = f" of {value.dtype}" if isinstance(value, np.ndarray) else ""
    return f"a {type(value).__name__}{dtype}"


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True).encode() + b"\n"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read_file(path: Path) -> bytes:
    """Return the content of a plain file; nothing if there is no such file."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO):
            return b""
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return b""
    with open(handle, "rb") as file:
        return file.read()


def _write_file(path: Path, content: bytes) -> None:
    with open(path, "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, to outlast a power failure."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync(folder.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _temporary(folder: Path) -> Path:
    """Return an unused name in `folder` that tells who uses it."""
    return folder / f".tmp-{platform.node()}-{os.getpid()}-{secrets.token_hex(4)}"


def _sweep(folder: Path) -> None:
    """Remove what processes that no longer run have left in `folder`."""
    for path in folder.glob(".tmp-*"):
        with suppress(OSError, ValueError):  # just renamed, not ours to remove, or not our name
            host, pid = path.name.removeprefix(".tmp-").rsplit("-", 2)[:2]
            ended = host == platform.node() and not _runs(int(pid))
            if ended or time.time() - path.stat().st_mtime > DAY:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn errors of the operating system into one sentence."""
    try:
        yield
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(
            f"the store cannot use {path} ({error.strerror}): "
            "free space there or set HW1_RESULTS to a folder that can be written"
        ) from error


# Provenance


def _provenance(device: str, data_fingerprint: str, seconds: float) -> dict[str, Any]:
    return {
        **_environment(),
        "threads": torch.get_num_threads(),
        "data": data_fingerprint,
        "device": device,
        "seconds": round(seconds, 3),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
    }


@functools.cache
def _environment() -> dict[str, Any]:
    """Return what this process runs on, asked before it computes: files may change meanwhile."""
    return {
        "versions": {
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            "numpy": np.__version__,
            "hw1lib": version("hw1lib"),
        },
        "git": _git(),
        "machine": {"platform": platform.platform(), "cpu": _cpu()},
    }


def _git() -> dict[str, Any] | None:
    """Return the commit that is checked out and whether files differ from it."""
    if not (CHECKOUT / ".git").exists():
        return None
    ask = functools.partial(
        subprocess.run, cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    try:
        commit = ask(["git", "rev-parse", "HEAD"]).stdout.strip()
        changes = ask(["git", "status", "--porcelain", "--untracked-files=no"]).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return {"commit": commit, "dirty": bool(changes)}


def _cpu() -> str:
    with suppress(OSError):
        found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
        if found:
            return found[1]
    return platform.processor()
