"""Draw the first figure of the report from the results that come with the repository.

    python -m hw1lib.first        or: make first

Nothing is trained and nothing is downloaded: it shows within seconds of the set-up whether
everything works, and what the report is about.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from hw1lib.chapters import function_fit
from hw1lib.chapters.function_fit import views
from hw1lib.chapters.function_fit.chapter import CHAPTER
from hw1lib.marks import plain, typographic
from hw1lib.results.jobs import asking
from hw1lib.results.specs import SettingError
from hw1lib.results.store import StoreError
from hw1lib.showing import carried

CHECKOUT = Path(__file__).resolve().parents[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw chapter 11's losses, and say what they answer.

    Args:
        arguments: Command line without the program; None takes that of the process.

    Returns:
        The exit status: 0; 1 after a sentence on standard error.
    """
    parser = argparse.ArgumentParser(
        prog="python -m hw1lib.first", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--profile", default="full", help="full by default, which is stored")
    parser.add_argument("--out", type=Path, default=CHECKOUT / "report" / "build" / "first.svg")
    options = parser.parse_args(arguments)
    started = time.monotonic()
    try:
        spec = function_fit.PROFILES.choose(options.profile)
        # what is missing of the full profile would take hours, which only a user decides
        stored = options.profile == "full" and "HW1_COMPUTE" not in os.environ
        with asking() if stored else nullcontext():
            result = function_fit.run(spec, device="cpu", progress=options.profile != "full")
        picture = carried.saved(views.loss_curves(result), "svg")
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_bytes(picture)
    except (StoreError, SettingError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(CHAPTER.question)
    for sentence in CHAPTER.answer(result):
        print(f"- {plain(typographic(sentence)).replace('**', '')}")
    print(f"{options.out}: how the loss falls; {time.monotonic() - started:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
