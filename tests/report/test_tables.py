"""Tables: aligned for a terminal, and every row of one length."""

import pytest

from cwvae.report.tables import Table


def test_columns_are_as_wide_as_their_widest_cell():
    lines = str(Table(["name", "a long head"], [["x", "1"], ["a longer name", "22"]])).splitlines()
    assert {len(line) for line in lines} == {len("a longer name  a long head")}
    assert lines[1].endswith(" 1")


def test_a_row_that_does_not_fit_is_an_error():
    with pytest.raises(ValueError, match=r"expected 2 cells in every row.*got .1, 2.; fill empty"):
        Table(["a", "b"], [["1", "2"], ["1"]])
