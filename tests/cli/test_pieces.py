"""`cwvae train --pieces`: from the command line to a run, and on in the middle of a video."""

import shutil

import equinox as eqx
import numpy as np
import pytest
from films import moving_square

from cwvae.cli import main
from cwvae.training.run import load_run

TRAIN = ("train", "--preset", "debug", "--pieces", "3", "--log-every", "1")
TRAIN += ("--checkpoint-every", "1", "--keep", "9", "--forecast-every", "99")
SIZE = 32


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "whole"
    assert main([*TRAIN, "--out", str(folder), "--steps", "5"]) == 0
    return folder


@pytest.mark.parametrize("step", [2, 3])
def test_a_run_that_goes_on_from_the_middle_of_a_video_is_the_one_that_was_not_interrupted(
    whole, step, metrics, tmp_path
):
    folder = shutil.copytree(whole, tmp_path / "run")
    arguments = ["train", "--out", str(folder), "--resume", "--from-step", str(step)]
    assert main([*arguments, "--log-every", "1", "--forecast-every", "99"]) == 0
    assert metrics(folder) == metrics(whole)
    assert eqx.tree_equal(load_run(folder).state, load_run(whole).state)


def test_a_run_keeps_what_its_videos_go_on_from(whole):
    carried = [load_run(whole, step=step).state.past is not None for step in range(1, 6)]
    assert carried == [True, True, False, True, True]


def test_files_are_cut_into_pieces_too(tmp_path):
    for number in range(3):
        video = moving_square(25, SIZE, SIZE)
        np.savez(tmp_path / f"{number}.npz", video=np.roll(video, number, axis=1))
    arguments = [*TRAIN, "--data", f"video_folder:{tmp_path}", "--steps", "4", "--channels", "1"]
    assert main([*arguments, "--out", str(tmp_path / "run"), "--horizon", "4"]) == 0
    assert load_run(tmp_path / "run").step == 4


def test_videos_shorter_than_their_pieces_are_an_error(tmp_path, capsys):
    for number in range(2):
        np.savez(tmp_path / f"{number}.npz", video=moving_square(20, SIZE, SIZE))
    arguments = [*TRAIN, "--data", f"video_folder:{tmp_path}", "--channels", "1"]
    assert main([*arguments, "--out", str(tmp_path / "run")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "expected at least 24 frames, one clip, got 20; ask for fewer (--pieces)" in line


def test_pieces_that_do_not_end_on_a_tick_of_every_level_are_an_error(tmp_path, capsys):
    assert main([*TRAIN, "--frames", "6", "--out", str(tmp_path / "run")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "frames must be a multiple of the slowest period, 4, for videos in 3 pieces" in line
    assert "got 6; use 4 or 8" in line
    assert not (tmp_path / "run").exists()


SLOW = """import dataclasses
from cwvae import build as made
def build(config, *, key):
    return made(dataclasses.replace(config, factors=3), key=key)
"""


def test_the_clock_of_a_custom_model_counts(tmp_path, capsys):
    model = tmp_path / "model.py"
    model.write_text(SLOW)
    arguments = [*TRAIN, "--model", f"{model}:build", "--out", str(tmp_path / "run")]
    assert main(arguments) == 2
    assert "the slowest period, 9, for videos in 3 pieces, got 8; use 9" in capsys.readouterr().err
