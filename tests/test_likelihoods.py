"""The distribution of a frame against the float64 formula."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jaxtyping import TypeCheckError
from reference import frame_log_likelihood

from cwvae.likelihoods import FixedNormal


def frames(seed: int) -> tuple[jnp.ndarray, jnp.ndarray]:
    """Draw the decoder's answer and a frame."""
    values = np.random.default_rng(seed).random((2, 5, 4, 3))
    return jnp.asarray(values[0], dtype=float), jnp.asarray(values[1], dtype=float)


@pytest.mark.parametrize("stddev", [0.1, 0.4, 1.0])
@given(seed=st.integers(0, 2**32 - 1))
def test_the_log_likelihood_sums_pixels_and_keeps_the_constants(stddev, seed):
    decoded, frame = frames(seed)
    expected = frame_log_likelihood(frame, decoded, stddev)
    actual = FixedNormal(stddev).log_prob(decoded, frame)
    np.testing.assert_allclose(actual, expected, rtol=2e-6, atol=2e-5)


def test_a_perfect_frame_is_the_likeliest():
    decoded, frame = frames(0)
    likelihood = FixedNormal(0.4)
    assert likelihood.log_prob(frame, frame) > likelihood.log_prob(decoded, frame)


def test_the_expected_frame_is_the_decoders_answer():
    decoded, _ = frames(0)
    assert np.array_equal(FixedNormal(0.4).mean(decoded), decoded)


@pytest.mark.parametrize("stddev", [0.0, -1.0, float("nan")])
def test_a_stddev_that_is_not_positive_is_refused(stddev):
    with pytest.raises(ValueError, match=f"stddev must be positive, got {stddev}"):
        FixedNormal(stddev)


def test_a_frame_of_another_shape_is_refused_with_the_shapes():
    decoded, frame = frames(0)
    message = (
        r"frames of shape \(4, 4, 3\) under FixedNormal need a decoder that answers with shape "
        r"\(4, 4, 3\), got \(5, 4, 3\)"
    )
    with pytest.raises(ValueError, match=message):
        FixedNormal(0.4).log_prob(decoded, frame[:-1])


def test_a_frame_of_bytes_is_refused_by_name():
    decoded, frame = frames(0)
    with pytest.raises(TypeCheckError, match="frame"):
        FixedNormal(0.4).log_prob(decoded, frame.astype("uint8"))
