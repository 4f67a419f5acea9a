"""The lines, and the warnings, that a run logs."""

import json
import re
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from cwvae.cli.logs import Logs, kept_lines
from cwvae.cli.times import Times
from cwvae.clockwork import Past
from cwvae.objective import Loss
from cwvae.training.step import StepRecord

NAN = float("nan")


def record(*per_tick: float) -> StepRecord:
    """Make the record of a step whose levels have so many nats per tick."""
    kl = jnp.asarray(per_tick)
    units = jnp.full(len(per_tick), 3)
    one = jnp.ones(())
    return StepRecord(Loss(one, one, jnp.nan_to_num(kl), kl, units, Past(())), one)


def log(folder: Path, steps: range, *per_tick: float, last: int = 2000) -> None:
    """Log steps, counted from 0, of which every 100th has a line."""
    settings = {"steps": last, "every": 100, "frames_per_step": 1, "times": Times()}
    with Logs(folder, start=steps.start, **settings) as logs:
        for step in steps:
            logs.step(step, record(*per_tick))


def lines(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_a_line_has_the_kl_per_tick_and_the_active_units_of_every_level(tmp_path):
    log(tmp_path, range(100), 2.0, 0.5)
    (line,) = lines(tmp_path)
    assert [line[f"kl_per_tick/level_{level}"] for level in range(2)] == [2.0, 0.5]
    assert [line[f"active_units/level_{level}"] for level in range(2)] == [3, 3]


def test_a_level_without_ticks_has_no_number_and_json_stays_json(tmp_path):
    log(tmp_path, range(100), 2.0, NAN)
    (line,) = lines(tmp_path)
    assert "kl_per_tick/level_1" not in line
    assert all(np.isfinite(list(line.values())))


def test_a_silent_level_is_named_in_one_line_once_however_often_a_run_goes_on(tmp_path, capsys):
    shown = []
    for steps in (range(500), range(500, 1200), range(1200, 2000)):
        log(tmp_path, steps, 2.0, 0.01)
        shown.append([*capsys.readouterr()])
    counts = [sum(text.count("level 1 has been silent") for text in both) for both in shown]
    assert counts == [0, 1, 0]
    assert "level 0" not in str(shown)


def test_a_run_that_goes_back_behind_its_warning_has_it_again(tmp_path, capsys):
    log(tmp_path, range(1200), 0.01)
    assert "level 0 has been silent" in str(capsys.readouterr())
    log(tmp_path, range(900, 1200), 0.01)
    assert "level 0 has been silent" in str(capsys.readouterr())


@pytest.mark.parametrize("value", ['"much"', "[1]", "null"])
def test_lines_whose_numbers_are_none_are_an_error_that_names_the_file(tmp_path, value):
    (tmp_path / "metrics.jsonl").write_text(f'{{"step": 1, "kl_per_tick/level_0": {value}}}\n')
    with pytest.raises(ValueError, match=r"metrics.jsonl: expected lines of metrics"):
        kept_lines(tmp_path, 5)


@pytest.mark.parametrize("half", ["{", '{"step": 300, "lo', '{"step": 300}', "\0\0\0", '"'])
def test_a_line_that_a_crash_cut_off_is_dropped_and_written_again(half, tmp_path):
    log(tmp_path, range(200), 2.0)
    path = tmp_path / "metrics.jsonl"
    whole = path.read_text()
    path.write_text(whole + half)
    assert "".join(kept_lines(tmp_path, 500)) == whole
    log(tmp_path, range(200, 400), 2.0)
    assert [line["step"] for line in lines(tmp_path)] == [100, 200, 300, 400]


def test_of_a_first_line_that_was_cut_off_nothing_is_kept(tmp_path):
    (tmp_path / "metrics.jsonl").write_text('{"st')
    assert kept_lines(tmp_path, 500) == []
    log(tmp_path, range(100), 2.0)
    assert [line["step"] for line in lines(tmp_path)] == [100]


def test_a_line_that_is_broken_before_the_last_is_damage_and_not_a_crash(tmp_path):
    (tmp_path / "metrics.jsonl").write_text('{"step": 1}\n{"st\n{"step": 3}\n')
    with pytest.raises(ValueError, match=r"metrics.jsonl: expected lines .*; delete it"):
        kept_lines(tmp_path, 5)


def test_the_bar_shows_how_long_is_left_and_where_the_time_goes(tmp_path, capsys):
    log(tmp_path, range(100), 2.0, last=200)
    shown = capsys.readouterr().err
    assert re.search(r"100/200 \[[\d:]+<[\d:]+", shown)
    assert "frames/s; " in shown
