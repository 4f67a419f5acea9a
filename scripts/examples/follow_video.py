"""Follow a video file frame by frame, as one would follow a camera (about three minutes).

python scripts/examples/follow_video.py --out follow.png
"""

import dataclasses
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import av
import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import tyro

from cwvae import CWVAE, PRESETS, build, streaming
from cwvae.data.digits import load_digits
from cwvae.data.moving_mnist import MovingMNIST
from cwvae.data.pipeline import batches
from cwvae.evaluation.metrics import psnr
from cwvae.report.animation import write_animation
from cwvae.report.strip import write_strip
from cwvae.training.step import init_train_state, train_step

ASKED, HORIZON = 51, 24  # the forecast is asked for at a frame at which not every level ticks


def trained(scene, steps: int, minutes: float) -> CWVAE:
    """Train the demo's model, made causal, until the steps or the minutes are over."""
    preset, began = PRESETS["demo"], time.monotonic()
    config = dataclasses.replace(preset.train, steps=steps)
    model = build(dataclasses.replace(preset.model, lookahead=False), key=jr.key(0))
    state, step = init_train_state(model, config), eqx.filter_jit(train_step)
    videos = batches(scene(split="train", frames=config.frames), batch_size=16, seed=0)
    for _, batch in zip(range(steps), videos, strict=False):
        state, _ = step(state, jnp.asarray(batch["video"]), config)
        if time.monotonic() > began + 60 * minutes:
            break
    return state.model


def frames_of(path: Path) -> Iterator[np.ndarray]:
    """Yield the frames of a video file as they are decoded: gray, in [0, 1]."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24")[..., :1].astype(np.float32) / 255


def main(out: Path = Path("follow.png"), steps: int = 800, minutes: float = 2.0) -> None:
    """Train, write a test video to a file, follow it, draw."""
    scene = partial(MovingMNIST, digits=load_digits(), num_digits=1, size=32)
    model, path = trained(scene, steps, minutes), out.with_suffix(".mp4")
    write_animation(path, scene(split="test", frames=120)[0]["video"])
    now, step, key = streaming.start(model), eqx.filter_jit(streaming.step), jr.key(1)
    ahead = eqx.filter_jit(partial(streaming.forecast, horizon=HORIZON, key=key))
    came, expected, future = [], [], np.empty((0, 32, 32, 1))
    for frame in frames_of(path):
        noise = model.hierarchy.noise_at(now.frame, key=key)
        now, record = step(model, now, frame, noise)
        came.append(frame)
        expected.append(np.clip(record.predicted, 0, 1))
        if len(came) == ASKED:
            future = np.clip(ahead(model, now)[0], 0, 1)
    truth, ours = np.stack(came), np.stack(expected)
    better, last = (np.mean(psnr(truth[1:], g)) for g in (ours[1:], truth[:-1]))
    print(
        f"followed {len(came)} frames of {path}; expected one frame ahead, PSNR {better:.2f} dB, "
        f"last frame {last:.2f} dB"
    )
    rows = {"came": truth, "expected": ours, "forecast": np.concatenate([truth[:ASKED], future])}
    shown = {name: (255 * v[ASKED - 24 : ASKED + HORIZON]).astype("u1") for name, v in rows.items()}
    write_strip(out, shown, every=3, context=24, columns=16)
    print(f"the forecast from frame {ASKED} on: {out}")


if __name__ == "__main__":
    tyro.cli(main)
