"""From a configuration to the videos of a run: its choices in reading reach the files."""

import dataclasses

import numpy as np
import pytest
from films import moving_square, write

from cwvae.data import sources
from cwvae.data.clips import Clips, Recording
from cwvae.data.digits import load_digits
from cwvae.data.moving_mnist import MovingMNIST
from cwvae.data.read_options import ReadOptions
from cwvae.training.config import DataConfig
from cwvae.training.presets import PRESETS
from cwvae.training.settings import Settings


def settings(data: str, frames: int = 3, **options) -> Settings:
    preset = PRESETS["debug"]
    return Settings(
        preset="debug",
        model=preset.model,
        train=dataclasses.replace(preset.train, frames=frames),
        data=dataclasses.replace(DataConfig(), data=data, cache_memory=1.0, **options),
        context=preset.context,
        horizon=preset.horizon,
    )


SIZE = PRESETS["debug"].model.size


def test_frames_are_resampled_as_configured(tmp_path):
    for number in range(2):
        write(tmp_path / f"{number}.gif", moving_square(6, SIZE, SIZE))
    place = f"video_folder:{tmp_path}"
    assert len(sources.train_source(settings(place, frames=1))) == 6
    assert len(sources.train_source(settings(place, frames=1, frame_rate=5.0))) == 3
    test = sources.test_source(settings(place, frame_rate=20.0), frames=12, length=9, seed=0)
    assert len(test) == 1


def test_axes_are_as_configured(tmp_path):
    array = np.random.default_rng(0).integers(0, 256, (4, 6, SIZE, SIZE), np.uint8)
    np.save(tmp_path / "a.npy", array)
    place = f"video_folder:{tmp_path}"
    source = sources.train_source(settings(place, frames=6, axes="nthw", test_fraction=0.5))
    assert len(source) == 2
    np.testing.assert_array_equal(source[0]["video"][..., 0], array[0])


def test_the_limit_is_as_configured(tmp_path):
    for number in range(2):
        video = np.zeros((1200, SIZE, SIZE), np.uint8)
        np.savez_compressed(tmp_path / f"{number}.npz", video)
    place = f"video_folder:{tmp_path}"
    with pytest.raises(ValueError, match="--decoded-limit"):
        sources.train_source(settings(place, decoded_limit=0.001))
    assert len(sources.train_source(settings(place))) == 400


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("frame_rate", 0.0),
        ("frame_rate", float("nan")),
        ("axes", "thwx"),
        ("axes", ""),
        ("decoded_limit", 0.0),
        ("decoded_limit", float("inf")),
    ],
)
def test_choices_out_of_range_raise(option, value):
    for config in (DataConfig, ReadOptions):
        with pytest.raises(ValueError, match=f"{option} must "):
            config(**{option: value})


def test_data_sets_without_splits_are_divided_by_the_fraction(tmp_path):
    np.save(tmp_path / "mnist_test_seq.npy", np.zeros((20, 10, SIZE, SIZE), np.uint8))
    for name in ("moving_mnist", "video_folder"):
        place = sources.parse_data(f"{name}:{tmp_path}")
        files = sources.files_of(place, "test", DataConfig(test_fraction=0.3))
        assert [len(file.parts) for file in files] == [3]


def test_videos_as_long_as_is_asked_for_and_none_where_none_is():
    films = [np.full((length, 1, 1, 1), length, np.uint8) for length in (9, 20)]
    clips = Clips([Recording(str(len(f)), f) for f in films], frames=2, speed=2.0)
    longer = sources.as_long(clips, 5)
    assert longer is not None
    assert [int(longer[n]["video"][0, 0, 0, 0]) for n in range(len(longer))] == [9, 20, 20]
    assert longer[0]["video"].shape == (5, 1, 1, 1)
    assert sources.as_long(clips, 11) is None
    digits = MovingMNIST(split="train", frames=2, digits=load_digits())
    assert getattr(sources.as_long(digits, 30), "frames", None) == 30
