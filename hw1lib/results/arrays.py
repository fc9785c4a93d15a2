"""Named arrays as the content of a file: plain numbers, never compressed, never objects."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np


def pack(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return the content of an npz file, the same bytes for the same arrays.

    Raises:
        TypeError: If something is no plain array.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:  # members get the fixed date 1980-01-01
        for name, array in arrays.items():
            if not isinstance(name, str) or type(array) is not np.ndarray or array.dtype.hasobject:
                raise TypeError(f"{name!r} is {_kind(array)}; a result holds plain NumPy arrays")
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    return buffer.getvalue()


def unpack(content: bytes) -> dict[str, np.ndarray]:
    """Return the arrays of such a file.

    Raises:
        ValueError: If it is none that `pack` makes, before its arrays take more memory than itself.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if any(member.compress_type != zipfile.ZIP_STORED for member in members):
                raise ValueError("an array is compressed")
            return {
                member.filename.removesuffix(".npy"): _read(archive.read(member))
                for member in members
            }
    except (zipfile.BadZipFile, EOFError, KeyError, NotImplementedError, OSError) as error:
        raise ValueError(f"no file of arrays: {error}") from error


def _read(content: bytes) -> np.ndarray:
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    if version != (1, 0):
        raise ValueError(f"an array is written in format {version}")
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    size = dtype.itemsize
    for length in shape:
        size *= length
    if dtype.hasobject or size != len(content) - file.tell():
        raise ValueError(f"an array of {dtype} and shape {shape} does not fit its file")
    file.seek(0)
    return np.lib.format.read_array(file, allow_pickle=False)


def _kind(value: Any) -> str:
    dtype = f" of {value.dtype}" if isinstance(value, np.ndarray) else ""
    return f"a {type(value).__name__}{dtype}"
