"""The programs that are measured, made by their sizes."""

import dataclasses
from functools import partial
from typing import Any

import counting
import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from by_hand import products
from flops import Work
from inputs import moments, normal, seeded_model, videos
from jax.flatten_util import ravel_pytree
from measuring import Program

from cwvae import PRESETS, ModelConfig, streaming
from cwvae.cli import compiled
from cwvae.nn.frame_networks import map_frames
from cwvae.rollout import forecast, observe
from cwvae.training.methods import method_of
from cwvae.training.step import init_train_state, loss_inputs, train_in_place


def train(preset: str, batch: int, precision: str = "float32", frames: int = 0) -> Program:
    """Return a training step as `cwvae train` takes it, each from the state that the last left.

    "tf32" is what a GPU makes of float32 unless told otherwise.
    """
    chosen = PRESETS[preset]
    frames = frames or chosen.train.frames
    dtype = "bfloat16" if precision == "bfloat16" else "float32"
    sizes = {"batch_size": batch, "frames": frames, "compute_dtype": dtype}
    config = dataclasses.replace(chosen.train, **sizes)

    def arguments() -> tuple:
        state = init_train_state(seeded_model(chosen.model), config)
        return videos(chosen.model, batch, frames), state, config

    def loss(model, videos, key):
        return model.loss(videos, loss_inputs(config, jnp.zeros((), "int32")), key=key).total

    of_levels = isinstance(chosen.model, ModelConfig)
    return Program(
        function=train_in_place,
        arguments=arguments,
        then=lambda old, result: (old[0], result[0], old[2]),
        value=lambda result: {"loss": float(result[1].loss.total)},
        parameters={"frames": frames},
        frames=batch * frames,
        ticks=sum(chosen.model.clock.ticks(frames)) if of_levels else frames,
        flops=counting.training(loss, *traced(chosen.model, batch, frames), jr.key(0)),
        precision={"float32": "highest", "tf32": "tensorfloat32"}.get(precision),
    )


def predicted(preset: str, context: int, horizon: int) -> Program:
    """Return a forecast of one video as the commands ask it of a model of any method."""
    config = PRESETS[preset].model

    def arguments() -> tuple:
        frames = videos(config, 1, context).astype("float32") / 255
        return seeded_model(config), frames, horizon, jr.split(jr.key(1), 1)

    def forecast(model, contexts, key):
        return model.forecasts(contexts, horizon, keys=key[None])

    return Program(
        function=compiled.forecasts,
        arguments=arguments,
        value=moments,
        parameters={"context": context, "horizon": horizon},
        frames=horizon,
        flops=counting.forward(forecast, *traced(config, 1, context), jr.key(0)),
    )


def traced(config: Any, batch: int, frames: int) -> tuple[Any, jax.ShapeDtypeStruct]:
    """Return the shapes of a model and of videos, for counting what does not depend on kernels."""
    build = partial(method_of(config).build, kernels="xla")
    shape = (batch, frames, config.size, config.size, config.channels)
    model = eqx.filter_eval_shape(build, config, key=jr.key(0))
    return model, jax.ShapeDtypeStruct(shape, jnp.float32)


def forecasts(what: str, preset: str, batch: int, horizon: int | None = None) -> Program:
    """Return forecasts, "decoded" or "latents", after the context of a preset, by default as long.

    Those without frames start from the states after the context, which are there already; beside
    them stand the products of their ticks alone.
    """
    config, context = PRESETS[preset].model, PRESETS[preset].context
    horizon, work = horizon or PRESETS[preset].horizon, Work(config)

    def contexts() -> tuple:
        frames = videos(config, batch, context) / jnp.float32(255)
        return seeded_model(config), frames, jr.split(jr.key(1), batch)

    def states() -> tuple:
        model, videos, keys = contexts()
        noise = model.hierarchy.noise(context, key=jr.key(2))
        after = eqx.filter_jit(jax.vmap(lambda video: observe(model, video, noise)))
        return model.hierarchy, after(videos), keys

    def decoded(model, videos, keys, /):
        return jax.vmap(lambda video, key: forecast(model, video, horizon, key=key))(videos, keys)

    def latents(levels, states, keys, /):
        def one(states, key):
            noise = levels.noise(horizon, key=key)
            return levels.imagine(states, noise, levels.conditioning(horizon))[1][0].output

        return jax.vmap(one)(states, keys)

    decoding = what == "decoded"
    return Program(
        function=eqx.filter_jit(decoded if decoding else latents),
        arguments=contexts if decoding else states,
        value=lambda outputs, *_: moments(outputs),
        parameters={"context": context, "horizon": horizon},
        frames=batch * horizon,
        ticks=work.ticks(horizon) + decoding * work.ticks(context),
        flops=batch * (work.forecast(context, horizon) if decoding else work.imagine(horizon)),
        references={} if decoding else products(config, batch, horizon),
    )


def hierarchy(verb: str, preset: str, levels: int, factor: int, frames: int) -> Program:
    """Return all levels inferring one video from its features, or predicting so many frames."""
    config = dataclasses.replace(PRESETS[preset].model, levels=levels, factors=factor)
    observing, counts, work = verb == "observe", config.clock.ticks(frames), Work(config)

    def arguments() -> tuple:
        # The weights do not depend on the factors, so that models of other factors share them.
        made = seeded_model(dataclasses.replace(config, factors=1)).hierarchy
        levels = dataclasses.replace(made, clock=config.clock)
        both = list(zip(counts, made.cells, strict=True))
        noise = tuple(normal(n, cell.stoch_size, seed=2) for n, cell in both)
        if not observing:
            return levels, noise
        return levels, tuple(normal(n, cell.feature_size, seed=1) for n, cell in both), noise

    def run(levels, *arrays):
        act = levels.observe if observing else levels.imagine
        return act(levels.init(), *arrays, levels.conditioning(frames))[1]

    return Program(
        function=eqx.filter_jit(run),
        arguments=arguments,
        value=lambda traces, *_: moments(traces[0].output),
        frames=frames,
        ticks=work.ticks(frames),
        flops=(work.observe if observing else work.imagine)(frames),
        references={} if observing else products(config, 1, frames),
    )


def vision(part: str, way: str, preset: str, frames: int) -> Program:
    """Return the frame encoder or decoder on many frames, or the gradient of its mean square."""
    config, encoding, forwards = PRESETS[preset].model, part == "encoder", way == "forward"
    work = Work(config)
    flops = work.encoder if encoding else work.decoder
    if not forwards:
        # A gradient needs two products more for each, but none for the pixels of a video.
        flops = 3 * flops - encoding * work.first_convolution

    def arguments() -> tuple:
        model: Any = seeded_model(config)
        if encoding:
            return model.encoder.frame, videos(config, 1, frames)[0] / jnp.float32(255)
        return model.decoder, normal(frames, config.stoch_sizes[0] + config.deter_sizes[0])

    def gradient(network, inputs):
        def loss(learnt):
            return jnp.mean(jnp.square(map_frames(*learnt, *([inputs] if encoding else []))))

        return eqx.filter_value_and_grad(loss)((network,) if encoding else (network, inputs))

    def value(result):
        return {"loss": float(result[0])} | moments(ravel_pytree(result[1])[0])

    return Program(
        function=eqx.filter_jit(map_frames if forwards else gradient),
        arguments=arguments,
        value=moments if forwards else value,
        frames=frames,
        flops=frames * flops,
    )


def streamed(preset: str, frames: int) -> Program:
    """Return steps of a stream that goes on from call to call, each frame predicted and drawn.

    The ticks are those that wait for each other: the ones that predict a frame wait for none.
    """
    config = PRESETS[preset].model

    def step(model, now, video, key):
        return streaming.step(model, now, video[0], model.hierarchy.noise_at(now.frame, key=key))

    def steps(model, now, video, key):
        return jax.lax.scan(lambda now, frame: step(model, now, frame[None], key), now, video)

    def arguments() -> tuple:
        model = seeded_model(config)
        video = videos(config, 1, frames)[0] / jnp.float32(255)
        return model, streaming.start(model), video, jr.key(0)

    return Program(
        function=eqx.filter_jit(step if frames == 1 else steps),
        arguments=arguments,
        then=lambda old, result: (old[0], result[0], *old[2:]),
        value=lambda result: moments(result[1].output),
        frames=frames,
        ticks=frames * config.levels,
        flops=frames * Work(config).stream_step(),
    )
