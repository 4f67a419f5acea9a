"""`cwvae encode`: a row a tick of every level, of videos of several lengths."""

import equinox as eqx
import numpy as np
import pytest
from reference import assert_alike

from cwvae.cli import main
from cwvae.report.animation import write_animation
from cwvae.rollout import latents
from cwvae.training.run import load_run


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    frames = np.random.default_rng(0).integers(0, 256, (7, 32, 32, 1), dtype=np.uint8)
    write_animation(folder / "long.npz", frames)
    write_animation(folder / "short.npz", frames[:3])
    write_animation(folder / "large.npz", frames.repeat(2, axis=1).repeat(2, axis=2))
    return folder


def test_every_tick_of_every_level_is_a_row(run, videos, tmp_path, capsys):
    out, paths = tmp_path / "latents.npz", [videos / "long.npz", videos / "short.npz"]
    assert main(["encode", str(run), *map(str, paths), "--out", str(out)]) == 0
    line = "2 videos encoded, 10 ticks of level 0, 6 ticks of level 1, 3 ticks of level 2"
    assert line in capsys.readouterr().out
    found = np.load(out)
    assert found["videos"].tolist() == [str(path) for path in paths]
    assert found["level_1/frame"].tolist() == [0, 2, 4, 6, 0, 2]
    assert found["level_1/video"].tolist() == [0, 0, 0, 0, 1, 1]
    frames = np.load(paths[1])["video"] / np.float32(255)
    traces = eqx.filter_jit(latents)(load_run(run).model, frames)
    for level, trace in enumerate(traces):
        of_second = found[f"level_{level}/video"] == 1
        assert_alike(found[f"level_{level}/stoch"][of_second], trace.states.stoch)
        assert_alike(found[f"level_{level}/deter"][of_second], trace.states.deter)
        assert_alike(found[f"level_{level}/kl"][of_second], trace.posterior.kl(trace.prior))
        assert len(found[f"level_{level}/entropy"]) == len(of_second)


def test_a_large_video_has_to_be_resized(run, videos, tmp_path, capsys):
    arguments = ["encode", str(run), str(videos / "large.npz"), "--out", str(tmp_path / "a.npz")]
    assert main(arguments) == 2
    assert "large.npz" in capsys.readouterr().err
    assert main([*arguments, "--resize"]) == 0


@pytest.mark.parametrize(
    ("out", "message"),
    [("a.csv", "--out must end in .npz"), ("short.npz", "must be another file than the video")],
)
def test_what_must_not_be_written_is_an_error(run, videos, capsys, out, message):
    before = (videos / "short.npz").read_bytes()
    arguments = ["encode", str(run), str(videos / "short.npz"), "--out", str(videos / out)]
    assert main(arguments) == 2
    assert message in capsys.readouterr().err
    assert (videos / "short.npz").read_bytes() == before
