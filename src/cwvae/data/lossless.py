"""Videos written so that they decode to exactly the same frames."""

from fractions import Fraction
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from cwvae._extras import extra
from cwvae.files import replacing

__all__ = ["write_lossless"]

# Of all that MP4 and AVI hold, only these keep RGB as it is.
_CODECS = {".mp4": ("libx264rgb", "rgb24", {"qp": "0"}), ".avi": ("ffv1", "bgr0", {})}


def write_lossless(
    path: str | Path, video: UInt8[np.ndarray, "frames height width channels"], *, fps: float = 20.0
) -> None:
    """Write a video, gray (1 channel) or RGB (3), whose file decodes to exactly these frames.

    Parent folders are made, and the file appears only when it is complete.

    **Arguments:** `path`, ending in .mp4 (H.264 in RGB without loss) or .avi (FFV1); `video`;
    `fps`, frames per second.

    Raises `ValueError` for another ending.
    """
    # Here, since it loads all of ffmpeg, which generated data does not need.
    with extra("data"):
        import av

    path = Path(path)
    if path.suffix not in _CODECS:
        raise ValueError(
            f"{path}: expected a name ending in .mp4 or .avi, got {path.name}; rename it"
        )
    codec, pixels, options = _CODECS[path.suffix]
    with (
        replacing(path) as temporary,
        av.open(str(temporary), "w", format=path.suffix[1:]) as container,
    ):
        stream = container.add_stream(codec, rate=Fraction(fps).limit_denominator(1000))
        stream.options = options
        stream.height, stream.width = video.shape[1:3]
        stream.pix_fmt = pixels
        for image in video.repeat(3, axis=3) if video.shape[3] == 1 else video:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
