"""The store: round trips, damage, and death at every point of writing.

Run as a script, this file is the laboratory of the fault tests: it imports everything once, forks a
child for each fault, and prints what it counted as JSON.
"""

from __future__ import annotations

import errno
import functools
import io
import json
import mmap
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from hw1lib import disk
from hw1lib.results import store
from hw1lib.results.checkpoints import Checkpoint
from hw1lib.results.errors import StoreError, StoreWarning
from hw1lib.results.keys import digest
from hw1lib.results.store import Entry, Store


@dataclass(frozen=True)
class Optimizer:
    name: str = "adam"
    betas: tuple[float, float] = (0.9, 0.999)


@dataclass(frozen=True)
class Spec:
    widths: tuple[int, ...] = (1, 5, 1)
    rate: float = 0.1
    steps: int = 3
    target: str = "sinc"
    bias: bool = True
    decay: float | None = None
    scales: tuple[float, ...] | None = (1.0, 2.0)
    optimizer: Optimizer = Optimizer()


def walk(spec: Spec, checkpoint: Checkpoint, saved: Callable[[int], object] = id) -> dict:
    """A training in miniature: every step depends on the one before and is checkpointed."""
    state = checkpoint.load() or {"step": 0, "x": torch.ones(4, dtype=torch.float64)}
    while state["step"] < spec.steps:
        x = torch.sin(state["x"] * (1 + spec.rate)) + torch.arange(4) / 7
        state = {"step": state["step"] + 1, "x": x}
        checkpoint.save(state)
        saved(state["step"])
    return {"x": state["x"].numpy(), "steps": np.array(state["step"])}


def fetch(root: Path, spec: Spec = Spec(), **options) -> Entry:
    return Store(root).fetch("toy", partial(walk, spec), lambda c: walk(spec, c), **options)


def filed(root: Path, call: partial) -> Entry | None:
    """The result of a call that is stored, if any."""
    name = digest("toy", call)
    return Store(root).read(root / "toy" / name[:2] / name)


def never(checkpoint: Checkpoint) -> dict:
    raise AssertionError("computed although the result is stored")


def files(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def same(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> bool:
    return list(a) == list(b) and all(
        (a[k].dtype, a[k].shape, a[k].tobytes()) == (b[k].dtype, b[k].shape, b[k].tobytes())
        for k in a
    )


# Round trips


ARRAYS = {
    "float64": np.array([0.0, -0.0, np.nan, np.inf, -np.inf, 5e-324, np.pi]),
    "float32": np.linspace(0, 1, 7, dtype=np.float32),
    "nan with a payload": np.array([0x7FF8_0000_0000_BEEF], dtype=np.uint64).view(np.float64),
    "int64": np.array([[-(2**63), 2**63 - 1]]),
    "bool": np.array([True, False]),
    "text": np.array(["deep", "", "größer \U0001f600"]),
    "empty": np.empty((0, 3)),
    "scalar": np.array(1.5),
    "columns first": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "strided": np.arange(10)[::3],
    "big endian": np.array([1, 2], dtype=">i4"),
    "complex": np.array([1 + 2j]),
    "file": np.array([1]),  # the name of an argument of np.savez
    "a/b.npy": np.array([2]),
}


def test_arrays_come_back_bit_for_bit_and_are_computed_once(tmp_path):
    entry = Store(tmp_path).fetch("toy", partial(walk, Spec()), lambda c: ARRAYS)
    again = Store(tmp_path).fetch("toy", partial(walk, Spec()), never)
    found = filed(tmp_path, partial(walk, Spec()))
    for arrays in (entry.arrays, again.arrays, found.arrays):
        assert same(arrays, ARRAYS)
    assert again.provenance == entry.provenance == found.provenance
    with np.load(entry.path / "result.npz", allow_pickle=False) as archive:
        assert archive["float32"].tobytes() == ARRAYS["float32"].tobytes()


def test_arrays_read_back_can_be_changed_without_changing_the_store(tmp_path):
    fetch(tmp_path).arrays["x"][:] = 0
    assert fetch(tmp_path).arrays["x"].all()


def test_what_is_not_stored_is_not_found_and_leaves_no_trace(tmp_path):
    assert filed(tmp_path / "new", partial(walk, Spec())) is None
    assert not list(tmp_path.iterdir())


def test_an_entry_is_three_files_and_their_checksums(tmp_path):
    entry = fetch(tmp_path)
    name = digest("toy", partial(walk, Spec()))
    assert entry.path == tmp_path / "toy" / name[:2] / name
    assert {p.name for p in entry.path.iterdir()} == {*store.FILES, "SHA256SUMS"}
    assert len(files(tmp_path)) == 4
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=entry.path, check=True)


def test_provenance_says_who_when_with_what_and_how_long(tmp_path):
    record = fetch(tmp_path, how={"device": "cuda"}).provenance
    assert record["versions"]["torch"] == torch.__version__
    assert set(record["versions"]) == {"python", "torch", "numpy", "hw1lib"}
    assert set(record["machine"]) == {"platform", "cpu", "cores"}
    assert record["threads"] == torch.get_num_threads()
    assert record["device"] == "cuda"
    assert record["functions"] == [f"{__name__}.{name}" for name in ("Spec", "Optimizer", "walk")]
    assert set(record["sha256"]) == {"result.npz", "spec.json"}
    assert 0 <= record["seconds"] < 60
    assert record["written"].endswith("+00:00")
    assert record["git"] is None or set(record["git"]) == {"commit", "dirty"}


def test_the_same_arrays_give_the_same_file_whenever_it_is_written(tmp_path, monkeypatch):
    first = fetch(tmp_path / "a").path
    monkeypatch.setattr(time, "time", lambda: 2e9)
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(2e9))
    second = fetch(tmp_path / "b").path
    assert (first / "result.npz").read_bytes() == (second / "result.npz").read_bytes()


def test_the_root_is_the_argument_then_the_environment_then_the_checkout(tmp_path, monkeypatch):
    monkeypatch.setenv("HW1_RESULTS", str(tmp_path / "elsewhere"))
    assert Store().root == tmp_path / "elsewhere"
    assert Store(tmp_path).root == tmp_path
    monkeypatch.delenv("HW1_RESULTS")
    assert Store().root == Path(store.__file__).resolve().parents[2] / "results"


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (np.array([None]), "object"),
        ([1, 2], "list"),
        (1.0, "float"),
        (np.float64(1), "float64"),
        (torch.ones(1), "Tensor"),
        (np.ma.array([1, 2], mask=[0, 1]), "MaskedArray"),
    ],
    ids=lambda v: type(v).__name__ if not isinstance(v, str) else v,
)
def test_what_is_not_a_plain_array_is_refused_by_name(tmp_path, value, named):
    with pytest.raises(TypeError, match=f"'curve' is a .*{named}"):
        Store(tmp_path).fetch("toy", partial(walk, Spec()), lambda c: {"curve": value})
    assert filed(tmp_path, partial(walk, Spec())) is None
    assert not files(tmp_path)


def test_the_device_is_no_part_of_the_key(tmp_path):
    entry = fetch(tmp_path, how={"device": "cpu"})
    other = Store(tmp_path).fetch("toy", partial(walk, Spec()), never, how={"device": "cuda"})
    assert other.path == entry.path
    assert other.provenance["device"] == "cpu"


# Damage


def damages(entry: Path, other: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield ways to damage an entry; `other` is another one of the same experiment."""
    for path in sorted(entry.iterdir()):
        content = path.read_bytes()
        write = path.write_bytes
        for at in range(0, len(content), 2 if len(content) > 200 else 1):
            for bit in (at // 2 % 8,) if len(content) > 200 else range(8):
                flipped = bytearray(content)
                flipped[at] ^= 1 << bit
                yield f"bit {bit} of byte {at} of {path.name}", functools.partial(write, flipped)
        for length in {*range(0, len(content), 23), len(content) - 1}:
            yield f"{path.name} cut at {length}", functools.partial(write, content[:length])
        yield f"{path.name} zeroed", functools.partial(write, bytes(len(content)))
        yield f"{path.name} longer", functools.partial(write, content + b"\n")
        yield f"{path.name} removed", path.unlink
        yield f"{path.name} of another", functools.partial(shutil.copy, other / path.name, path)
        yield (
            f"{path.name} a link",
            lambda p=path: (p.rename(f"{p}.moved"), p.symlink_to(f"{p}.moved")),
        )
        yield f"{path.name} a pipe", lambda p=path: (p.unlink(), os.mkfifo(p))
        yield f"{path.name} a folder", lambda p=path: (p.unlink(), p.mkdir())
    yield "all of another", lambda: shutil.copytree(other, entry, dirs_exist_ok=True)
    yield "empty", lambda: (shutil.rmtree(entry), entry.mkdir())
    yield "a file", lambda: (shutil.rmtree(entry), entry.write_text("x"))


def test_every_damage_is_detected_set_aside_and_reported(fast_disk, record_property):
    tmp_path = fast_disk
    value = {"x": np.arange(3.0)}
    entry = Store(tmp_path).fetch("toy", partial(walk, Spec()), lambda c: value)
    other = Store(tmp_path).fetch("toy", partial(walk, Spec(steps=9)), lambda c: {"x": np.ones(3)})
    kept = tmp_path / "kept"
    shutil.copytree(entry.path, kept)
    count = 0
    for name, damage in damages(entry.path, other.path):
        damage()
        with pytest.warns(StoreWarning, match="a damaged result was set aside") as caught:
            found = filed(tmp_path, partial(walk, Spec()))
        aside = entry.path.with_name(f"{entry.path.name}.damaged-1")
        assert found is None, name
        assert len(caught) == 1, name
        assert caught[0].filename == __file__, name
        assert os.path.lexists(aside), name
        assert not os.path.lexists(entry.path), name
        aside.unlink() if aside.is_file() else shutil.rmtree(aside)
        shutil.copytree(kept, entry.path)
        count += 1
    assert same(Store(tmp_path).fetch("toy", partial(walk, Spec()), never).arrays, value)
    record_property("damages detected", count)
    assert count > 800


def test_a_damaged_entry_is_recomputed_and_every_damaged_one_is_kept(tmp_path):
    entry = fetch(tmp_path)
    for number in (1, 2):
        (entry.path / "result.npz").write_bytes(b"nonsense")
        with pytest.warns(StoreWarning, match=f"damaged-{number}$"):
            again = fetch(tmp_path)
        assert same(again.arrays, entry.arrays)
        aside = entry.path.with_name(f"{entry.path.name}.damaged-{number}")
        assert (aside / "result.npz").read_bytes() == b"nonsense"


# Checkpoints


def test_the_newest_intact_state_is_loaded_and_two_are_kept(tmp_path):
    checkpoint = Checkpoint(tmp_path / "c.partial")
    assert checkpoint.load() is None
    for step in range(5):
        checkpoint.save({"step": step, "nested": {"w": [torch.full((2,), step)], 3: (None, "a")}})
    newest = sorted(checkpoint.folder.iterdir())
    assert len(newest) == 2
    state = Checkpoint(checkpoint.folder).load()
    assert state["step"] == 4
    assert torch.equal(state["nested"]["w"][0], torch.full((2,), 4))
    assert state["nested"][3] == (None, "a")
    newest[1].write_bytes(newest[1].read_bytes()[:-1])
    with pytest.warns(StoreWarning, match="is damaged and was skipped"):
        assert Checkpoint(checkpoint.folder).load()["step"] == 3
    newest[0].write_bytes(b"")
    with pytest.warns(StoreWarning, match="is damaged and was skipped"):
        assert Checkpoint(checkpoint.folder).load() is None


def test_the_states_of_optimizers_and_generators_survive(tmp_path):
    group = {"lr": 0.1, "betas": (0.9, 0.999), "fused": None, "params": [0]}
    momentum = torch.linspace(-1, 1, 3)
    adam = {
        "state": {0: {"step": torch.tensor(1.0), "exp_avg": momentum}},  # as torch.optim has it
        "param_groups": [group],
    }
    generator = torch.Generator().manual_seed(3)
    Checkpoint(tmp_path / "c").save({"adam": adam, "rng": generator.get_state()})
    state = Checkpoint(tmp_path / "c").load()
    assert torch.equal(state["adam"]["state"][0]["exp_avg"], momentum)
    assert state["adam"]["param_groups"] == [group]
    assert torch.equal(state["rng"], generator.get_state())


def test_a_state_that_could_not_be_loaded_is_refused_when_saved(tmp_path):
    checkpoint = Checkpoint(tmp_path / "c")
    checkpoint.save({"step": 1})
    with pytest.raises(TypeError, match="holds only tensors"):
        checkpoint.save({"step": 2, "spec": Spec()})
    assert checkpoint.load() == {"step": 1}


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, SystemExit])
def test_an_interrupted_computation_continues_where_it_was(tmp_path, error):
    steps = []

    def interrupted(checkpoint: Checkpoint) -> dict:
        def saved(step: int) -> None:
            steps.append(step)
            if len(steps) == 2:
                raise error

        return walk(Spec(steps=5), checkpoint, saved)

    with pytest.raises(error):
        Store(tmp_path).fetch("toy", partial(walk, Spec(steps=5)), interrupted)
    assert filed(tmp_path, partial(walk, Spec(steps=5))) is None
    entry = Store(tmp_path).fetch("toy", partial(walk, Spec(steps=5)), interrupted)
    assert steps == [1, 2, 3, 4, 5]
    assert same(entry.arrays, fetch(tmp_path / "whole", Spec(steps=5)).arrays)
    assert len(files(tmp_path / "toy")) == 4


def test_seconds_add_up_over_continued_runs(tmp_path, monkeypatch):
    clock = iter(range(0, 10**6, 100))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    checkpoint = Checkpoint(tmp_path / "c")  # at 0
    checkpoint.save({"step": 1})  # at 100
    again = Checkpoint(tmp_path / "c")  # at 200
    again.load()
    assert again.seconds == 100 + (300 - 200)


# Faults of the disk


@pytest.mark.parametrize(
    "number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO]
)
@pytest.mark.parametrize("call", ["fsync", "rename", "mkdir"])
def test_a_disk_that_fails_gives_one_sentence_and_nothing_half_written(
    tmp_path, monkeypatch, call, number
):
    with monkeypatch.context() as patch:

        def fail(*_args, **_options):
            raise OSError(number, os.strerror(number))

        patch.setattr(os, call, fail)
        with pytest.raises(StoreError) as caught:
            fetch(tmp_path)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert str(tmp_path) in sentence
    assert os.strerror(number) in sentence
    assert "set HW1_RESULTS to a folder that can be written" in sentence
    assert not files(tmp_path)
    assert fetch(tmp_path).arrays["steps"] == 3


def test_an_error_of_the_computation_itself_is_not_blamed_on_the_store(tmp_path):
    def compute(checkpoint):
        raise FileNotFoundError("no MNIST")

    with pytest.raises(FileNotFoundError, match="no MNIST"):
        Store(tmp_path).fetch("toy", partial(walk, Spec()), compute)


def test_a_root_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "root").write_text("")
    with pytest.raises(StoreError, match="HW1_RESULTS"):
        fetch(tmp_path / "root")


def test_everything_is_synced_before_it_is_renamed_and_the_folder_after(tmp_path, monkeypatch):
    log: list[tuple[str, str]] = []
    fsync, rename = os.fsync, os.rename

    def logged_fsync(handle):
        log.append(("fsync", os.readlink(f"/proc/self/fd/{handle}")))
        fsync(handle)

    def logged_rename(source, target):
        log.append(("rename", str(source)))
        rename(source, target)
        log.append(("renamed", str(target)))

    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc to tell which file is synced")
    monkeypatch.setattr(os, "fsync", logged_fsync)
    monkeypatch.setattr(os, "rename", logged_rename)
    fetch(tmp_path / "a" / "b")
    renames = [i for i, (what, _) in enumerate(log) if what == "rename"]
    assert len(renames) == Spec().steps + 1
    for i in renames:
        source, target = Path(log[i][1]), Path(log[i + 1][1])
        inside = [*store.FILES, "SHA256SUMS"] if target.suffix != ".pt" else []
        for path in [source, *(source / name for name in inside)]:
            assert ("fsync", str(path)) in log[:i]
        assert log[i + 2] == ("fsync", str(target.parent))
    for made in (tmp_path, tmp_path / "a", tmp_path / "a" / "b", tmp_path / "a" / "b" / "toy"):
        assert ("fsync", str(made)) in log


def test_leftovers_of_dead_processes_are_swept_and_others_are_not(tmp_path, monkeypatch):
    folder = fetch(tmp_path).path.parent
    node = os.uname().nodename
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    names = {
        f".tmp-{node}-{dead.pid}-0a": False,
        f".tmp-{node}-{os.getpid()}-0b": True,
        f".tmp-elsewhere-{dead.pid}-0c": True,
        f".tmp-{node}-1-0d": True,
        ".tmp-": True,
        ".tmp-x-y-z": True,
    }
    for name in names:
        (folder / name).mkdir()
        (folder / name / "result.npz").write_bytes(b"half")
    fetch(tmp_path)
    assert {name: (folder / name).exists() for name in names} == names
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 2 * disk.DAY)
    fetch(tmp_path)
    assert not (folder / f".tmp-elsewhere-{dead.pid}-0c").exists()


# The laboratory


# Closing a file is not among them: it changes nothing that a reader could see.
SYSCALLS = "openat mkdir mkdirat write fsync rename renameat renameat2 unlink unlinkat rmdir"
C_CALLS = {"open", "write", "flush", "fsync", "rename", "mkdir", "unlink", "rmdir"}


class Bench:
    """One store under attack, and what must hold after each attack."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.reference = fetch(root / "reference")
        self.bytes = (self.reference.path / "result.npz").read_bytes()
        self.saved = mmap.mmap(-1, 1)  # shared with the children: the last step they know is safe
        self.damaged = False

    def prepare(self, damaged: bool) -> Path:
        """Return a fresh root; if `damaged`, with an entry that must be set aside first."""
        shutil.rmtree(self.root / "store", ignore_errors=True)
        self.damaged = damaged
        if damaged:
            entry = self.root / "store" / self.reference.path.relative_to(self.root / "reference")
            shutil.copytree(self.reference.path, entry)
            (entry / "result.npz").write_bytes(self.bytes[:-1])
        self.saved[0] = 0
        return self.root / "store"

    def work(self) -> int:
        """Fetch as the victim does; return its exit code."""
        try:
            entry = Store(self.root / "store").fetch(
                "toy",
                partial(walk, Spec()),
                lambda c: walk(Spec(), c, lambda step: self.saved.__setitem__(0, step)),
            )
        except StoreError as error:
            return 3 if "\n" not in str(error) and "HW1_RESULTS" in str(error) else 4
        return 0 if same(entry.arrays, self.reference.arrays) else 5

    def check(self, code: int) -> None:
        """Assert that no read is wrong, nothing acknowledged is lost, and a rerun ends right."""
        assert code in (0, 3, -signal.SIGKILL), f"the victim ended with {code}"
        root = self.root / "store"
        found = filed(root, partial(walk, Spec()))
        assert found is None or same(found.arrays, self.reference.arrays)
        assert found is not None or code != 0, "an acknowledged result was lost"
        unfinished = root / self.reference.path.relative_to(self.root / "reference")
        state = Checkpoint(unfinished.with_name(f"{unfinished.name}.partial")).load()
        step = 0 if state is None else state["step"]
        if found is None:
            assert self.saved[0] <= step <= self.saved[0] + 1, "an acknowledged checkpoint was lost"
        entry = fetch(root)
        assert same(entry.arrays, self.reference.arrays)
        assert (entry.path / "result.npz").read_bytes() == self.bytes
        left = {path.name for path in entry.path.parent.iterdir()} - {entry.path.name}
        assert left <= ({f"{entry.path.name}.damaged-1"} if self.damaged else set()), left


def fork(work: Callable[[], int]) -> int:
    """Run `work` in a child and return its pid."""
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            code = work()
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return pid


def ended(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def touches_disk(function) -> bool:
    on_disk = isinstance(function.__self__, io.BufferedWriter) or function.__module__ == "posix"
    return function.__name__ in C_CALLS and (on_disk or function is open)


def lab_calls(bench: Bench) -> dict[str, int]:
    """Kill before every call that changes the disk, without help from outside."""
    for point in range(1, 100_000):

        def victim(point: int = point) -> int:
            left = point

            def profile(_frame, event, function) -> None:
                nonlocal left
                if event == "c_call" and touches_disk(function):
                    left -= 1
                    if left == 0:
                        os.kill(os.getpid(), signal.SIGKILL)

            sys.setprofile(profile)
            code = bench.work()
            sys.setprofile(None)
            return code

        bench.prepare(False)
        code = ended(fork(victim))
        bench.check(code)
        if code == 0:
            break
    return {"killed at calls": point - 1}


def lab_torn(bench: Bench) -> dict[str, int]:
    """Kill in the middle of every write, with a part of the bytes on the disk."""
    point = 0
    for part in (0.0, 0.5, 0.999):
        for number in range(1, 1000):

            def victim(number: int = number, part: float = part) -> int:
                left, whole = number, disk.write_file

                def torn(path: Path, content: bytes) -> None:
                    nonlocal left
                    left -= 1
                    if left == 0:
                        path.write_bytes(content[: int(part * len(content))])
                        os.kill(os.getpid(), signal.SIGKILL)
                    whole(path, content)

                disk.write_file = torn
                return bench.work()

            bench.prepare(False)
            code = ended(fork(victim))
            bench.check(code)
            if code == 0:
                break
            point += 1
    return {"killed within writes": point}


def traced(bench: Bench, inject: str) -> tuple[int, bool]:
    """Run the victim under strace; return its exit code and whether the fault was injected."""
    ready, release = os.pipe()

    def victim() -> int:
        os.close(release)
        os.read(ready, 1)
        return bench.work()

    log = bench.root / "strace.log"
    pid = fork(victim)
    os.close(ready)
    trace = f"trace={inject.partition(':')[0]}"
    command = ["strace", "-f", "-o", log, "-e", trace, "-e", f"inject={inject}", "-p", str(pid)]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    first = tracer.stderr.readline()
    os.close(release) if "attached" in first else os.kill(pid, signal.SIGKILL)
    code = ended(pid)
    tracer.communicate()
    if "attached" not in first:
        print(json.dumps({"skip": f"strace cannot attach: {first.strip()}"}))
        sys.exit()
    text = log.read_text()
    return code, "(INJECTED)" in text or code == -signal.SIGKILL


def sweep(bench: Bench, fault: str, *, damaged: bool = False, names: str = SYSCALLS) -> int:
    """Inject `fault` at the N-th of each system call, N = 1, 2, ... until none is left."""
    total = 0
    for name in names.split():
        for point in range(1, 10_000):
            bench.prepare(damaged)
            code, injected = traced(bench, f"{name}:{fault}:when={point}")
            bench.check(code)
            if not injected:
                break
            total += 1
    return total


def lab_strace_kill(bench: Bench) -> dict[str, int]:
    return {"killed at system calls": sweep(bench, "signal=SIGKILL", damaged=True)}


def lab_strace_errors(bench: Bench) -> dict[str, int]:
    return {
        "ENOSPC": sweep(bench, "error=ENOSPC", names="mkdir write fsync rename"),
        "EIO": sweep(bench, "error=EIO", names="openat mkdir write fsync rename"),
    }


def lab_race(bench: Bench) -> dict[str, int]:
    """Let 8 processes want the same result at the same time, 5 times."""
    for turn in range(5):
        bench.prepare(False)
        wait, go = os.pipe()

        def victim(wait: int = wait, go: int = go) -> int:
            warnings.simplefilter("error")
            os.close(go)
            os.read(wait, 1)
            return bench.work()

        pids = [fork(victim) for _ in range(8)]
        os.close(wait)
        os.close(go)
        codes = [ended(pid) for pid in pids]
        assert codes == [0] * 8, (turn, codes)
        entry = filed(bench.root / "store", partial(walk, Spec()))
        assert [p.name for p in entry.path.parent.iterdir()] == [entry.path.name]
        assert (entry.path / "result.npz").read_bytes() == bench.bytes
    return {"processes": 40}


def lab_full(bench: Bench) -> dict[str, int]:
    """Fetch on a file system with 0, 1, 2, ... pages free, then with space."""
    code, point = 3, 0
    while code != 0:
        root = bench.prepare(False)
        root.mkdir()
        ballast = root / "ballast"
        with ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                file.truncate(max(0, file.tell() - 4096 * point))
        code = bench.work()
        ballast.unlink()
        bench.check(code)
        point += 1
    return {"full at": point - 1}


def lab_readonly(bench: Bench) -> dict[str, int]:
    """Remount read-only: what is stored is read, what is not is refused."""
    root = bench.prepare(False)
    fetch(root)
    options = ["mount", "-o", "remount,ro", str(bench.root)]
    subprocess.run(options, check=True)
    assert same(fetch(root).arrays, bench.reference.arrays)
    with pytest.raises(StoreError, match="HW1_RESULTS"):
        fetch(root, Spec(steps=9))
    return {"refused": 1}


def laboratory(experiments: str, root: Path, *prefix: str) -> dict[str, int]:
    """Run some of the `lab_` functions, named as in "calls torn", in a process of their own."""
    command = [*prefix, sys.executable, "-W", "ignore::DeprecationWarning", __file__]
    done = subprocess.run(
        [*command, str(root), *experiments.split()], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    counts = json.loads(done.stdout.splitlines()[-1])
    if "skip" in counts:
        pytest.skip(counts["skip"])
    print(counts)
    return counts


@pytest.fixture
def fast_disk(tmp_path):
    """Return a folder in memory, where there is one: SIGKILL does not lose what is unsynced."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


@pytest.fixture
def strace():
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")


@pytest.fixture
def small_disk(tmp_path):
    """Return what to put before a command so that `tmp_path` is a disk of 256 KiB for it."""
    script = f'mount -t tmpfs -o size=256k tmpfs "{tmp_path}" && exec "$@"'
    prefix = ["unshare", "-rm", "sh", "-c", script, "sh"]
    if (
        not shutil.which("unshare")
        or subprocess.run([*prefix, "true"], capture_output=True).returncode
    ):
        pytest.skip("no small file system can be mounted here")
    return prefix


def test_no_death_or_race_loses_or_falsifies_a_result(fast_disk, record_property):
    counts = laboratory("calls torn race", fast_disk)
    record_property("points", counts)
    assert sum(counts.values()) >= 60 + 21 + 40


def test_no_fault_of_a_system_call_loses_or_falsifies_a_result(fast_disk, record_property, strace):
    counts = laboratory("strace_kill strace_errors", fast_disk)
    record_property("points", counts)
    assert sum(counts.values()) >= 55 + 85


def test_a_full_or_read_only_disk_is_refused_and_recovers(tmp_path, small_disk):
    counts = laboratory("full readonly", tmp_path, *small_disk)
    assert counts["full at"] >= 5


if __name__ == "__main__":
    warnings.simplefilter("ignore", StoreWarning)
    torch.set_num_threads(1)
    bench, counts = Bench(Path(sys.argv[1])), {}
    for experiment in sys.argv[2:]:
        counts |= globals()[f"lab_{experiment}"](bench)
    print(json.dumps(counts))
