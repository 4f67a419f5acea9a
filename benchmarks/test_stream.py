"""The streaming step: a frame as it comes, and a hundred of them in one program."""

import equinox as eqx
import flops
import inputs
import jax
import jax.numpy as jnp
import jax.random as jr
import pytest
from measuring import Case
from sets import quick

from cwvae import PRESETS, stream

CASES = [quick("debug", 1), quick("debug", 3), ("moving_mnist", 1), ("moving_mnist", 100)]


@pytest.mark.parametrize(("preset", "frames"), CASES)
def test_stream(measure, preset, frames):
    """Hear frames, each predicted and drawn before it came; the stream goes on from call to call.

    The ticks are those that wait for each other: the ones that predict a frame wait for none.
    """
    config = PRESETS[preset].model

    def arguments():
        model = inputs.model(config)
        video = inputs.videos(config, 1, frames)[0] / jnp.float32(255)
        return model, stream.start(model), video, jr.key(0)

    measure(
        Case(
            function=eqx.filter_jit(_one if frames == 1 else _many),
            arguments=arguments,
            then=lambda arguments, result: (arguments[0], result[0], *arguments[2:]),
            value=lambda result: inputs.moments(result[1].output),
            frames=frames,
            ticks=frames * config.levels,
            flops=frames * flops.stream_step(config),
        )
    )


def _one(model, now, video, key):
    return stream.step(model, now, video[0], model.hierarchy.noise_at(now.frame, key=key))


def _many(model, now, video, key):
    return jax.lax.scan(lambda now, frame: _one(model, now, frame[None], key), now, video)
