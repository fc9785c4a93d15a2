"""The front end: one module of JavaScript, put together from files that name what they know."""

import functools
import re
from pathlib import Path

FOLDER = Path(__file__).with_name("front")
_IMPORT = re.compile(r"^import .*?;\n", re.MULTILINE)


def module(*names: str) -> str:
    """Join files to one module without imports, as a page that was opened from a disk needs it.

    Args:
        names: Of files in `front/`, without the ending, each after those it imports.
    """
    texts = [(FOLDER / f"{name}.mjs").read_text(encoding="utf-8") for name in names]
    bare = [re.sub(r"^export (?!default)", "", _IMPORT.sub("", t), flags=re.M) for t in texts]
    return "\n".join(bare)


@functools.cache
def widget() -> str:
    """Return the module that anywidget runs, with `render` in its default export."""
    return module("plot", "drawing", "explorer")


@functools.cache
def page() -> str:
    """Return the module that draws every explorer of a page without a kernel."""
    named = module("plot", "drawing", "explorer", "page")
    return named.replace("export default { render };", "const explorer = { render };")


@functools.cache
def style() -> str:
    """Return the style sheet of both."""
    return (FOLDER / "explorer.css").read_text(encoding="utf-8")
