"""Levels that infer a video tick by tick, and levels whose ticks are observed at once."""

import dataclasses
import math
from typing import Any

import counting
import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from inputs import moments, normal, seeded_model
from jax.flatten_util import ravel_pytree
from measuring import Program

from cwvae import PRESETS, build


def depth(way: str, cell: str, preset: str, frames: int) -> Program:
    """Return all levels of a kind of cell inferring one video, or the gradient of their KL.

    A scan takes a tick after the other, an associative scan two passes of log2(n) steps.
    """
    config = dataclasses.replace(PRESETS[preset].model, cell=cell)
    counts, forward = config.clock.ticks(frames), way == "forward"
    levels: Any = eqx.filter_eval_shape(build, config, key=jr.key(0)).hierarchy
    sizes = [
        (n, one.feature_size, one.stoch_size) for n, one in zip(counts, levels.cells, strict=True)
    ]

    def arguments() -> tuple:
        features = tuple(normal(n, feature, seed=1) for n, feature, _ in sizes)
        noise = tuple(normal(n, stoch, seed=2) for n, _, stoch in sizes)
        return seeded_model(config).hierarchy, features, noise

    def nats(levels, features, noise):
        traces = levels.observe(levels.init(), features, noise, levels.conditioning(frames))[1]
        return sum(trace.posterior.kl(trace.prior).sum() for trace in traces)

    shapes = [
        tuple(jax.ShapeDtypeStruct((size[0], size[part]), jnp.float32) for size in sizes)
        for part in (1, 2)
    ]
    steps = [
        2 * math.ceil(math.log2(n)) if levels.cells[0].parallel and n > 1 else n for n in counts
    ]
    return Program(
        function=eqx.filter_jit(nats if forward else eqx.filter_grad(nats)),
        arguments=arguments,
        value=lambda result, *_: moments(ravel_pytree(eqx.filter(result, eqx.is_array))[0]),
        frames=frames,
        ticks=sum(steps),
        flops=(counting.forward if forward else counting.training)(nats, levels, *shapes),
    )
