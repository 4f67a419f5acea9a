"""Whole files, in the formats that the package reads, and damage to them."""

import io
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from cwvae.data.actions import read_actions
from cwvae.data.digits import load_digits
from cwvae.data.videos import read_video
from cwvae.files import read_json
from cwvae.pretrained.load import read_header
from cwvae.report.animation import write_animation
from cwvae.training.settings import SETTINGS, read_settings

__all__ = ["READERS", "damaged", "whole_files"]

_FRAMES = 6
_TOP = 256  # values of a byte
_LARGEST = 64  # the most bytes that are replaced, left out or repeated at a place


def _video(path: Path) -> object:
    return read_video(path, size=32)


def _settings(path: Path) -> object:
    return read_settings(path.parent)


def _actions(path: Path) -> object:
    return read_actions(path, _FRAMES)


READERS: dict[str, Callable[[Path], object]] = {
    **dict.fromkeys(("v.mp4", "v.gif", "v.avi", "v.mkv", "v.npz", "v.npy"), _video),
    "pictures/1.png": lambda path: _video(path.parent),
    "digits.npz": load_digits,
    "model.safetensors": read_header,
    f"run/{SETTINGS}": _settings,
    "actions.json": _actions,
    "environment.json": read_json,
}
"""What reads each file of `whole_files`, by its path in the folder."""


def whole_files(folder: Path, settings: str, weights: Path) -> dict[str, bytes]:
    """Return the content of a file of each format.

    **Arguments:** `folder`, to write some of them into first; `settings` of a run, JSON; `weights`,
    an exported model.
    """
    video = np.zeros((_FRAMES, 32, 32, 3), np.uint8)
    for number, frame in enumerate(video):
        frame[4:20, 2 * number : 2 * number + 16] = (250, 120, 30)
    for name in ("v.mp4", "v.gif", "v.npz"):
        write_animation(folder / name, video)
    known = {name: (folder / name).read_bytes() for name in ("v.mp4", "v.gif", "v.npz")}
    for name in ("v.avi", "v.mkv"):
        _write_film(folder / name, video)
        known[name] = (folder / name).read_bytes()
    array = io.BytesIO()
    np.save(array, video)
    numbers: dict[str, Any] = {}
    for split in ("train", "test"):
        numbers |= {f"{split}_labels": np.arange(5)}
        numbers |= {f"{split}_images": np.zeros((5, 28, 28), np.uint8)}
    digits = io.BytesIO()
    np.savez(digits, **numbers)
    return known | {
        "v.npy": array.getvalue(),
        "pictures/1.png": _picture(video[0]),
        "digits.npz": digits.getvalue(),
        "model.safetensors": weights.read_bytes(),
        f"run/{SETTINGS}": settings.encode(),
        "actions.json": json.dumps({"keys": {"w": [1, 0, 1, "a", 2.5, True]}}).encode(),
        "environment.json": json.dumps([{"date": "today", "versions": {"jax": "1"}}]).encode(),
    }


def _write_film(path: Path, video: np.ndarray) -> None:
    import av  # Here, since it loads all of ffmpeg.

    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        stream.height, stream.width, stream.pix_fmt = *video.shape[1:3], "bgr0"
        for image in video:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))


def _picture(image: np.ndarray) -> bytes:
    from PIL import Image  # Here, as above.

    content = io.BytesIO()
    Image.fromarray(image).save(content, "png")
    return content.getvalue()


def damaged(content: bytes, random: np.random.Generator) -> bytes:
    """Return a file with one to five kinds of damage, each at a random place.

    Bytes are changed, set to the ends of their range, left out, repeated, put from elsewhere, and
    the file is cut off. Of PNG the checksums are put right, so that what is behind them is reached.
    """
    data = bytearray(content)
    for _ in range(random.integers(1, 6)):
        if not data:
            break
        place, other = (int(random.integers(len(data))) for _ in range(2))
        size = int(random.integers(1, _LARGEST))
        match random.integers(7):
            case 0:
                data[place] = int(random.integers(_TOP))
            case 1:
                data[place] ^= 1 << int(random.integers(8))
            case 2:
                data[place : place + size] = bytes([int(random.choice([0, 255]))]) * size
            case 3:
                del data[place : place + size]
            case 4:
                data[place:place] = data[place : place + size]
            case 5:
                data[place : place + size] = data[other : other + size]
            case 6:
                del data[place:]
    return _with_checksums(bytes(data)) if content.startswith(b"\x89PNG") else bytes(data)


def _with_checksums(data: bytes) -> bytes:
    """Return a PNG whose parts have the checksums of their content, as far as they can be found."""
    content, place = bytearray(data), 8
    while place + 12 <= len(content):
        end = place + 8 + int.from_bytes(content[place : place + 4], "big")
        if end + 4 > len(content):
            break
        content[end : end + 4] = zlib.crc32(content[place + 4 : end]).to_bytes(4, "big")
        place = end + 4
    return bytes(content)
