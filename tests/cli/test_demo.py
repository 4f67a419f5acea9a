import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from cwvae.cli import demo, main
from cwvae.cli.options import Demo
from cwvae.data.videos import read_video


@pytest.mark.slow
def test_the_demo_makes_everything_it_names(tmp_path, capsys):
    out = tmp_path / "demo"
    assert main(["demo", "--out", str(out), "--steps", "2"]) == 0
    said = capsys.readouterr().out
    for name in ("pocket.gif", "run", "evaluation", "forecast.gif", "forecast.png"):
        assert str(out / name) in said
        assert (out / name).exists()
    assert "copy last frame" in said
    assert said.count("what the reader sees up to frame") == 2
    assert "2 of 2 steps" in said
    assert "ended it early" not in said
    for name in ("pocket", "forecast"):
        assert len(read_video(out / f"{name}.gif")) == 1000
        assert np.asarray(Image.open(out / f"{name}.png")).std() > 1
    numbers = json.loads((out / "evaluation" / "metrics.json").read_text())
    assert numbers["num_examples"] == 16

    assert main(["demo", "--out", str(out), "--steps", "2"]) == 2
    assert "is not empty; give another --out" in capsys.readouterr().err


def test_a_demo_that_time_ends_prints_how_to_go_on(tmp_path, monkeypatch, capsys):
    trained = []
    monkeypatch.setattr(demo, "train", lambda options, *, deadline: trained.append(options) or 0)
    monkeypatch.setattr(demo, "load_run", lambda run: SimpleNamespace(step=278))
    assert demo._train(Demo(out=tmp_path, minutes=0.5), tmp_path / "run") == 0
    said = capsys.readouterr().out
    assert "278 of 2500 steps" in said
    assert "--minutes 0.5 ended it early" in said
    assert f"cwvae train --out {tmp_path / 'run'} --resume" in said
    assert trained[0].train.steps == 2500
