"""Results that travel with the repository: one pack per experiment, which is only read.

    reference/<experiment>.zip
        SHA256SUMS                 of every other member, as `sha256sum -c` reads it
        <digest>/result.npz        an entry's files, as `store` has them
        <digest>/spec.json
        <digest>/provenance.json

A pack is written whole, the same bytes for the same entries, and replaces the last one by one
rename.
"""

from __future__ import annotations

import functools
import io
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from hw1lib import disk
from hw1lib.results.errors import StoreError, StoreWarning

MANIFEST = "SHA256SUMS"

Contents = dict[str, bytes]  # an entry's files by name


def read(root: Path, experiment: str, digest: str, files: tuple[str, ...]) -> Contents | None:
    """Read one entry's files.

    A damaged one is reported by a `StoreWarning` and is None, as one that is not there.

    Args:
        root: Folder of the packs.
        experiment: Name of the experiment.
        digest: Name of the entry.
        files: Names of the files of an entry.
    """
    pack = root / f"{experiment}.zip"
    try:
        stamp = pack.stat().st_mtime_ns
    except FileNotFoundError:
        return None
    try:
        sums = _manifest(pack, stamp)
        members = {name: f"{digest}/{name}" for name in files}
        if not any(member in sums for member in members.values()):
            return None
        with zipfile.ZipFile(pack) as archive:
            contents = {name: archive.read(member) for name, member in members.items()}
        if all(disk.sha256(contents[name]) == sums[member] for name, member in members.items()):
            return contents
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError, NotImplementedError, zlib.error):
        pass
    warnings.warn(f"{pack} is damaged at {digest}, which was passed over", StoreWarning, 4)
    return None


def keys(root: Path, experiment: str) -> list[bytes]:
    """Return the keys of the entries of an experiment's pack, as far as it can be read."""
    try:
        with zipfile.ZipFile(root / f"{experiment}.zip") as archive:
            specs = [name for name in archive.namelist() if name.endswith("/spec.json")]
            return [archive.read(name) for name in specs]
    except (OSError, zipfile.BadZipFile, ValueError, EOFError, zlib.error):
        return []


def write(root: Path, experiment: str, entries: Mapping[str, Contents]) -> Path:
    """Write an experiment's pack anew.

    Args:
        root: Folder of the packs.
        experiment: Name of the experiment.
        entries: An entry's files, by its digest.

    Returns:
        Where it is.
    """
    members = {
        f"{digest}/{name}": content
        for digest, files in sorted(entries.items())
        for name, content in files.items()
    }
    sums = "".join(f"{disk.sha256(content)}  {name}\n" for name, content in members.items())
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in {MANIFEST: sums.encode(), **members}.items():
            # members get the fixed date 1980-01-01
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, 9)
    disk.make_folder(root)
    pack = root / f"{experiment}.zip"
    try:
        disk.replace(pack, buffer.getvalue())
    except OSError as error:
        raise StoreError(f"{pack} cannot be written: {error.strerror}") from error
    return pack


@functools.lru_cache(maxsize=64)
def _manifest(pack: Path, stamp: int) -> dict[str, str]:
    """Return the sums of a pack's members by their names; `stamp` tells a new pack from an old."""
    with zipfile.ZipFile(pack) as archive:
        lines = archive.read(MANIFEST).decode().splitlines()
    pairs = (line.split("  ", maxsplit=1) for line in lines)
    return {name: digest for digest, name in pairs}
