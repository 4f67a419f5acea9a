"""The page of the fault campaign is drawn from its results."""

import json

import pytest
import trust_page

KNOWN = json.loads(trust_page.RESULTS.read_text())


def test_the_page_is_that_of_the_results():
    page = trust_page.PAGE.read_text()
    assert trust_page.with_results(page, KNOWN) == page, "run `python scripts/trust_page.py`"


def test_every_part_has_its_section_and_where_it_was_run():
    shown = trust_page.drawn(KNOWN)
    assert shown.count("\n## ") + 1 == len(KNOWN) + 1
    for name, part in KNOWN.items():
        assert f"| {name} | {part['date']} | `nox -s faults -- {name}` |" in shown


def test_faults_are_counted():
    training = {**KNOWN["training"], "faults": ["exit 1", "lost"]}
    assert "Faults found: 2." in trust_page.drawn({"training": training})


def test_a_page_without_the_marks_is_an_error():
    with pytest.raises(ValueError, match=r"expected the marks .*; restore them"):
        trust_page.with_results("# A page\n", KNOWN)
