"""Three levels with three kinds of cell, trained on one moving digit (about three minutes).

python scripts/examples/heterogeneous.py --out heterogeneous.png
"""

import dataclasses
import time
from functools import partial

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import tyro

from cwvae import CWVAE, PRESETS, Clock, Hierarchy, ModelConfig, RSSMCell, build, forecast, summary
from cwvae.cells import CategoricalHead
from cwvae.data.digits import load_digits
from cwvae.data.moving_mnist import MovingMNIST
from cwvae.data.pipeline import batches
from cwvae.nn.layers import LSTM
from cwvae.report.strip import write_strip
from cwvae.training.step import init_train_state, train_step

CONTEXT, HORIZON, SOON = 16, 32, 8


def make(config: ModelConfig, *, key) -> CWVAE:
    """Make a model whose levels differ; `cwvae train --model` takes this function too."""
    usual = build(dataclasses.replace(config, levels=3, factors=(2, 4)), key=key)
    keys, feature_size = jr.split(key, 3), usual.hierarchy.cells[0].feature_size
    cell = partial(RSSMCell, deter_size=64, hidden_size=128, feature_size=feature_size)
    classes = partial(CategoricalHead, classes=8)
    top = cell(stoch_size=32, context_size=0, head=classes, key=keys[2])
    middle = cell(stoch_size=8, context_size=top.output_size, memory=LSTM, key=keys[1])
    cell = partial(cell, stoch_size=config.stoch_sizes[0], deter_size=config.deter_sizes[0])
    bottom = cell(context_size=middle.output_size, key=keys[0])
    return dataclasses.replace(usual, hierarchy=Hierarchy((bottom, middle, top), Clock(3, (2, 4))))


def places(video: np.ndarray) -> np.ndarray:
    """Return the middle of the ink in every frame: row and column, in pixels."""
    ink = video[..., 0] + 1e-6
    return np.stack([(ink * i).sum((1, 2)) / ink.sum((1, 2)) for i in np.indices(ink.shape[1:])], 1)


def main(out: str = "heterogeneous.png", steps: int = 800, minutes: float = 2.3) -> None:
    """Train until the steps or the minutes are over, forecast, draw."""
    began, preset = time.monotonic(), PRESETS["demo"]
    config = dataclasses.replace(preset.train, steps=steps)
    state = init_train_state(make(preset.model, key=jr.key(0)), config)
    print(summary(state.model))
    scene = partial(MovingMNIST, digits=load_digits(), num_digits=1, size=preset.model.size)
    videos = batches(scene(split="train", frames=config.frames), batch_size=16, seed=0)
    step = eqx.filter_jit(train_step)
    for _, batch in zip(range(steps), videos, strict=False):
        state, _ = step(state, jnp.asarray(batch["video"]), config)
        if time.monotonic() > began + 60 * minutes:
            break
    print(f"{int(state.step)} steps in {time.monotonic() - began:.0f} s")
    predict = eqx.filter_jit(lambda model, v: forecast(model, v, HORIZON, key=jr.key(1))[0])
    tests, rows, errors = scene(split="test", frames=CONTEXT + HORIZON), {}, []
    for index in range(16):
        video = tests[index]["video"].astype(np.float32) / 255
        future = np.clip(predict(state.model, video[:CONTEXT]), 0, 1)
        both = (future[:SOON], np.broadcast_to(video[CONTEXT - 1], (SOON, 32, 32, 1)))
        truth = places(video[CONTEXT : CONTEXT + SOON])
        errors.append([np.linalg.norm(places(guess) - truth, axis=1).mean() for guess in both])
        if index < 3:
            shown = {"truth": video, "model": np.concatenate([video[:CONTEXT], future])}
            rows |= {f"{name} {index + 1}": np.uint8(255 * v) for name, v in shown.items()}
    ours, last = np.mean(errors, axis=0)
    print(f"the digit's place in the next {SOON} frames: {ours:.1f} of 32 pixels off, ", end="")
    print(f"{last:.1f} if it stayed where it was in the last frame")
    write_strip(out, rows, every=3, context=CONTEXT, columns=16)
    print(f"forecasts: {out}; {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    tyro.cli(main)
