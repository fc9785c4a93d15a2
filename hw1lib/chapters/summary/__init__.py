"""What do all chapters say together? Chapter 00, written last, read first."""

from functools import partial

import numpy as np

from hw1lib.chapters.function_fit.result import Result as FunctionFit
from hw1lib.chapters.function_fit.spec import ARMS, NETWORKS
from hw1lib.chapters.registry import discover
from hw1lib.chapters.summary.result import Result, judge
from hw1lib.chapters.summary.spec import PROFILES, Spec
from hw1lib.judging import audit
from hw1lib.judging.audit import Audit
from hw1lib.results.job import Job
from hw1lib.results.jobs import carry_out, record
from hw1lib.training.run import Run

__all__ = ["PROFILES", "Result", "Spec", "run"]


def run(spec: Spec, *, device: str = "auto", progress: bool = True) -> Result:
    """Read every chapter's result from the store, or compute it, and judge all claims together.

    Args:
        spec: Which runs.
        device: Where to train what is not stored yet: auto, cpu or cuda.
        progress: Whether to show bars.
    """
    found = {
        section: chapter.run(spec.chapter(section), device=device, progress=progress)
        for section, chapter in discover().items()
    }
    settings = Audit(spec.audited, (0.0, *spec.effects), spec.draws, spec.planted, spec.seed)
    pairs = tuple(comparisons(found["function-fit"]))
    audit_of = Job("audit of the verdicts", partial(word_shares, settings, pairs=pairs))
    entry = carry_out("summary", {0: audit_of}, device=device, progress=progress)[0]
    of = "differences between the networks of the first chapter"
    return Result(
        spec=spec,
        chapters=found,
        judged=tuple(judge(found)),
        shares=entry.arrays["shares"],
        provenance=(record([entry], learned=of, replicas=max(spec.audited)),),
    )


def comparisons(result: FunctionFit) -> list[np.ndarray]:
    """Return chapter 11's differences of log10 final losses between networks, (R,) each."""
    found = []
    for arm in ARMS:
        for target in result.spec.targets:
            ends = [np.log10(result.fits[arm, target, n].final) for n in NETWORKS]
            found += [ends[0] - ends[1], ends[1] - ends[2], ends[2] - ends[0]]
    sound = [pairs[np.isfinite(pairs)] for pairs in found]
    return [pairs for pairs in sound if pairs.any()]


def word_shares(
    settings: Audit, pairs: tuple[np.ndarray, ...], *, run: Run
) -> dict[str, np.ndarray]:
    """Return `shares`, how often each word falls, as `audit.word_shares` counts them."""
    return {"shares": audit.word_shares(settings, pairs)}
