"""What sharing a batch costs: the table, each number of devices beside one."""

import devices as script


def test_the_table_shows_steps_beside_those_of_one_device():
    lines = script.table({"seconds": {"1": 0.5, "2": 0.6, "4": 0.75}}).splitlines()
    assert lines[2:] == ["| 1 | 0.5000 | 1.00 |", "| 2 | 0.6000 | 1.20 |", "| 4 | 0.7500 | 1.50 |"]
