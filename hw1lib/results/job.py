"""One training to be found in the store, or made: all that decides it, and what it is called."""

import functools
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from hw1lib.results import keys
from hw1lib.results.specs import SettingError


class Images(Protocol):
    """What a record says of an image set."""

    @property
    def description(self) -> str:
        """One phrase for captions."""

    @property
    def source(self) -> str:
        """Where they are from: "real", "standin" or "folder"."""


@dataclass(frozen=True)
class Job:
    """One training to be found in the store, or made.

    Its call holds all that decides its numbers: a function that is given a `Run` besides and
    returns arrays, with the settings as its first argument, and data and the results of other jobs
    by name. The key of the result is derived from that call (`keys.key_of`).
    """

    label: str  # what the progress bar calls it
    call: functools.partial[dict[str, np.ndarray]]
    cost: float = 1.0  # of one epoch, relative to the other jobs
    threads: int | None = None  # that it computes with; None: as many as torch has
    repeats: bool = True  # whether it gives the same numbers again; times never do

    def __post_init__(self) -> None:
        """Refuse steps of more images than there are to learn, before anything starts.

        Raises:
            SettingError: If they are.
        """
        step, count = (getattr(self.settings, n, None) for n in ("batch_size", "train_examples"))
        if step and count:
            refuse_larger_steps(self.label, step, count, self.call.keywords.get("images"))

    @property
    def settings(self) -> Any:
        """The frozen record of what is trained."""
        return self.call.args[0]

    @property
    def work(self) -> float:
        """How much there is to do, relative to other jobs."""
        return self.cost * getattr(self.settings, "epochs", 1)


def refuse_larger_steps(label: str, step: int, count: int, images: Images | None) -> None:
    """Refuse steps of more images than are learned.

    Raises:
        SettingError: If they are.
    """
    if step > count:
        of = f" ({images.description})" if images is not None else ""
        raise SettingError(
            f"{label}: a step takes {step} images, and only {count} are learned{of}; give more of "
            "them, or a smaller batch"
        )


@dataclass(frozen=True)
class ResultOf:
    """In a job's call, the result of another job, which is made only where it is missed.

    The function gets the `Entry`; a key takes either for the other.
    """

    experiment: str
    job: Job

    @functools.cached_property
    def fingerprint(self) -> str:
        """Name the result as `Entry.fingerprint` does."""
        return keys.digest(self.experiment, self.job.call)
