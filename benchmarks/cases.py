"""The cases that are measured in more than one place: at set sizes, and as these grow."""

import dataclasses

import equinox as eqx
import flops
import footprint
import inputs
import jax
import jax.numpy as jnp
import jax.random as jr
import products
from measuring import Case, Reference

from cwvae.hierarchy import Hierarchy
from cwvae.rollout import forecast, observe
from cwvae.training.config import ModelConfig, TrainConfig
from cwvae.training.step import init_train_state, train_in_place

__all__ = ["decoded", "inferred", "latents", "predicted", "training"]


def training(model: ModelConfig, train: TrainConfig) -> Case:
    """Return the case of a training step, each from the state that the last one left."""
    batch, frames = train.batch_size, train.frames

    def arguments() -> tuple:
        state = init_train_state(inputs.model(model), train)
        return inputs.videos(model, batch, frames), state, train

    return Case(
        function=train_in_place,
        arguments=arguments,
        then=lambda arguments, result: (arguments[0], result[0], arguments[2]),
        value=lambda result: {"loss": float(result[1].loss.total)},
        parameters={"frames": frames},
        frames=batch * frames,
        ticks=flops.ticks(model, frames),
        flops=flops.training_step(model, batch, frames),
        memory=footprint.training_step(model, batch, frames),
    )


def decoded(config: ModelConfig, batch: int, context: int, horizon: int) -> Case:
    """Return the case of forecasts with their frames."""

    def run(model, videos, keys):
        def one(video, key):
            return forecast(model, video, horizon, key=key)

        return jax.vmap(one)(videos, keys)

    return Case(
        function=eqx.filter_jit(run),
        arguments=lambda: _contexts(config, batch, context),
        value=inputs.moments,
        parameters={"context": context, "horizon": horizon},
        frames=batch * horizon,
        ticks=flops.ticks(config, context) + flops.ticks(config, horizon),
        flops=batch * flops.forecast(config, context, horizon),
        memory=footprint.forecast(config, batch, context, horizon),
    )


def latents(config: ModelConfig, batch: int, context: int, horizon: int) -> Case:
    """Return the case of forecasts without frames, beside the products of their ticks alone.

    From the states after the context, which are there already.
    """

    def arguments() -> tuple:
        model, videos, keys = _contexts(config, batch, context)
        noise = model.hierarchy.noise(context, key=jr.key(2))
        after = eqx.filter_jit(jax.vmap(lambda video: observe(model, video, noise)))
        return model.hierarchy, after(videos), keys

    def run(hierarchy, states, keys):
        def one(states, key):
            noise, conditioning = hierarchy.noise(horizon, key=key), hierarchy.conditioning(horizon)
            return hierarchy.imagine(states, noise, conditioning)[1][0].output

        return jax.vmap(one)(states, keys)

    return Case(
        function=eqx.filter_jit(run),
        arguments=arguments,
        value=lambda outputs, _: inputs.moments(outputs),
        parameters={"context": context, "horizon": horizon},
        frames=batch * horizon,
        ticks=flops.ticks(config, horizon),
        flops=batch * flops.imagine(config, horizon),
        memory=footprint.latents(config, batch, context, horizon),
        references=_bare_products(config, batch, horizon),
    )


def inferred(config: ModelConfig, frames: int) -> Case:
    """Return the case of all levels inferring one video from its features."""

    def arguments() -> tuple:
        hierarchy, noise = _hierarchy(config, frames)
        heard = [cell.feature_size for cell in hierarchy.cells]
        counts = hierarchy.clock.ticks(frames)
        features = tuple(inputs.normal(n, f, seed=1) for n, f in zip(counts, heard, strict=True))
        return hierarchy, features, noise

    def run(hierarchy, features, noise):
        conditioning = hierarchy.conditioning(frames)
        return hierarchy.observe(hierarchy.init(), features, noise, conditioning)[1]

    return Case(
        function=eqx.filter_jit(run),
        arguments=arguments,
        value=lambda traces: inputs.moments(traces[0].output),
        parameters={"frames": frames},
        frames=frames,
        ticks=flops.ticks(config, frames),
        flops=flops.observe(config, frames),
    )


def predicted(config: ModelConfig, frames: int) -> Case:
    """Return the case of all levels predicting so many frames' states, beside bare products."""

    def run(hierarchy, noise):
        conditioning = hierarchy.conditioning(frames)
        return hierarchy.imagine(hierarchy.init(), noise, conditioning)[1]

    return Case(
        function=eqx.filter_jit(run),
        arguments=lambda: _hierarchy(config, frames),
        value=lambda traces, _: inputs.moments(traces[0].output),
        parameters={"frames": frames},
        frames=frames,
        ticks=flops.ticks(config, frames),
        flops=flops.imagine(config, frames),
        references=_bare_products(config, 1, frames),
    )


def _bare_products(config: ModelConfig, batch: int, frames: int) -> dict[str, Reference]:
    """Return the reference of what the products of a prediction's ticks take by themselves."""

    def multiply(matrices, vectors):
        return products.latents(matrices, vectors, config, frames)

    vectors = jnp.zeros((batch, config.stoch_size)), jnp.zeros((batch, config.deter_size))
    bare = Reference(
        function=eqx.filter_jit(multiply),
        arguments=lambda: (products.matrices(config), vectors),
    )
    return {"matrix_vector_products": bare}


def _contexts(config: ModelConfig, batch: int, context: int) -> tuple:
    """Return a model, the context frames of a batch, and a key for each."""
    videos = inputs.videos(config, batch, context) / jnp.float32(255)
    return inputs.model(config), videos, jr.split(jr.key(1), batch)


def _hierarchy(config: ModelConfig, frames: int) -> tuple[Hierarchy, tuple[jax.Array, ...]]:
    """Return the levels of a model, and noise for so many frames."""
    # The weights do not depend on the factors, so that models of other factors share them.
    made = inputs.model(dataclasses.replace(config, factors=1)).hierarchy
    hierarchy = dataclasses.replace(made, clock=config.clock)
    counts = config.clock.ticks(frames)
    return hierarchy, tuple(inputs.normal(n, config.stoch_size, seed=2) for n in counts)
