"""What is said where the store cannot be used, or holds what is damaged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class StoreError(OSError):
    """The store cannot be read or written; says where and what to do."""


class StoreWarning(UserWarning):
    """Something stored was damaged and has been set aside."""


@contextmanager
def explained(path: Path) -> Iterator[None]:
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
