"""Levels that are silent for long are found, once each."""

from cwvae.cli.silence import Silence


def found(nats, every: int = 100, silence: Silence | None = None, first: int = 100):
    """Return the steps at which a level is found, given its nats per tick at every line."""
    silence = silence or Silence()
    steps = range(first, first + every * len(nats), every)
    return [s for s, n in zip(steps, nats, strict=True) if silence.read(s, {0: n})]


def test_a_level_is_found_after_1000_silent_steps_and_once():
    assert found([0.05] * 40) == [1100]


def test_lines_may_be_further_apart_than_1000_steps():
    assert found([0.05] * 3, every=2000) == [2100]


def test_a_level_that_is_not_silent_is_never_found():
    assert found([0.1, 5.0] * 20) == []


def test_one_line_above_ends_a_silence_and_another_begins():
    assert found([0.05] * 10 + [0.2] + [0.05] * 15) == [2200]


def test_a_level_without_ticks_in_a_batch_stays_what_it_was():
    silence = Silence()
    assert silence.read(1, {0: 0.0}) == []
    assert silence.read(900, {}) == []
    assert len(silence.read(1001, {0: 0.0})) == 1


def test_every_level_has_its_own_warning_with_what_to_try():
    silence = Silence()
    silence.read(0, {0: 0.0, 1: 3.0, 2: 0.0})
    warnings = silence.read(1000, {0: 0.0, 1: 3.0, 2: 0.0})
    for warning, level in zip(warnings, (0, 2), strict=True):
        assert warning.startswith(f"level {level} has been silent for 1000 steps")
        assert "--decoder-stddev" in warning
        assert "--tick-free-nats" in warning
        assert "\n" not in warning
