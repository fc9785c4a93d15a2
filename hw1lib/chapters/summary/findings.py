"""What all chapters found, in sentences that their own functions compute."""

from collections import Counter

import numpy as np
import scipy

from hw1lib.chapters.summary.answers import in_words
from hw1lib.chapters.summary.result import SENTENCES, Result
from hw1lib.data import own_images
from hw1lib.judging import audit, verdicts


def abstract(result: Result) -> str:
    """Answer the three questions in words, and say what the answers rest on, as Markdown."""
    words = Counter(verdicts.together([j.verdict for j in of]) for of in result.of_reports.values())
    said = "; ".join(f"{count} {word}" for word, count in words.most_common())
    chapters = result.chapters.values()
    trainings = sum(row["trainings"] for chapter in chapters for row in chapter.provenance)
    return (
        f"{in_words(result)}\n\n"
        "Two student reports answered these questions of a classic homework with one training of "
        f"each network. We put {len(SENTENCES)} of their sentences to the test on {trainings:,} "
        f"trainings ({result.spec.profile} profile), with intervals, controls and every rival "
        f"definition: {said}. The summary has the numbers behind each answer."
        f"{own_sentence(result)}"
    )


def own_sentence(result: Result) -> str:
    """Say, after a blank, that images of a folder were learned; empty where none were."""
    own = own_images.among(*result.images)
    if own is None:
        return ""
    return (
        f" All images that are learned here are {own.description}, not those of the two reports: "
        "where a sentence is about images, its verdict is about these."
    )


def count_sentence(result: Result) -> str:
    """Count the sentences by what became of them, and the tests."""
    tests = [one.verdict for of in result.of_reports.values() for one in of]
    alone = [one for of in result.of_reports.values() for one in of]
    words = Counter(verdict.word for verdict in tests)
    listed = "; ".join(f"{words[word]} {word}" for word in verdicts.WORDS if words[word])
    changed = [one.claim.id for one in alone if one.verdict.word != one.alone.word]
    judged = sum(one.verdict.word != verdicts.NOT_TESTED for one in result.judged)
    by = f" ({', '.join(changed)})" if changed else ""
    return (
        f"{len(SENTENCES)} sentences in {len(tests)} tests: {listed}. The report judges {judged} "
        "effects in all, its own expectations among them; adjusting p for that number changes "
        f"{len(changed)} of these verdicts{by}."
    )


def audit_sentence(result: Result) -> str:
    """Say how many verdicts are false, and how large an effect is usually found."""
    spec, parts = result.spec, []
    effects = np.array([0.0, *spec.effects])
    allowed = scipy.stats.binom.ppf(0.99, spec.draws, verdicts.CHANCE) / spec.draws
    for n, shares in zip(spec.audited, result.shares, strict=True):
        by_word = dict(zip(audit.WORDS, shares.T, strict=True))
        false = sum(by_word[word][0] for word in verdicts.CLAIMING)
        found = by_word[verdicts.SUPPORTED] >= 0.8
        power = f"from {effects[found.argmax()]:g} margins on" if found.any() else "at none tried"
        text = f"with {n} pairs, {100 * false:.2g} % claim an effect"
        if (effects == 1).any():
            alike = by_word[verdicts.TOO_SMALL][effects == 1][0]
            text += f", {100 * alike:.2g} % call an effect of one margin too small to matter"
        parts.append(f"{text}, and an effect is supported four times in five {power}")
    return (
        f"{spec.draws:,} verdicts on pairs swapped at random, of which at most "
        f"{100 * allowed:.2g} % may be false by chance: {'; '.join(parts)}."
    )


def fragile_sentence(result: Result) -> str:
    """Count the tests of sentences whose word turns with what should not matter."""
    tested = [
        one
        for of in result.of_reports.values()
        for one in of
        if one.verdict.word != verdicts.NOT_TESTED
    ]
    fragile = [one for one in tested if one.turns]
    kinds = {
        "one training": "with one training left out",
        "the scale": "as a ",
        "one size, target or layer": "without ",
    }
    counts = {
        kind: sum(any(name.startswith(start) for name in one.turns) for one in fragile)
        for kind, start in kinds.items()
    }
    late = sum(bool(one.verdict.margin.after) for one in tested)
    if not tested:
        return "No test has a verdict that could turn."
    listed = ", ".join(f"{count} with {kind}" for kind, count in counts.items())
    return (
        f"Of {len(tested)} tests that have a verdict, {len(fragile)} would get another one if "
        f"something that should not matter were varied: {listed}. For {late}, the margin or the "
        "statistic was chosen after results had been seen."
    )
