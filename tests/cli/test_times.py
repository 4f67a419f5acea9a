import pytest

from cwvae.cli.times import Times


def test_the_share_of_every_part_is_shown_the_largest_first(clock_by_hand):
    counted = Times()
    for part, seconds in (("data", 1.0), ("steps", 6.0), ("data", 1.0), ("logs", 0.01)):
        with counted.of(part):
            clock_by_hand[0] += seconds
    clock_by_hand[0] += 1.99
    assert str(counted) == "steps 60%, data 20%"


def test_it_begins_anew(clock_by_hand):
    counted = Times()
    with counted.of("steps"):
        clock_by_hand[0] += 60
    counted.begin()
    with counted.of("data"):
        clock_by_hand[0] += 1
    assert str(counted) == "data 100%"


def test_a_part_that_fails_counts(clock_by_hand):
    counted = Times()

    def fails() -> None:
        with counted.of("checkpoints"):
            clock_by_hand[0] += 1
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fails()
    assert str(counted) == "checkpoints 100%"


def test_before_any_time_has_passed_there_is_nothing_to_show(clock_by_hand):
    assert str(Times()) == ""
