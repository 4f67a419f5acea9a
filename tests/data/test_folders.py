"""Folders as people have them: classes, capitals, links, arrays of many videos, recordings."""

import codecs
import json

import layouts
import numpy as np
import pytest
from films import one_line
from layouts import FRAMES
from PIL import Image

from cwvae.data import gqn_mazes, kth, minerl_navigate, moving_mnist, video_folder
from cwvae.data.listing import VideoFile
from cwvae.data.lossless import write_lossless
from cwvae.data.opening import BadFileWarning, open_clips
from cwvae.data.read_options import ReadOptions


def names(files) -> list[str]:
    return [file.path.name for file in files]


# Your own folder.


def test_class_folders_below_the_splits_and_folders_of_pictures_are_listed(tmp_path):
    layouts.write_all(tmp_path, ["train/walk/2.mp4", "train/walk/10.mp4", "train/run/1.avi"])
    layouts.write_all(tmp_path, ["test/walk/3.mp4"])
    for number in range(3):
        folder = tmp_path / "train" / "run" / "frames"
        folder.mkdir(exist_ok=True)
        Image.fromarray(layouts.video(9)[number]).save(folder / f"{number}.png")
    (tmp_path / "train" / "cover.png").write_bytes((folder / "0.png").read_bytes())
    (tmp_path / "train" / "again").symlink_to(tmp_path / "train")
    train = video_folder.files(tmp_path, "train")
    assert names(train) == ["1.avi", "frames", "2.mp4", "10.mp4"]
    assert names(video_folder.files(tmp_path, "test")) == ["3.mp4"]
    clips = open_clips(train, frames=3, size=8)
    assert len(clips) == 3 * (FRAMES // 3) + 1
    np.testing.assert_array_equal(clips[2]["video"], layouts.video(9)[:3])


def test_class_folders_without_splits_are_divided(tmp_path):
    layouts.write_all(tmp_path, [f"{kind}/{n}.mp4" for kind in "ab" for n in range(4)])
    train, test = (video_folder.files(tmp_path, split) for split in ("train", "test"))
    assert (len(train), len(test)) == (7, 1)


@pytest.mark.parametrize("capital", [str.upper, str.title])
def test_splits_may_be_in_capitals(tmp_path, capital):
    layouts.gqn_mazes(tmp_path)
    for split in ("train", "test"):
        (tmp_path / split).rename(tmp_path / f"{split}.moved").rename(tmp_path / capital(split))
    for files in (video_folder.files, gqn_mazes.files):
        assert names(files(tmp_path, "train")) == ["0.mp4", "2.mp4", "10.mp4"]
        assert names(files(tmp_path, "test")) == ["0.mp4"]


@pytest.mark.parametrize("data", [gqn_mazes, video_folder, minerl_navigate])
def test_links_that_lead_nowhere_are_named_or_counted(tmp_path, data):
    layouts.gqn_mazes(tmp_path)
    link = tmp_path / "train" / "3.mp4"
    link.symlink_to("/not/mounted/3.mp4")
    files = data.files(tmp_path, "train")
    with pytest.raises(FileNotFoundError, match=r"a link to /not/mounted/3\.mp4, which") as caught:
        open_clips(files, frames=3, size=8)
    one_line(caught, link)
    with pytest.warns(BadFileWarning) as warned:
        clips = open_clips(files, frames=3, size=8, skip_bad_files=True)
    assert str(warned[-1].message) == "left out 1 of 4 files"
    assert len(clips) == 3 * 2


def test_a_home_folder_in_a_path_is_expanded(tmp_path, monkeypatch):
    layouts.gqn_mazes(tmp_path / "mazes")
    monkeypatch.setenv("HOME", str(tmp_path))
    for data in (gqn_mazes, video_folder, minerl_navigate):
        assert len(data.files("~/mazes", "train")) == 3


# Arrays of many videos.


@pytest.mark.parametrize("given", ["file", "folder"])
@pytest.mark.parametrize("data", [moving_mnist, video_folder])
def test_moving_mnist_as_first_published_is_a_data_set(tmp_path, data, given):
    rng = np.random.default_rng(0)
    array = rng.integers(0, 256, (20, 5, 64, 64), np.uint8)
    np.save(tmp_path / "mnist_test_seq.npy", array)
    root = tmp_path / "mnist_test_seq.npy" if given == "file" else tmp_path
    shown = []
    for split, count in (("train", 3), ("test", 2)):
        files = data.files(root, split, test_fraction=0.4)
        clips = open_clips(files, frames=20, channels=1)
        assert len(clips) == count
        shown += [clips[index]["video"][..., 0] for index in range(count)]
    found = {video.tobytes() for video in shown}
    assert found == {array[:, number].tobytes() for number in range(5)}


def test_axes_of_arrays_are_named_for_a_whole_folder(tmp_path):
    array = np.random.default_rng(0).integers(0, 256, (4, 6, 8, 8), np.uint8)
    np.savez(tmp_path / "a.npz", array)
    options = ReadOptions(axes="nthw")
    files = video_folder.files(tmp_path, "train", test_fraction=0.5, options=options)
    clips = open_clips(files, frames=3, size=8, channels=1, options=options)
    np.testing.assert_array_equal(clips[1]["video"][..., 0], array[0, 3:])
    assert len(clips) == 2 * 2
    with pytest.raises(ValueError, match="which can be nthw or tnhw"):
        open_clips([VideoFile(tmp_path / "a.npz")], frames=3, size=8)
    whole = open_clips([VideoFile(tmp_path / "a.npz")], frames=6, size=8, options=options)
    np.testing.assert_array_equal(whole[3]["video"][..., :1], array[3][..., None])


# Recorded episodes.


def episode(path, frames: int = 6, left_out: int = 0, **more) -> np.ndarray:
    video = layouts.video(5, frames=frames)
    action = np.arange(2.0 * (frames - left_out), dtype=np.float32).reshape(-1, 2)
    np.savez(path, image=video, action=action, reward=np.zeros(frames), **more)
    return video


@pytest.mark.parametrize("left_out", [0, 1])
def test_episodes_bring_their_actions(tmp_path, left_out):
    video = episode(tmp_path / "a.npz", left_out=left_out)
    episode(tmp_path / "b.npz")
    clips = open_clips(video_folder.files(tmp_path, "train"), frames=3, size=8)
    np.testing.assert_array_equal(clips[1]["video"], video[3:])
    expected = [[6, 7], [8, 9], [10, 11]]
    if left_out:
        expected[-1] = [0, 0]
    assert clips[1]["actions"].tolist() == expected


def test_actions_of_several_videos_in_an_array_go_with_their_video(tmp_path):
    array = np.random.default_rng(0).integers(0, 256, (5, 3, 8, 8), np.uint8)
    actions = np.arange(15.0).reshape(5, 3)
    for name, axes in (("tn", "tnhw"), ("nt", "nthw")):
        path = tmp_path / f"{name}.npz"
        turn = (lambda a: a) if name == "tn" else (lambda a: a.swapaxes(0, 1))
        np.savez(path, video=turn(array), action=turn(actions))
        options = ReadOptions(axes=axes)
        clips = open_clips([VideoFile(path)], frames=5, size=8, channels=1, options=options)
        assert clips[2]["actions"][:, 0].tolist() == actions[:, 2].tolist()
        np.testing.assert_array_equal(clips[2]["video"][..., 0], array[:, 2])


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (np.zeros((3, 2)), "expected 6 entries of actions, .*got 3"),
        (np.full((6, 2), np.nan), "something else in action"),
        (np.zeros((0, 2)), "something else in action"),
    ],
)
def test_actions_that_do_not_fit_are_named(tmp_path, action, message):
    path = tmp_path / "a.npz"
    np.savez(path, image=layouts.video(5, frames=6), action=action)
    with pytest.raises(ValueError, match=message) as caught:
        open_clips([VideoFile(path)], frames=3, size=8)
    one_line(caught, path)


def minerl_package(root, count: int = 3, before: int = 2) -> list[np.ndarray]:
    """Write recordings as the minerl package has them: frames `before` the first that counts."""
    written = []
    for number in range(count):
        folder = root / "MineRLNavigate-v0" / f"v3_some_name-{number}"
        folder.mkdir(parents=True)
        written.append(layouts.video(number, frames=before + FRAMES))
        write_lossless(folder / "recording.mp4", written[-1])
        (folder / "metadata.json").write_text(json.dumps({"success": True}))
        entries = np.arange(FRAMES - 1)
        arrays = {"action$camera": np.stack([entries, -entries], 1).astype(np.float32)}
        arrays |= {"action$place": np.array(["none"] + ["dirt"] * (FRAMES - 2))}
        arrays |= {"observation$compassAngle": entries * 1.0, "reward": entries * 0.0}
        np.savez(folder / "rendered.npz", **arrays)
    return written


@pytest.mark.parametrize("inside", [False, True])
def test_the_minerl_packages_own_folders_are_read_from_where_their_actions_begin(tmp_path, inside):
    written = minerl_package(tmp_path)
    root = tmp_path / "MineRLNavigate-v0" if inside else tmp_path
    train, test = (minerl_navigate.files(root, split) for split in ("train", "test"))
    assert (len(train), len(test)) == (2, 1)
    clips = open_clips(train, frames=FRAMES, size=8)
    np.testing.assert_array_equal(clips[0]["video"], written[0][2:])
    turned = [[n, -n, int(n > 0)] for n in range(FRAMES - 1)] + [[0, 0, 0]]
    assert clips[0]["actions"].tolist() == turned


def test_videos_with_actions_are_not_resampled(tmp_path):
    minerl_package(tmp_path)
    with pytest.raises(ValueError, match="a video without actions to resample"):
        open_clips(
            minerl_navigate.files(tmp_path, "train"),
            frames=3,
            size=8,
            options=ReadOptions(frame_rate=10.0),
        )


# KTH.


def flat(root) -> None:
    for path in sorted(root.glob("*/*.avi")):
        path.rename(root / path.name)


def capitals(root) -> None:
    for path in sorted(root.rglob("*"), reverse=True):
        path.rename(path.with_name(path.name.upper()))


def marked(root) -> None:
    listing = root / "00sequences.txt"
    lines = [line for line in listing.read_text().splitlines() if line.startswith("person")]
    listing.write_bytes(codecs.BOM_UTF8 + "\r\n".join(lines[1:]).encode())


def wide(root) -> None:
    listing = root / "00sequences.txt"
    listing.write_bytes(listing.read_text().encode("utf-16"))


@pytest.mark.parametrize("change", [flat, capitals, marked, wide])
def test_copies_of_kth_are_read_as_the_original(tmp_path, change):
    layouts.kth(tmp_path)
    before = open_clips(kth.files(tmp_path, "train"), frames=3, size=8, channels=1)
    change(tmp_path)
    after = open_clips(kth.files(tmp_path, "train"), frames=3, size=8, channels=1)
    found = [{clips[n]["video"].tobytes() for n in range(len(clips))} for clips in (before, after)]
    assert found[0] == found[1]
    assert len(found[0]) == 8
