"""Videos as folders of pictures, one PNG or JPEG a frame."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from cwvae._extras import extra
from cwvae.data.decoding import TimedFrame
from cwvae.data.listing import in_order
from cwvae.data.read_options import ReadOptions

__all__ = ["PICTURES", "picture_frames", "pictures_in"]

PICTURES = (".png", ".jpg", ".jpeg")
"""How the name of a picture ends."""


def pictures_in(folder: Path) -> list[Path]:
    """Return the pictures in a folder in the order of their numbers; hidden ones are left out."""
    return in_order(
        [
            path
            for path in folder.iterdir()
            if path.suffix.lower() in PICTURES and not path.name.startswith(".")
        ]
    )


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

    try:
        with Image.open(path) as image:
            options.check_frame(path, image.height, image.width)
            if image.mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"):
                raise ValueError(
                    f"{path}: expected a picture of 8 bits a channel, got mode {image.mode}; "
                    "convert it"
                )
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except Image.DecompressionBombError as error:
        raise options.giant(path, "a larger one") from error
    except (OSError, SyntaxError, EOFError) as error:
        raise ValueError(
            f"{path}: expected a whole picture, could not read it ({error}); copy it again"
        ) from error
