"""The animation of the first page: test digits above, what the packaged model forecasts below.

    python scripts/start_gif.py docs/figures/forecast.gif

The last context frames, the first of the forecast, and the last of a thousand.
"""

import argparse
from pathlib import Path

import equinox as eqx
import jax
import jax.random as jr
import numpy as np

from cwvae import forecast, load_pretrained
from cwvae.data import MovingMNIST, load_digits
from cwvae.data.frame_bytes import from_bytes, to_bytes
from cwvae.report.animation import enlarge, side_by_side, write_animation
from cwvae.report.captions import captioned

CONTEXT, TOTAL, LARGER = 36, 1000, 3
# Test videos of four digits, and the frames of them that are shown, counted from 0.
VIDEOS = (0, 2, 4, 5)
SHOWN = (*range(24, 84), *range(960, 1000))
GRAYS = 17  # steps between two grays, so that the file stays small


def film(total: int = TOTAL, shown: tuple[int, ...] = SHOWN) -> np.ndarray:
    """Return the frames of the animation."""
    source = MovingMNIST(split="test", frames=total, digits=load_digits(), num_digits=1, size=32)
    videos = np.stack([source[number]["video"] for number in VIDEOS])
    model, contexts = load_pretrained("pocket").model, from_bytes(videos[:, :CONTEXT])

    @eqx.filter_jit
    def ahead(contexts, keys):
        horizon = total - CONTEXT
        return jax.vmap(lambda c, key: forecast(model, c, horizon, key=key)[0])(contexts, keys)

    futures = to_bytes(np.clip(ahead(contexts, jr.split(jr.key(0), len(videos))), 0, 1))
    models = np.concatenate([videos[:, :CONTEXT], futures], axis=1)
    columns = [_column(*pair, shown) for pair in zip(videos, models, strict=True)]
    return side_by_side(columns) // GRAYS * GRAYS


def _column(truth: np.ndarray, model: np.ndarray, shown: tuple[int, ...]) -> np.ndarray:
    """Return a video above its forecast, each with a line of words."""
    above, below = (enlarge(video[list(shown)], LARGER) for video in (truth, model))
    kinds = ["context" if frame < CONTEXT else "forecast" for frame in shown]
    numbers = [f"frame {frame + 1}" for frame in shown]
    return np.concatenate([captioned(above, numbers), captioned(below, kinds)], axis=1)


def main() -> None:
    """Draw it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("path", type=Path, help="what to write, a .gif")
    write_animation(parser.parse_args().path, film(), fps=12)


if __name__ == "__main__":
    main()
