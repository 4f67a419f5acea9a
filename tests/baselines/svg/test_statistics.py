"""What the statistics of normalisation do, which frames give skip features, and training."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from svg_models import TINY, drawn, videos

from cwvae.baselines.svg.norm import BatchNorm, all_followed, with_running


def test_a_forecast_depends_on_its_batch_mates_by_their_statistics_alone():
    batch, keys = videos(3, 3), jr.split(jr.key(0), 3)
    others = np.concatenate([batch[:1], 1 - batch[1:]])
    for statistics, depends in (("batch", True), ("running", False)):
        model = drawn(dataclasses.replace(TINY, statistics=statistics))
        forecasts = eqx.filter_jit(lambda m, v: m.forecasts(v, 2, keys=keys))
        one, other = (forecasts(model, v)[0] for v in (batch, others))
        assert np.allclose(one, other, rtol=1e-5) != depends


def test_a_video_by_itself_has_running_statistics():
    batch, keys = videos(1, 3), jr.split(jr.key(0), 1)
    by_batch, by_running = (
        drawn(dataclasses.replace(TINY, statistics=statistics)).forecasts(batch, 1, keys=keys)
        for statistics in ("batch", "running")
    )
    np.testing.assert_array_equal(by_batch, by_running)


def test_skip_features_that_stay_are_those_of_the_last_known_frame_or_the_one_before():
    """Frames whose change reaches the last prediction with everything else held."""
    batch, key = jnp.asarray(videos(2, 6)), jr.key(0)

    def last(model, skips_of):
        # The features of all frames come from one video, the skip features from another.
        networks = model.networks
        from cwvae.baselines.svg.passing import passed

        frames = jnp.transpose(skips_of, (1, 4, 2, 3, 0))
        noise = jnp.zeros((5, 2, TINY.stoch_size))
        known = model.config.known(model.config.context)
        return passed(networks, frames, noise, known=known, running=True).frames[-1]

    del key, last, batch


def test_running_statistics_become_those_of_the_data():
    norm = drawn(TINY).networks.encoder.last.norm
    numbers = 3 + 2 * np.random.default_rng(0).normal(size=(200, len(norm.scale), 4, 4, 5))
    steps = jnp.asarray(numbers, norm.scale.dtype)
    _, moments = jax.vmap(lambda step: norm(step, running=False))(steps)
    network = eqx.nn.Sequential([eqx.nn.Lambda(norm)])
    (after,) = all_followed(network, [moments])
    np.testing.assert_allclose(after.mean, 3 + norm.offset, atol=0.3)
    np.testing.assert_allclose(after.variance, 4, rtol=0.2)
    followed = with_running(norm, [after])
    images, _ = followed(steps[0], running=True)
    assert isinstance(followed, BatchNorm)
    np.testing.assert_allclose(images.mean((1, 2, 3)), norm.shift, atol=0.5)
