import dataclasses
import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from models import draw
from reference import assert_alike

from cwvae.baselines.vta import VTA, VTAConfig, build_vta, jumpy_forecasts
from cwvae.baselines.vta.norm import BatchNorm
from cwvae.video_model import PlainLoss

CONFIG = VTAConfig(
    channels=1, filters=2, feature_size=4, belief_size=5, state_size=2, edge_frames=2
)
BATCH, CONTEXT, HORIZON, SAMPLES = 2, 5, 7, 3


@functools.cache
def model() -> VTA:
    built = build_vta(CONFIG, key=jr.key(0))

    def seen(node):
        """Return a normalisation with statistics as after some training."""
        if not isinstance(node, BatchNorm):
            return node
        moved = (0.3 * draw(1, *node.mean.shape), 0.5 + draw(2, *node.mean.shape) ** 2)
        return eqx.tree_at(lambda norm: (norm.mean, norm.variance), node, moved)

    return jax.tree.map(seen, built, is_leaf=lambda node: isinstance(node, BatchNorm))


@functools.cache
def contexts() -> jax.Array:
    return jax.nn.sigmoid(3 * draw(1, BATCH, CONTEXT, 32, 32, 1))


def keys() -> jax.Array:
    return jr.split(jr.key(2), BATCH)


@eqx.filter_jit
def forecasts(model, contexts, horizon, keys, samples=SAMPLES):
    return model.forecasts(contexts, horizon, keys=keys, samples=samples)


@functools.cache
def forecast() -> np.ndarray:
    return np.asarray(forecasts(model(), contexts(), HORIZON, keys()))


def test_forecasts_are_frames_and_differ_from_sample_to_sample():
    assert forecast().shape == (BATCH, SAMPLES, HORIZON, 32, 32, 1)
    assert 0 <= forecast().min() < forecast().max() <= 1
    assert np.all(np.any(forecast()[:, 0] != forecast()[:, 1], axis=(1, 2, 3, 4)))


def test_a_forecast_does_not_depend_on_the_other_videos():
    swapped = forecasts(model(), contexts()[::-1], HORIZON, keys()[::-1])
    assert_alike(swapped[::-1], forecast())
    other = forecasts(model(), contexts().at[1].set(0), HORIZON, keys())
    assert_alike(other[0], forecast()[0])
    assert np.any(other[1] != forecast()[1])


def test_a_longer_forecast_begins_as_a_shorter_one():
    # 2 x 3 x 33 frames are more than a group of them.
    longer = forecasts(model(), contexts(), 33, keys())
    assert_alike(longer[:, :, :HORIZON], forecast())


def with_prior_of_boundaries(read: float) -> VTA:
    bias = jnp.asarray([read, -read])
    return eqx.tree_at(lambda m: m.networks.levels.boundary.bias, model(), bias)


@eqx.filter_jit
def jumpy(model, contexts, keys):
    return jumpy_forecasts(model, contexts, HORIZON, keys=keys, samples=SAMPLES)


def test_jumpy_forecasts_are_those_in_which_a_segment_begins_at_every_frame():
    # In 32 gray values besides.
    coarse = VTA(model().networks, dataclasses.replace(CONFIG, requantise=True))
    found = 255 / 8 * jumpy(coarse, contexts(), keys())
    np.testing.assert_allclose(found, np.round(found), atol=1e-4)
    always = forecasts(with_prior_of_boundaries(100.0), contexts(), HORIZON, keys())
    np.testing.assert_allclose(found, 32 * always - 0.5, atol=0.51)
    never = forecasts(with_prior_of_boundaries(-100.0), contexts(), HORIZON, keys())
    assert np.any(np.abs(never - always)[:, :, 1:] > 1e-4)
    assert_alike(never[:, :, 0], always[:, :, 0])


@eqx.filter_jit
def observed(model, videos, keys):
    return model.reconstructions(videos, keys=keys), model.bounds(videos, keys=keys)


def test_reconstructions_and_bounds_of_a_video_do_not_depend_on_the_others():
    shown, bounds = observed(model(), contexts(), keys())
    assert shown.shape == contexts().shape
    assert bounds.log_likelihood.shape == (BATCH, CONTEXT)
    assert bounds.kl.shape == (BATCH, 3)
    assert np.all(bounds.kl >= 0)
    other = observed(model(), contexts().at[1].set(0), keys())
    assert_alike((shown[0], bounds.log_likelihood[0], bounds.kl[0]), first(other))


def first(found) -> tuple:
    shown, bounds = found
    return shown[0], bounds.log_likelihood[0], bounds.kl[0]


def test_a_boundary_costs_what_the_prior_makes_of_it():
    detector = model().networks.detector
    for read in (100.0, -100.0):
        sure = eqx.tree_at(lambda m: m.networks.detector, with_prior_of_boundaries(read), detector)
        sure = eqx.tree_at(lambda m: m.networks.detector.bias, sure, jnp.asarray([read, -read]))
        _, bounds = observed(sure, contexts(), keys())
        np.testing.assert_allclose(bounds.kl[:, 2], 0, atol=1e-5)


def test_kernels_are_a_matter_of_speed():
    sizes = VTAConfig(channels=1, filters=2, feature_size=4, belief_size=5, state_size=2)
    plain = build_vta(sizes, kernels="xla", key=jr.key(0))
    frames = draw(3, 32, 32, 32, 1)

    def answers(model):
        encodings, _ = model.networks.encoder(frames, running=False)
        return encodings, model.networks.decoder(encodings, running=False)[0]

    ours = jax.jit(answers)(build_vta(sizes, key=jr.key(0)))
    assert_alike(ours, jax.jit(answers)(plain), 1e-4)


def test_wrong_calls_are_errors():
    with pytest.raises(ValueError, match="kernels must be one of"):
        build_vta(CONFIG, kernels="fast", key=jr.key(0))
    with pytest.raises(ValueError, match="loss must be a VTALoss, got PlainLoss"):
        model().after_step(PlainLoss(jnp.zeros(())))
    with pytest.raises(ValueError, match=r"at least 1 frames here, got 0"):
        model().forecasts(np.zeros((2, 0, 32, 32, 1), "float32"), 3, keys=keys())
    with pytest.raises(ValueError, match="size must be 32 or 64, got 48; choose"):
        VTAConfig(size=48)
