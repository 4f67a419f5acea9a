"""FDD and KDD: near nothing between videos of one kind, and more for what is worse."""

from functools import cache

import numpy as np
import pytest
from bouncing import bouncing
from scipy.ndimage import uniform_filter

from cwvae.evaluation.digit_distances import FRAMES, digit_distances, reader_features
from cwvae.evaluation.distances import frechet_distance, kernel_distance
from cwvae.evaluation.reader import load_reader

TRUTH = bouncing(96, FRAMES, seed=1)
OTHERS = bouncing(96, FRAMES, seed=2)


@cache
def known() -> np.ndarray:
    """The features of the other videos."""
    return reader_features(OTHERS.frames, 1)


def apart(videos: np.ndarray) -> tuple[float, float]:
    features = reader_features(videos.astype(np.float32), 1)
    return frechet_distance(features, known()), kernel_distance(features, known())


def test_features_are_means_over_frames_of_what_the_class_is_made_of():
    reader, videos = load_reader(32), TRUTH.frames[:16]
    features = reader.features(videos[0], 1)
    assert features.shape == (FRAMES, 1, 256)
    np.testing.assert_allclose(reader_features(videos, 1)[0], features.mean((0, 1)), atol=1e-4)
    logits = np.asarray(reader.classifier.last(features[:, 0]))
    shifted = logits - np.asarray(reader(videos[0], 1).log_probs)
    np.testing.assert_allclose(shifted, shifted[:, :1] + np.zeros_like(shifted), atol=1e-3)


def test_a_video_has_the_same_features_among_others():
    np.testing.assert_allclose(
        reader_features(OTHERS.frames[17:20], 1), known()[17:20], rtol=1e-3, atol=1e-4
    )


def test_worse_videos_are_farther():
    floor = apart(TRUTH.frames)
    blurred = apart(uniform_filter(TRUTH.frames, (0, 0, 3, 3, 0)))
    blank = apart(np.zeros_like(TRUTH.frames))
    ones = TRUTH.frames[TRUTH.labels[:, 0] == 1]
    for n in range(2):
        assert floor[n] < blurred[n] < blank[n]
        assert 3 * floor[n] < apart(ones)[n]
    assert abs(floor[1]) < 0.1 * blurred[1]


def test_the_distances_are_those_of_the_features():
    found = digit_distances(TRUTH.frames[:40], OTHERS.frames, 1)
    frechet, kernel = apart(TRUTH.frames[:40])
    assert found.frechet == pytest.approx(frechet, rel=1e-3)
    assert found.kernel == pytest.approx(kernel, rel=1e-3)
    assert found.windows == 40


def test_videos_of_two_digits_and_of_64_pixels_have_features():
    videos = bouncing(3, FRAMES, size=64, digits=2).frames
    features = reader_features(videos, 2)
    assert features.shape == (3, 256)
    assert features.std(0).max() > 0
