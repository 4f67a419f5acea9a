"""Videos that come one after the other give what all of them give at once."""

import numpy as np
import pytest

from cwvae.evaluation.distances import frechet_distance
from cwvae.evaluation.perceptual import features, fvd, fvd_windows
from cwvae.evaluation.perceptual.features import video_features, window_features

VIDEOS = np.random.default_rng(0).integers(0, 256, (5, 12, 16, 16, 1), dtype=np.uint8)


@pytest.fixture
def means(monkeypatch):
    """In the place of I3D, the mean of every frame; returns the shapes that it is given."""
    shapes = []

    def logits(units, videos, *, chunk):
        shapes.append(videos.shape)
        found = np.zeros((len(videos), 400), np.float32)
        found[:, : videos.shape[1]] = videos.mean((2, 3, 4))[:, :400]
        return found

    monkeypatch.setattr(features.i3d, "logits", logits)
    return shapes


def test_videos_are_taken_when_they_are_needed_and_batches_are_of_one_size(means):
    taken = []

    def stream():
        for number, video in enumerate(VIDEOS):
            # Of the videos so far, those before the last two have gone through the network.
            assert sum(shape[0] for shape in means) >= number - 1
            taken.append(number)
            yield video

    found = video_features(stream(), chunk=24)
    assert taken == [0, 1, 2, 3, 4]
    assert {shape[:2] for shape in means} == {(2, 12)}
    np.testing.assert_allclose(found[:, :12], VIDEOS.mean((2, 3, 4)))


def test_videos_of_several_shapes_keep_their_order(means):
    videos = [VIDEOS[0], VIDEOS[1, :9], VIDEOS[2], VIDEOS[3], np.float32(VIDEOS[4] / 255)]
    found = video_features(videos, chunk=48)
    expected = [video.mean((1, 2, 3)) for video in videos]
    for row, of_frames in zip(found, expected, strict=True):
        np.testing.assert_allclose(row[: len(of_frames)], of_frames, rtol=1e-5)


def test_a_window_is_a_video_of_its_own(means):
    found = window_features((video for video in VIDEOS), (0, 3), window=9)
    assert found.shape == (2, 5, 400)
    for features_of, start in zip(found, (0, 3), strict=True):
        expected = video_features(VIDEOS[:, start : start + 9])
        np.testing.assert_array_equal(features_of, expected)


def test_fvd_is_the_distance_of_features_and_of_windows(means):
    forecast = VIDEOS[::-1] // 2
    assert fvd(VIDEOS, VIDEOS) < 1e-6
    expected = frechet_distance(video_features(VIDEOS), video_features(forecast))
    assert fvd(VIDEOS, iter(forecast)) == expected
    decay = fvd_windows(iter(VIDEOS), forecast, [1, 3], window=9)
    expected = [fvd(VIDEOS[:, s : s + 9], forecast[:, s : s + 9]) for s in (1, 3)]
    np.testing.assert_allclose(decay, expected)
