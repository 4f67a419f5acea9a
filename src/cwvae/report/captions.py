"""Words under the frames of a video."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8

from cwvae._extras import extra

with extra("data"):
    from PIL import Image, ImageDraw, ImageFont

__all__ = ["captioned"]

_TEXT, _MARGIN = 12, 3
_PAPER, _INK = 0, 255


def captioned(
    video: UInt8[np.ndarray, "frames height width channels"], captions: Sequence[str]
) -> UInt8[np.ndarray, "frames taller width channels"]:
    """Return a video with a line of text under every frame, light on dark.

    **Arguments:** `video`, 1 or 3 channels; `captions`, the text of each frame, centred, cut off
    where a frame is too narrow for it.

    Raises `ValueError` unless there is one for every frame, and a frame.
    """
    if not len(video) or len(captions) != len(video):
        raise ValueError(
            f"expected a frame or more and a caption for each of {len(video)}, got "
            f"{len(captions)}; repeat one that is to stay"
        )
    _, _, width, channels = video.shape
    drawn = {caption: _line(caption, width) for caption in set(captions)}
    lines = np.stack([drawn[caption] for caption in captions])[..., np.newaxis]
    return np.concatenate([video, lines.repeat(channels, axis=3)], axis=1)


def _line(text: str, width: int) -> UInt8[np.ndarray, "height width"]:
    """Draw a line of text."""
    line = Image.new("L", (width, _TEXT + 2 * _MARGIN), _PAPER)
    font = ImageFont.load_default(_TEXT)
    ImageDraw.Draw(line).text((width / 2, _MARGIN), text, fill=_INK, font=font, anchor="ma")
    return np.asarray(line)
