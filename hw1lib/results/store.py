"""Results on disk: keyed by what decides them, published atomically, checked on every read.

One entry is one training, or one computed piece:

    results/<experiment>/<2 hex digits>/<digest>/
        result.npz        the arrays, no pickles
        spec.json         what decides them; its SHA-256 is the digest
        provenance.json   who computed them, when and with what; decides nothing
        SHA256SUMS        of the three files, as `sha256sum -c` reads it

The digest covers the call that makes the arrays (`keys`): the source of the function, its settings
and its data, and nothing else: not the device, not a figure, not a file time. An entry appears by
one rename of a folder that is complete and synced, so a reader sees all of it or nothing. Beside
it stand `<digest>.partial/`, the checkpoints while it is computed, and `<digest>.damaged-N`,
entries that were found damaged and set aside.
"""

from __future__ import annotations

import errno
import functools
import itertools
import json
import os
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from hw1lib import disk
from hw1lib.results import arrays, keys, packs, provenance
from hw1lib.results.checkpoints import Checkpoint
from hw1lib.results.errors import StoreError, StoreWarning, explained

FILES = ("result.npz", "spec.json", "provenance.json")
ON_THE_CPU: Mapping[str, Any] = MappingProxyType({"device": "cpu"})


@dataclass(frozen=True)
class Entry:
    """A stored result, as read back from the disk and verified."""

    arrays: dict[str, np.ndarray]  # what was computed, bit for bit
    key: dict[str, Any]  # the call that decides them, as `keys.key_of` has it
    provenance: dict[str, Any]  # versions, commit, machine, device, seconds, time of writing
    path: Path  # folder it lives in

    @property
    def fingerprint(self) -> str:
        """Name it where another result is made from it."""
        return self.path.name

    @property
    def is_reference(self) -> bool:
        """Whether it came with the repository."""
        return self.path.parent.suffix == ".zip"


class MissingResultError(StoreError):
    """A result is neither stored nor may be computed."""


class Store:
    """The results under one folder, and behind it those that travel with the repository.

    Args:
        root: Folder of the results; by default the environment variable `HW1_RESULTS`, taken from
            the checkout if it is relative, else `results/` there.
        reference: Folder of the packs, which are only read; by default `HW1_REFERENCE`, likewise.
    """

    def __init__(self, root: Path | str | None = None, reference: Path | str | None = None) -> None:
        checkout = Path(__file__).resolve().parents[2]
        asked = [
            checkout / Path(os.environ.get(f"HW1_{name.upper()}") or name).expanduser()
            for name in ("results", "reference")
        ]
        self.root = Path(root or asked[0]).absolute()
        self.reference = Path(reference or asked[1]).absolute()

    def fetch(
        self,
        experiment: str,
        call: functools.partial[Any],
        compute: Callable[[Checkpoint], Mapping[str, np.ndarray]],
        *,
        how: Mapping[str, Any] = ON_THE_CPU,
    ) -> Entry:
        """Return the stored result, computing it first if there is none.

        Where the environment variable `HW1_COMPUTE` is "no", nothing is computed.

        Args:
            experiment: Name of the experiment, and of its folder.
            call: A function with all arguments that decide a number, as `keys.key_of` takes it.
            compute: Makes the arrays, from that call; may save its progress in the `Checkpoint`
                it is given.
            how: How `compute` did it, as `provenance.record` takes it once it is done; recorded,
                but no part of the key.

        Returns:
            The entry as it stands on the disk, whoever computed it.

        Raises:
            MissingResultError: If there is none and nothing may be computed.
            StoreError: If the folder cannot be read or written.
            TypeError: If the call or the computed arrays are of a kind that cannot be stored.
        """
        key = keys.key_of(experiment, call)
        folder = self._folder(experiment, key)
        checkpoint = Checkpoint(folder.with_name(f"{folder.name}.partial"))
        with explained(folder):
            disk.sweep(folder.parent)
        entry = self.find(experiment, call)
        if entry is None and not may_compute():
            raise MissingResultError(self.missing(experiment, call))
        if entry is None:
            provenance.environment()
            result = arrays.pack(compute(checkpoint))
            record = provenance.record(keys.functions(call), how, checkpoint.seconds)
            with explained(folder):
                _publish(folder, result, key, record)
                entry = _read(folder)
        if entry is None:
            raise StoreError(f"{folder} was written but does not read back: check that disk")
        checkpoint.clear()
        return entry

    def find(self, experiment: str, call: functools.partial[Any]) -> Entry | None:
        """Return a stored result, or None; arguments as of `fetch`."""
        folder = self._folder(experiment, keys.key_of(experiment, call))
        with explained(folder):
            entry = _read(folder)
        return entry or self._packed(experiment, folder.name)

    def missing(self, experiment: str, call: functools.partial[Any], label: str = "") -> str:
        """Say which result there is not, and how the nearest differs that there is."""
        key = json.loads(keys.key_of(experiment, call))
        differing = [keys.differing(key, other) for other in self._keys(experiment)]
        nearest = min(differing, key=len, default=None)
        if nearest is None:
            how = f"there is no result of {experiment} at all"
        else:
            how = f"the nearest that is stored differs in {', '.join(nearest[:4])}"
            how += f" and {len(nearest) - 4} more" if len(nearest) > 4 else ""
        what = label or keys.functions(call)[-1]
        return (
            f"{experiment}: {what} is not stored, and HW1_COMPUTE=no forbids to compute it; {how}"
        )

    def _keys(self, experiment: str) -> Iterator[Any]:
        """Read the keys of an experiment's entries, whether these are intact or not."""
        folders = (self.root / experiment).glob("??/*/spec.json")
        contents = [disk.read_file(path) for path in folders]
        for content in [*contents, *packs.keys(self.reference, experiment)]:
            with suppress(ValueError):
                yield json.loads(content)

    def packed(self) -> Iterator[Entry]:
        """Read every intact result that travels with the repository."""
        for pack in sorted(self.reference.glob("*.zip")):
            for key in packs.keys(self.reference, pack.stem):
                if entry := self._packed(pack.stem, disk.sha256(key)):
                    yield entry

    def _packed(self, experiment: str, digest: str) -> Entry | None:
        with explained(self.reference):
            contents = packs.read(self.reference, experiment, digest, FILES)
        if not contents or disk.sha256(contents["spec.json"]) != digest:
            return None
        path = self.reference / f"{experiment}.zip" / digest
        entry = _entry(contents, path)
        if entry is None:
            warnings.warn(f"{path} is no result and was passed over", StoreWarning, 4)
        return entry

    def count(self) -> int:
        """Count the results under the root by the names of their folders, and read none."""
        return sum(len(folder.name) == 64 for folder in self.root.glob("*/??/*"))

    def read(self, folder: Path) -> Entry | None:
        """Return the entry in a folder, or None; a damaged one is set aside and reported."""
        with explained(folder):
            return _read(folder)

    def contents(self, entry: Entry) -> dict[str, bytes]:
        """Return an entry's files, from wherever it was read."""
        experiment, digest = entry.key["experiment"], entry.fingerprint
        if entry.is_reference:
            return packs.read(self.reference, experiment, digest, FILES) or {}
        return {name: disk.read_file(entry.path / name) for name in FILES}

    def refile(self, entry: Entry, key: bytes, why: str) -> None:
        """File an entry's arrays under another key too.

        Args:
            entry: As it was read.
            key: The content of the new spec.json.
            why: Kept in the provenance, with the digest that it had.
        """
        folder = self._folder(entry.key["experiment"], key)
        past = [*entry.provenance.get("refiled", []), {"from": entry.fingerprint, "why": why}]
        record = entry.provenance | {"refiled": past}
        with explained(folder):
            _publish(folder, self.contents(entry)["result.npz"], key, record)

    def file(self, experiment: str, call: functools.partial[Any], contents: packs.Contents) -> None:
        """File an entry that was made elsewhere, by its files; the rest as of `fetch`.

        Raises:
            StoreError: If they are not what was made there, or not of this call.
        """
        folder = self._folder(experiment, keys.key_of(experiment, call))
        result, key, record = (contents.get(name, b"") for name in FILES)
        made = json.loads(record or "{}")
        if folder.name != disk.sha256(key) or made["sha256"]["result.npz"] != disk.sha256(result):
            raise StoreError(
                f"{experiment}: a result did not arrive as it was made ({folder.name})"
            )
        with explained(folder):
            _publish(folder, result, key, made)

    def _folder(self, experiment: str, key: bytes) -> Path:
        name = disk.sha256(key)
        return self.root / experiment / name[:2] / name


# The disk


def _publish(folder: Path, result: bytes, key: bytes, record: dict[str, Any]) -> None:
    """Make the entry appear, complete, under its name; an entry already there stays."""
    sums = {"result.npz": disk.sha256(result), "spec.json": disk.sha256(key)}
    contents = dict(zip(FILES, (result, key, keys.write(record | {"sha256": sums})), strict=True))
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
    if intact and disk.sha256(contents["spec.json"]) == folder.name:
        entry = _entry(contents, folder)
        if entry:
            return entry
    _set_aside(folder)
    return None


def _entry(contents: Mapping[str, bytes], path: Path) -> Entry | None:
    """Read an entry's files, whose sums are right; None if they are no result all the same."""
    try:
        key, record = (json.loads(contents[name]) for name in FILES[1:])
        found = arrays.unpack(contents["result.npz"])
    except (ValueError, RecursionError):
        return None
    whole = isinstance(key, dict) and isinstance(record, dict) and {"git", "seconds"} <= {*record}
    return Entry(found, key, record, path) if whole else None


def may_compute() -> bool:
    """Return whether results that are not stored may be computed."""
    return os.environ.get("HW1_COMPUTE", "").lower() not in ("no", "0", "false")


def _set_aside(folder: Path) -> None:
    for number in itertools.count(1):
        aside = folder.with_name(f"{folder.name}.damaged-{number}")
        if not os.path.lexists(aside):
            break
    with suppress(FileNotFoundError):  # another process was faster
        os.rename(folder, aside)
        warnings.warn(f"a damaged result was set aside as {aside}", StoreWarning, 4)


def _sums(contents: Mapping[str, bytes]) -> bytes:
    return "".join(f"{disk.sha256(data)}  {name}\n" for name, data in contents.items()).encode()
