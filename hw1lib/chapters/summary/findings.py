"""What all chapters found, in sentences that their own functions compute."""

from collections import Counter

import numpy as np
from scipy import stats

from hw1lib.chapters.capacity import findings as capacity
from hw1lib.chapters.error_surface import findings as surface
from hw1lib.chapters.function_fit import findings as fit
from hw1lib.chapters.gradient_norm import findings as norm
from hw1lib.chapters.image_task import findings as images
from hw1lib.chapters.interpolation import ALIGNED, OTHER, B
from hw1lib.chapters.interpolation import findings as lines
from hw1lib.chapters.minimal_ratio import findings as ratio
from hw1lib.chapters.random_labels import findings as labels
from hw1lib.chapters.sensitivity import correlations
from hw1lib.chapters.sensitivity import findings as sensitivity
from hw1lib.chapters.summary import CHAPTERS, SENTENCES, Result, literature
from hw1lib.chapters.summary.views import WORDS, halved
from hw1lib.chapters.weight_paths import findings as paths
from hw1lib.judging import audit, verdicts
from hw1lib.showing import figures

TOLD = {  # by section: the sentences that tell its finding, each from the chapter's result
    "function-fit": [lambda result: fit.reading(result)[1]],
    "image-task": [images.control_sentence],
    "weight-paths": [paths.star_sentence],
    "gradient-norm": [lambda result: norm.swing_reading(result)[0], norm.edge_sentence],
    "minimal-ratio": [ratio.search_sentence, ratio.share_sentence],
    "error-surface": [surface.line_sentence, surface.flatter_sentence],
    "random-labels": [labels.slower_sentence, labels.test_sentence],
    "capacity": [capacity.knee_sentence, capacity.gap_sentence],
    "interpolation": [
        lambda result: lines.barrier_sentence(result, (OTHER, ALIGNED, B)),
        lines.retrained_sentence,
    ],
    "sensitivity": [sensitivity.sweep_sentence, sensitivity.rescaled_sentence],
}


ANSWERING = {  # by section: the sentences whose verdicts answer its question
    "function-fit": ("A-C7a",),
    "image-task": ("A-C10b", "A-C11"),
    "weight-paths": ("A-C12",),
    "gradient-norm": ("A-C16a",),
    "minimal-ratio": ("A-C18", "B-C12c"),
    "error-surface": ("E-24c",),
    "random-labels": ("A-C22", "B-C14"),
    "capacity": ("A-C23b", "A-C26c"),
    "interpolation": ("E-33a", "E-33b"),
    "sensitivity": ("E-34e", "E-34f"),
}
CLAIMING = (verdicts.SUPPORTED, verdicts.DIRECTION_ONLY, verdicts.CONTRADICTED)


def findings(result: Result) -> str:
    """List what each chapter found, as Markdown: its answers, then its numbers."""
    found = result.chapters
    lines = []
    for section in CHAPTERS:
        answers = [answer(result, which) for which in ANSWERING[section]]
        numbers = [told(found[section]) for told in TOLD[section]]
        lines.append(f"- @sec-{section}: {' '.join(answers + numbers)}")
    return "\n".join(lines)


def answer(result: Result, which: str) -> str:
    """Say a sentence that was tested, and its verdict.

    Args:
        result: The verdicts.
        which: Id of the claim.
    """
    (judged,) = (judged for judged in result.judged if judged.claim.id == which)
    return f"*{judged.claim.sentence}* **{judged.verdict.word.capitalize()}.**"


def abstract(result: Result) -> str:
    """Sum up the report in one paragraph."""
    words = Counter(verdicts.together([j.verdict for j in of]) for of in result.of_reports.values())
    said = ", ".join(f"{word} for {count}" for word, count in words.most_common())
    chapters = result.chapters.values()
    trainings = sum(row["trainings"] for chapter in chapters for row in chapter.provenance)
    return (
        "Two student reports answered a classic homework on deep learning with one training each: "
        "does depth help, what does optimization do, why do networks generalize. "
        f"We put {len(SENTENCES)} of their sentences to the test on replicated trainings, with "
        "intervals, controls and every rival definition. "
        f"The verdicts: {said}. "
        f"{counted(result)} "
        f"The numbers rest on {trainings:,} stored computations, most of them stacks of several "
        f"trainings, of the {result.spec.profile} profile."
    )


def counted(result: Result) -> str:
    """Say how the deep network fares against the shallow one, and what rescaling does."""
    first = fit.reading(result.chapters["function-fit"])[1]
    last = sensitivity.rescaled_sentence(result.chapters["sensitivity"])
    return f"{first.replace(' (@tbl-fit-ratio)', '')} {last}"


def depth_caption(result: Result) -> str:
    """Say what the picture of part 1-1 shows."""
    n = result.chapters["function-fit"].spec.replicas
    return (
        "Left: final loss of the deep network over that of the shallow one, geometric mean over "
        f"{n} pairs of trainings with its 95 % t interval. Right: test accuracy of every training "
        f"of A's networks with the median. {images.main_sentence(result.chapters['image-task'])}"
    )


def optimization_caption(result: Result) -> str:
    """Say what the picture of part 1-2 shows."""
    return (
        "Left: distance between the first and the last weights over the length of the path, every "
        "training and a random walk with its steps. Middle: loss on the straight line between "
        f"them, digits, {figures.BAND}. Right: different points whose gradient vanishes. "
        f"{ratio.share_sentence(result.chapters['minimal-ratio'])}"
    )


def generalization_caption(result: Result) -> str:
    """Say what the picture of part 1-3 shows."""
    return (
        "Above: accuracy after learning labels of which a share is random, and the gap between "
        "training and test accuracy against size. Below: barrier between two ways of training, and "
        "rank correlation of measures with the accuracy gap over the networks of part 1-3. Means "
        "with 95 % t intervals over trainings, correlations with Fisher's. "
        f"{correlations.correlation_sentence(result.described)}"
    )


def count_sentence(result: Result) -> str:
    """Count the sentences by what became of them, and the tests."""
    tests = [one.verdict for of in result.of_reports.values() for one in of]
    alone = [one for of in result.of_reports.values() for one in of]
    words = Counter(verdict.word for verdict in tests)
    listed = ", ".join(f"{words[word]} {word}" for word in WORDS if words[word])
    changed = [one.claim.id for one in alone if one.verdict.word != one.alone.word]
    judged = sum(one.verdict.word != verdicts.NOT_TESTED for one in result.judged)
    by = f" ({', '.join(changed)})" if changed else ""
    return (
        f"{len(SENTENCES)} sentences in {len(tests)} tests: {listed}. The report judges {judged} "
        "effects in all, its own expectations among them; adjusting p for that number changes "
        f"{len(changed)} of these words{by}."
    )


def audit_sentence(result: Result) -> str:
    """Say how many verdicts are false, and how large an effect is usually found."""
    spec, parts = result.spec, []
    effects = np.array([0.0, *spec.effects])
    allowed = stats.binom.ppf(0.99, spec.draws, verdicts.CHANCE) / spec.draws
    for n, shares in zip(spec.audited, result.shares, strict=True):
        by_word = dict(zip(audit.WORDS, shares.T, strict=True))
        false = sum(by_word[word][0] for word in CLAIMING)
        found = by_word[verdicts.SUPPORTED] >= 0.8
        power = f"from {effects[found.argmax()]:g} margins on" if found.any() else "never here"
        text = f"{n} pairs: {100 * false:.2g} % claim an effect"
        if (effects == 1).any():
            alike = by_word[verdicts.EQUIVALENT][effects == 1][0]
            text += f", {100 * alike:.2g} % call an effect of one margin equivalent to none"
        parts.append(f"{text}, and an effect is supported four times in five {power}")
    return (
        f"Of {spec.draws:,} verdicts on permuted labels, of which at most {100 * allowed:.2g} % "
        f"may be false by chance: {'; '.join(parts)}."
    )


def half_sentence(result: Result) -> str:
    """Say which sentences half the trainings would answer otherwise."""
    tests = [one for of in result.of_reports.values() for one in of]
    changed = {
        one.claim.id: halved(one.verdict).word
        for one in tests
        if halved(one.verdict).word != one.verdict.word
    }
    lost = sum(word == verdicts.NOT_TESTED for word in changed.values())
    others = [f"{name} ({word})" for name, word in changed.items() if word != verdicts.NOT_TESTED]
    listed = f": {', '.join(others)}" if others else ""
    return (
        f"With half the trainings {lost} tests would have fewer than "
        f"{verdicts.LEAST_TRAININGS} of them and no verdict, and of the other words "
        f"{len(others)} would change{listed}."
    )


def literature_sentence(result: Result) -> str:
    """Count the agreements."""
    agrees = Counter(one.agrees for one in literature.comparisons(result))
    return (
        f"Of {agrees.total()} numbers, {agrees[literature.YES]} agree, {agrees[literature.NO]} "
        f"do not, and {agrees[literature.OPEN]} are open."
    )
