"""Scores are the metrics of each frame, and the best of several samples."""

import jax.numpy as jnp
import numpy as np
import pytest

from cwvae.evaluation.frame_metrics import FRAME_METRICS
from cwvae.evaluation.gaussian_ssim import ms_ssim, ssim_gaussian
from cwvae.evaluation.metrics import psnr, ssim
from cwvae.evaluation.ratios import mass_ratio, motion_energy, sharpness
from cwvae.evaluation.scores import best_of, over_frames, score

FREE = tuple(name for name in FRAME_METRICS if FRAME_METRICS[name].traced)


@pytest.mark.parametrize("array", [np.asarray, jnp.asarray])
def test_every_frame_is_scored_on_its_own(array):
    random = np.random.default_rng(0)
    truth, prediction = random.random((2, 70, 32, 32, 1)).astype(np.float32)
    before = random.random((32, 32, 1)).astype(np.float32)
    scores = score(array(prediction), array(truth), metrics=FREE, before=array(before))
    assert list(scores) == list(FREE)
    assert {values.shape for values in scores.values()} == {(70,)}
    for t in (0, 63, 64, 69):
        pair = jnp.asarray(prediction[t]), jnp.asarray(truth[t])
        earlier = (prediction[t - 1], truth[t - 1]) if t else (before, before)
        changes = tuple(np.stack([e, p]) for e, p in zip(earlier, pair, strict=True))
        alone = {
            "ssim": ssim(*pair),
            "psnr": psnr(*pair),
            "ssim_official": ssim(*pair, data_range=2.0),
            "ssim_gaussian": ssim_gaussian(*pair),
            "ms_ssim": ms_ssim(*pair, scales=2),
            "sharpness": sharpness(pair[0][None], pair[1][None])[0],
            "mass": mass_ratio(pair[0][None], pair[1][None])[0],
            "motion": motion_energy(*changes)[0],
        }
        assert set(alone) == set(FREE)
        assert all(np.allclose(scores[name][t], alone[name], rtol=1e-4) for name in FREE)


def test_the_best_sample_is_chosen_for_each_metric_by_its_mean_over_frames():
    first, second = jnp.asarray([0.0, 9.0]), jnp.asarray([4.0, 4.0])
    best = best_of(
        {
            "ssim": jnp.stack([first, second]),
            "psnr": jnp.stack([second, first]),
            "lpips": jnp.stack([first, second]),
        }
    )
    assert np.array_equal(best["ssim"], first)  # mean 4.5, although its first frame is worse
    assert np.array_equal(best["psnr"], first)
    assert np.array_equal(best["lpips"], second)  # less is better


def test_of_ratios_the_best_is_nearest_to_one_and_half_is_as_far_as_twice():
    ratios = np.array([[0.4, 0.4, 90.0], [2.1, 2.1, 0.0], [9.0, 1.0, 9.0]])
    assert np.array_equal(best_of({"mass": ratios})["mass"], ratios[1])
    assert np.array_equal(over_frames("mass", ratios), [0.4, 2.1, 9.0])
    assert over_frames("ssim", ratios)[2] == pytest.approx(19 / 3)


def test_lpips_is_scored_too():
    random = np.random.default_rng(0)
    truth, prediction = random.random((2, 3, 32, 32, 1)).astype(np.float32)
    values = score(prediction, truth, metrics=("lpips", "ssim"))["lpips"]
    assert values.shape == (3,)
    assert (np.asarray(values) > 0).all()
    far = np.where(prediction > 0.9, prediction + 3, prediction)
    clipped = score(np.clip(far, 0, 1), truth, metrics=("lpips",))["lpips"]
    assert np.array_equal(score(far, truth, metrics=("lpips",))["lpips"], clipped)
    assert np.allclose(score(truth, truth, metrics=("lpips",))["lpips"], 0, atol=1e-5)
