"""Three levels with three kinds of cell, factors (2, 4), trained on one moving digit.

    python scripts/examples/heterogeneous.py --out heterogeneous.png

Takes about three minutes on two CPU cores. Prints the table of the model, then how near its
forecasts come to the truth beside repeating the last frame, and draws some of them.
"""

import argparse
import dataclasses
import time
from functools import partial
from pathlib import Path

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np

from cwvae import CWVAE, PRESETS, Clock, Hierarchy, ModelConfig, RSSMCell, build, forecast, summary
from cwvae.cells import CategoricalHead
from cwvae.data.digits import load_digits
from cwvae.data.moving_mnist import MovingMNIST
from cwvae.data.pipeline import batches
from cwvae.layers import LSTM
from cwvae.metrics import psnr
from cwvae.report.strip import write_strip
from cwvae.train import init_train_state, train_step

CONTEXT, HORIZON = 16, 32


def make(config: ModelConfig, *, key) -> CWVAE:
    """Make a model whose levels differ; `cwvae train --model` takes this function too."""
    config = dataclasses.replace(config, levels=3, factors=(2, 4))
    frames = build(config, key=key)  # encoder, decoder and likelihood as usual
    keys, feature = jr.split(key, 3), frames.hierarchy.cells[0].feature
    cell = partial(RSSMCell, hidden=128, feature=feature)
    classes = partial(CategoricalHead, classes=8)
    top = cell(stoch=32, deter=64, top_down=0, head=classes, key=keys[2])
    middle = cell(stoch=8, deter=64, top_down=top.output_size, memory=LSTM, key=keys[1])
    bottom = cell(stoch=config.stoch, deter=config.deter, top_down=middle.output_size, key=keys[0])
    cells = (bottom, middle, top)
    return dataclasses.replace(frames, hierarchy=Hierarchy(cells, Clock(3, (2, 4))))


def main() -> None:
    """Train, forecast, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("heterogeneous.png"), help="picture")
    parser.add_argument("--steps", type=int, default=700, help="training steps")
    parser.add_argument("--minutes", type=float, default=2.2, help="stop training after this time")
    options = parser.parse_args()
    began, preset = time.monotonic(), PRESETS["demo"]
    config = dataclasses.replace(preset.train, steps=options.steps)
    state = init_train_state(make(preset.model, key=jr.key(0)), config)
    print(summary(state.model))
    scene = partial(MovingMNIST, digits=load_digits(), num_digits=1, size=preset.model.size)
    videos = batches(scene(split="train", frames=config.frames), batch_size=16, seed=0)
    step = eqx.filter_jit(train_step)
    for _, batch in zip(range(config.steps), videos, strict=False):
        state, record = step(state, jnp.asarray(batch), config)
        if time.monotonic() - began > 60 * options.minutes:
            break
    print(f"{int(state.step)} steps, loss {float(record.loss.total):.1f} nats per frame")
    tests = scene(split="test", frames=CONTEXT + HORIZON)
    predict = eqx.filter_jit(lambda m, v: forecast(m, v, HORIZON, key=jr.key(1))[0])
    rows, ours, copied = {}, [], []
    for index in range(8):
        video = tests[index]["video"].astype(np.float32) / 255
        predicted = np.clip(predict(state.model, video[:CONTEXT]), 0, 1)
        ours.append(psnr(video[CONTEXT:], predicted).mean())
        copied.append(
            psnr(video[CONTEXT:], np.broadcast_to(video[CONTEXT - 1], predicted.shape)).mean()
        )
        shown = {"truth": video, "model": np.concatenate([video[:CONTEXT], predicted])}
        rows |= {f"{k} {index + 1}": np.uint8(255 * v) for k, v in shown.items() if index < 3}
    write_strip(options.out, rows, every=3, context=CONTEXT, columns=16)
    print(f"PSNR over {HORIZON} frames {np.mean(ours):.2f} dB, last frame {np.mean(copied):.2f} dB")
    print(f"forecasts: {options.out}; {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
