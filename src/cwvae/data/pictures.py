"""Videos as folders of pictures, one PNG or JPEG a frame."""

import contextlib
import io
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from cwvae._extras import extra
from cwvae.data.archives import UNREADABLE
from cwvae.data.decoding import TimedFrame
from cwvae.data.listing import in_order, is_video
from cwvae.data.read_options import ReadOptions

__all__ = ["PICTURES", "picture_frames", "pictures_in"]

PICTURES = (".png", ".jpg", ".jpeg")
"""How the name of a picture ends."""

# Pillow's names for 8 bits a channel, or fewer.
_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")


def pictures_in(folder: Path) -> list[Path]:
    """Return the pictures in a folder in the order of their numbers.

    Hidden ones are left out, and what is no file: a pipe or a device may have no end.
    """
    return in_order([path for path in folder.iterdir() if is_video(path, PICTURES)])


def picture_frames(folder: Path, options: ReadOptions) -> Iterator[TimedFrame]:
    """Yield the pictures of a folder as the frames of a video, without times.

    Raises `ValueError` when the folder holds no pictures, for one that cannot be read as 8 bits a
    channel, and for one of more pixels than `options` allow.
    """
    pictures = pictures_in(folder)
    if not pictures:
        found = sorted(path.name for path in folder.iterdir())[:5]
        raise ValueError(
            f"{folder}: expected a video file or a folder of pictures ({', '.join(PICTURES)}), "
            f"got a folder with {', '.join(found) or 'nothing'} in it; give one of its videos"
        )
    for path in pictures:
        yield TimedFrame(_picture(path, options))


def _picture(path: Path, options: ReadOptions) -> UInt8[np.ndarray, "height width 3"]:
    with extra("data"):
        from PIL import Image, ImageOps  # Here, since most data sets have no pictures.

    # From memory, where what a damaged file promises beyond its end takes no room.
    with _readable(path, options), Image.open(io.BytesIO(path.read_bytes())) as image:
        size, mode = (image.height, image.width), image.mode
    options.check_frame(path, *size)
    if mode not in _MODES:
        raise ValueError(
            f"{path}: expected a picture of 8 bits a channel, got mode {mode}; convert it"
        )
    with _readable(path, options), Image.open(io.BytesIO(path.read_bytes())) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


@contextlib.contextmanager
def _readable(path: Path, options: ReadOptions) -> Iterator[None]:
    """Raise `ValueError` in one line for whatever Pillow finds wrong inside a file."""
    with extra("data"):
        from PIL import Image

    try:
        yield
    except Image.DecompressionBombError as error:
        raise options.giant(path, "a larger one") from error
    except (OSError, *UNREADABLE, struct.error) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(
            f"{path}: expected a whole picture, could not read it ({reason}); copy it again"
        ) from error
