"""`cwvae evaluate` reads digits that are drawn on the fly."""

import json

import numpy as np
import pytest
from bouncing import bouncing
from PIL import Image

from cwvae.cli import main
from cwvae.cli.identity import identity_table
from cwvae.data.digits import load_digits
from cwvae.data.moving_mnist import MovingMNIST
from cwvae.evaluation.identity import as_json, measure
from cwvae.measures.digits import unread


def digits(**changes):
    settings = {"split": "test", "frames": 20, "digits": load_digits(), "size": 32}
    return MovingMNIST(**(settings | changes))


def test_identity_stands_beside_the_metrics(run, tmp_path, capsys):
    arguments = ["evaluate", str(run), "--out", str(tmp_path), "--num-examples", "2"]
    assert main([*arguments, "--num-samples", "2", "--horizon", "48"]) == 0
    numbers = json.loads((tmp_path / "metrics.json").read_text())["identity"]
    assert numbers["frames"] == [50]
    assert all(len(numbers[name]) == 1 for name in ("accuracy", "ceiling", "legible"))
    assert (numbers["videos"], numbers["samples"], numbers["context"]) == (2, 2, 4)
    assert list(numbers["rows"]) == [
        "model",
        "truth",
        "reconstruction",
        "copy of the last frame",
        "another video",
    ]
    # What 120 steps of training predict is a blur.
    assert numbers["legible"] == [0]
    assert np.asarray(Image.open(tmp_path / "identity.png")).std() > 1
    printed = capsys.readouterr().out
    for words in ("identity: 2 digits, 2 samples of 2 test videos", "truth (ceiling)", "at frame"):
        assert words in printed
    assert "position: the median error passes a quarter of a digit, 3.5 pixels, at frame" in printed


def test_quick_measures_little(run, tmp_path):
    arguments = ["evaluate", str(run), "--out", str(tmp_path), "--num-samples", "3", "--quick"]
    assert main([*arguments, "--horizon", "1000"]) == 0
    numbers = json.loads((tmp_path / "metrics.json").read_text())
    assert (numbers["num_examples"], numbers["num_samples"], numbers["horizon"]) == (8, 1, 64)
    assert numbers["identity"]["frames"] == [50]


def test_a_short_forecast_is_not_read_and_the_line_has_why(run, tmp_path, capsys):
    (tmp_path / "identity.png").write_text("of an evaluation before")
    arguments = ["evaluate", str(run), "--out", str(tmp_path), "--num-examples", "2"]
    assert main([*arguments, "--horizon", "9"]) == 0
    assert "identity" not in json.loads((tmp_path / "metrics.json").read_text())
    assert not (tmp_path / "identity.png").exists()
    assert (
        "identity: read are forecasts of 10 frames or more, here are 9" in capsys.readouterr().out
    )


class Recorded(list):
    """Videos of files."""

    frames = 1

    def cut(self, index, start, stop):
        return self[index]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (Recorded([{}]), "only digits drawn on the fly"),
        (digits(size=128), "here are 2 in frames of 128"),
        (digits(num_digits=3), "here are 3 in frames of 32"),
        (digits(), ""),
        (digits(size=64, num_digits=1), ""),
    ],
)
def test_what_is_not_read(source, words):
    line = unread(source, 10)
    assert words in line
    assert bool(line) == bool(words)


def test_a_table_of_digits_that_stay_in_place():
    videos = bouncing(2, 60)
    identity = measure(videos.after, videos.frames, videos.labels, videos.positions)
    table = identity_table(as_json(identity))
    assert "identity: 1 digit, 1 sample of 2 test videos, 36 context frames" in table
    assert "the median error stays within a quarter of a digit, 3.5 pixels, to the end" in table
