"""Fixtures that several test files share."""

import functools
import gc

import pytest
import torch

import hw1lib.publish  # noqa: F401 - first, since it spares what nbformat loads for nothing
from hw1lib.data import image_sets
from hw1lib.networks import replicas
from hw1lib.results import workers

# which share a name, and hold no doctests
collect_ignore_glob = ["conftest.py", "*/conftest.py"]

# which take minutes: begun first, so that no core waits for one of them at the end
LONGEST = ["test_notebooks", "test_batch", "test_cluster", "test_workers", "test_kills", "test_new"]


def pytest_xdist_auto_num_workers():
    """Begin one worker more than there are cores, since some tests wait for others' processes."""
    return workers.cores() + 1


def pytest_collection_modifyitems(items):
    """Put the files that take longest first; `make test` keeps that order."""
    ranks = {name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.stem, len(ranks)))


def pytest_collection_finish():
    """Collect garbage seldom, and never look again through what is loaded by now: a seventh."""
    gc.freeze()
    gc.set_threshold(50_000)


@pytest.fixture(autouse=True)
def _global_random_state_is_left_as_found():
    """No function of the library may draw from, or seed, torch's global stream."""
    before = torch.random.get_rng_state()
    yield
    assert torch.equal(torch.random.get_rng_state(), before), "the global random state moved"


@pytest.fixture
def streams():
    """Random streams of three replicas."""
    return replicas.Streams([3, 4, 5])


@pytest.fixture(scope="session")
def fresh(tmp_path_factory):
    """Compute in a store of its own, with stand-ins of a hundred images."""
    small = functools.cache(functools.partial(image_sets.load, sizes=(60, 40)))

    def compute(chapter, spec, store=None):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("HW1_RESULTS", str(store or tmp_path_factory.mktemp("results")))
            patch.setattr(image_sets, "load", small)
            return chapter.run(spec, device="cpu", progress=False)

    return compute
