import numpy as np
import pytest

from cwvae.cli import main
from cwvae.cli.checks import check_forecasts
from cwvae.data.videos import read_video
from cwvae.report.animation import write_animation
from cwvae.training.presets import PRESETS


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """The same eight frames in every format, and some that do not fit."""
    folder = tmp_path_factory.mktemp("videos")
    frames = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 1), dtype=np.uint8)
    for suffix in ("gif", "mp4", "npz"):
        write_animation(folder / f"video.{suffix}", frames)
    write_animation(folder / "short.npz", frames[:3])
    write_animation(folder / "large.npz", frames.repeat(2, axis=1).repeat(2, axis=2))
    (folder / "noise.mp4").write_bytes(bytes(range(256)) * 8)
    (folder / "notes.txt").write_text("no video")
    return folder


@pytest.mark.parametrize("suffix", ["gif", "mp4", "npz"])
def test_a_video_of_every_format_is_predicted(suffix, run, videos, tmp_path, capsys):
    out = tmp_path / "future.npz"
    arguments = ["predict", str(run), str(videos / f"video.{suffix}"), "--out", str(out)]
    assert main([*arguments, "--horizon", "6"]) == 0
    assert str(out) in capsys.readouterr().out
    arrays = np.load(out)
    assert arrays["forecast"].shape == (6, 32, 32, 1)
    assert arrays["forecast"].dtype == np.uint8
    if suffix != "mp4":  # which is lossy
        assert np.array_equal(arrays["context"], np.load(videos / "video.npz")["video"][:4])


def test_video_and_model_stand_side_by_side(run, videos, tmp_path):
    out = tmp_path / "future.gif"
    arguments = ["predict", str(run), str(videos / "video.gif"), "--out", str(out)]
    assert main([*arguments, "--horizon", "6"]) == 0
    both = read_video(out)[..., :1]
    assert len(both) == 4 + 6
    video = np.load(videos / "video.npz")["video"]
    left = both[:, ::4, : 4 * 32 : 4]  # enlarged four times
    assert np.array_equal(left[:8], video)
    assert (left[8:] == 0).all()  # the video has ended


def test_the_same_seed_gives_the_same_forecast(run, videos, tmp_path):
    def forecast(name: str, seed: str) -> np.ndarray:
        out = tmp_path / name
        arguments = ["predict", str(run), str(videos / "video.npz"), "--out", str(out)]
        assert main([*arguments, "--horizon", "6", "--seed", seed]) == 0
        return np.load(out)["forecast"]

    first = forecast("a.npz", "0")
    assert np.array_equal(first, forecast("b.npz", "0"))
    assert not np.array_equal(first, forecast("c.npz", "1"))


def test_resize_fits_a_large_video(run, videos, tmp_path):
    out = tmp_path / "future.npz"
    arguments = ["predict", str(run), str(videos / "large.npz"), "--out", str(out), "--resize"]
    assert main([*arguments, "--horizon", "6"]) == 0
    assert np.array_equal(np.load(out)["context"], np.load(videos / "video.npz")["video"][:4])


BAD = {
    "missing.mp4": "no such file",
    "notes.txt": "damaged or no video",
    "noise.mp4": "damaged or no video",
    "short.npz": "expected at least 4 frames, got 3; give a longer video\n",
    "large.npz": "add --resize",
}


@pytest.mark.parametrize(("name", "said"), BAD.items(), ids=BAD)
def test_what_is_no_fitting_video_is_named_with_the_remedy(
    name, said, run, videos, tmp_path, capsys
):
    out = tmp_path / "future.gif"
    assert main(["predict", str(run), str(videos / name), "--out", str(out)]) == 2
    (line,) = capsys.readouterr().err.splitlines(keepends=True)
    assert name in line
    assert said in line
    assert not out.exists()


def test_a_video_shorter_than_a_long_context_asks_for_a_shorter_one(run, videos, tmp_path, capsys):
    arguments = ["predict", str(run), str(videos / "short.npz"), "--out", str(tmp_path / "a.npz")]
    assert main([*arguments, "--context", "8"]) == 2
    assert "at least 8 frames, got 3; give a longer video or ask" in capsys.readouterr().err


def test_a_context_off_the_clock_is_refused(run, videos, tmp_path, capsys):
    arguments = ["predict", str(run), str(videos / "video.npz"), "--out", str(tmp_path / "a.npz")]
    assert main([*arguments, "--context", "6"]) == 2
    assert "multiple of the slowest period, 4 frames, got 6" in capsys.readouterr().err


@pytest.mark.parametrize(("context", "horizon"), [(36, 10**9), (10**9, 36)])
def test_forecasts_that_no_machine_holds_are_an_error_before_they_are_made(context, horizon):
    with pytest.raises(ValueError, match=f"of {horizon:,} frames after {context:,}, which take"):
        check_forecasts(PRESETS["debug"].model, context=context, horizon=horizon, videos=100)
