"""File stored results anew after a change of source that changes no number.

    python -m hw1lib.refile --since HEAD~3

computes the smoke profile of every chapter with the source of that commit and with the present
one, without compiled updates, and says for each kind of result whether the arrays agree to the
bit. Where they do, what the old source stored is filed under the keys of the present one too, so
that nothing is trained again.
What came with the repository is filed among your results; `python -m hw1lib.reference write` packs
it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from hw1lib.results import refiling
from hw1lib.results.refiling import Kind
from hw1lib.results.store import Store

CHECKOUT = Path(__file__).resolve().parents[1]
SMOKE = (
    # torch makes all updates, since compiled ones may take sums in another order
    "import sys; sys.modules['hw1lib.training.kernels'] = None; "
    "from hw1lib.chapters import summary; "
    "summary.run(summary.PROFILES['smoke'].replace(data='standin'), device='cpu', progress=False)"
)

# experiment, label and digest of what results of the full profile begin with: weights, say, which
# are kept nowhere
BEGINNINGS = (
    "import json; from hw1lib import compute; from hw1lib.results import jobs; "
    "asked = compute.asked('full', {}).values(); "
    "print(json.dumps([(of.experiment, of.job.label, of.fingerprint) for its in asked "
    "for job in its.jobs.values() for of in jobs.needed(job)]))"
)


def main(words: list[str] | None = None) -> None:
    """Compare, refile, and say what was done."""
    parser = argparse.ArgumentParser(
        prog="python -m hw1lib.refile",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--since", required=True, help="commit whose source made the results")
    parser.add_argument("--results", type=Path, help="their folder (HW1_RESULTS, else results/)")
    parser.add_argument("--dry-run", action="store_true", help="compare only, and write nothing")
    arguments = parser.parse_args(words)
    store = Store(arguments.results)
    with tempfile.TemporaryDirectory(prefix="hw1-refile-") as folder:
        old, new, checkout = (Path(folder) / name for name in ("old", "new", "checkout"))
        commit = _git("rev-parse", "--verify", f"{arguments.since}^{{commit}}")
        _git("worktree", "add", "--quiet", "--detach", str(checkout), commit)
        try:
            _compute(checkout, old)
            _compute(CHECKOUT, new)
            before, after = (_beginnings(root, store.root) for root in (checkout, CHECKOUT))
        finally:
            _git("worktree", "remove", "--force", str(checkout))
        kinds = refiling.compare(old, new)
    for kind in kinds:
        print(sentence(kind))
    why = f"the smoke profile's arrays are those of commit {commit[:10]} to the bit"
    # a source that lacks results asks for no more than what they are to be made from
    pairs = zip(before, after, strict=False)
    differing = {kind.experiment for kind in kinds if not kind.agrees}
    lost = {one: other for (*a, one), (*b, other) in pairs if a == b and a[0] not in differing}
    moved = refiling.refile(store, kinds, why, lost=lost, write=not arguments.dry_run)
    would = "would be filed" if arguments.dry_run else "filed"
    print(f"{len(moved)} results {would} under new keys in {store.root}")


def sentence(kind: Kind) -> str:
    """Say of a kind of results whether old and new source make the same."""
    name = f"{kind.experiment}, {kind.function}"
    if not kind.compared:
        return f"{name}: not refiled, since the present source has no such settings"
    if kind.differing:
        return f"{name}: not refiled, since these arrays differ: {', '.join(kind.differing)}"
    if kind.old == kind.new:
        return f"{name}: same source"
    return f"{name}: {kind.compared} results agree to the bit"


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=CHECKOUT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"git {words[0]} failed: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout.strip()


def _compute(checkout: Path, results: Path) -> None:
    """Run the smoke profile of every chapter from the source of a checkout."""
    print(f"computing the smoke profile from {checkout}", flush=True)
    _python(SMOKE, checkout, results)


def _beginnings(checkout: Path, results: Path) -> list[tuple[str, str, str]]:
    """Return what results begin with: experiment, label and digest of each, in order of asking."""
    return [*dict.fromkeys(map(tuple, json.loads(_python(BEGINNINGS, checkout, results))))]


def _python(code: str, checkout: Path, results: Path) -> str:
    there = {"PYTHONPATH": str(checkout), "HW1_RESULTS": str(results), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=checkout,
        env={**os.environ, **there},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"the source in {checkout} failed:\n{done.stderr[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    main()
