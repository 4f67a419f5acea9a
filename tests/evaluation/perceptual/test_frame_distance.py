"""LPIPS is the same, whatever axes, types and chunks frames come in."""

import numpy as np

from cwvae.evaluation.perceptual.frame_distance import lpips

FRAMES = np.random.default_rng(0).integers(0, 256, (2, 3, 2, 32, 40, 1), dtype=np.uint8)


def test_axes_before_and_chunks_do_not_change_a_frame():
    first, second = FRAMES
    expected = lpips(first, second)
    assert expected.shape == (3, 2)
    assert expected.min() > 0.01
    np.testing.assert_allclose(lpips(second, first, chunk=4), expected, rtol=1e-5)
    alone = lpips(first[1, 1], second[1, 1])
    assert alone.shape == ()
    np.testing.assert_allclose(alone, expected[1, 1], rtol=1e-5)


def test_gray_is_put_into_all_channels_and_floats_are_bytes_over_255():
    first, second = FRAMES[:, 0]
    expected = lpips(first, second)
    np.testing.assert_allclose(
        lpips(first.repeat(3, -1), second.repeat(3, -1)), expected, rtol=1e-5
    )
    np.testing.assert_allclose(lpips(first / 255, second), expected, rtol=1e-4)


def test_what_a_model_overshoots_is_clipped():
    first, second = FRAMES[:, 0] / 255
    beyond = np.where(first > 0.5, first + 0.4, first - 0.4).astype(np.float32)
    assert beyond.max() > 1.3
    expected = lpips(np.clip(beyond, 0, 1), second)
    np.testing.assert_allclose(lpips(beyond, second), expected, rtol=1e-5)
