"""What all baselines do without, whether its value is known or not."""

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import pytest

from cwvae.training.methods import build_any
from cwvae.training.presets import PRESETS
from cwvae.video_model import LossInputs


@pytest.mark.parametrize("preset", ["debug_svg_lp", "debug_vta"])
@pytest.mark.parametrize("name", ["free_nats", "tick_free_nats"])
def test_free_nats_that_are_traced_are_named(preset, name):
    config = PRESETS[preset].model
    model = eqx.filter_eval_shape(build_any, config, key=jr.key(0))
    videos = jnp.zeros((2, 8, config.size, config.size, config.channels))

    def loss(model, nats):
        return model.loss(videos, LossInputs(**{name: nats}), key=jr.key(0))

    with pytest.raises(ValueError, match=f"no use for {name}, got .*; leave it"):
        eqx.filter_eval_shape(loss, model, jnp.ones(()))


@pytest.mark.parametrize("preset", ["debug_svg_lp", "debug_vta"])
def test_a_batch_in_parts_whose_statistics_are_those_of_all_is_an_error(preset):
    config = PRESETS[preset].model
    model = eqx.filter_eval_shape(build_any, config, key=jr.key(0))
    videos = jnp.zeros((2, 8, config.size, config.size, config.channels))
    with pytest.raises(ValueError, match="no use for accumulate, got 2; leave it"):
        eqx.filter_eval_shape(
            lambda m: m.loss(videos, LossInputs(accumulate=2), key=jr.key(0)), model
        )
