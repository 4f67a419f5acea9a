"""Videos in rows and columns that play in step: a row a video, a column for what is done to it."""

import dataclasses
import io
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Int, UInt8

from cwvae._extras import extra
from cwvae.report.animation import enlarge, side_by_side, write_animation
from cwvae.report.captions import captioned

with extra("data"):
    from PIL import Image

__all__ = ["Grid", "draw_grid", "gif_bytes", "png_bytes"]

_LARGE_ENOUGH = 64  # pixels to which narrow frames are enlarged, so that a label fits
_SHADE = 15  # steps of gray, of 255


@dataclasses.dataclass(frozen=True, eq=False)
class Grid:
    """Several videos, each shown in several ways.

    **Arguments:** `columns`, by their labels, the same videos in each; `numbers` of the frames,
    counted from 1; `context`, the number of the last frame that was observed.

    Raises `ValueError` for no column, columns of different shapes, or other counts of numbers.
    """

    columns: Mapping[str, UInt8[np.ndarray, "videos frames height width channels"]]
    numbers: Int[np.ndarray, " frames"]
    context: int

    def __post_init__(self) -> None:
        """Raise `ValueError` for columns that do not fit each other, or the numbers."""
        shapes = {videos.shape for videos in self.columns.values()}
        if len(shapes) != 1 or next(iter(shapes))[1:2] != self.numbers.shape:
            raise ValueError(
                f"expected columns of one shape (videos, {len(self.numbers)}, height, width, "
                f"channels), got {sorted(shapes)}; cut them to the frames that are shown"
            )

    @property
    def captions(self) -> list[str]:
        """What stands under each frame: its number, and whether it was observed."""
        kinds = ("forecast", "context")
        return [f"frame {n}, {kinds[n <= self.context]}" for n in self.numbers.tolist()]


def draw_grid(grid: Grid) -> UInt8[np.ndarray, "frames total_height total_width channels"]:
    """Draw all videos of a grid side by side, the labels of the columns under them.

    Narrow frames are enlarged without smoothing, and all have 18 shades of each colour.
    """
    return side_by_side([_column(label, _coarse(v)) for label, v in grid.columns.items()])


def _column(
    label: str, videos: UInt8[np.ndarray, "videos frames height width channels"]
) -> UInt8[np.ndarray, "frames total_height wider channels"]:
    """Return videos one below the other, and a label below them all."""
    factor = -(-_LARGE_ENOUGH // videos.shape[3])
    lying = [enlarge(video, factor).swapaxes(1, 2) for video in videos]
    column = side_by_side(lying).swapaxes(1, 2)
    return captioned(column, [label] * len(column))


def gif_bytes(grid: Grid, *, fps: float = 10.0) -> bytes:
    """Return a GIF of a grid, the number of the frame in its last line.

    **Arguments:** `fps`, frames per second, 0.01 to 50; another raises `ValueError`.
    """
    video = captioned(draw_grid(grid), grid.captions)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "grid.gif"
        write_animation(path, video, fps=fps)
        return path.read_bytes()


def _coarse(videos: UInt8[np.ndarray, "*axes"]) -> UInt8[np.ndarray, "*axes"]:
    """Return videos of fewer shades, black and white among them.

    The noise of a network's dark pixels, which nobody sees, would be most of what a file holds.
    """
    return (np.rint(videos / _SHADE) * _SHADE).astype(np.uint8)


def png_bytes(frame: UInt8[np.ndarray, "height width channels"]) -> bytes:
    """Return a frame of 1 channel (gray) or 3 (RGB) as a PNG."""
    file = io.BytesIO()
    Image.fromarray(frame[..., 0] if frame.shape[2] == 1 else frame).save(
        file, format="PNG", optimize=True
    )
    return file.getvalue()
