"""Wrong calls of building, configuring and training."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import jax.random as jr
import optax
from models import TINY, plain

from cwvae.clock import Clock
from cwvae.clockwork import Past
from cwvae.training.build import build
from cwvae.training.config import ModelConfig, TrainConfig
from cwvae.training.presets import PRESETS
from cwvae.training.step import init_train_state, train_step

MODEL, CONFIG = plain(Clock(1)), TrainConfig(batch_size=2, frames=3)
KEY = jr.key(0)


def step(*shape: int, dtype: str = "uint8", config=CONFIG, optimiser=None, model=MODEL, past=None):
    state = replace(init_train_state(model, CONFIG), past=past)
    return train_step(state, jnp.zeros(shape, dtype), config, optimiser=optimiser)


def past(rows: int) -> Past:
    """Return what so many videos left."""
    states = MODEL.hierarchy.init()
    return Past(jax.tree.map(lambda array: jnp.stack([array] * rows), states))


CALLS = {
    "a preset in the place of its model": (
        lambda: build(PRESETS["debug"], key=KEY),
        r"must be given a ModelConfig, got a Preset; use .*PRESETS\[.*\].model",
    ),
    "a preset's name": (
        lambda: build("debug", key=KEY),
        "must be given a ModelConfig, got a str; use cwvae.ModelConfig",
    ),
    "a seed for a key": (lambda: build(TINY, key=0), "one typed key, got 0; use jax.random.key"),
    "no key": (lambda: build(TINY, key=None), "one typed key, got None; use jax.random.key"),
    "an old key": (
        lambda: build(TINY, key=jr.PRNGKey(0)),
        r"one typed key, got an array uint32\[2\]; use jax.random.key",
    ),
    "several keys": (
        lambda: build(TINY, key=jr.split(KEY, 3)),
        r"one typed key, got an array key<fry>\[3\]; use jax.random.key",
    ),
    "a number of levels that fills memory": (
        lambda: ModelConfig(levels=10**9),
        "levels must be a whole number from 1 to 32, got 1000000000",
    ),
    "a model's configuration to train with": (
        lambda: step(2, 3, 1, 2, 1, config=TINY),
        "'config' must be TrainConfig, got ModelConfig",
    ),
    "a preset to train with": (
        lambda: init_train_state(MODEL, PRESETS["debug"]),
        "'config' must be TrainConfig, got Preset",
    ),
    "a video without its batch": (lambda: step(3), "'videos' must be .*batch.*, got uint8"),
    "whole numbers that are no bytes": (
        lambda: step(2, 3, 1, 2, 1, dtype="int32"),
        "'videos' must be .*, got int32",
    ),
    "a batch of no video": (lambda: step(0, 3, 1, 2, 1), "at least 1 video"),
    "pieces that end between ticks": (
        lambda: step(2, 3, 1, 2, 1, model=plain(Clock(2, 2)), config=replace(CONFIG, pieces=2)),
        "multiple of the slowest period, 2, for videos in 2 pieces, got 3; use 2 or 4",
    ),
    "a past of other videos": (
        lambda: step(2, 3, 1, 2, 1, past=past(3)),
        "past is that of 3 videos, got 2 to go on; .*begin_videos",
    ),
    "a state of another optimiser": (
        lambda: step(2, 3, 1, 2, 1, optimiser=optax.sgd(0.1, momentum=0.9)),
        "give init_train_state and train_step the same optimiser",
    ),
}
