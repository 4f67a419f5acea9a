"""What normalisation takes its statistics from, and which frame gives skip features."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from svg_models import TINY, drawn, videos

from cwvae.baselines.svg.norm import with_running

RUNNING = dataclasses.replace(TINY, statistics="running")


def test_a_forecast_depends_on_its_batch_mates_by_their_statistics_alone():
    batch, keys = videos(3, 2), jr.split(jr.key(0), 3)
    others = np.concatenate([batch[:1], 1 - batch[1:] ** 2])
    for config, depends in ((TINY, True), (RUNNING, False)):
        forecasts = eqx.filter_jit(lambda model, v: model.forecasts(v, 1, keys=keys))
        one, other = (forecasts(drawn(config), v)[0] for v in (batch, others))
        assert np.allclose(one, other, rtol=1e-5) != depends


def test_a_video_by_itself_has_running_statistics():
    batch, keys = videos(1, 2), jr.split(jr.key(0), 1)
    forecasts = eqx.filter_jit(lambda model: model.forecasts(batch, 1, keys=keys))
    np.testing.assert_array_equal(forecasts(drawn(TINY)), forecasts(drawn(RUNNING)))


@pytest.mark.parametrize(("skip", "in_forecasts", "in_training"), [("code", 3, 2), ("paper", 4, 3)])
def test_skip_features_that_stay_are_those_of_one_frame(skip, in_forecasts, in_training):
    # Where features are the same for all frames, a frame has effects by its skip features alone.
    model = drawn(dataclasses.replace(RUNNING, skip=skip))
    scale = model.networks.encoder.last.norm.scale
    model = eqx.tree_at(lambda m: m.networks.encoder.last.norm.scale, model, 0 * scale)
    batch, keys = jnp.asarray(videos(1, 5)), jr.split(jr.key(0), 1)

    @jax.jit
    def effects(batch):
        """Of every frame, on the last one predicted after five, and in a training with four."""
        forecast = jax.grad(lambda v: model.forecasts(v, 1, keys=keys).sum())(batch)
        training = jax.grad(lambda v: model.reconstructions(v, keys=keys)[:, -1].sum())(batch)
        return jnp.stack([forecast[0], training[0]])

    found = np.any(effects(batch), axis=(2, 3, 4))
    np.testing.assert_array_equal(found, np.arange(5) == [[in_forecasts], [in_training]])


def test_running_statistics_become_those_of_the_data():
    norm = drawn(TINY).networks.encoder.last.norm
    numbers = 3 + 2 * np.random.default_rng(0).normal(size=(100, len(norm.scale), 4, 4, 5))
    steps = jnp.asarray(numbers, norm.scale.dtype)
    _, moments = jax.vmap(lambda step: norm(step, running=False))(steps)
    after = norm.followed(moments)
    np.testing.assert_allclose(after.mean - norm.offset, 3, atol=0.3)
    np.testing.assert_allclose(after.variance, 4, rtol=0.2)
    # In one call or in two.
    first, then = (jax.tree.map(lambda a, n=n: a[n], moments) for n in (slice(98), slice(98, None)))
    twice = with_running(norm, [norm.followed(first)]).followed(then)
    for one, other in zip(jax.tree.leaves(after), jax.tree.leaves(twice), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)
