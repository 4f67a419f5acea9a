"""What is known of test videos: of digits, from truth files, from names of files and folders."""

import json
from pathlib import Path

import numpy as np
import pytest

from cwvae.data.clips import Clips, Recording
from cwvae.data.digits import Digits
from cwvae.data.moving_mnist import MovingMNIST
from cwvae.data.truth_files import truths_beside
from cwvae.data.truths import known_truths

FILES, FRAMES, CLIP = 12, 20, 6


def truth_of_rooms() -> dict[str, np.ndarray]:
    """Draw a truth file of every type of array."""
    random = np.random.default_rng(0)
    return {
        "video": np.array([f"test/{n}.mp4" for n in range(FILES)]),
        "position": random.normal(size=(FILES, FRAMES, 2)).astype("float32"),
        "heading": random.uniform(-4, 4, (FILES, FRAMES)).astype("float32"),
        "room": (np.arange(FRAMES) + np.arange(FILES)[:, None]) % 5 - 1,
        "kind": np.arange(FILES, dtype="int32") % 3,
        "biome": np.array([["sea", "desert"][n % 2] for n in range(FILES)]),
        "speed": random.normal(size=FILES),
        "number": np.arange(FILES),
        "same": np.ones(FILES, int),
        "map": np.zeros((FILES, FRAMES, 3, 3)),
        "broken": np.full((FILES, FRAMES, 1), np.nan),
        "action_walk": np.zeros((FILES, FRAMES, 2)),
    }


@pytest.fixture
def made(tmp_path):
    """A made data set without its pictures."""
    np.savez(tmp_path / "test_truth.npz", **truth_of_rooms())  # type: ignore[arg-type]
    (tmp_path / "made.json").write_text(json.dumps({"simulator": "rooms"}))
    return tmp_path


def clips(paths: list[Path], speed: float = 1.0, first: int = 0) -> Clips:
    """Cut black videos that lie, or would lie, at some paths, from their first frame on."""
    black = np.zeros((FRAMES - first, 1, 1, 1), np.uint8)
    videos = [Recording(str(n), black, path=path, first=first) for n, path in enumerate(paths)]
    return Clips(videos, frames=CLIP, speed=speed)


def files(folder: Path) -> list[Path]:
    return [folder / "test" / f"{n}.mp4" for n in range(FILES)]


@pytest.mark.parametrize(("speed", "first"), [(1.0, 0), (2.0, 0), (0.5, 1)])
def test_a_clip_has_the_truth_of_its_file_and_frames(made, speed, first):
    source, truth = clips(files(made), speed, first), truth_of_rooms()
    known = known_truths(source, len(source), (0, 4, CLIP + 3))
    assert set(known.left_out) == {"number", "same", "map", "broken"}
    found = {truth.name: truth for truth in known.truths}
    assert found.keys() == {"position", "heading", "room", "kind", "biome", "speed"}
    for n in range(len(source)):
        file = known.groups[n]
        frames = [first + int(speed * (n % (len(source) // FILES) * CLIP + at)) for at in (0, 4)]
        name = int(source.origin(n).path.stem)  # type: ignore[union-attr]
        np.testing.assert_allclose(
            found["position"].values[n, :, 0], truth["position"][name, frames]
        )
        cos, sin = found["heading"].values[n, :, 0].T
        np.testing.assert_allclose(np.arctan2(sin, cos), np.arctan2(*_turned(truth, name, frames)))
        np.testing.assert_array_equal(found["room"].values[n] - 1, truth["room"][name, frames])
        assert (found["kind"].values[n], found["speed"].values[n, 0, 0]) == (
            truth["kind"][name],
            truth["speed"][name],
        )
        assert (known.groups == file).sum() == len(source) // FILES
    assert (found["position"].unit, found["room"].frames) == ("m", (0, 4))


def _turned(truth, name, frames):
    heading = truth["heading"][name, frames].astype(float)
    return np.sin(heading), np.cos(heading)


def test_what_is_true_of_a_frame_is_not_known_of_resampled_ones(made):
    known = known_truths(clips(files(made)), 24, (0,), resampled=True)
    assert {truth.name for truth in known.truths} == {"kind", "biome", "speed"}
    assert "resampled" in known.left_out["room"]


def test_truths_of_two_splits_are_found_where_a_data_set_is_divided_otherwise(made):
    truth = truth_of_rooms()
    half = {name: array[::2] for name, array in truth.items()}
    rest = {name: array[1::2] for name, array in truth.items() if name != "speed"}
    np.savez(made / "test_truth.npz", **half)  # type: ignore[arg-type]
    np.savez(made / "train_truth.npz", **rest)  # type: ignore[arg-type]
    source = clips(files(made))
    found, _ = truths_beside([source.origin(n) for n in range(0, len(source), 3)], (0,))
    kinds = next(truth for truth in found if truth.name == "kind")
    np.testing.assert_array_equal(kinds.values, truth["kind"])
    assert "speed" not in {truth.name for truth in found}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda path: path.write_bytes(b"no archive"), "expected an .npz archive"),
        (lambda path: np.savez(path, kind=np.arange(3)), "an array video of the names of files"),
        (lambda path: np.savez(path, video=np.array(["test/0.mp4"])), "no row for the files of 33"),
    ],
)
def test_a_truth_file_that_is_none_is_left_out_with_the_reason(made, change, why):
    change(made / "test_truth.npz")
    known = known_truths(clips(files(made)), 36, (0,))
    assert known.truths == ()
    assert why in known.left_out["truth"]


def test_too_few_files_have_nothing_to_be_read(made):
    source = clips(files(made)[:4])
    known = known_truths(source, len(source), (0,))
    assert known.truths == ()
    assert "videos of at least 5 files or groups" in known.left_out["position"]


def test_the_names_of_kth_have_an_action_and_a_person(tmp_path):
    paths = [
        tmp_path / f"person{person:02}_{action}_d1_uncomp.avi"
        for person in (21, 22, 23)
        for action in ("Walking", "boxing")
    ]
    source = clips(paths)
    known = known_truths(source, len(source), (0,))
    action, person = known.truths
    assert (action.name, person.name, action.frames) == ("action", "person", None)
    np.testing.assert_array_equal(action.values, np.tile([1, 0], 3).repeat(3))
    np.testing.assert_array_equal(person.values, np.arange(3).repeat(6))


def test_folders_are_classes_where_there_are_several(tmp_path):
    paths = [tmp_path / "test" / kind / f"{n}.mp4" for kind in "ab" for n in range(3)]
    known = known_truths(clips(paths), 18, (0,))
    assert [truth.name for truth in known.truths] == ["folder"]
    np.testing.assert_array_equal(known.truths[0].values, np.arange(2).repeat(9))
    assert known_truths(clips(files(tmp_path)), 36, (0,)).truths == ()


def test_videos_of_an_array_are_each_a_group_of_its_own(tmp_path):
    source = clips([tmp_path / "a.npz"] * 3)
    assert known_truths(source, 9, (0,)).groups.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]


@pytest.fixture
def digits():
    images = np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)
    return Digits(
        images, np.arange(20, dtype=np.uint8) % 10, images, np.arange(20, dtype=np.uint8) % 10
    )


def test_digits_are_ordered_by_their_classes_and_known_at_any_frame(digits):
    source = MovingMNIST(split="test", frames=5, digits=digits, size=32, length=20)
    longer = MovingMNIST(split="test", frames=41, digits=digits, size=32, length=20)
    items = [longer[n] for n in range(20)]
    known = known_truths(source, 20, (0, 3, 40))
    kind, place, speed = known.truths
    for n, item in enumerate(items):
        order = np.argsort(item["labels"], kind="stable")
        way = item["positions"][:, order]
        np.testing.assert_allclose(place.values[n], way[[0, 3, 40]])
        np.testing.assert_allclose(speed.values[n, 1], way[3] - way[2], atol=1e-5)
        np.testing.assert_allclose(speed.values[n, 0], way[1] - way[0], atol=1e-5)
        same = [sorted(other["labels"]) == sorted(item["labels"]) for other in items]
        np.testing.assert_array_equal(kind.values == kind.values[n], same)
    assert (place.unit, speed.unit) == ("px", "px/frame")


def test_more_than_two_digits_are_left_out(digits):
    source = MovingMNIST(split="test", frames=5, digits=digits, num_digits=3, length=20)
    assert "here are 3" in known_truths(source, 20, (0,)).left_out["digits"]
