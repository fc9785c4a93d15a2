"""Forecasts against sums made by hand."""

from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from hw1lib.results.forecasts import Forecast, forecast
from hw1lib.results.job import Job
from hw1lib.results.jobs import Asked


@dataclass(frozen=True)
class Settings:
    epochs: int
    name: str = ""


def quick(settings, run):
    return {}


def slow(settings, run):
    return {}


def entry(seconds, size, device="cpu"):
    return SimpleNamespace(
        arrays={"x": np.zeros(size)}, provenance={"device": device, "seconds": seconds}
    )


def asked(**jobs):
    """Jobs by a name, each with its entry or None."""
    return {
        "toy": Asked(
            {name: job for name, (job, _) in jobs.items()},
            {name: of for name, (_, of) in jobs.items() if of},
        )
    }


def job(function, epochs):
    return Job("a job", partial(function, Settings(epochs)), cost=2.0)


DONE = {
    "a": (job(quick, 10), entry(4.0, 100)),
    "b": (job(quick, 30), entry(8.0, 300)),
    "c": (job(slow, 5), entry(50.0, 10)),
    "d": (job(slow, 5), entry(1.0, 10, device="cuda")),  # says nothing of a core
}


def test_seconds_follow_the_work_and_room_the_results_of_a_kind():
    due = asked(e=(job(quick, 100), None), f=(job(slow, 2), None), **DONE)
    found = forecast([due, due], [asked(**DONE)], workers=3)  # what two runs share counts once
    assert found.missing == 2
    per_epoch = (4 / 10 + 8 / 30) / 2  # the median of two
    assert found.seconds == pytest.approx(100 * per_epoch + 2 * 50 / 5)
    assert found.disk == pytest.approx(8 * 200 + 8 * 10)
    assert found.memory % 2 == 0  # of two processes, since there is no work for a third
    assert str(Forecast(2, 90.0, 2.5e6, 1e9)) == (
        "2 results are missing at first: about 1.5 min of one core, 2.5 MB of disk, 1.0 GB of "
        "memory"
    )


def test_an_arm_is_foreseen_from_its_own_results():
    def of(label, epochs):
        return Job(label, partial(quick, Settings(epochs)))

    known = asked(
        a=(of("deep", 10), entry(40.0, 1)),
        b=(of("deep", 20), entry(80.0, 1)),
        c=(of("shallow", 10), entry(1.0, 1)),
    )
    for label, seconds in {"deep": 4.0 * 5, "shallow": 0.1 * 5, "medium": 4.0 * 5}.items():
        due = asked(d=(of(label, 5), None))
        assert forecast([due], [known], workers=1).seconds == pytest.approx(seconds)


def test_what_is_not_known_is_not_guessed():
    unknown = asked(e=(job(slow, 2), None), **{"a": DONE["a"], "d": DONE["d"]})
    found = forecast([unknown], [unknown], workers=2)
    assert (found.missing, found.seconds, found.disk) == (1, None, None)
    assert "not known yet" in str(found)
    done = asked(**DONE)
    assert str(forecast([done], [done], workers=2)) == "no result is missing"
