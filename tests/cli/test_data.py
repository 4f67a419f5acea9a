"""Data sets on the command line: list, show, train on one, evaluate on its test split."""

import dataclasses
import json
import shutil

import layouts
import numpy as np
import pytest
from fake_simulator import ABSENT, FAKE
from PIL import Image

from cwvae.cli import data as data_commands
from cwvae.cli import data_list, main
from cwvae.cli.options import Train
from cwvae.cli.parsing import parse
from cwvae.data import sources
from cwvae.data.datasets import DATASETS
from cwvae.data.simulators import SIMULATORS
from cwvae.training.settings import read_settings, write_settings

TRAIN = ("train", "--preset", "debug", "--steps", "2", "--forecast-every", "2")


@pytest.fixture(scope="module")
def mazes(tmp_path_factory):
    """A small data set in the layout of GQN Mazes."""
    root = tmp_path_factory.mktemp("mazes")
    names = [*(f"train/{n}.mp4" for n in range(3)), "test/0.mp4", "test/1.mp4"]
    layouts.write_all(root, names, frames=21, size=32)
    return root


@pytest.fixture(scope="module")
def run(mazes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    assert main([*TRAIN, "--data", f"gqn_mazes:{mazes}", "--out", str(folder)]) == 0
    return folder


def test_a_run_on_files_is_trained_evaluated_and_resumed(run, mazes, capsys):
    out = run / "evaluation"
    arguments = ["evaluate", str(run), "--num-examples", "9", "--horizon", "9", "--out", str(out)]
    assert main(arguments) == 0
    report = json.loads((out / "metrics.json").read_text())
    assert report["num_examples"] == 2  # all there are: 21 frames give one clip of 4 + 9
    capsys.readouterr()
    longer = ["--steps", "3", "--cache-memory", "0", "--cache-folder", str(run / "cache")]
    assert (
        main([*TRAIN, *longer, "--data", f"gqn_mazes:{mazes}", "--out", str(run), "--resume"]) == 0
    )
    assert len(list((run / "cache").iterdir())) == 5  # all videos, on disk


def test_the_videos_of_a_run_are_those_of_its_splits(run, mazes):
    settings = read_settings(run)
    assert settings.data.data == f"gqn_mazes:{mazes.resolve()}"
    train = sources.train_source(settings)
    assert len(train) == 3 * (21 // 8)
    expected = layouts.video(0, frames=21, size=32)[:8] @ np.array([0.299, 0.587, 0.114])
    assert np.abs(train[0]["video"][..., 0] - expected).max() <= 0.51
    test = sources.test_source(settings, frames=12, length=100, seed=0)
    assert len(test) == 2
    assert {int(test[n]["video"].mean() > 0) for n in range(2)} == {1}


def test_the_data_of_a_run_do_not_change_when_it_is_resumed(run, capsys):
    before = (run / "config.json").read_text()
    arguments = [*TRAIN, "--out", str(run), "--resume", "--data", "moving_mnist"]
    assert main(arguments) == 2
    assert "are not those that the run was trained on" in capsys.readouterr().err
    assert (run / "config.json").read_text() == before


def test_data_that_moved_go_on_and_data_that_changed_do_not(run, mazes, tmp_path, capsys):
    moved = tmp_path / "moved"
    shutil.copytree(mazes, moved)
    resume = [*TRAIN, "--steps", "3", "--out", str(run), "--resume"]
    assert main([*resume, "--data", f"gqn_mazes:{moved}"]) == 0
    evaluate = ["evaluate", str(run), "--num-examples", "1", "--horizon", "4"]
    evaluate += ["--out", str(tmp_path / "evaluation")]
    assert main(evaluate) == 0
    (moved / "train" / "2.mp4").unlink()
    capsys.readouterr()
    assert main(resume) == 2
    assert "are not those that the run was trained on" in capsys.readouterr().err
    assert main(evaluate) == 2
    assert "it may have seen its test videos" in capsys.readouterr().err
    assert main([*evaluate, "--data", f"gqn_mazes:{mazes}"]) == 0
    report = json.loads((tmp_path / "evaluation" / "metrics.json").read_text())
    assert report["data"] == f"gqn_mazes:{mazes}"
    assert main([*resume, "--data", f"gqn_mazes:{mazes}"]) == 0


def test_a_run_that_is_resumed_keeps_its_horizon(run):
    settings = read_settings(run)
    write_settings(run, dataclasses.replace(settings, horizon=3))
    command = parse(["train", "--out", str(run), "--resume"])
    assert isinstance(command, Train)
    assert command.horizon == 3
    write_settings(run, settings)


def test_a_start_that_is_refused_leaves_nothing_behind(mazes, tmp_path, capsys):
    arguments = [*TRAIN, "--data", f"gqn_mazes:{mazes}", "--out", str(tmp_path / "run")]
    assert main([*arguments, "--batch-size", "400"]) == 2
    assert "a batch of 400 needs as many sequences, got 6" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("name", "preset"), [(name, dataset.preset) for name, dataset in DATASETS.items()]
)
def test_without_a_preset_it_is_the_one_that_fits(name, preset):
    command = parse(["train", "--data", f"{name}:there", "--out", "run"])
    assert isinstance(command, Train)
    assert command.preset == preset


def test_digits_on_the_fly_move_faster_or_slower(run):
    settings = read_settings(run)

    def positions(speed):
        data = dataclasses.replace(settings.data, data="moving_mnist", speed=speed)
        source = sources.train_source(dataclasses.replace(settings, data=data))
        return source[0]["positions"][:2]  # few frames, before a wall

    start, step = positions(1.0)[0], np.diff(positions(1.0), axis=0)
    np.testing.assert_allclose(positions(0.5)[0], start)
    np.testing.assert_allclose(np.diff(positions(0.5), axis=0), step / 2, atol=1e-4)


BAD = [
    (["--data", "films:x"], "--data must be NAME:PATH with one of the names moving_mnist, "),
    (["--data", "gqn_mazes"], "--data must be NAME:PATH, got 'gqn_mazes' without the folder"),
    (["--data", "gqn_mazes:/absent"], "/absent: no such folder; check the path"),
    (["--data", "moving_mnist", "--channels", "3"], "Moving MNIST has 1 channel"),
    (["--speed", "99"], "--speed must be"),
    (["--test-fraction", "1"], "--test-fraction must be"),
    (["--cache-memory", "inf"], "--cache-memory must be"),
    (["--cache-memory", "-1"], "--cache-memory must be"),
]


@pytest.mark.parametrize(("arguments", "said"), BAD)
def test_data_that_cannot_be_are_refused_in_one_line(arguments, said, tmp_path, capsys):
    assert main([*TRAIN, *arguments, "--out", str(tmp_path / "run")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("cwvae: error: ")
    assert said in line
    assert not (tmp_path / "run").exists()


def test_videos_that_are_too_short_are_refused_with_the_remedy(mazes, tmp_path, capsys):
    data = ["--data", f"gqn_mazes:{mazes}"]
    assert main([*TRAIN, *data, "--frames", "22", "--out", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert "0.mp4: expected at least 22 frames" in said
    assert "ask for fewer (--frames)" in said
    assert main([*TRAIN, *data, "--horizon", "18", "--out", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert "0.mp4: expected at least 22 frames" in said
    assert "ask for fewer (--horizon)" in said
    assert not (tmp_path / "run").exists()


def test_bad_files_are_left_out_with_warnings_when_told_so(tmp_path, capsys):
    layouts.write_all(tmp_path, [f"{n}.mp4" for n in range(4)], frames=16, size=32)
    (tmp_path / "1.mp4").write_text("not found")
    arguments = [*TRAIN, "--data", f"video_folder:{tmp_path}", "--out", str(tmp_path / "run")]
    assert main(arguments) == 2
    assert f"{tmp_path / '1.mp4'}: expected a complete .mp4 video" in capsys.readouterr().err
    assert main([*arguments, "--skip-bad-files"]) == 0
    warned = [line for line in capsys.readouterr().err.splitlines() if "warning" in line]
    assert len(warned) == 2
    assert f"cwvae: warning: left out {tmp_path / '1.mp4'}: expected" in warned[0]
    assert "cwvae: warning: left out 1 of 3 files" in warned[1]


# Looking and making.


def test_the_list_says_what_each_data_set_is_and_needs(capsys, monkeypatch):
    monkeypatch.setattr(data_list, "SIMULATORS", dict(SIMULATORS) | {"rooms": ABSENT})
    assert main(["data", "list"]) == 0
    said = capsys.readouterr().out
    for name, dataset in DATASETS.items():
        assert name in said
        assert dataset.what in said
    assert "needs: apt install fake" in said
    assert "all it needs is installed" in said  # crafter


@pytest.mark.parametrize("suffix", ["png", "gif", "mp4"])
@pytest.mark.parametrize("dataset", ["moving_mnist", "gqn_mazes"])
def test_data_sets_can_be_looked_at(dataset, suffix, mazes, tmp_path):
    place = dataset if dataset == "moving_mnist" else f"{dataset}:{mazes}"
    out = tmp_path / f"sheet.{suffix}"
    assert main(["data", "show", place, "--out", str(out), "--videos", "2"]) == 0
    assert out.stat().st_size > 1000
    if suffix == "png":
        assert np.asarray(Image.open(out)).std() > 10


def test_videos_that_differ_in_size_and_length_can_be_looked_at(tmp_path):
    layouts.write_all(tmp_path / "train", ["0.mp4"], frames=4, size=16)
    layouts.write_all(tmp_path / "train", ["1.mp4"], frames=9, size=8)
    out = tmp_path / "sheet.png"
    assert main(["data", "show", f"video_folder:{tmp_path}", "--out", str(out)]) == 0
    assert out.is_file()


def test_a_file_of_several_videos_is_looked_at_as_it_is_trained_on(tmp_path, capsys):
    videos = np.random.default_rng(0).integers(0, 256, (5, 4, 8, 8), np.uint8)
    np.savez(tmp_path / "digits.npz", other=np.zeros(3), films=videos)
    place, out = f"video_folder:{tmp_path / 'digits.npz'}", tmp_path / "sheet.png"
    words = ["data", "show", place, "--out", str(out), "--size", "8"]
    assert main([*words, "--axes", "tnhw", "--array", "films", "--videos", "2"]) == 0
    assert main(words) == 2
    assert "name them with --axes" in capsys.readouterr().err
    rows = data_commands._some_videos(parse([*words, "--axes", "tnhw"]).action)
    assert [name.split()[0] for name in rows] == ["digits.npz"] * 3  # the fourth is a test video
    for video in rows.values():
        assert any((video[..., 0] == videos[:, number]).all() for number in range(4))


def test_files_of_one_name_in_two_folders_are_two_rows(tmp_path):
    layouts.write_all(tmp_path / "train", ["run/0.mp4", "walk/0.mp4"], frames=4, size=16)
    options = parse(["data", "show", f"video_folder:{tmp_path}", "--out", "a.png"]).action
    assert list(data_commands._some_videos(options)) == ["run/0.mp4", "walk/0.mp4"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "films:x", "--out", "a.png"], "DATASET must be NAME:PATH"),
        (["show", "kth", "--out", "a.png"], "DATASET must be NAME:PATH, got 'kth' without"),
        (["show", "moving_mnist", "--out", "a.txt"], "--out must end in .png, .gif or .mp4"),
        (["show", "moving_mnist", "--out", "a.png", "--videos", "0"], "--videos must be at least"),
        (["make", "films", "--out", "a"], "name must be one of rooms"),
        (["make", "rooms", "--out", "a", "--train", "0"], "--train must be at least 1"),
    ],
)
def test_bad_commands_are_refused_in_one_line(arguments, said, capsys):
    assert main(["data", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_a_data_set_is_made_with_its_card_and_sheet(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        data_commands, "SIMULATORS", {"rooms": dataclasses.replace(FAKE, name="rooms")}
    )
    arguments = ["data", "make", "rooms", "--out", str(tmp_path), "--train", "2", "--test", "1"]
    assert main([*arguments, "--workers", "1", "--frames", "12"]) == 0
    assert f"cwvae train --data rooms:{tmp_path}" in capsys.readouterr().out
    card = (tmp_path / "README.md").read_text()
    for words in ("Noise.", "2 training and 1 test videos of 12 frames", "| seed | 0 |"):
        assert words in card
    assert (tmp_path / "contact_sheet.png").stat().st_size > 1000
    assert sources.parse_data(f"rooms:{tmp_path}").path == tmp_path
    assert len(DATASETS["rooms"].files(tmp_path, "train")) == 2
