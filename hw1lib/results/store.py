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

import dataclasses
import errno
import hashlib
import io
import itertools
import json
import os
import re
import shutil
import time
import typing
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hw1lib.results import disk, provenance
from hw1lib.results.source import source_of

FILES = ("result.npz", "spec.json", "provenance.json")

Code = Callable[..., Any] | tuple[Callable[..., Any], ...]


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
        beside = Path(__file__).resolve().parents[2] / "results"
        self.root = Path(root or os.environ.get("HW1_RESULTS") or beside).absolute()

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
            disk.sweep(folder.parent)
            entry = _read(folder)
        if entry is None:
            provenance.environment()
            result = _pack(compute(checkpoint))
            record = provenance.record(device, data_fingerprint, checkpoint.seconds)
            with _explained(folder):
                _publish(folder, result, key, record)
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
                payload = disk.read_file(path)
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
            disk.make_folder(self.folder)
            disk.sweep(self.folder)
            temporary = disk.temporary_name(self.folder)
            try:
                disk.write_file(temporary, payload)
                os.rename(temporary, self.folder / f"{number:08d}-{_sha256(payload)}.pt")
            finally:
                temporary.unlink(missing_ok=True)
            disk.sync(self.folder)
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


# The disk


def _publish(folder: Path, result: bytes, key: bytes, record: dict[str, Any]) -> None:
    """Make the entry appear, complete, under its name; an entry already there stays."""
    sums = {"result.npz": _sha256(result), "spec.json": _sha256(key)}
    contents = dict(zip(FILES, (result, key, _json(record | {"sha256": sums})), strict=True))
    disk.make_folder(folder.parent)
    temporary = disk.temporary_name(folder.parent)
    try:
        temporary.mkdir()
        for name, content in {**contents, "SHA256SUMS": _sums(contents)}.items():
            disk.write_file(temporary / name, content)
        disk.sync(temporary)
        try:
            os.rename(temporary, folder)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        disk.sync(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _read(folder: Path) -> Entry | None:
    """Return the entry in `folder`; a damaged one is set aside, reported and None."""
    if not os.path.lexists(folder):
        return None
    contents = {name: disk.read_file(folder / name) for name in FILES}
    intact = disk.read_file(folder / "SHA256SUMS") == _sums(contents)
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
