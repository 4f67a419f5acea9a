"""Walks of GQN Mazes: forecasts of whole walks are classed as the true ones are."""

import dataclasses
from pathlib import Path

import jax.random as jr
import numpy as np
import pytest

from cwvae import PRESETS, build
from cwvae.cli.options import Analyse
from cwvae.cli.walks import has_walks, measure_walks, walks_report
from cwvae.data.clips import Clips, Recording
from cwvae.training.settings import Settings

FRAMES, SIZE, CONTEXT = 40, 32, 4
GREEN, GRAY = (20, 200, 20), (90, 90, 90)
MODEL = dataclasses.replace(PRESETS["debug"].model, channels=3)


def walk(*colours: tuple[int, int, int]) -> np.ndarray:
    """Return a walk of parts of one colour each, all as long."""
    size = (FRAMES // len(colours), SIZE, SIZE, 3)
    return np.concatenate([np.full(size, colour, np.uint8) for colour in colours])


WALKS = (walk(GRAY, GRAY), walk(GRAY, GREEN), walk(GRAY, GREEN, GREEN, GRAY))


@pytest.fixture(scope="module")
def source() -> Clips:
    """Short clips of walks, the second of which is more than twice as long as the others."""
    videos = (WALKS[0], np.concatenate([WALKS[1], WALKS[0], WALKS[0]]), WALKS[2])
    named = [Recording(str(n), v, path=Path(f"test/{n}.mp4")) for n, v in enumerate(videos)]
    return Clips(named, frames=14)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """The folder of a data set of which the kinds are known, in another order."""
    folder = tmp_path_factory.mktemp("rooms")
    videos = np.array(["test/2.mp4", "test/0.mp4", "test/1.mp4"])
    np.savez(folder / "test_truth.npz", video=videos, kind=np.array([2, 0, 2]))
    return folder


@pytest.fixture(scope="module")
def found(source, place) -> dict:
    model = build(MODEL, key=jr.key(0))
    return measure_walks(model, settings(place), source, context=CONTEXT, videos=3, seed=0)


def settings(place: Path, name: str = "rooms", channels: int = 3) -> Settings:
    preset = PRESETS["debug"]
    return Settings(
        preset="debug",
        model=dataclasses.replace(MODEL, channels=channels),
        train=preset.train,
        data=dataclasses.replace(preset.data, data=f"{name}:{place}"),
        context=CONTEXT,
        horizon=8,
    )


def test_whole_walks_are_classed_the_first_of_every_video(found):
    assert (found["videos"], found["frames"]) == (3, FRAMES)
    assert found["shares"] == pytest.approx((1 / 3, 1 / 3, 1 / 3))


def test_the_rule_is_held_against_the_kinds_by_the_names_of_the_files(found):
    assert found["labels"]["counts"] == ((1, 0, 0), (0, 0, 0), (0, 1, 1))


def test_a_copy_of_the_last_frame_never_comes_back(found):
    early, half = (compared["rows"] for compared in found["contexts"])
    assert [compared["context"] for compared in found["contexts"]] == [CONTEXT, FRAMES // 2]
    assert early["copy of the last frame"]["shares"] == (1, 0, 0)
    # At the middle the third walk is out.
    assert half["copy of the last frame"]["counts"][2] == (0, 1, 0)
    assert sum(map(sum, half["model"]["counts"])) == 3


def test_fewer_videos_are_the_first_ones(source, place):
    model = build(MODEL, key=jr.key(0))
    found = measure_walks(model, settings(place), source, context=20, videos=1, seed=0)
    assert found["videos"] == 1
    assert [compared["context"] for compared in found["contexts"]] == [20]


def test_kinds_that_are_not_known_are_left_out(source, tmp_path):
    model = build(MODEL, key=jr.key(0))
    found = measure_walks(model, settings(tmp_path), source, context=20, videos=1, seed=0)
    assert "labels" not in found


def test_a_look_classes_fewer_walks_and_other_videos_none(source, place):
    model = build(MODEL, key=jr.key(0))
    options = Analyse(run=place, quick=True)
    report = walks_report(model, settings(place), source, 20, options)
    assert report["rooms"]["videos"] == 3
    assert walks_report(model, settings(place, "video_folder"), source, 20, options) == {}


def test_only_walks_in_colour_that_go_on_are_classed(source, place):
    assert has_walks(source, settings(place), CONTEXT)
    assert has_walks(source, settings(place, "gqn_mazes"), 28)
    assert not has_walks(source, settings(place), 32)
    assert not has_walks(source, settings(place, "video_folder"), CONTEXT)
    assert not has_walks(source, settings(place, channels=1), CONTEXT)
    digits = settings(place)
    drawn = dataclasses.replace(digits, data=dataclasses.replace(digits.data, data="moving_mnist"))
    assert not has_walks(source, drawn, CONTEXT)
