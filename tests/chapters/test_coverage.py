"""The table of what reports A and B say is complete, and leads where it says."""

from pathlib import Path

import pytest

from hw1lib.chapters.registry import discover
from hw1lib.chapters.summary import coverage
from hw1lib.chapters.summary.coverage import REPORTS
from hw1lib.chapters.summary.said import NO, PARTLY, YES, Said

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
ROWS = [(report, said) for report, rows in REPORTS.items() for said in rows]
CLAIMS = {claim.id for chapter in discover().values() for claim in chapter.claims}


def test_both_reports_are_there_to_their_last_row():
    assert {report: len(rows) for report, rows in REPORTS.items()} == {"A": 63, "B": 32}
    assert len({(report, said.part, said.what) for report, said in ROWS}) == 95


def test_every_sentence_that_a_chapter_judges_is_in_a_row():
    of_reports = {id_ for id_ in CLAIMS if id_[:2] in ("A-", "B-", "A,")}
    in_rows = {id_ for _, said in ROWS for id_ in said.claims}
    assert in_rows <= CLAIMS
    # a control of ours, which no report has
    assert of_reports - in_rows == {"A-C33, control"}


@pytest.mark.parametrize("id_", sorted({id_ for _, said in ROWS for id_ in said.shown}))
def test_every_figure_and_table_is_where_the_row_says(id_):
    text = (NOTEBOOKS / f"{coverage.notebook_of(id_)}.ipynb").read_text(encoding="utf-8")
    assert f'\\"{id_}\\"' in text


def test_a_row_that_is_not_measured_or_only_in_part_says_why():
    for _, said in ROWS:
        assert said.measured == YES or said.lacking
    assert Said("1-1", "x", lacking="why").measured == NO
    assert Said("1-1", "x", ("A-C1a",), lacking="why").measured == PARTLY
    assert Said("1-1", "x", shown=("fig-fit-loss",), taken="300").measured == YES


def test_the_table_has_all_rows_and_the_sentence_counts_them():
    shown = coverage.table()
    assert len(shown) == 95
    first = shown.iloc[0].to_dict()
    assert first["judged or shown in"] == "[Figure fit-loss](11_function_fit.ipynb#fig-fit-loss)"
    assert first["at its settings"] == "yes: number of points not given: 300"
    words = [cell.split(":")[0] for cell in shown["at its settings"]]
    counts = [words.count(word) for word in (YES, PARTLY, NO)]
    assert sum(counts) == 95
    assert coverage.sentence() == (
        f"Of the 95 things that the two reports say or show, {counts[0]} are measured at the "
        f"report's own settings, {counts[1]} in part, and {counts[2]} not."
    )
