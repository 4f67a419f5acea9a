"""Test videos and forecasts of them, made by hand."""

import numpy as np

from cwvae.measures.shown import Shown
from cwvae.video_model import Bounds

CONTEXT = 4


def shown(video, *futures, number=0, item=None, random_video=None, nats=(1.0, 2.0)) -> Shown:
    """Return a video with samples of its forecast."""
    video = np.asarray(video, np.float32)
    truth = video[CONTEXT:]
    return Shown(
        number=number,
        item=item or {},
        video=video,
        context=CONTEXT,
        futures=np.stack([np.asarray(future, np.float32) for future in futures]),
        rebuilt=video,
        bounds=Bounds(log_likelihood=np.full(3, 10.0), kl=np.asarray(nats)),
        random_frames=truth[::-1],
        random_video=random_video,
    )


def videos(count: int, frames: int, size: int = 16, channels: int = 1) -> np.ndarray:
    """Draw videos of noise."""
    shape = (count, frames, size, size, channels)
    return np.random.default_rng(0).random(shape).astype(np.float32)
