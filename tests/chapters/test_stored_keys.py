"""Maintenance leaves every stored result where it is; a change of what is computed does not.

Each case edits a copy of the library, and compares the fingerprints of all that a key can hold:
every training function of every chapter, and what settings choose by name.
"""

import importlib
import inspect
import multiprocessing
import pkgutil
import re
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# each case is a fork of one process that has imported what the library stands on
HOW = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
PROCESSES = multiprocessing.get_context(HOW)
if HOW == "forkserver":
    PROCESSES.set_forkserver_preload(["torch", "scipy.stats", "scipy.optimize", "pandas"])


def fingerprints(folder, pipe):
    """Send those of the library in a folder, from a process that has imported no other."""
    sys.path.insert(0, str(folder))
    from hw1lib import chapters
    from hw1lib.data import functions
    from hw1lib.judging import audit
    from hw1lib.networks import builders
    from hw1lib.results.source import fingerprint, is_followed
    from hw1lib.training import losses, optimizers

    found = [audit.word_shares, losses.cross_entropy, losses.mean_squared_error]
    found += [builders.mlp, builders.wide_cnn, builders.small_cnn, builders.lenet]
    found += [optimizers.sgd, optimizers.nesterov, optimizers.adam, optimizers.rmsprop]
    found += [builders.relu, builders.leaky_relu]
    found += [target.function for target in functions.TARGETS.values()]
    for package in pkgutil.walk_packages(chapters.__path__, "hw1lib.chapters."):
        if package.name.endswith(".trainings"):
            module = importlib.import_module(package.name)
            found += [
                function
                for _, function in inspect.getmembers(module, inspect.isfunction)
                if function.__module__ == module.__name__
                and "run" in inspect.signature(function).parameters
                and not function.__name__.startswith("_")
            ]
    of = {f"{f.__module__}.{f.__name__}": fingerprint(f) for f in found if is_followed(f)}
    pipe.send((chapters.__file__, of))


def fingerprints_of(folder):
    """Compute them in a process of their own."""
    ours, theirs = PROCESSES.Pipe()
    process = PROCESSES.Process(target=fingerprints, args=(folder, theirs))
    process.start()
    theirs.close()
    read, found = ours.recv()
    process.join()
    assert Path(read).is_relative_to(folder)
    return found


class Copy:
    """A copy of the library that can be edited."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # with what Python has compiled of it, so that only what is edited is compiled again
        shutil.copytree(ROOT / "hw1lib", folder / "hw1lib")

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace a text that occurs once."""
        path = self.folder / "hw1lib" / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {file}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def move(self, old: str, new: str) -> None:
        """Move a module, and mend whatever imports it; `old` and `new` as in data.functions."""
        place = {
            name: self.folder / "hw1lib" / f"{name.replace('.', '/')}.py" for name in (old, new)
        }
        place[new].parent.mkdir(exist_ok=True)
        (place[new].parent / "__init__.py").touch()
        place[old].rename(place[new])
        (before, module), (after, renamed) = (name.rsplit(".", 1) for name in (old, new))
        alone = f"from hw1lib.{after} import {renamed} as {module}"
        for path in (self.folder / "hw1lib").rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            text = text.replace(f"from hw1lib.{old} import", f"from hw1lib.{new} import")

            def without(match: re.Match) -> str:
                names = [name.strip() for name in match[1].split(",")]
                if module not in names:
                    return match[0]
                left = [name for name in names if name != module]
                rest = f"from hw1lib.{before} import {', '.join(left)}\n" if left else ""
                return f"{rest}{alone}\n"

            pattern = rf"^from hw1lib\.{before} import ([\w, ]+)\n"
            path.write_text(re.sub(pattern, without, text, flags=re.M), encoding="utf-8")


@pytest.fixture(scope="module")
def unchanged():
    """The fingerprints of the library as it is."""
    return fingerprints_of(ROOT)


@pytest.fixture
def copy(tmp_path):
    return Copy(tmp_path)


def changed(copy, unchanged):
    """Name what has another fingerprint in the copy."""
    now = fingerprints_of(copy.folder)
    return {name.removeprefix("hw1lib.") for name in unchanged if now[name] != unchanged[name]}


def test_every_chapter_that_trains_has_fingerprints(unchanged):
    chapters = {name.split(".")[2] for name in unchanged if name.startswith("hw1lib.chapters")}
    packages = {path.parent.name for path in (ROOT / "hw1lib/chapters").glob("*/trainings.py")}
    assert chapters == packages
    assert len(unchanged) >= 25


@pytest.mark.parametrize(
    "edits",
    [
        pytest.param(
            [
                (
                    "networks/builders.py",
                    "def leaky_relu()",
                    "def gelu():\n    return nn.GELU()\n\n\ndef leaky_relu()",
                )
            ],
            id="a new activation",
        ),
        pytest.param(
            [
                (
                    "training/optimizers.py",
                    "def rmsprop(",
                    "def adamw(model, *, learning_rate):\n"
                    "    return torch.optim.AdamW(model.parameters(), lr=learning_rate)\n\n\n"
                    "def rmsprop(",
                ),
            ],
            id="a new optimizer",
        ),
        pytest.param(
            [
                (
                    "data/functions.py",
                    '        Target("sinc",',
                    '        Target("line", "x", "x", torch.abs),\n        Target("sinc",',
                )
            ],
            id="a new target",
        ),
        pytest.param(
            [("results/checkpoints.py", "SECONDS_BETWEEN = 30.0", "SECONDS_BETWEEN = 60.0")],
            id="another interval between checkpoints",
        ),
        pytest.param(
            [("training/minibatches.py", "is not between 1 and", "must lie between 1 and")],
            id="another message",
        ),
        pytest.param(
            [("training/run.py", "Decides no number.", "It decides no number.")], id="a docstring"
        ),
        pytest.param(
            [
                (
                    "training/minibatches.py",
                    "    def __iter__(",
                    "    def rest(self):\n        return len(self.inputs)\n\n    def __iter__(",
                )
            ],
            id="a method that nothing calls",
        ),
    ],
)  # fmt: skip
def test_maintenance_changes_no_fingerprint(copy, unchanged, edits):
    for edit in edits:
        copy.edit(*edit)
    assert changed(copy, unchanged) == set()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("networks.replicas", "networks.inner.layers"),
        ("training.loop", "training.fitting"),
        ("measuring.curvature", "measuring.hessians.curvature"),
        ("data.randomized", "training.randomized"),
    ],
)
def test_moving_a_module_changes_no_fingerprint(copy, unchanged, old, new):
    copy.move(old, new)
    assert changed(copy, unchanged) == set()


def trains(name):
    return name.startswith("chapters.")


def test_another_layer_changes_everything_that_trains(copy, unchanged):
    copy.edit("networks/replicas.py", "torch.baddbmm(self.bias[:, :, None],", "torch.baddbmm(x,")
    found = changed(copy, unchanged)
    assert {name for name in found if trains(name)} >= {
        name.removeprefix("hw1lib.")
        for name in unchanged
        if name.endswith(("function_fit.trainings.train", "weight_paths.trainings.train"))
    }
    assert "networks.builders.mlp" in found
    assert "training.optimizers.adam" not in found


@pytest.mark.parametrize(
    ("file", "old", "new", "only"),
    [
        ("training/optimizers.py", "def adam(", "WARM = 1\n\n\ndef adam(", set()),
        (
            "training/optimizers.py",
            "momentum: float = 0.9,",
            "momentum: float = 0.8,",
            {"training.optimizers.nesterov"},
        ),
        ("data/functions.py", "torch.sinc(5 * x)", "torch.sinc(4 * x)", {"data.functions.sinc"}),
        ("judging/audit.py", "def word_shares(", "def word_shares(", set()),
    ],
)
def test_what_a_training_is_handed_is_its_own_part_of_the_key(
    copy, unchanged, file, old, new, only
):
    copy.edit(file, old, new)
    assert {name for name in changed(copy, unchanged) if not trains(name)} == only


def test_the_loop_is_part_of_all_that_trains(copy, unchanged):
    copy.edit("training/loop.py", "optimizer.zero_grad()", "optimizer.zero_grad(set_to_none=False)")
    found = changed(copy, unchanged)
    assert "chapters.gradient_norm.trainings.train" in found
    assert not any(name.startswith(("data.", "networks.")) for name in found)
