"""`cwvae predict`: how a video file goes on, according to a run."""

from pathlib import Path

import equinox as eqx
import jax.random as jr
import numpy as np
from jaxtyping import UInt8

from cwvae.cli import runs
from cwvae.cli.frames import from_bytes, to_bytes
from cwvae.cli.options import Predict
from cwvae.cli.runs import Settings
from cwvae.data.videos import check_frames, read_video, to_channels
from cwvae.forecast import forecast, reconstruct
from cwvae.model import CWVAE
from cwvae.report.animation import enlarge, side_by_side, write_animation
from cwvae.report.files import replacing

__all__ = ["predict", "write_prediction"]

TALL_ENOUGH = 128  # pixels to which small frames are enlarged


def predict(options: Predict) -> int:
    """Predict, write the result, and return the exit status."""
    settings = runs.read_settings(options.run)
    context = options.context or settings.context
    frames = context + options.horizon
    size = settings.model.size if options.resize else None
    video = read_video(options.video, most_frames=frames, size=size)
    video = _fit(video, options.video, settings, context)
    model = runs.load_model(options.run, settings)
    write_prediction(
        options.out, model, video, context, options.horizon, seed=options.seed, fps=options.fps
    )
    print(f"{context} context frames of {options.video} and {options.horizon} predicted: ", end="")
    print(options.out)
    return 0


def write_prediction(
    path: Path,
    model: CWVAE,
    video: UInt8[np.ndarray, "frames height width channels"],
    context: int,
    horizon: int,
    *,
    seed: int,
    fps: float,
) -> UInt8[np.ndarray, "horizon height width channels"]:
    """Write a video and its forecast, as `Predict` describes it; return the forecast."""
    seen = from_bytes(video[:context])
    future_key, noise_key = jr.split(jr.key(seed))
    future = eqx.filter_jit(forecast)(model, seen, horizon, key=future_key)[0]
    future = to_bytes(np.asarray(future))
    if path.suffix.lower() == ".npz":
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, context=video[:context], forecast=future)
        return future
    noise = model.hierarchy.noise(context, key=noise_key)
    explained = to_bytes(np.asarray(eqx.filter_jit(reconstruct)(model, seen, noise)))
    shown = np.concatenate([explained, future])
    truth = np.zeros_like(shown)
    truth[: len(video)] = video[: len(shown)]
    both = side_by_side([truth, shown])
    write_animation(path, enlarge(both, max(TALL_ENOUGH // video.shape[1], 1)), fps=fps)
    return future


def _fit(
    video: UInt8[np.ndarray, "frames height width channels"],
    path: Path,
    settings: Settings,
    context: int,
) -> UInt8[np.ndarray, "frames height width channels"]:
    """Return the video with the model's channels, or raise `ValueError` when it does not fit."""
    slowest = settings.model.clock.slowest
    if context % slowest:
        raise ValueError(
            f"--context must be a multiple of the slowest period, {slowest} frames, got {context}"
        )
    model = settings.model
    video = to_channels(video, model.channels)
    check_frames(video, path, size=model.size, channels=model.channels, at_least=context)
    return video
