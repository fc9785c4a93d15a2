"""Write environment.yml, for conda, mamba and Binder, from pyproject.toml and requirements.lock.

conda brings Python, pip and make; every package that pyproject.toml names comes from PyPI in the
locked version, so both kinds of environment run the same code.
"""

import argparse
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PYTHON = "3.12"  # of the conda environment
PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^ ;]+)(?: ; (?P<marker>.*?))? \\$", re.M)


def named(project: str) -> Iterator[Requirement]:
    """Yield the packages that pyproject.toml names, those for speed and development included."""
    table = tomllib.loads(project)["project"]
    extras = table["optional-dependencies"]
    for line in [*table["dependencies"], *extras["fast"], *extras["dev"]]:
        yield Requirement(line)


def locked(lock: str, python: str) -> dict[str, str]:
    """Return the version of each package that the lock has for a Python, here `3.12`."""
    here = {"python_version": python, "python_full_version": f"{python}.0"}
    return {
        canonicalize_name(pin["name"]): pin["version"]
        for pin in PIN.finditer(lock)
        if not pin["marker"] or Marker(pin["marker"]).evaluate(here)
    }


def render(project: str, lock: str) -> str:
    """Return the content of environment.yml."""
    versions = locked(lock, PYTHON)
    pins = list(named(project))
    for pin in pins:
        pin.specifier = SpecifierSet(f"=={versions[canonicalize_name(pin.name)]}")
    return "\n".join(
        [
            "# Written by `make lock` from pyproject.toml and requirements.lock: edit those.",
            "name: hw1",
            "channels:",
            "  - conda-forge",
            "dependencies:",
            f"  - python={PYTHON}",
            "  - pip",
            "  - make",
            "  - pip:",
            *(f"      - {pin}" for pin in pins),
            "      - -e .",
            "",
        ]
    )


def main() -> None:
    """Write the file, or with --check say whether it is what would be written."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare only, and write nothing")
    file = ROOT / "environment.yml"
    wanted = render(
        (ROOT / "pyproject.toml").read_text(encoding="utf-8"),
        (ROOT / "requirements.lock").read_text(encoding="utf-8"),
    )
    if not parser.parse_args().check:
        file.write_text(wanted, encoding="utf-8")
    elif not file.exists() or file.read_text(encoding="utf-8") != wanted:
        sys.exit("environment.yml does not follow from pyproject.toml and the lock: make lock")


if __name__ == "__main__":
    main()
