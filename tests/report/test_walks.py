"""Walks: the numbers of made-up ones in a table, in sentences, on a page."""

import made_reports
import pytest

from cwvae.report.analysis_page import analysis_page
from cwvae.report.analysis_tables import analysis_tables
from cwvae.report.findings import findings
from cwvae.report.walks import walks_found, walks_section, walks_table


def scores(accuracy: float, balanced: float) -> dict:
    return {"accuracy": accuracy, "balanced": balanced, "shares": [0.5, 0.3, 0.2]}


@pytest.fixture
def report():
    contexts = [
        {"context": 36, "rows": {"model": scores(0.4, 0.35), "copy": scores(0.34, 1 / 3)}},
        {"context": 108, "rows": {"model": scores(0.7, 0.66), "copy": scores(0.6, 0.62)}},
    ]
    walks = {
        "sequences": ["stays", "goes out", "comes back"],
        "videos": 100,
        "frames": 216,
        "shares": [0.34, 0.29, 0.37],
        "labels": scores(0.96, 0.95),
        "contexts": contexts,
    }
    return made_reports.analysis(rooms=walks)


def test_a_row_for_the_true_frames_and_for_each_forecast(report):
    (table,) = walks_table(report)
    assert table.heads[-3:] == ["stays", "goes out", "comes back"]
    assert table.rows[0] == ["true frames", "all", "0.96", "0.95", "0.34", "0.29", "0.37"]
    assert table.rows[3][:4] == ["model", "108", "0.70", "0.66"]
    assert len(table.rows) == 5
    assert str(table) in map(str, analysis_tables(report))


def test_sentences_begin_with_their_number(report):
    early, half, rule = walks_found(report)
    assert early.startswith("0.35 of the walks, balanced by class, are of the true kind")
    assert "when 108 of 216 frames are seen (copy: 0.62; chance: 0.33)" in half
    assert rule.startswith("0.96 of the true walks are classed")
    assert {early, half, rule} <= set(findings(report))


def test_without_labels_the_rule_has_no_score(report):
    del report["rooms"]["labels"]
    assert walks_table(report)[0].rows[0][:4] == ["true frames", "all", "", ""]
    assert len(walks_found(report)) == 2


def test_a_page_has_the_walks_where_there_are_some(report):
    assert "Walks" in [section.title for section in analysis_page(report, {}).sections]
    assert walks_section(made_reports.analysis(), {}) is None
    assert walks_found(made_reports.analysis()) == walks_table(made_reports.analysis()) == []
