"""A toy package on disk, imported anew after every edit."""

import importlib
import shutil
import sys
import textwrap

import pytest

from hw1lib.results import bindings, source


class Toy:
    """Writes the package `toy` under a folder that is on the path, and imports it.

    Args:
        folder: Where it lies.
        files: Its modules, by file name; an empty __init__.py is added.
    """

    def __init__(self, folder, files):
        self.folder = folder / "toy"
        self.files = {"__init__.py": "", **files}

    def edited(self, file="entry.py", *pairs, **added):
        """Return the files with texts replaced in one of them, and others added."""
        text = self.files[file]
        for old, new in zip(pairs[::2], pairs[1::2], strict=True):
            assert old in text, f"{old!r} is not in {file}"
            text = text.replace(old, new)
        more = {f"{name}.py": content for name, content in added.items()}
        return {**self.files, file: text, **more}

    def load(self, files=None, module="toy.entry"):
        """Write the files and import one of the modules as if for the first time."""
        self.forget()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        for name, text in (files or self.files).items():
            (self.folder / name).write_text(textwrap.dedent(text))
        importlib.invalidate_caches()
        return importlib.import_module(module)

    def reached(self, files=None, name="train", module="toy.entry"):
        """Return what a function of the package reaches."""
        return source.reach(getattr(self.load(files, module), name))

    def fingerprint(self, files=None, name="train", module="toy.entry"):
        """Return the fingerprint of a function of the package."""
        return source.fingerprint(getattr(self.load(files, module), name))

    @staticmethod
    def forget():
        """Forget all of the package that was imported or read."""
        for name in [n for n in sys.modules if n.partition(".")[0] == "toy"]:
            del sys.modules[name]
        bindings.bindings.cache_clear()
        source.fingerprint.cache_clear()
        source._read.cache_clear()


@pytest.fixture
def toys(tmp_path, monkeypatch):
    """Make toy packages from the texts of their modules."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(tmp_path)
    yield lambda files: Toy(tmp_path, files)
    Toy.forget()
