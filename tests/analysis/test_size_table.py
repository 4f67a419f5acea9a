"""A summary as text."""

from models import plain

from cwvae import Clock, summary


def test_the_table_has_a_row_a_level_in_columns():
    made = summary(plain(Clock(2, 3), kind="conditioned"))
    head, fast, slow, gap, counts, window = str(made).splitlines()
    assert head.split()[:5] == ["level", "cell", "belief", "stoch", "deter"]
    assert gap == ""
    assert len({len(line) for line in (head, fast, slow)}) == 1
    cells = ["0", "Conditioned(RSSMCell(GRU))", "Gaussian", "4", "5", "1", "100", "2", "9", "3"]
    assert fast.split() == [*cells, str(made.levels[0].parameters)]
    assert slow.split()[8] == "-"  # nothing is above it
    assert counts.endswith(f"likelihood 0; all {made.parameters:,}")
    assert window.startswith("inference looks ahead")
    causal = summary(plain(Clock(2, 3, lookahead=False)))
    assert str(causal).splitlines()[-1].startswith("inference is causal")
