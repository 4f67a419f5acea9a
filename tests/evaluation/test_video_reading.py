"""Windows: which ones are read, and what counts in them."""

import numpy as np
import pytest

from cwvae.data.digits import load_digits
from cwvae.data.moving_mnist import MovingMNIST
from cwvae.evaluation.reader import load_reader
from cwvae.evaluation.video_reading import follow_classes, window_classes, window_ends


@pytest.mark.parametrize(
    ("context", "frames", "ends"),
    [
        (36, 1000, (46, 50, 100, 200, 300, 500, 750, 1000)),
        (36, 999, (46, 50, 100, 200, 300, 500, 750)),
        (36, 49, (46, 49)),
        (4, 49, (14, 49)),
        (4, 64, (14, 50)),
        (48, 120, (58, 100)),
    ],
)
def test_windows_that_fit_into_the_forecast_are_read(context, frames, ends):
    assert window_ends(context, frames) == ends


def test_sure_frames_decide():
    # Two frames that are sure of class 1 count, and eight that lean to class 0 do not.
    lean, sure = np.log([0.45, 0.1, 0.45]), np.log([0.2, 0.6, 0.2])
    classes, confident = window_classes(np.stack([sure] * 2 + [lean] * 8)[np.newaxis])
    assert (classes, confident) == (1, False)


def test_of_frames_that_are_all_unsure_all_count():
    lean = np.log([[0.45, 0.15, 0.4]] * 10)
    classes, confident = window_classes(lean[np.newaxis])
    assert (classes, confident) == (0, False)


def test_three_sure_frames_make_a_window_confident():
    lean, sure = np.log([0.4, 0.3, 0.3]), np.log([0.2, 0.6, 0.2])
    windows = np.stack([[sure] * n + [lean] * (10 - n) for n in (2, 3, 10)])
    assert window_classes(windows)[1].tolist() == [False, True, True]


def test_a_video_is_followed_until_its_digit_is_another_or_gone():
    source = MovingMNIST(
        split="test", frames=30, digits=load_digits(), num_digits=1, size=32, length=16, seed=1
    )
    items = [source[index] for index in range(len(source))]
    videos = [item["video"].astype(np.float32) / 255 for item in items]
    labels = [int(item["labels"][0]) for item in items]
    masses = [float(video.sum((1, 2, 3)).mean()) for video in videos]
    # One of much more or less ink than the first is not legible.
    near = [n for n in range(16) if labels[n] != labels[0] and abs(masses[n] / masses[0] - 1) < 0.2]
    film = np.concatenate([videos[0], videos[near[0]], np.zeros_like(videos[0])])
    found = follow_classes(load_reader(32), film, mass=masses[0])
    assert found.shape == (90,)
    assert np.all(found[:30] == labels[0])
    assert np.all(found[40:60] == labels[near[0]])
    assert np.all(found[70:] == -1)


@pytest.mark.parametrize("frames", [0, 9])
def test_too_few_frames_to_follow_are_an_error(frames):
    with pytest.raises(ValueError, match=f"at least 10 frames to be read, got {frames}"):
        follow_classes(load_reader(32), np.zeros((frames, 32, 32, 1)), mass=1.0)
