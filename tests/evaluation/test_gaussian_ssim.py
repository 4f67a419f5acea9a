"""SSIM with Gaussian windows and MS-SSIM against loops over windows, scipy and scikit-image."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.signal import fftconvolve
from skimage.metrics import structural_similarity

from cwvae.evaluation.gaussian_ssim import SCALE_WEIGHTS, most_scales, ms_ssim, ssim_gaussian

fast_ssim = jax.jit(ssim_gaussian, static_argnames="data_range")
fast_ms_ssim = jax.jit(ms_ssim, static_argnames=("scales", "data_range"))

AROUND = np.arange(11) - 5.0
WINDOW = np.exp(-(AROUND[:, None] ** 2 + AROUND**2) / (2 * 1.5**2))
WINDOW /= WINDOW.sum()


def pair(kind: str, shape: tuple[int, int, int] = (18, 24, 1)) -> tuple[np.ndarray, np.ndarray]:
    """A prediction and a target, float32."""
    random = np.random.default_rng(0)
    target = random.random(shape)
    prediction = {
        "near": np.clip(target + 0.1 * random.standard_normal(shape), 0, 1),
        "opposite": 1 - target,
        "unclipped": 2 * random.random(shape) - 0.5,
        "flat": np.full(shape, 0.3),
    }[kind]
    return prediction.astype(np.float32), target.astype(np.float32)


def reference(p: np.ndarray, t: np.ndarray, data_range: float = 1.0) -> tuple[float, float]:
    """SSIM, and contrast and structure, of one channel: window by window, in double precision."""
    p, t = p.astype(np.float64), t.astype(np.float64)
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    whole, structures = [], []
    for row in range(p.shape[0] - 10):
        for column in range(p.shape[1] - 10):
            x, y = (image[row : row + 11, column : column + 11] for image in (p, t))
            mx, my = (WINDOW * x).sum(), (WINDOW * y).sum()
            vx, vy = (WINDOW * (x - mx) ** 2).sum(), (WINDOW * (y - my) ** 2).sum()
            cov = (WINDOW * (x - mx) * (y - my)).sum()
            structures.append((2 * cov + c2) / (vx + vy + c2))
            whole.append((2 * mx * my + c1) / (mx**2 + my**2 + c1) * structures[-1])
    return float(np.mean(whole)), float(np.mean(structures))


def halved(image: np.ndarray) -> np.ndarray:
    """Means of blocks of 2x2 pixels, an odd last row or column counting twice."""
    rows, columns = (np.minimum(np.arange(n + n % 2), n - 1) for n in image.shape)
    even = image[rows][:, columns]
    return (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4


def multi_scale(p: np.ndarray, t: np.ndarray, scales: int) -> float:
    answer, total = 1.0, 1.0 if scales == 5 else sum(SCALE_WEIGHTS[:scales])
    for scale in range(scales):
        factor = reference(p, t)[scale < scales - 1]
        answer *= max(factor, 0) ** (SCALE_WEIGHTS[scale] / total)
        p, t = halved(p), halved(t)
    return answer


@pytest.mark.parametrize("kind", ["near", "opposite", "unclipped", "flat"])
@pytest.mark.parametrize("data_range", [1.0, 2])
def test_ssim_gaussian_is_wangs_and_scikit_images(kind, data_range):
    prediction, target = pair(kind)
    found = float(fast_ssim(prediction, target, data_range=data_range))
    expected, _ = reference(prediction[..., 0], target[..., 0], data_range)
    assert found == pytest.approx(expected, abs=1e-5)
    image = structural_similarity(
        prediction.astype(np.float64),
        target.astype(np.float64),
        data_range=data_range,
        channel_axis=-1,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert found == pytest.approx(image, abs=1e-5)


def test_ssim_gaussian_is_finns():
    x, y = (image[..., 0].astype(np.float64) for image in pair("near"))
    mx, my, xx, yy, xy = (
        fftconvolve(image, WINDOW, mode="valid") for image in (x, y, x * x, y * y, x * y)
    )
    above = (2 * mx * my + 1e-4) * (2 * (xy - mx * my) + 9e-4)
    below = (mx**2 + my**2 + 1e-4) * (xx - mx**2 + yy - my**2 + 9e-4)
    assert float(fast_ssim(*pair("near"))) == pytest.approx((above / below).mean(), abs=1e-5)


@pytest.mark.parametrize(
    ("edge", "scales", "kind"),
    [(32, 2, "near"), (64, 3, "near"), (25, 2, "near"), (32, 2, "flat"), (161, 5, "near")],
)
def test_ms_ssim_is_the_product_over_scales(edge, scales, kind):
    prediction, target = pair(kind, (edge, edge + 1, 1))
    assert most_scales(edge, edge + 1) == scales
    expected = multi_scale(prediction[..., 0], target[..., 0], scales)
    found = fast_ms_ssim(prediction, target, scales=scales)
    assert 0 < expected < 0.99
    assert float(found) == pytest.approx(expected, abs=1e-5)


def test_what_is_opposite_counts_as_nothing_alike():
    assert reference(*(image[..., 0] for image in pair("opposite")))[1] < 0
    assert float(fast_ms_ssim(*pair("opposite"), scales=1)) == 0


def test_channels_are_averaged():
    prediction, target = pair("near", (22, 24, 3))
    for metric in (fast_ssim, lambda p, t: fast_ms_ssim(p, t, scales=2)):
        each = [float(metric(prediction[..., [c]], target[..., [c]])) for c in range(3)]
        assert float(metric(prediction, target)) == pytest.approx(np.mean(each), abs=1e-6)


def test_a_frame_against_itself_is_1_and_a_batch_is_its_frames():
    prediction, target = pair("near", (22, 24, 3))
    assert float(fast_ssim(target, target)) == pytest.approx(1, abs=1e-6)
    assert float(fast_ms_ssim(target, target, scales=2)) == pytest.approx(1, abs=1e-6)
    batch = jax.jit(jax.vmap(ssim_gaussian, in_axes=(0, None)))
    found = batch(jnp.stack([prediction, target]), jnp.asarray(target))
    assert float(found[0]) == pytest.approx(float(fast_ssim(prediction, target)), abs=1e-6)
    assert float(found[1]) == pytest.approx(1, abs=1e-6)


def test_five_scales_are_for_large_frames():
    assert [most_scales(edge, 300) for edge in (10, 11, 20, 21, 160, 161)] == [0, 1, 1, 2, 4, 5]
    assert most_scales(5000, 5000) == 5
