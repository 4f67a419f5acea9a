"""Resizing against TensorFlow 1's definition, pixel by pixel."""

import math

import numpy as np
import pytest

from cwvae.evaluation.perceptual.resize import resize


def obvious(frame: np.ndarray, size: int) -> np.ndarray:
    """Resize one frame in float64: every pixel lies between four."""
    height, width, channels = frame.shape
    result = np.empty((size, size, channels))
    for i in range(size):
        for j in range(size):
            y, x = i * height / size, j * width / size
            top, left = math.floor(y), math.floor(x)
            bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
            upper = frame[top, left] * (1 - x + left) + frame[top, right] * (x - left)
            lower = frame[bottom, left] * (1 - x + left) + frame[bottom, right] * (x - left)
            result[i, j] = upper * (1 - y + top) + lower * (y - top)
    return result


@pytest.mark.parametrize(
    ("height", "width", "size"), [(5, 8, 28), (28, 9, 12), (7, 7, 7), (1, 2, 5), (13, 64, 6)]
)
def test_resizing_is_that_of_tensorflow_1(height, width, size):
    frames = np.random.default_rng(0).random((2, height, width, 3))
    found = resize(frames.astype(np.float32), size)
    assert found.shape == (2, size, size, 3)
    np.testing.assert_allclose(found, [obvious(frame, size) for frame in frames], atol=1e-6)


def test_doubling_keeps_the_old_rows_and_repeats_the_last():
    # Half-pixel centres would give 0, .25, .75, 1 from 0 and 1.
    frame = np.array([0.0, 1.0], np.float32).reshape(1, 2, 1).repeat(2, 0)
    np.testing.assert_allclose(resize(frame, 4)[0, :, 0], [0, 0.5, 1, 1])
