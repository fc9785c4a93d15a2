"""Tables of chapter 00, and the pictures of its verdicts, each a function of its result."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hw1lib.chapters.minimal_ratio.result import RIVALS as RATIOS
from hw1lib.chapters.minimal_ratio.result import Result as MinimalRatio
from hw1lib.chapters.minimal_ratio.result import trained
from hw1lib.chapters.registry import PARTS, discover
from hw1lib.chapters.sensitivity.result import SHORT
from hw1lib.chapters.summary import literature
from hw1lib.chapters.summary.result import Judged, Result
from hw1lib.judging import audit, correlates, verdicts
from hw1lib.judging.ranks import rank_correlation
from hw1lib.judging.statistics import Interval
from hw1lib.showing import figures, palette

STYLES = {  # colour and mark of each word
    verdicts.SUPPORTED: (palette.GREEN, "o"),
    verdicts.SUPPORTED_SMALL: (palette.SKY, "^"),
    verdicts.TOO_SMALL: (palette.ORANGE, "s"),
    verdicts.UNDECIDED: (palette.GRAY, "D"),
    verdicts.CONTRADICTED_SMALL: (palette.PINK, "v"),
    verdicts.CONTRADICTED: (palette.RED, "X"),
}
EXAMPLES = {  # an interval for each word, in margins: its mean and half its width
    verdicts.SUPPORTED: (2.2, 0.7),
    verdicts.SUPPORTED_SMALL: (1.1, 0.8),
    verdicts.TOO_SMALL: (0.3, 0.5),
    verdicts.UNDECIDED: (0.4, 1.3),
    verdicts.CONTRADICTED_SMALL: (-1.1, 0.8),
    verdicts.CONTRADICTED: (-2.2, 0.7),
}
RIVALS = {  # idea: its first definition, and the others
    "sensitivity": (
        "input_gradient_test",
        ("probability_jacobian_test", "jacobian_test", "gradient_norm"),
    ),
    "sharpness": (
        "keskar_wide",
        (
            "keskar_narrow",
            "keskar_subspace",
            "perturbed_rise",
            "top_eigenvalue",
            "trace",
            "relative_sharpness",
        ),
    ),
}


def verdict_map(result: Result) -> Figure:
    """Draw every test of a sentence of A and B: its effect in margins, by part."""
    columns: dict[str, list[Judged]] = {part: [] for part in PARTS}
    for tests in result.of_reports.values():
        for one in tests:
            if one.verdict.word != verdicts.NOT_TESTED:
                columns[discover()[one.section].part].append(one)
    rows = max(1, *map(len, columns.values()))
    figure, axes = figures.panels(1, len(columns), max(2.0, 0.13 * rows + 0.6))
    for ax, (part, tests) in zip(axes[0], columns.items(), strict=True):
        _effects(ax, tests)
        ax.set_title(f"part 1-{part}")
        ax.set_ylim(rows - 0.5, -0.5)
    handles = [
        axes[0, 0].plot([], [], mark, color=color, label=word)[0]
        for word, (color, mark) in STYLES.items()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure


def words(result: Result) -> Figure:
    """Draw an interval for each word, against the margins."""
    figure, axes = figures.panels(1, 1, 2.0)
    ax = axes[0, 0]
    for place, (word, (mean, half)) in enumerate(EXAMPLES.items()):
        color, mark = STYLES[word]
        ax.errorbar(mean, place, xerr=half, fmt=mark, color=color, markersize=5)
    ax.set_yticks(range(len(EXAMPLES)), list(EXAMPLES))
    ax.set_ylim(len(EXAMPLES) - 0.5, -0.5)
    ax.set_xlabel("effect in margins, positive as the sentence says")
    _band(ax)
    return figure


def word_table(result: Result) -> pd.DataFrame:
    """List the words with what they mean, and how many tests of A's and B's sentences got each."""
    tests = Counter(one.verdict.word for of in result.of_reports.values() for one in of)
    return pd.DataFrame(
        {"word": word, "given if": meaning, "tests": tests[word]}
        for word, meaning in verdicts.MEANINGS.items()
    )


def _band(ax: Axes) -> None:
    """Shade where effects are too small to matter."""
    ax.axvspan(-1, 1, color="0.92", linewidth=0)
    ax.axvline(0, color="0.5", linewidth=0.8)


def _effects(ax: Axes, tests: Sequence[Judged]) -> None:
    for place, one in enumerate(tests):
        effect, margin, word = one.verdict.interval, one.verdict.size, one.verdict.word
        color, mark = STYLES[word]
        whiskers = [[effect.mean - effect.low], [effect.high - effect.mean]]
        ax.errorbar(
            effect.mean / margin,
            place,
            xerr=np.nan_to_num(whiskers) / margin,
            fmt=mark,
            color=color,
            markersize=3.5,
            linewidth=1,
        )
    ax.set_yticks(range(len(tests)), [one.claim.id for one in tests])
    ax.set_xscale("symlog", linthresh=1)
    ax.set_xlim(-1e3, 1e3)
    ax.set_xticks([-100, -1, 1, 100])
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set_xlabel("effect in margins")
    _band(ax)


def index_table(result: Result) -> pd.DataFrame:
    """Index the sentences: where each is judged, what is said, and what would flip it."""
    rows = []
    for sentence, tests in result.of_reports.items():
        places = dict.fromkeys(discover()[one.section].link for one in tests)
        flips = [f"{_suffix(one)}{one.verdict.flip}" for one in tests if one.verdict.flip]
        rows.append(
            {
                "claim": sentence,
                "chapter": ", ".join(places),
                "verdict": verdicts.together([one.verdict for one in tests]),
                "would flip": "; ".join(flips) or "–",
            }
        )
    return pd.DataFrame(rows)


def _suffix(one: Judged) -> str:
    part = one.claim.id.removeprefix(one.sentence)
    return f"{part}: " if part else ""


def audit_figure(result: Result) -> Figure:
    """Draw how often each word is given, against the true effect."""
    spec = result.spec
    effects = np.array([0.0, *spec.effects])
    figure, axes = figures.panels(1, len(spec.audited), 2.4, sharey=True)
    for ax, n, shares in zip(axes[0], spec.audited, result.shares, strict=True):
        for word, values in zip(audit.WORDS, shares.T, strict=True):
            color, mark = STYLES[word]
            ax.plot(effects, 100 * values, color=color, marker=mark, label=word)
        ax.axhline(100 * verdicts.CHANCE, color="0.5", linewidth=0.8, linestyle=":")
        ax.axvline(1, color="0.5", linewidth=0.8, linestyle=":")
        ax.set(title=f"{n} pairs of trainings", xlabel="true effect, in margins")
    axes[0, 0].set_ylabel("verdicts (%)")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def definition_table(result: Result) -> pd.DataFrame:
    """List how rival definitions of one idea go with each other, and with what they should tell."""
    ratio = result.chapters["minimal-ratio"]
    rows = [
        _definition("minimal ratio", "share of positive eigenvalues", None, _rho(ratio, "positive"))
    ]
    for name, title in RATIOS.items():
        rho = rank_correlation(trained(ratio, name), trained(ratio, "positive"))
        rows.append(_definition("", title.replace("\n", " "), rho, _rho(ratio, name)))
    networks = correlates.networks(result.described)
    for idea, (first, others) in RIVALS.items():
        for name in (first, *others):
            with_first = (
                correlates.between(networks, name, first, by_family=True) if name != first else None
            )
            gap, at_equal_loss = (
                correlates.between(networks, name, "accuracy_gap", given=given, by_family=True)
                for given in (None, "train_loss")
            )
            of = idea if name == first else ""
            rows.append(_definition(of, SHORT[name], with_first, gap, at_equal_loss))
    return pd.DataFrame(rows)


def _rho(ratio: MinimalRatio, name: str) -> Interval:
    return rank_correlation(trained(ratio, name), trained(ratio, "loss"))


def _definition(
    idea: str,
    name: str,
    first: Interval | None,
    told: Interval,
    at_equal_loss: Interval | None = None,
) -> dict[str, object]:
    return {
        "idea": idea,
        "definition": name,
        "with the first": "" if first is None else str(first),
        "with loss or gap": str(told),
        "with the gap at equal training loss": "" if at_equal_loss is None else str(at_equal_loss),
        "n": told.n,
    }


def literature_table(result: Result) -> pd.DataFrame:
    """List what others report beside what was found here."""
    return pd.DataFrame(
        {
            "what": one.what,
            "source": one.source,
            "theirs": one.theirs,
            "here": one.ours,
            "n": one.n,
            "at what scale": one.scale,
            "agreement if": one.rule,
            "agrees": one.agrees,
        }
        for one in literature.comparisons(result)
    )
