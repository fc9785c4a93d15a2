"""A worker: what it draws, that it stops, and that it says why it failed."""

import threading
import time

import pytest

from hw1lib.exploring.live import PAUSE, Worker


@pytest.fixture
def drawn():
    return []


@pytest.fixture
def worker(drawn):
    made = Worker(drawn.append, lambda error: drawn.append(str(error)))
    yield made
    made.stop()
    made.join(5)
    assert not made.busy


def counted(upto, pause=0.0):
    """Work that counts: what it draws are numbers, and whether one was the last."""
    for n in range(upto):
        time.sleep(pause)
        yield lambda last, n=n: (n, last)


def test_the_first_and_the_last_are_drawn_and_of_the_others_what_a_screen_can_follow(worker, drawn):
    began = time.monotonic()
    worker.start(lambda: counted(200, 0.002))
    worker.join(20)
    took = time.monotonic() - began
    assert drawn[0] == (0, False)
    assert drawn[-1] == (199, True)
    assert len(drawn) <= took / PAUSE + 2
    assert drawn == sorted(drawn)


def test_it_stops_within_a_piece_of_work_and_draws_where(worker, drawn):
    worker.start(lambda: counted(10_000, 0.01))
    time.sleep(0.2)
    began = time.monotonic()
    worker.stop()
    worker.join(5)
    assert time.monotonic() - began < 0.5
    number, last = drawn[-1]
    assert last
    assert 0 < number < 100


def test_a_new_start_ends_what_runs_before_it_begins(worker, drawn):
    running, seen = threading.Semaphore(1), []

    def work():
        assert running.acquire(blocking=False)
        try:
            for n in range(50):
                time.sleep(0.01)
                seen.append(n)
                yield lambda last, n=n: (n, last)
        finally:
            running.release()

    worker.start(work)
    time.sleep(0.1)
    worker.start(work)
    worker.join(20)
    assert drawn[-1] == (49, True)
    assert not any(isinstance(one, str) for one in drawn)


def test_an_error_is_handed_on(worker, drawn):
    def work():
        yield lambda last: "begun"
        raise ValueError("no such thing")

    worker.start(work)
    worker.join(5)
    assert drawn == ["begun", "no such thing"]
