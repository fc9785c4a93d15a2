"""Results made on a Dask cluster are those that are made here, wherever the workers keep theirs."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from test_workers import Settings, ended, ending

from hw1lib import compute
from hw1lib.data.image_sets import ImageSet, Split
from hw1lib.results import cluster, jobs, remote, workers
from hw1lib.results.job import Job, ResultOf
from hw1lib.results.store import Store, StoreError
from hw1lib.results.workers import ClusterError

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

ROOT = Path(__file__).resolve().parents[2]
# each is Dask's own business
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def begin(*words, folder, environment):
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *words],
        cwd=folder,  # so that no library is found in the current folder
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests' / 'results'}", **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


class Machines:
    """A scheduler and workers as processes of their own, on loopback."""

    def __init__(self, folder):
        self.folder, self.workers = folder, []
        self.slain = folder / "slain"  # the first job that slays a worker leaves it behind
        file = folder / "scheduler.json"
        words = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show")
        self.scheduler = begin(
            "scheduler", *words, "--scheduler-file", str(file), folder=folder, environment={}
        )
        wait_until(file.exists)
        wait_until(lambda: "address" in file.read_text())
        self.address = re.search(r'"address": "(.*?)"', file.read_text())[1]

    def worker(self, *words, **environment):
        """Begin a worker, by default one whose store is its own."""
        own = {"HW1_RESULTS": str(self.folder / "theirs"), "SLAIN": str(self.slain), **environment}
        place = ("--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard")
        place += ("--local-directory", str(self.folder / "dask"))
        process = begin("worker", self.address, *place, *words, folder=self.folder, environment=own)
        self.workers.append(process)
        return process

    def end(self):
        for process in [*self.workers, self.scheduler]:
            process.terminate()
        for process in [*self.workers, self.scheduler]:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:  # a nanny that has just begun a worker anew
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            assert ended(process.pid)


def wait_until(it_is_so, seconds=60):
    deadline = time.monotonic() + seconds
    while not it_is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    """Two workers: one a daemon of a nanny, one on its own."""
    machines = Machines(tmp_path_factory.mktemp("machines"))
    machines.worker("--nanny")
    machines.worker("--no-nanny")
    yield machines
    machines.end()


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("HW1_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("HW1_REFERENCE", str(tmp_path / "reference"))
    return Store()


def images(seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (20, 1, 4, 4), dtype=np.uint8)
    split = Split(*map(torch.from_numpy, (pixels, np.arange(20) % 10)))
    return ImageSet("m", "folder", split, split, (0.5,), (0.5,), ("a",), f"of {seed}")


def summed(settings, *, run, images, before=None):
    first = 0 if before is None else before.arrays["sum"]
    total = images.train.images.sum().item() + first
    return {"sum": np.array(total), "process": np.array(os.getpid())}


def summing():
    of = images()
    first = Job("first", partial(summed, Settings("first"), images=of))
    before = ResultOf("sums", first)
    second = Job("second", partial(summed, Settings("second"), images=of, before=before))
    return [("sums", first)], [("sums", second)]


def attempt(machines, todo, *, limit=None, apart=False):
    with cluster.Cluster(machines.address, limit) as crew:
        if apart:  # as on machines without a common folder
            crew._mark.unlink()
            crew._shared = False
        return workers.attempt(todo, device="cpu", crew=crew, progress=False)


@pytest.mark.parametrize("apart", [False, True], ids=["a shared folder", "folders of their own"])
def test_results_come_into_the_store_here(machines, store, tmp_path, monkeypatch, apart):
    first, second = summing()
    sent = []
    real = cluster.Cluster._before
    monkeypatch.setattr(
        cluster.Cluster, "_before", lambda self, job: sent.append(job.label) or real(self, job)
    )
    for todo in (first, second):
        assert attempt(machines, todo, apart=apart) == {}
    assert sent == (["first", "second"] if apart else [])
    found = store.find("sums", second[0][1].call)
    assert found.arrays["sum"] == 2 * images().train.images.sum().item()
    assert found.arrays["process"] != os.getpid()
    assert not list((tmp_path / "results").glob(".*"))
    theirs = list(machines.folder.glob("dask/**/hw1-*/results/sums/*/*/result.npz"))
    assert bool(theirs) == apart


def test_what_fails_on_a_worker_loses_no_other(machines, store):
    todo = ending("fail", "die", "sleep", "fine", "well")
    failed = attempt(machines, todo, limit=1.0)
    assert [type(failed[n]).__name__ for n in sorted(failed)] == [
        "ValueError",
        "WorkerError",
        "TimeLimitError",
    ]
    assert all(store.find("ends", job.call) for _, job in todo[3:])


def test_who_interrupts_leaves_nothing_running(machines, store):
    with cluster.Cluster(machines.address) as crew:
        future = crew.submit(0, *ending("sleep")[0], device="cpu", rank=0)
        wait_until(lambda: crew._client.call_stack())
        assert not future.done()
    with cluster.Cluster(machines.address) as crew:
        wait_until(lambda: not any(crew._client.processing().values()))
        assert attempt(machines, ending("fine", "well", "too")) == {}


def test_a_worker_of_another_source_is_refused(store, tmp_path):
    shutil.copytree(ROOT / "hw1lib", tmp_path / "hw1lib")
    with (tmp_path / "hw1lib" / "marks.py").open("a") as file:
        file.write("# changed\n")
    other = Machines(tmp_path)
    other.worker(PYTHONPATH=f"{tmp_path}:{ROOT / 'tests' / 'results'}")
    with pytest.raises(ClusterError) as refused:
        attempt(other, ending("fine"))
    other.end()
    source = remote.described()["hw1lib's source"]
    assert re.match(
        r"the worker tcp://127\.0\.0\.1:\d+ has hw1lib's source \w{10} ", str(refused.value)
    )
    assert f"where this machine has {source}" in str(refused.value)


def test_a_worker_that_joins_later_is_compared_too(machines, store, monkeypatch):
    with cluster.Cluster(machines.address) as crew:
        here = {**remote.described(), "torch": "1.0"}
        monkeypatch.setattr(remote, "described", lambda: here)
        with pytest.raises(ClusterError, match=r"has torch .* where this machine has 1\.0"):
            workers.attempt(ending("fine", "well"), device="cpu", crew=crew, progress=False)


def test_the_variable_names_the_scheduler(machines, store, monkeypatch, capsys):
    monkeypatch.setenv(cluster.ADDRESS, machines.address)
    made = []
    real = cluster.Cluster.submit
    monkeypatch.setattr(
        cluster.Cluster, "submit", lambda *a, **k: (made.append(a), real(*a, **k))[1]
    )
    assert compute.main(["--profile", "smoke", "--only", "23"]) == 0
    said = capsys.readouterr().out
    assert re.match(r"[1-9]\d* results computed, all others were stored", said)
    assert len(made) == int(said.split()[0])


def test_where_nobody_answers_a_sentence_says_so(store, monkeypatch, capsys):
    monkeypatch.setattr(cluster, "ANSWER", 0.5)
    words = ["--profile", "smoke", "--only", "23", "--scheduler"]
    for address in ("tcp://127.0.0.1:1", "nonsense://x"):
        assert compute.main([*words, address]) == 1
        assert f"no Dask scheduler answers at {address}" in capsys.readouterr().err


def test_a_cluster_without_workers_is_given_up(store, tmp_path, monkeypatch):
    machines = Machines(tmp_path)
    monkeypatch.setattr(cluster, "PATIENCE", 1.0)
    monkeypatch.setattr(cluster, "BETWEEN", 0.2)
    with pytest.raises(ClusterError, match=r"has had no worker for 1 s"):
        attempt(machines, ending("fine"))
    machines.end()


def test_without_the_package_a_sentence_names_it(store, monkeypatch):
    monkeypatch.setattr(cluster.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ClusterError, match="pip install distributed"):
        cluster.Cluster("tcp://127.0.0.1:1")


def test_a_late_worker_that_lacks_what_a_job_begins_with_says_so(machines, store):
    first, second = summing()
    jobs.carry_out("sums", {0: first[0][1]}, device="cpu", progress=False)
    with cluster.Cluster(machines.address) as crew:
        crew._mark.unlink()
        failed = workers.attempt(second, device="cpu", crew=crew, progress=False)
    assert "second begins with first, which tcp://127.0.0.1" in str(failed[0])


def test_what_did_not_arrive_as_it_was_made_is_refused(store, tmp_path):
    (experiment, job), *_ = ending("fine")
    jobs.carry_out(experiment, {0: job}, device="cpu", progress=False)
    contents = store.contents(store.find(experiment, job.call))
    other = Store(tmp_path / "other", tmp_path / "reference")
    for name in contents:
        damaged = {**contents, name: contents[name].replace(b"a", b"b", 1)}
        if name != "provenance.json":
            with pytest.raises(StoreError, match="did not arrive as it was made"):
                other.file(experiment, job.call, damaged)
    with pytest.raises(StoreError, match="did not arrive as it was made"):
        other.file(experiment, ending("well")[0][1].call, contents)
    other.file(experiment, job.call, contents)
    assert other.contents(other.find(experiment, job.call)) == contents
    of = images()
    sealed = bytearray(remote.seal(of))
    sealed[-10] ^= 1
    packed, _ = remote.pack("sums", summing()[0][0][1])
    with pytest.raises(ClusterError, match="did not arrive as they were sent"):
        remote.unpack(packed, {of.fingerprint: bytes(sealed)})


def test_a_job_whose_worker_is_killed_goes_to_another(machines, store):
    assert attempt(machines, ending("slay", "fine", "well")) == {}
    assert machines.slain.exists()


APART = """
set -e
ip link set lo up
unshare -n sleep 600 & other=$!
trap 'kill -9 $(jobs -p)' EXIT
until [ "$(readlink /proc/$other/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
there="nsenter --target $other --net"
ip link add left type veth peer name right netns $other
ip addr add 10.99.0.1/24 dev left && ip link set left up
$there ip addr add 10.99.0.2/24 dev right && $there ip link set right up
cd "$FOLDER"
"$PYTHON" -m dask scheduler --host 10.99.0.1 --port 8786 --no-dashboard &
HW1_RESULTS="$FOLDER/theirs" $there "$PYTHON" -m dask worker tcp://10.99.0.1:8786 \\
    --host 10.99.0.2 --nthreads 1 --no-dashboard --no-nanny &
"$PYTHON" -m hw1lib.compute --profile smoke --only 22 -p data standin \\
    --scheduler tcp://10.99.0.1:8786
"""


def test_a_worker_on_another_network_makes_the_same(tmp_path, store):
    """Two network namespaces with one wire between them, and no loopback in common."""
    alone = ["unshare", "-rn", "bash", "-c"]
    if (
        not all(map(shutil.which, ("unshare", "ip", "nsenter")))
        or subprocess.run(
            [*alone, "unshare -n ip link add left type veth"], capture_output=True
        ).returncode
    ):
        pytest.skip("no network namespaces can be made here")
    environment = {"PYTHON": sys.executable, "FOLDER": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*alone, APART], env={**os.environ, **environment}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    made = re.search(r"(\d+) results computed, all others were stored", done.stdout)
    found = compute.asked("smoke", {"data": "standin"}, ("22",))["gradient_norm"]
    assert int(made[1]) == len(found.jobs) == len(found.entries)
    job, entry = next((job, found.entries[name]) for name, job in found.jobs.items())
    other = Store(tmp_path / "here")
    here = jobs.fetch(other, "gradient_norm", job, device="cpu", tell=lambda part, text: None)
    assert all(
        np.array_equal(here.arrays[name], of, equal_nan=True) for name, of in entry.arrays.items()
    )
