"""Scores are the metrics of each frame, and the best of several samples."""

import jax.numpy as jnp
import numpy as np
import pytest

from cwvae.evaluation.metrics import psnr, ssim
from cwvae.evaluation.scores import Scores, best_of, score


@pytest.mark.parametrize("array", [np.asarray, jnp.asarray])
def test_every_frame_is_scored_on_its_own(array):
    random = np.random.default_rng(0)
    truth, prediction = random.random((2, 70, 16, 16, 1)).astype(np.float32)
    scores = score(array(prediction), array(truth))
    assert scores.ssim.shape == (70,)
    for t in (0, 63, 64, 69):
        pair = jnp.asarray(prediction[t]), jnp.asarray(truth[t])
        assert np.allclose(scores.ssim[t], ssim(*pair), rtol=1e-5)
        assert np.allclose(scores.psnr[t], psnr(*pair), rtol=1e-5)
        assert np.allclose(scores.ssim_official[t], ssim(*pair, data_range=2.0), rtol=1e-5)


def test_the_best_sample_is_chosen_for_each_metric_by_its_mean_over_frames():
    first, second = jnp.asarray([0.0, 9.0]), jnp.asarray([4.0, 4.0])
    scores = Scores(
        ssim=jnp.stack([first, second]),
        psnr=jnp.stack([second, first]),
        ssim_official=jnp.stack([second, second]),
    )
    best = best_of(scores)
    assert np.array_equal(best.ssim, first)  # mean 4.5, although its first frame is worse
    assert np.array_equal(best.psnr, first)
    assert np.array_equal(best.ssim_official, second)
