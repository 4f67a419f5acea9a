"""Networks that compute with fewer bits than what is around them."""

import dataclasses

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from models import draw, noise, plain, tiny

from cwvae.clock import Clock
from cwvae.nn.compute_dtype import InDtype

MODEL = tiny()
VIDEO = jax.nn.sigmoid(draw(0, 4, 32, 32, 1))
OUTPUTS = draw(1, 4, MODEL.hierarchy.cells[0].output_size)


def rough(model=MODEL, dtype: str = "bfloat16"):
    encoder, decoder = (InDtype(network, dtype) for network in (model.encoder, model.decoder))
    return dataclasses.replace(model, encoder=encoder, decoder=decoder)


def test_only_what_sees_frames_computes_with_few_bits():
    features = rough().encode(VIDEO)
    assert {f.dtype for f in features} == {jnp.dtype("float32")}
    assert all(np.array_equal(f, f.astype(jnp.bfloat16)) for f in features)
    for one, other in zip(features, MODEL.encode(VIDEO), strict=True):
        np.testing.assert_allclose(one, other, rtol=0.1, atol=0.1)
    decoded = rough().decode(OUTPUTS)
    assert decoded.dtype == jnp.float32
    assert np.array_equal(decoded, decoded.astype(jnp.bfloat16))
    _, traces = rough().infer(VIDEO, MODEL.hierarchy.noise(4, key=jr.key(0)))
    assert not np.array_equal(traces[0].prior.mean, traces[0].prior.mean.astype(jnp.bfloat16))


def test_the_log_likelihood_of_few_bits_is_one_of_many():
    found = rough().log_likelihood(OUTPUTS, VIDEO)
    expected = jax.vmap(MODEL.likelihood.log_prob)(rough().decode(OUTPUTS), VIDEO)
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_any_network_can_be_wrapped_and_one_frame_is_one_of_many():
    model = plain(Clock(2, 2))
    video, noises = draw(0, 3, 1, 2, 1), noise(model.hierarchy, 3)
    _, traces = rough(model).infer(video, noises)
    assert traces[0].output.dtype == jnp.float32
    (one, *_), (many, *_) = rough(model).encoder(video[0]), rough(model).encode(video)
    assert np.array_equal(one, many[0])
    assert np.array_equal(one, video[0].astype(jnp.bfloat16).reshape(2))


@pytest.mark.parametrize("dtype", ["int8", "bf16", ""])
def test_another_type_is_an_error_that_lists_the_types(dtype):
    with pytest.raises(ValueError, match="one of float16, bfloat16, float32, float64, got"):
        InDtype(MODEL.encoder, dtype)
