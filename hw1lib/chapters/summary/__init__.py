"""Chapter 00: what all chapters say together. Written last, read first."""

import dataclasses
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from hw1lib.chapters import (
    capacity,
    error_surface,
    function_fit,
    gradient_norm,
    image_task,
    interpolation,
    minimal_ratio,
    random_labels,
    sensitivity,
    weight_paths,
)
from hw1lib.chapters.capacity import claims as capacity_claims
from hw1lib.chapters.error_surface import claims as error_surface_claims
from hw1lib.chapters.function_fit import claims as function_fit_claims
from hw1lib.chapters.gradient_norm import claims as gradient_norm_claims
from hw1lib.chapters.image_task import claims as image_task_claims
from hw1lib.chapters.interpolation import claims as interpolation_claims
from hw1lib.chapters.minimal_ratio import claims as minimal_ratio_claims
from hw1lib.chapters.random_labels import claims as random_labels_claims
from hw1lib.chapters.sensitivity import claims as sensitivity_claims
from hw1lib.chapters.weight_paths import claims as weight_paths_claims
from hw1lib.data import image_sets
from hw1lib.judging import audit, verdicts
from hw1lib.judging.audit import Audit
from hw1lib.judging.verdicts import Claim, Verdict
from hw1lib.results import specs
from hw1lib.results.jobs import record
from hw1lib.results.specs import setting
from hw1lib.results.store import Entry, Store

CHAPTERS: dict[str, tuple[ModuleType, ModuleType]] = {  # by section: what computes, what judges
    "function-fit": (function_fit, function_fit_claims),
    "image-task": (image_task, image_task_claims),
    "weight-paths": (weight_paths, weight_paths_claims),
    "gradient-norm": (gradient_norm, gradient_norm_claims),
    "minimal-ratio": (minimal_ratio, minimal_ratio_claims),
    "error-surface": (error_surface, error_surface_claims),
    "random-labels": (random_labels, random_labels_claims),
    "capacity": (capacity, capacity_claims),
    "interpolation": (interpolation, interpolation_claims),
    "sensitivity": (sensitivity, sensitivity_claims),
}
# sections whose networks are described by all measures of generalization
DESCRIBED = ("random-labels", "capacity", "interpolation", "sensitivity")

# the sentences of reports A and B, each of which some chapter judges
SENTENCES = tuple([f"A-C{k}" for k in range(1, 37)] + [f"B-C{k}" for k in range(1, 21)])


@dataclass(frozen=True, kw_only=True)
class Spec(specs.Spec):
    """Which runs of the other chapters are summed up, and how the verdicts are audited."""

    profile: str = setting("full", "of every chapter", choices=("smoke", "quick", "full"))
    data: str = setting("auto", "images: auto, real or standin", choices=image_sets.MODES[:3])
    seed: int = setting(0, "first of the consecutive seeds of every chapter", at_least=0)
    replicas: int = setting(
        0, "trainings of each network in every chapter; 0: as its profile has it", at_least=0
    )
    audited: tuple[int, ...] = setting(
        (6, 20), "pairs of trainings behind each audited verdict", at_least=6
    )
    draws: int = setting(10_000, "audited verdicts without an effect", at_least=1)
    planted: int = setting(2_000, "audited verdicts on each planted effect", at_least=1)
    effects: tuple[float, ...] = setting(
        (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0),
        "planted effects, in margins",
        above=0,
    )

    @property
    def seeds(self) -> tuple[int, ...]:
        """Every seed that a chapter uses."""
        used = {seed for section in CHAPTERS for seed in self.chapter(section).seeds}
        return tuple(sorted(used))

    def chapter(self, section: str) -> Any:
        """Give the settings of the chapter with this section."""
        chapter, _ = CHAPTERS[section]
        wanted = {"data": self.data, "seed": self.seed, "replicas": self.replicas or None}
        known = {field.name for field in dataclasses.fields(chapter.Spec)}
        chosen = {name: value for name, value in wanted.items() if name in known}
        return chapter.PROFILES.choose(self.profile, **chosen)


PROFILES = specs.Profiles(
    full=Spec(),
    quick=Spec(profile="quick", audited=(6,), planted=1_000),
    smoke=Spec(profile="smoke", audited=(6,), draws=200, planted=50, effects=(1.0, 3.0)),
)


@dataclass(frozen=True)
class Judged:
    """One test of one sentence."""

    section: str  # a key of CHAPTERS
    claim: Claim
    verdict: Verdict  # with its p adjusted for the number of tests in the whole report
    alone: Verdict  # as its chapter has it

    @property
    def sentence(self) -> str:
        """Id of the sentence, of which the claim may be a part: A-C3 of A-C3b."""
        part = re.fullmatch(r"([AB]-C\d+)[a-z]?", self.claim.id)
        return part[1] if part else self.claim.id


@dataclass(frozen=True)
class Result:
    """The results of all chapters, every verdict on them, and the audit of the verdicts."""

    spec: Spec
    chapters: Mapping[str, Any]  # by section: its Result
    judged: tuple[Judged, ...]
    shares: np.ndarray  # (N, 1 + E, words) of `audit.WORDS`, without an effect and with each
    provenance: tuple[dict[str, Any], ...]

    @property
    def of_reports(self) -> dict[str, list[Judged]]:
        """Take the tests of each sentence of reports A and B, in the reports' order."""
        return {
            sentence: [j for j in self.judged if j.sentence == sentence] for sentence in SENTENCES
        }

    @property
    def described(self) -> dict[str, dict[str, dict[str, np.ndarray]]]:
        """Give what was measured on the networks of part 1-3, by section and network."""
        return {section: self.chapters[section].described for section in DESCRIBED}

    @property
    def standin(self) -> str:
        """Name the stand-ins that took the place of real sets; empty where all are real."""
        images = {}
        for result in self.chapters.values():
            held = getattr(result, "images", {})
            for one in held.values() if isinstance(held, dict) else [held]:
                if one is not None:
                    images[one.description] = one
        return image_sets.name_standins(*images.values())


def run(spec: Spec, *, device: str = "auto", progress: bool = True) -> Result:
    """Read every chapter's result from the store, or compute it, and judge all claims together.

    Args:
        spec: Which runs.
        device: Where to train what is not stored yet: auto, cpu or cuda.
        progress: Whether to show bars.
    """
    found = {
        section: chapter.run(spec.chapter(section), device=device, progress=progress)
        for section, (chapter, _) in CHAPTERS.items()
    }
    entry = audited(spec, comparisons(found["function-fit"]))
    of = "differences between the networks of the first chapter"
    return Result(
        spec=spec,
        chapters=found,
        judged=tuple(judge(found)),
        shares=entry.arrays["shares"],
        provenance=(record([entry], learned=of, replicas=max(spec.audited)),),
    )


def judge(found: Mapping[str, Any]) -> list[Judged]:
    """Judge the claims of all chapters, and adjust their p for the number of tests.

    Args:
        found: Results by section.
    """
    claims = [(section, claim) for section in found for claim in CHAPTERS[section][1].CLAIMS]
    alone = [claim.judge(found[section]) for section, claim in claims]
    return [
        Judged(section, claim, together, one)
        for (section, claim), together, one in zip(
            claims, verdicts.adjusted(alone), alone, strict=True
        )
    ]


def comparisons(result: function_fit.Result) -> list[np.ndarray]:
    """Take chapter 11's differences of log10 final losses between networks, (R,) each."""
    found = []
    for arm in function_fit.ARMS:
        for target in result.spec.targets:
            ends = [np.log10(result.fits[arm, target, n].final) for n in function_fit.NETWORKS]
            found += [ends[0] - ends[1], ends[1] - ends[2], ends[2] - ends[0]]
    sound = [pairs[np.isfinite(pairs)] for pairs in found]
    return [pairs for pairs in sound if pairs.any()]


def audited(spec: Spec, pairs: list[np.ndarray]) -> Entry:
    """Read the audit of the verdicts from the store, or make it."""
    settings = Audit(spec.audited, (0.0, *spec.effects), spec.draws, spec.planted, spec.seed)
    print_of = hashlib.sha256(b"".join(one.tobytes() for one in pairs)).hexdigest()
    return Store().fetch(
        "summary",
        settings,
        lambda _: {"shares": audit.word_shares(settings, pairs)},
        code=(audit.word_shares,),
        data_fingerprint=print_of,
        device="cpu",
    )
