"""Follow a video file frame by frame with a causal model, as one would follow a camera.

    python scripts/examples/follow_video.py --out follow.png

Takes about three minutes on two CPU cores: a small causal model is trained on moving digits, a
test video is written to a file, and the file is read frame by frame into a stream. Prints how well
each frame was expected before it came, beside repeating the last one, and draws a forecast that
was asked for in the middle of the video.
"""

import argparse
import dataclasses
import time
from functools import partial
from pathlib import Path

import av
import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np

from cwvae import CWVAE, PRESETS, build, stream
from cwvae.data.digits import load_digits
from cwvae.data.moving_mnist import MovingMNIST
from cwvae.data.pipeline import batches
from cwvae.metrics import psnr
from cwvae.report.animation import write_animation
from cwvae.report.strip import write_strip
from cwvae.train import init_train_state, train_step

FRAMES, ASKED, HORIZON = 120, 51, 24  # the forecast is asked for at a frame where no level ticks


def trained(steps: int, minutes: float, scene) -> CWVAE:
    """Train the demo's model, made causal."""
    preset, began = PRESETS["demo"], time.monotonic()
    config = dataclasses.replace(preset.train, steps=steps)
    model = build(dataclasses.replace(preset.model, lookahead=False), key=jr.key(0))
    state, step = init_train_state(model, config), eqx.filter_jit(train_step)
    videos = batches(scene(split="train", frames=config.frames), batch_size=16, seed=0)
    for _, batch in zip(range(steps), videos, strict=False):
        state, _ = step(state, jnp.asarray(batch), config)
        if time.monotonic() - began > 60 * minutes:
            break
    return state.model


def frames_of(path: Path):
    """Yield the frames of a video file as they are decoded: gray, in [0, 1]."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24")[..., :1].astype(np.float32) / 255


def main() -> None:
    """Train, follow, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("follow.png"), help="picture")
    parser.add_argument("--steps", type=int, default=700, help="training steps")
    parser.add_argument("--minutes", type=float, default=2.0, help="stop training after this time")
    options = parser.parse_args()
    scene = partial(
        MovingMNIST, digits=load_digits(), num_digits=1, size=PRESETS["demo"].model.size
    )
    model = trained(options.steps, options.minutes, scene)
    path = options.out.with_suffix(".mp4")
    write_animation(path, scene(split="test", frames=FRAMES)[0]["video"])

    now, step, key = stream.start(model), eqx.filter_jit(stream.step), jr.key(1)
    look_ahead = eqx.filter_jit(partial(stream.forecast, horizon=HORIZON, key=key))
    came, expected, began = [], [], 0.0
    for frame in frames_of(path):
        began = began or time.monotonic()
        now, record = step(model, now, frame, model.hierarchy.noise_at(now.frame, key=key))
        came.append(frame)
        expected.append(np.clip(record.predicted, 0, 1))
        if len(came) == ASKED:
            future = np.clip(look_ahead(model, now)[0], 0, 1)
    rate = len(came) / (time.monotonic() - began)
    truth, ours = np.stack(came), np.stack(expected)
    print(f"followed {len(came)} frames of {path}, {rate:.0f} a second")
    print(
        f"expected one frame ahead: PSNR {psnr(truth[1:], ours[1:]).mean():.2f} dB, last frame "
        f"{psnr(truth[1:], truth[:-1]).mean():.2f} dB"
    )
    rows = {"came": truth, "expected": ours, "forecast": np.concatenate([truth[:ASKED], future])}
    rows = {name: np.uint8(255 * v[ASKED - 24 : ASKED + HORIZON]) for name, v in rows.items()}
    write_strip(options.out, rows, every=3, context=24, columns=16)
    print(f"forecast from frame {ASKED}: {options.out}")


if __name__ == "__main__":
    main()
