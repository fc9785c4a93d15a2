"""Arrays as files: they come back as they were, and what is forged is no result."""

import hashlib
import io
import pickle
import tracemalloc
import zipfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from hw1lib.results import arrays
from hw1lib.results.errors import StoreWarning
from hw1lib.results.store import Store


@dataclass(frozen=True)
class Spec:
    steps: int = 3


def made(spec: Spec) -> dict:
    return {"x": np.arange(spec.steps)}


def forged(folder: Path, name: str, content: bytes) -> None:
    """Replace a file of an entry, and correct the sums."""
    (folder / name).write_bytes(content)
    files_of = ("result.npz", "spec.json", "provenance.json")
    sums = [f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in files_of]
    (folder / "SHA256SUMS").write_text("".join(sums))


def archive(compression: int = zipfile.ZIP_STORED, **members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def npy(array: np.ndarray, **changes: object) -> bytes:
    """The content of a file of one array, with another header."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, np.lib.format.header_data_from_array_1_0(array) | changes
    )
    return buffer.getvalue() + array.tobytes()


PLAIN = np.arange(3.0)
FORGERIES = {
    "a bomb": ("result.npz", archive(zipfile.ZIP_DEFLATED, x=npy(np.zeros(2**26, np.uint8)))),
    "a shape of a terabyte": ("result.npz", archive(x=npy(PLAIN, shape=(2**37,)))),
    "a negative shape": ("result.npz", archive(x=npy(PLAIN, shape=(-3,)))),
    "objects": ("result.npz", archive(x=npy(PLAIN, descr="|O"))),
    "a pickle": ("result.npz", archive(x=pickle.dumps(PLAIN))),
    "no zip": ("result.npz", b"PK\x05\x06 and nothing"),
    "no array": ("result.npz", archive(x=b"")),
    "a deep list": ("provenance.json", b"[" * 100_000),
    "a word": ("provenance.json", b'"yes"'),
    "no seconds": ("provenance.json", b"{}"),
    "another encoding": ("provenance.json", "Größe".encode("latin-1")),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_what_is_no_result_is_set_aside_although_its_sums_are_right(tmp_path, forgery):
    store, call = Store(tmp_path), partial(made, Spec())
    entry = store.fetch("toy", call, lambda checkpoint: {"x": PLAIN})
    forged(entry.path, *FORGERIES[forgery])
    tracemalloc.start()
    try:
        with pytest.warns(StoreWarning, match="a damaged result was set aside"):
            assert store.find("toy", call) is None
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


def test_arrays_of_every_kind_come_back_as_they_were():
    kinds = {
        "none": np.zeros((0, 3)),
        "one": np.array(1.5),
        "bool": np.array([True, False]),
        "words": np.array(["a", "é"]),
        "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "complex": np.array([1j]),
    }
    back = arrays.unpack(arrays.pack(kinds))
    assert back.keys() == kinds.keys()
    for name, array in kinds.items():
        assert back[name].dtype == array.dtype
        assert back[name].shape == array.shape
        assert np.array_equal(back[name], array)
