"""`cwvae predict`: how a video file goes on, according to a run."""

from pathlib import Path
from typing import NamedTuple

import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import UInt8

from cwvae.cli.checks import check_context, check_forecasts
from cwvae.cli.compiled import forecasts, reconstructions
from cwvae.cli.folder import check_writable
from cwvae.cli.loading import load_model
from cwvae.cli.options import Predict
from cwvae.data.frame_bytes import from_bytes, to_bytes
from cwvae.data.pixels import to_channels
from cwvae.data.videos import check_frames, read_video
from cwvae.files import replacing
from cwvae.report.animation import enlarge, side_by_side, write_animation
from cwvae.training.settings import Settings
from cwvae.video_model import AbstractVideoModel

__all__ = ["Prediction", "continue_video", "predict", "write_beside"]

_TALL_ENOUGH = 128  # pixels to which small frames are enlarged


def predict(options: Predict) -> int:
    """Predict, write the result, and return the exit status."""
    run = load_model(options.run, step=options.step, trust=options.trust)
    settings, model = run.settings, run.model
    if options.out.is_dir():
        raise ValueError(f"--out must be a file, got the folder {options.out}; name a file in it")
    check_writable(options.out.parent)
    context = options.context or settings.context
    slowest = model.context_multiple
    check_context(context, slowest)
    check_forecasts(settings.model, context=context, horizon=options.horizon)
    frames = context + options.horizon
    size = settings.model.size if options.resize else None
    video = read_video(options.video, most_frames=frames, size=size, options=options.reading)
    fewer = " or ask for fewer context frames (--context)" * (context > slowest)
    video = _fit(video, options.video, settings, context, f"give a longer video{fewer}")
    prediction = continue_video(model, video[:context], options.horizon, seed=options.seed)
    if options.out.suffix.lower() == ".npz":
        with replacing(options.out) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, context=video[:context], forecast=prediction.forecast)
    else:
        write_beside(options.out, video, prediction, fps=options.fps)
    print(f"{context} context frames of {options.video} and {options.horizon} predicted: ", end="")
    print(options.out)
    return 0


class Prediction(NamedTuple):
    """The reconstruction of a video's context, and its forecast."""

    reconstruction: UInt8[np.ndarray, "context height width channels"]
    forecast: UInt8[np.ndarray, "horizon height width channels"]

    @property
    def whole(self) -> UInt8[np.ndarray, "frames height width channels"]:
        """Both, one after the other."""
        return np.concatenate(self)


def continue_video(
    model: AbstractVideoModel,
    context: UInt8[np.ndarray, "context height width channels"],
    horizon: int,
    *,
    seed: int,
) -> Prediction:
    """Return reconstruction and forecast of a video from its context frames."""
    frames = jnp.asarray(from_bytes(context))[jnp.newaxis]
    future_key, noise_key = jr.split(jr.key(seed))
    rebuilt = reconstructions(model, frames, noise_key[jnp.newaxis])[0]
    future = forecasts(model, frames, horizon, future_key[jnp.newaxis])[0, 0]
    return Prediction(to_bytes(np.asarray(rebuilt)), to_bytes(np.asarray(future)))


def write_beside(
    path: Path,
    video: UInt8[np.ndarray, "frames height width channels"],
    prediction: Prediction,
    *,
    fps: float,
) -> None:
    """Write the video on the left, dark where it has ended, and the prediction on the right."""
    shown = prediction.whole
    truth = np.zeros_like(shown)
    truth[: len(video)] = video[: len(shown)]
    both = side_by_side([truth, shown])
    write_animation(path, enlarge(both, max(_TALL_ENOUGH // video.shape[1], 1)), fps=fps)


def _fit(
    video: UInt8[np.ndarray, "frames height width channels_in"],
    path: Path,
    settings: Settings,
    context: int,
    if_short: str,
) -> UInt8[np.ndarray, "frames height width channels"]:
    """Return the video with the model's channels, or raise `ValueError` when it does not fit."""
    size, channels = settings.model.size, settings.model.channels
    video = to_channels(video, channels)
    check_frames(video, path, size=size, channels=channels, at_least=context, if_short=if_short)
    return video
