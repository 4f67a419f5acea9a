"""Sharpness, mass and motion energy: each sees the fault that it is for, and not the others'."""

import itertools

import jax
import numpy as np
import pytest
from bouncing import bouncing
from scipy.ndimage import uniform_filter

from cwvae.evaluation.ratios import mass_ratio, motion_energy, sharpness

TRUTH = bouncing(1, 12).frames[0]
OTHER = bouncing(2, 12, seed=3).frames[1]
METRICS = (sharpness, mass_ratio, motion_energy)


def measured(prediction: np.ndarray, truth: np.ndarray = TRUTH) -> list[np.ndarray]:
    return [np.asarray(metric(prediction.astype(np.float32), truth)) for metric in METRICS]


def reference(video: np.ndarray) -> tuple[list[float], list[float], list[float]]:
    """Energies pixel by pixel, in double precision."""
    frames = np.clip(video[..., 0].astype(np.float64), 0, 1)
    edges, masses, changes = [], [], []
    for frame in frames:
        rows, columns = frame.shape
        down = [
            (frame[i + 1, j] - frame[i, j]) ** 2 for i in range(rows - 1) for j in range(columns)
        ]
        right = [
            (frame[i, j + 1] - frame[i, j]) ** 2 for i in range(rows) for j in range(columns - 1)
        ]
        edges.append(np.mean(down) + np.mean(right))
        masses.append(frame.mean())
    for before, after in itertools.pairwise(frames):
        changes.append(np.mean((after - before) ** 2))
    return edges, masses, changes


def test_they_are_ratios_of_energies():
    prediction = OTHER * 0.7 + 0.1
    for found, over, under in zip(
        measured(prediction), reference(prediction), reference(TRUTH), strict=True
    ):
        expected = (np.array(over) + 1e-6) / (np.array(under) + 1e-6)
        np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_the_truth_has_its_own():
    for found, frames in zip(measured(TRUTH), (12, 12, 11), strict=True):
        assert found.shape == (frames,)
        np.testing.assert_allclose(found, 1, rtol=1e-6)


def test_another_video_of_the_kind_has_them_too():
    for found in measured(OTHER):
        assert 0.3 < np.median(found) < 3


def test_blur_lowers_sharpness_and_keeps_mass():
    sharp, mass, _ = measured(uniform_filter(TRUTH, (0, 3, 3, 0), mode="constant"))
    assert sharp.max() < 0.6
    assert 0.9 < mass.min() <= mass.max() < 1.01


def test_a_frozen_video_has_no_motion_and_keeps_sharpness_and_mass():
    sharp, mass, motion = measured(np.broadcast_to(TRUTH[:1], TRUTH.shape))
    assert np.median(motion) < 1e-3
    assert sharp.min() > 0.9
    assert mass.min() > 0.9


def test_a_blank_video_has_nothing():
    for found in measured(np.zeros_like(TRUTH)):
        assert np.median(found) < 1e-3


def test_a_truth_that_stands_still_for_a_step_makes_means_useless():
    # Digits do where they bounce in a corner: the reason for medians.
    standing = np.concatenate([TRUTH[:6], TRUTH[5:]])
    motion = measured(np.concatenate([OTHER, OTHER[:1]]), standing)[2]
    assert motion[5] > 1000
    assert 0.3 < np.median(motion) < 3


def test_noise_raises_sharpness_and_motion():
    noise = 0.1 * np.abs(np.random.default_rng(0).standard_normal(TRUTH.shape))
    sharp, _, motion = measured(TRUTH + noise)
    assert sharp.min() > 1.1
    assert motion.min() > 1.1


def test_a_digit_too_many_is_mass():
    assert measured(np.maximum(TRUTH, np.roll(TRUTH, 14, axis=1)))[1].mean() > 1.4


def test_nothing_over_nothing_is_1_and_something_over_nothing_is_large():
    nothing = np.zeros_like(TRUTH)
    for same, more in zip(measured(nothing, nothing), measured(TRUTH, nothing), strict=True):
        assert np.array_equal(same, np.ones_like(same))
        assert np.isfinite(more).all()
        assert np.median(more) > 100


def test_values_are_clipped_first():
    for found, same in zip(
        measured(TRUTH * 3 - 1), measured(np.clip(TRUTH * 3 - 1, 0, 1)), strict=True
    ):
        np.testing.assert_allclose(found, same, rtol=1e-6)


@pytest.mark.parametrize("metric", METRICS)
def test_a_batch_is_its_videos(metric):
    batch = jax.vmap(metric)(np.stack([TRUTH, OTHER]), np.stack([OTHER, TRUTH]))
    np.testing.assert_allclose(batch[1], metric(OTHER, TRUTH), rtol=1e-5)
