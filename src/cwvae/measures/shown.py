"""A test video, what a model makes of it, and the forecasts that stand beside the model's."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from cwvae.video_model import Bounds

__all__ = ["COPY", "RANDOM_FRAME", "RANDOM_VIDEO", "Shown"]

COPY = "copy last frame"
"""The row of the last context frame, repeated."""

RANDOM_FRAME = "random training frame"
"""The row of frames that are each from a training video of its own."""

RANDOM_VIDEO = "random training video"
"""The row of a training video, of distances between sets what independent true videos have."""

_Future = Float[np.ndarray, "horizon height width channels"]


class Shown(NamedTuple):
    """One test video.

    - `number`: in the data set;
    - `item`: what the data set has of it, such as the `labels` of its digits;
    - `video`: all of its frames, of which so many are the `context`;
    - `futures`: samples of the forecast; `rebuilt`: the reconstruction; `bounds`: of the video;
    - `random_frames`: each from a training video of its own; `random_video`: the frames of one
      training video, None where none is long enough.
    """

    number: int
    item: dict[str, np.ndarray]
    video: Float[np.ndarray, "frames height width channels"]
    context: int
    futures: Float[np.ndarray, "samples horizon height width channels"]
    rebuilt: Float[np.ndarray, "frames height width channels"]
    bounds: Bounds
    random_frames: _Future
    random_video: _Future | None

    @property
    def seen(self) -> Float[np.ndarray, "context height width channels"]:
        """The context frames."""
        return self.video[: self.context]

    @property
    def truth(self) -> _Future:
        """The frames after the context."""
        return self.video[self.context :]

    @property
    def copies(self) -> _Future:
        """The last frame of the context, as often as there are frames after it."""
        return np.broadcast_to(self.seen[-1:], self.truth.shape)

    @property
    def rivals(self) -> dict[str, _Future]:
        """Whole forecasts that need no model, by their names."""
        found = {COPY: self.copies}
        return found if self.random_video is None else found | {RANDOM_VIDEO: self.random_video}
