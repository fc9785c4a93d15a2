"""Progress bars, in a terminal, in JupyterLab and as lines of a log."""

import math
import os
import sys
from collections.abc import Callable

import tqdm.auto
import tqdm.std


def bar(total: float, shown: bool) -> tqdm.std.tqdm:
    """Begin a bar over so much work; where it is not shown, it only counts."""
    settings = {
        "total": total,
        "disable": not shown,
        "bar_format": "{desc} {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}",
    }
    if "ipykernel" in sys.modules and not has_front_end():
        # a kernel without a front end, as under papermill: plain lines that read well in a log
        return tqdm.std.tqdm(**settings, mininterval=2, ascii=True, ncols=110, file=sys.stderr)
    return tqdm.auto.tqdm(**settings)


Tell = Callable[[float, float | None], None]  # work done, and the median loss where there is one


def part(bar: tqdm.std.tqdm, also: Tell | None = None) -> Tell:
    """Give a job its part of a bar, from where it stands now on, and tell somebody else of it."""
    reached = bar.n

    def tell(work: float, loss: float | None) -> None:
        if loss is not None:
            bar.set_postfix_str(said(loss), refresh=False)
        bar.update(reached + work - bar.n)
        if also:
            also(work, loss)

    return tell


def said(loss: float) -> str:
    """Say a median loss, or that all replicas have ended, where it is NaN."""
    return "ended" if math.isnan(loss) else f"loss {loss:.2g}"


def has_front_end() -> bool:
    """Return whether this runs in a notebook that somebody looks at."""
    return "ipykernel" in sys.modules and "JPY_SESSION_NAME" in os.environ
