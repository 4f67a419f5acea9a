"""Moving MNIST: the scene, its ground truth, and its determinism."""

import hashlib

import grain
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwvae.data.digits import Digits, load_digits
from cwvae.data.moving_mnist import MovingMNIST

few_examples = settings(max_examples=20, deadline=None)
indices = st.integers(0, 999_999)


@pytest.fixture(scope="module")
def digits() -> Digits:
    return load_digits()


def items_equal(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)


def make(digits: Digits, **changes) -> MovingMNIST:
    settings = {"split": "train", "frames": 20, "digits": digits}
    return MovingMNIST(**(settings | changes))


def test_shapes_and_dtypes(digits):
    item = make(digits, num_digits=3)[0]
    assert set(item) == {"video", "labels", "positions"}
    assert (item["video"].shape, item["video"].dtype) == ((20, 64, 64, 1), np.uint8)
    assert (item["labels"].shape, item["labels"].dtype) == ((3,), np.int32)
    assert (item["positions"].shape, item["positions"].dtype) == ((20, 3, 2), np.float32)


def test_independent_of_access_order_and_instance(digits):
    forwards = make(digits)
    backwards = make(digits)
    chosen = [0, 7, 123_456, 999_999]
    expected = [forwards[index] for index in chosen]
    for index, item in reversed(list(zip(chosen, expected, strict=True))):
        assert items_equal(backwards[index], item)
        assert items_equal(backwards[np.int64(index)], item)


def test_the_same_on_every_machine(digits):
    # A digest kept in the test: a change of NumPy, of the machine, or of this file that alters
    # published sequences has to be noticed.
    item = make(digits, split="test", frames=100, seed=3)[41]
    digest = hashlib.sha256(item["video"].tobytes() + item["positions"].tobytes()).hexdigest()
    assert digest[:16] == "778368a682576f80"


def test_seed_split_and_index_matter(digits):
    first = make(digits)[5]["positions"]
    for other in (make(digits, seed=1)[5], make(digits, split="test")[5], make(digits)[6]):
        assert not np.array_equal(first, other["positions"])


@few_examples
@given(index=indices, frames=st.integers(1, 60))
def test_a_longer_sequence_begins_with_the_shorter(digits, index, frames):
    short, long = make(digits, frames=frames)[index], make(digits, frames=60)[index]
    np.testing.assert_array_equal(short["video"], long["video"][:frames])
    np.testing.assert_array_equal(short["positions"], long["positions"][:frames])


@few_examples
@given(index=indices)
def test_one_digit_lies_where_the_truth_has_it(digits, index):
    item = make(digits, num_digits=1)[index]
    corners = np.rint(item["positions"][:, 0]).astype(int)
    crops = [
        frame[row : row + 28, column : column + 28, 0]
        for frame, (row, column) in zip(item["video"], corners, strict=True)
    ]
    of_this_class = digits.train_images[digits.train_labels == item["labels"][0]]
    assert any(np.array_equal(crops[0], image) for image in of_this_class)
    for crop, frame in zip(crops, item["video"], strict=True):
        np.testing.assert_array_equal(crop, crops[0])
        assert frame.sum() == crops[0].sum(dtype=int)


@few_examples
@given(index=indices)
def test_overlapping_digits_take_the_maximum(index):
    images = np.zeros((2, 28, 28), np.uint8)
    images[0], images[1] = 100, 200
    labels = np.array([0, 1])
    item = make(Digits(images, labels, images, labels), num_digits=3)[index]
    expected = np.zeros_like(item["video"])
    for frame, corners in zip(expected, np.rint(item["positions"]).astype(int), strict=True):
        for (row, column), label in sorted(
            zip(corners.tolist(), item["labels"], strict=True), key=lambda pair: pair[1]
        ):
            frame[row : row + 28, column : column + 28] = images[label, 0, 0]
    np.testing.assert_array_equal(item["video"], expected)


@few_examples
@given(index=indices, speed=st.sampled_from([(2.0, 6.0), (0.0, 0.5), (40.0, 64.0)]))
def test_digits_never_leave_the_frame(digits, index, speed):
    positions = make(digits, frames=200, speed=speed)[index]["positions"]
    assert positions.min() >= 0
    assert positions.max() <= 36


def test_speeds_and_starts_are_uniform_over_their_range(digits):
    source = make(digits, frames=2, num_digits=1)
    positions = np.stack([source[index]["positions"][:, 0] for index in range(2_000)])
    starts, steps = positions[:, 0], positions[:, 1] - positions[:, 0]
    inside = np.all((starts > 6) & (starts < 30), axis=1)
    speeds = np.hypot(*steps[inside].T)
    assert 2.0 - 1e-4 < speeds.min() < 2.05
    assert 5.95 < speeds.max() < 6.0 + 1e-4
    assert np.median(speeds) == pytest.approx(4.0, abs=0.2)
    turns = np.arctan2(*steps[inside].T) / (2 * np.pi) + 0.5
    for values in (turns, starts[:, 0] / 36, starts[:, 1] / 36):
        assert np.histogram(values, 4, (0, 1))[0] / len(values) == pytest.approx(0.25, abs=0.05)


@few_examples
@given(index=indices)
def test_walls_reflect(digits, index):
    # Frame by frame: advance, and mirror what passed a wall; obviously right, and slow.
    positions = make(digits, frames=300, num_digits=1)[index]["positions"][:, 0].astype(float)
    # A wall may lie between the first two frames: none, the lower one or the upper one.
    for axis in range(2):
        start, second = positions[:2, axis]
        candidates = [second - start, -second - start, 72 - second - start]
        paths = [bounce_step_by_step(start, velocity, 300) for velocity in candidates]
        assert any(np.allclose(path, positions[:, axis], atol=2e-2) for path in paths)


def bounce_step_by_step(place: float, velocity: float, frames: int) -> list[float]:
    path = []
    for _ in range(frames):
        path.append(place)
        place += velocity
        if place < 0:
            place, velocity = -place, -velocity
        if place > 36:
            place, velocity = 72 - place, -velocity
    return path


def test_the_same_sequences_are_made_as_long_as_is_asked_for(digits):
    short = make(digits, frames=4)
    longer = short.as_long(9)
    assert (short.frames, longer.frames) == (4, 9)
    assert np.array_equal(longer[3]["video"][:4], short[3]["video"])
    with pytest.raises(ValueError, match="frames"):
        short.as_long(0)


def test_splits_draw_from_their_own_digits(digits):
    train = Digits(digits.train_images, digits.train_labels, *blank(1))
    test = Digits(*blank(1), digits.test_images, digits.test_labels)
    for index in range(5):
        for split, without_the_other in (("train", train), ("test", test)):
            expected = make(digits, split=split)[index]
            assert items_equal(make(without_the_other, split=split)[index], expected)
            assert expected["video"].any()


def blank(count: int) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros((count, 28, 28), np.uint8), np.zeros(count, np.uint8)


def test_digits_are_drawn_with_replacement(digits):
    one = Digits(digits.train_images[:1], digits.train_labels[:1], *blank(1))
    item = make(one, num_digits=4)[0]
    assert item["labels"].tolist() == [digits.train_labels[0]] * 4


def test_every_class_appears(digits):
    source = make(digits, frames=1)
    labels = np.concatenate([source[index]["labels"] for index in range(500)])
    assert np.bincount(labels, minlength=10) / len(labels) == pytest.approx(0.1, abs=0.04)


def test_half_size_is_the_mean_of_the_scene(digits):
    full, half = make(digits)[3], make(digits, size=32)[3]
    mean = full["video"].reshape(20, 32, 2, 32, 2, 1).mean(axis=(2, 4))
    assert np.abs(half["video"] - mean).max() <= 0.5
    np.testing.assert_array_equal(half["positions"], full["positions"] / 2)


@pytest.mark.parametrize("factor", [2, 4])
def test_larger_sizes_repeat_pixels(digits, factor):
    full, large = make(digits)[3], make(digits, size=64 * factor)[3]
    assert large["video"].shape == (20, 64 * factor, 64 * factor, 1)
    for row in range(factor):
        for column in range(factor):
            pixels = large["video"][:, row::factor, column::factor]
            np.testing.assert_array_equal(pixels, full["video"])
    np.testing.assert_array_equal(large["positions"], full["positions"] * factor)


def test_length_and_index_bounds(digits):
    source = make(digits, length=3, frames=1)
    assert len(source) == 3
    assert len(list(source)) == 3
    for index in (-1, 3):
        with pytest.raises(IndexError, match="from 0 to 2"):
            source[index]


def test_plugs_into_grain(digits):
    source = make(digits, length=4, frames=2)
    batch = grain.MapDataset.source(source).batch(2)[1]
    np.testing.assert_array_equal(batch["video"][1], source[3]["video"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"split": "validation"}, "'train' or 'test', got 'validation'"),
        ({"frames": 0}, "frames from 1 to"),
        ({"frames": 2.5}, "frames to be a whole number, got 2.5"),
        ({"seed": -1}, "seed from 0"),
        ({"seed": 2**32}, "seed from 0 to 4294967295"),
        ({"num_digits": 0}, "num_digits from 1 to 1000, got 0"),
        ({"num_digits": 10**9}, "num_digits from 1 to 1000, got 1000000000"),
        ({"size": 48}, r"one of \(32, 64, 128, 256\), got 48"),
        ({"speed": (6.0, 2.0)}, r"slowest <= fastest .* got \(6.0, 2.0\)"),
        ({"speed": (-1.0, 2.0)}, r"got \(-1.0, 2.0\)"),
        ({"speed": (2.0, float("nan"))}, "nan"),
        ({"speed": (2.0, float("inf"))}, "inf"),
        ({"length": 0}, "length from 1"),
    ],
)
def test_wrong_arguments(digits, change, message):
    with pytest.raises(ValueError, match=message) as caught:
        make(digits, **change)
    assert "\n" not in str(caught.value)
