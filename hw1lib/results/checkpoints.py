"""The latest states of unfinished computations, so that a killed one continues."""

from __future__ import annotations

import io
import os
import shutil
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from hw1lib import disk
from hw1lib.results.errors import StoreWarning, explained

SECONDS_BETWEEN = 30.0  # two states of a computation


class Checkpoint:
    """The latest states of one unfinished computation; the two newest are kept.

    Args:
        folder: Where the states live; it need not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._before = 0.0
        self._began = self._saved = time.monotonic()

    @property
    def seconds(self) -> float:
        """Time spent on the computation, earlier runs that it continues included."""
        return self._before + time.monotonic() - self._began

    @property
    def due(self) -> bool:
        """Whether the last state is old enough to be replaced."""
        return time.monotonic() - self._saved > SECONDS_BETWEEN

    def load(self) -> dict[str, Any] | None:
        """Return the newest intact state, its tensors on the CPU, or None."""
        for path in reversed(self._paths()):
            with explained(path):
                payload = disk.read_file(path)
            if path.stem.endswith(disk.sha256(payload)):
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
        with explained(self.folder), suppress(FileNotFoundError):  # gone: another process finished
            disk.make_folder(self.folder)
            disk.sweep(self.folder)
            temporary = disk.temporary_name(self.folder)
            try:
                disk.write_file(temporary, payload)
                os.rename(temporary, self.folder / f"{number:08d}-{disk.sha256(payload)}.pt")
            finally:
                temporary.unlink(missing_ok=True)
            disk.sync(self.folder)
            for path in older[:-1]:
                path.unlink(missing_ok=True)
        self._saved = time.monotonic()

    def clear(self) -> None:
        """Remove all states."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _paths(self) -> list[Path]:
        with explained(self.folder), suppress(FileNotFoundError):
            return sorted(self.folder.glob("[0-9]*.pt"))
        return []


def _load_state(payload: bytes) -> dict[str, Any]:
    return torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
