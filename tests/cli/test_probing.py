"""`cwvae analyse`: levels are read for what the data set knows, and for truths of a user's own."""

import json
import shutil

import layouts
import numpy as np
import pytest

from cwvae.cli import main
from cwvae.cli.probing import ProbeTimes, find_truths
from cwvae.data.clips import Clips, Recording
from cwvae.data.lossless import write_lossless

pytestmark = pytest.mark.slow

CONTEXT, CLIP, FILES, FRAMES = 4, 14, 12, 28
SMALL = ("--num-examples", "20", "--horizon", "10")


@pytest.fixture
def run_on_rooms(run, tmp_path):
    """A run whose videos lie in the layout of rooms, with their truth."""
    folder, random = tmp_path / "rooms", np.random.default_rng(0)
    for number in range(FILES):
        frames = layouts.video(number, FRAMES, size=32, channels=1)
        for split in ("train", "test"):
            write_lossless(folder / split / f"{number}.mp4", frames)
    truth = {
        "video": np.array([f"test/{n}.mp4" for n in range(FILES)]),
        "kind": np.arange(FILES) % 3,
        "position": random.normal(size=(FILES, FRAMES, 2)).astype("float32"),
        "same": np.zeros(FILES, int),
    }
    np.savez(folder / "test_truth.npz", **truth)  # type: ignore[arg-type]
    (folder / "made.json").write_text(json.dumps({"simulator": "rooms"}))
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    settings = json.loads((copy / "config.json").read_text())
    settings["data"]["data"] = f"rooms:{folder}"
    (copy / "config.json").write_text(json.dumps(settings))
    return copy


def own(folder, count: int = 20, /, **arrays):
    """Write a truth file with two classes, or other arrays."""
    np.savez(folder / "own.npz", **(arrays or {"side": np.arange(count) % 2}))
    return folder / "own.npz"


def test_files_are_read_for_the_truth_beside_them(run_on_rooms, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["--num-examples", "20", "--horizon", "11", "--truth", str(own(tmp_path, 24))]
    assert main(["analyse", str(run_on_rooms), "--out", str(out), *words]) == 0
    report = json.loads((out / "analysis.json").read_text())
    assert [*report["probes"][0]] == ["kind", "position", "side"]
    assert report["probes"][0]["position"]["unit"] == "m"
    assert report["probes_left_out"].keys() == {"same"}
    assert report["probes_over_time"]["frames"] == [0, 2, 3, 13, 14]
    found = report["probes_over_time"]["levels"][0]
    # Where a clip ends its position is not known any more, and its kind is.
    assert [score is None for score in found["position"]["scores"]] == [False] * 4 + [True]
    assert None not in found["kind"]["scores"]
    assert "unread" in report
    text = capsys.readouterr().out
    assert "position (m)" in text
    assert "same is not read: expected at least two classes" in text


def test_a_truth_of_ones_own_takes_the_place_of_one_of_its_name(tmp_path):
    paths = [tmp_path / kind / f"{n}.mp4" for kind in "ab" for n in range(6)]
    black = np.zeros((CLIP, 1, 1, 1), np.uint8)
    source = Clips([Recording(str(p), black, path=p) for p in paths], frames=CLIP)
    times = ProbeTimes(context=CONTEXT, horizon=10)
    path = own(tmp_path, folder=np.arange(12) % 3)
    for file, classes in ((None, 2), (path, 3)):
        known = find_truths(source, 12, times, own=file, resampled=False)
        assert [truth.name for truth in known.truths] == ["folder"]
        assert len(np.unique(known.truths[0].values)) == classes


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"side": np.arange(19) % 2}, "own.npz, side: expected an entry for each of the 20 test"),
        ({"side": np.array([None] * 20)}, "an array of Python objects"),
        ({"side": np.full(20, np.nan)}, "expected finite numbers"),
    ],
)
def test_wrong_truths_are_errors(run, tmp_path, capsys, arrays, message):
    path = own(tmp_path, **arrays)
    words = ["analyse", str(run), "--out", str(tmp_path / "out"), *SMALL, "--truth", str(path)]
    assert main(words) == 2
    assert message in capsys.readouterr().err


def test_a_missing_truth_file_is_an_error(run, tmp_path, capsys):
    words = ["analyse", str(run), "--out", str(tmp_path), *SMALL, "--truth", "absent.npz"]
    assert main(words) == 2
    assert "absent.npz: no such file" in capsys.readouterr().err


def test_too_few_files_for_a_truth_of_ones_own_are_an_error(run_on_rooms, tmp_path, capsys):
    for path in sorted((tmp_path / "rooms" / "test").iterdir())[3:]:
        path.unlink()
    words = ["analyse", str(run_on_rooms), "--out", str(tmp_path / "out"), *SMALL]
    assert main([*words, "--truth", str(own(tmp_path, 6))]) == 2
    assert "own.npz: a readout must have at least 10 videos, got 6" in capsys.readouterr().err


def test_levels_are_read_along_context_and_forecast():
    whole = ProbeTimes(context=36, horizon=964).frames
    assert (len(whole), whole[0], whole[2], whole[3], whole[-1]) == (8, 0, 35, 45, 999)
    assert ProbeTimes(context=36, horizon=100, quick=True).frames == (0, 35, 45, 135)
    assert ProbeTimes(context=1, horizon=10).frames == (0, 10)
