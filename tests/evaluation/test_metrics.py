"""PSNR and SSIM against scikit-image, which the official evaluation used."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from cwvae.evaluation.metrics import psnr, ssim

fast_ssim = jax.jit(ssim, static_argnames="data_range")


def pair(kind: str, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """A prediction and a target, float32, in [0, 1] but for the kind "unclipped"."""
    random = np.random.default_rng(0)
    shape = (20, 24, channels)
    target = random.random(shape)
    prediction = 1 - target
    match kind:
        case "near":
            prediction = np.clip(target + 0.1 * random.standard_normal(shape), 0, 1)
        case "unrelated":
            prediction = random.random(shape)
        case "unclipped":
            prediction = 2.0 * random.random(shape) - 0.5
        case "nearly black":
            target = 0.02 * target
            prediction = 0.02 * random.random(shape)
        case "constant":
            target, prediction = np.full(shape, 0.3), np.full(shape, 0.9)
        case "an edge":
            target, prediction = np.zeros(shape), np.zeros(shape)
            target[:10], prediction[:12] = 1, 1
    return prediction.astype(np.float32), target.astype(np.float32)


KINDS = ["near", "unrelated", "unclipped", "nearly black", "constant", "an edge", "opposite"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("channels", "data_range"), [(1, 1.0), (1, 2.0), (3, 1.0), (3, 2)])
def test_ssim_is_scikit_images(kind, channels, data_range):
    prediction, target = pair(kind, channels)
    expected = structural_similarity(
        prediction.astype(np.float64),
        target.astype(np.float64),
        data_range=data_range,
        channel_axis=-1,
    )
    found = fast_ssim(prediction, target, data_range=data_range)
    assert found.shape == ()
    assert float(found) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("channels", "data_range"), [(1, 1.0), (3, 2)])
def test_psnr_is_scikit_images(kind, channels, data_range):
    prediction, target = pair(kind, channels)
    expected = peak_signal_noise_ratio(
        target.astype(np.float64), prediction.astype(np.float64), data_range=data_range
    )
    found = psnr(jnp.asarray(prediction), jnp.asarray(target), data_range=data_range)
    assert found.shape == ()
    assert float(found) == pytest.approx(expected, abs=1e-4)


def test_identical_frames():
    frame = jnp.asarray(pair("near", 3)[0])
    assert float(fast_ssim(frame, frame)) == pytest.approx(1.0, abs=1e-6)
    assert float(psnr(frame, frame)) == np.inf


def test_both_are_symmetric():
    prediction, target = (jnp.asarray(array) for array in pair("near", 1))
    assert float(fast_ssim(prediction, target)) == pytest.approx(
        float(fast_ssim(target, prediction))
    )
    assert float(psnr(prediction, target)) == float(psnr(target, prediction))


def test_a_batch_is_its_frames():
    frames = np.stack([np.stack(pair(kind, 1)) for kind in KINDS])
    for metric in (psnr, ssim):
        batch = jax.jit(jax.vmap(metric))(frames[:, 0], frames[:, 1])
        alone = [metric(jnp.asarray(p), jnp.asarray(t)) for p, t in frames]
        np.testing.assert_allclose(batch, np.stack(alone), rtol=1e-5, atol=1e-6)


def test_ssim_averages_channels():
    prediction, target = (jnp.asarray(array) for array in pair("near", 3))
    each = [fast_ssim(prediction[..., c : c + 1], target[..., c : c + 1]) for c in range(3)]
    assert float(fast_ssim(prediction, target)) == pytest.approx(float(sum(each)) / 3, abs=1e-6)


def test_the_smallest_frame_is_one_window():
    prediction, target = (jnp.asarray(array[:7, :7]) for array in pair("near", 1))
    expected = structural_similarity(
        np.asarray(prediction), np.asarray(target), data_range=1.0, channel_axis=-1
    )
    assert float(ssim(prediction, target)) == pytest.approx(float(expected), abs=1e-5)
