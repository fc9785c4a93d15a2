"""Progress bars, in a terminal, in JupyterLab and as lines of a log."""

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
    if "ipykernel" in sys.modules and "JPY_SESSION_NAME" not in os.environ:
        # a kernel without a front end, as under papermill: plain lines that read well in a log
        return tqdm.std.tqdm(**settings, mininterval=2, ascii=True, ncols=110, file=sys.stderr)
    return tqdm.auto.tqdm(**settings)


def part(bar: tqdm.std.tqdm) -> Callable[[float, str], None]:
    """Give a job its part of a bar, from where it stands now on: tell(work done, text)."""
    reached = bar.n

    def tell(work: float, text: str) -> None:
        if text:
            bar.set_postfix_str(text, refresh=False)
        bar.update(reached + work - bar.n)

    return tell
