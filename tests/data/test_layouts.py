"""The official layouts: which files, in which order, cut into which clips, with which bytes."""

import hashlib
import json
from functools import partial
from pathlib import Path

import layouts
import numpy as np
import pytest
from layouts import FRAMES

from cwvae.data import gqn_mazes, kth, minerl_navigate, moving_mnist, video_folder
from cwvae.data.datasets import DATASETS
from cwvae.data.opening import open_clips
from cwvae.data.pixels import to_channels
from cwvae.data.videos import read_video

READER = Path(__file__).parents[1] / "golden" / "reader"
OFFICIAL = json.loads((READER / "first60.json").read_text())

FILES = {
    "moving_mnist": moving_mnist.files,
    "gqn_mazes": gqn_mazes.files,
    "minerl_navigate": minerl_navigate.files,
    "kth": kth.files,
    "video_folder": video_folder.files,
}
layouts_named = pytest.mark.parametrize("name", FILES)


def opened(files, **options):
    return open_clips(files, size=8, **options)


@pytest.mark.parametrize("name", OFFICIAL)
def test_frames_are_those_of_the_official_reader_bit_for_bit(name):
    shape = tuple(OFFICIAL[name]["shape"])
    frames = to_channels(read_video(READER / f"{name}.mp4", most_frames=shape[0]), shape[-1])
    assert frames.shape == shape
    digest = hashlib.sha256(np.ascontiguousarray(frames).tobytes()).hexdigest()
    assert digest == OFFICIAL[name]["sha256"]


@layouts_named
def test_every_clip_is_a_cut_of_a_video_and_none_is_missing(name, tmp_path):
    written = getattr(layouts, name)(tmp_path)
    channels = next(iter(written.values())).shape[-1]
    found = []
    for split in ("train", "test"):
        files = FILES[name](tmp_path, split)
        clips = opened(files, frames=2, channels=channels)
        expected = []
        for file in files:
            (video,) = (v for n, v in written.items() if str(file.path).endswith(n))
            for start, stop in file.parts or ((0, FRAMES),):
                part = video[start:stop]
                expected += [part[s : s + 2] for s in range(0, len(part) - 1, 2)]
        assert len(clips) == len(expected)
        for index, clip in enumerate(expected):
            np.testing.assert_array_equal(clips[index]["video"], clip)
        found += files
    assert sorted(file.path.name for file in found) == sorted(Path(n).name for n in written)


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("moving_mnist", ["0.mp4", "2.mp4", "10.mp4"]),
        ("gqn_mazes", ["0.mp4", "2.mp4", "10.mp4"]),
        ("minerl_navigate", ["a.mp4", "b.mp4"]),
        ("video_folder", ["1.mp4", "2.avi", "10.mp4"]),
    ],
)
def test_files_come_in_the_order_of_their_numbers(name, order, tmp_path):
    getattr(layouts, name)(tmp_path)
    assert [file.path.name for file in FILES[name](tmp_path, "train")] == order


@pytest.mark.parametrize("name", ["moving_mnist", "gqn_mazes", "minerl_navigate"])
def test_the_folder_that_unpacking_made_may_be_left_out(name, tmp_path):
    inner = {"moving_mnist": "moving_mnist_2digit"}.get(name, name)
    getattr(layouts, name)(tmp_path / inner)
    assert FILES[name](tmp_path, "test")
    assert FILES[name](tmp_path / inner, "test")


@layouts_named
@pytest.mark.parametrize("split", ["train", "test"])
def test_a_missing_split_is_named(name, split, tmp_path):
    (tmp_path / "other").mkdir()
    with pytest.raises(FileNotFoundError, match=str(tmp_path)) as caught:
        FILES[name](tmp_path, split)
    assert "give the folder" in str(caught.value)
    assert "\n" not in str(caught.value)


@layouts_named
def test_a_missing_folder_is_named(name, tmp_path):
    with pytest.raises(FileNotFoundError, match="no such"):
        FILES[name](tmp_path / "absent", "train")


def test_an_empty_folder_is_named(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / ".hidden.mp4").touch()
    for name in ("gqn_mazes", "minerl_navigate", "video_folder"):
        with pytest.raises(FileNotFoundError, match=r"train: expected videos ending in .*none"):
            FILES[name](tmp_path, "train")


# KTH.


def test_kth_is_cut_by_its_list_and_squashed(tmp_path):
    layouts.kth(tmp_path)
    files = kth.files(tmp_path, "train")
    assert all(file.parts == ((0, 3), (3, 7)) and file.fit == "squash" for file in files)
    clips = opened(files, frames=4, channels=1)  # the first part of each is too short
    assert len(clips) == 4
    assert clips[0]["video"].shape == (4, 8, 8, 1)


def test_the_two_divisions_of_kth_are_by_person(tmp_path):
    (tmp_path / "00sequences.txt").write_text(
        "".join(f"person{n:02}_boxing_d1 frames 1-9\n" for n in range(1, 26))
    )

    def persons(split, division):
        files = kth.files(tmp_path, split, division=division)
        return {int(file.path.name[6:8]) for file in files}

    assert persons("train", "first_20") == set(range(1, 21))
    assert persons("test", "first_20") == set(range(21, 26))
    assert persons("train", "schuldt") == set(range(11, 19))
    assert persons("validation", "schuldt") == {19, 20, 21, 23, 24, 25, 1, 4}
    assert persons("test", "schuldt") == {22, 2, 3, 5, 6, 7, 8, 9, 10}
    with pytest.raises(ValueError, match="train, test, got 'validation'"):
        kth.files(tmp_path, "validation")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("person01_boxing_d1 frames 1:9", "expected a line like"),
        ("person01_boxing_d1", "expected a line like"),
        ("person01_boxing_d1 frames", "expected a line like"),
        ("person01_boxing_d1 frames 1-4, 9-3", "first frame of at least 1 to a later one"),
        ("person01_boxing_d1 frames 0-4", "first frame of at least 1 to a later one"),
        ("person02_boxing_d1 frames 1-4", "a line for each video, got a second one"),
    ],
)
def test_a_damaged_list_of_kth_is_named_with_its_line(line, message, tmp_path):
    (tmp_path / "00sequences.txt").write_text(f"person02_boxing_d1 frames 1-9\n{line}\n")
    with pytest.raises(ValueError, match=rf"00sequences\.txt, line 2: .*{message}"):
        kth.files(tmp_path, "train")


def test_a_range_of_kth_ends_with_its_file_and_must_begin_in_it(tmp_path):
    layouts.kth(tmp_path)
    listing = tmp_path / "00sequences.txt"
    listing.write_text(listing.read_text().replace("4-7", "4-9"))
    clips = opened(kth.files(tmp_path, "train"), frames=4, channels=1)
    assert clips[0]["video"][:, 0, 0, 0].shape == (4,)
    listing.write_text(listing.read_text().replace("4-9", "8-9"))
    with pytest.raises(ValueError, match=r"uncomp\.avi: expected frames 8 to 9, .*got 7 frames"):
        opened(kth.files(tmp_path, "train"), frames=2, channels=1)


def test_other_splits_and_divisions_raise(tmp_path):
    for name, files in FILES.items():
        getattr(layouts, name)(tmp_path / name)
        with pytest.raises(ValueError, match="split to be one of train, test"):
            files(tmp_path / name, "Test")
    with pytest.raises(ValueError, match="division to be one of first_20, schuldt"):
        kth.files(tmp_path / "kth", "train", division="first_16")


def test_names_with_odd_digits_have_an_order(tmp_path):
    layouts.write_all(tmp_path / "train", ["1²3.mp4", "2.mp4", "a.mp4"])
    names = [file.path.name for file in video_folder.files(tmp_path, "train")]
    assert names == ["1²3.mp4", "2.mp4", "a.mp4"]


def test_a_video_that_kth_lists_and_lacks_is_named(tmp_path):
    layouts.kth(tmp_path)
    path = tmp_path / "boxing" / "person02_boxing_d1_uncomp.avi"
    path.unlink()
    with pytest.raises(FileNotFoundError, match=path.name):
        opened(kth.files(tmp_path, "train"), frames=2, channels=1)


# Your own folder.


@pytest.mark.parametrize(("fraction", "tests"), [(0.1, 1), (0.25, 2), (0.5, 5), (0.99, 9)])
def test_a_folder_without_splits_is_divided(fraction, tests, tmp_path):
    for number in range(10):
        (tmp_path / f"{number}.mp4").touch()
    files = partial(video_folder.files, tmp_path, test_fraction=fraction)
    train, test = ({f.path.name for f in files(split)} for split in ("train", "test"))
    assert len(test) == tests
    assert train.isdisjoint(test)
    assert len(train | test) == 10


def test_a_folder_that_cannot_be_divided_is_named(tmp_path):
    (tmp_path / "1.mp4").touch()
    with pytest.raises(ValueError, match="at least 2 videos"):
        video_folder.files(tmp_path, "train")
    with pytest.raises(ValueError, match="between 0 and 1"):
        video_folder.files(tmp_path, "train", test_fraction=1.0)


def test_folders_named_after_the_splits_are_the_splits(tmp_path):
    layouts.gqn_mazes(tmp_path)
    assert [f.path.name for f in video_folder.files(tmp_path, "test")] == ["0.mp4"]
    assert len(video_folder.files(tmp_path, "train")) == 3


def test_every_data_set_has_a_preset_and_a_line():
    from cwvae.training.presets import PRESETS

    for name, dataset in DATASETS.items():
        assert dataset.preset in PRESETS, name
        assert "\n" not in dataset.what + dataset.origin
