"""Video files made on the spot, in the ways that people have them."""

import math
import struct
import zlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

CODECS = {
    ".mp4": ("libx264rgb", "rgb24", {"qp": "0"}),
    ".avi": ("ffv1", "bgr0", {}),
    ".gif": ("gif", "rgb8", {}),
    ".mov": ("libx264rgb", "rgb24", {"qp": "0"}),
    ".mkv": ("ffv1", "bgr0", {}),
    ".m4v": ("libx264", "yuv420p", {}),
    ".webm": ("libvpx", "yuv420p", {}),
    ".ts": ("libx264", "yuv420p", {}),
    ".vob": ("mpeg2video", "yuv420p", {}),
    ".wmv": ("wmv2", "yuv420p", {}),
    ".flv": ("flv", "yuv420p", {}),
}


def moving_square(frames: int = 6, height: int = 32, width: int = 48) -> np.ndarray:
    video = np.zeros((frames, height, width, 3), np.uint8)
    for number, frame in enumerate(video):
        frame[4 : 4 + 16, 2 * number : 2 * number + 16] = (250, 120, 30)
    return video


def write(path: Path, video: np.ndarray, *, times=None, turned: int = 0, options=None) -> None:
    """Write a video; `times` of frames in tenths of a second, `turned` by so many degrees."""
    codec, pixels, coding = CODECS[path.suffix]
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=10, options=coding)
        stream.height, stream.width = video.shape[1:3]
        stream.pix_fmt = pixels
        for number, image in enumerate(video):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = times[number], Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    if turned:
        turn(path, turned)


def turn(path: Path, degrees: int) -> None:
    """Mark an MP4 as turned counter-clockwise, in the matrix of its track's header."""
    cos, sin = (f(math.radians(degrees)) for f in (math.cos, math.sin))
    numbers = [round(65536 * v) for v in (cos, -sin, 0, sin, cos, 0, 0, 0)]
    content = path.read_bytes()
    # Version, flags, two times, number, a gap, the length, and other fields of 16 bytes.
    start = content.index(b"tkhd") + 4 + 40
    matrix = struct.pack(">9i", *numbers, 2**30)
    path.write_bytes(content[:start] + matrix + content[start + 36 :])


def one_line(caught: pytest.ExceptionInfo, path: Path | str) -> str:
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def png(width: int, height: int) -> bytes:
    """Return a black picture, packed row by row, so that no memory is taken for it."""

    def chunk(name: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    packer, row = zlib.compressobj(), bytes(3 * width + 1)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", packed), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def avi_of_pngs(pictures: list[bytes], width: int, height: int) -> bytes:
    """Return an AVI with PNG frames, whose header holds a width and a height."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)

    count = len(pictures)
    main = struct.pack("<14I", 100_000, 0, 0, 0, count, 0, 1, 0, width, height, 0, 0, 0, 0)
    numbers = (0, 0, 0, 0, 1, 10, 0, count, 0, -1, 0, 0, 0, 0, 0)
    stream = b"vidsMPNG" + struct.pack("<IHHIIIIIIiI4H", *numbers)
    form = struct.pack("<IiiHH4sIiiII", 40, width, height, 1, 24, b"MPNG", 0, 0, 0, 0, 0)
    inner = chunk(b"LIST", b"strl" + chunk(b"strh", stream) + chunk(b"strf", form))
    header = chunk(b"LIST", b"hdrl" + chunk(b"avih", main) + inner)
    body = b"".join(chunk(b"00dc", picture) for picture in pictures)
    content = b"AVI " + header + chunk(b"LIST", b"movi" + body)
    return b"RIFF" + struct.pack("<I", len(content)) + content


def giant_gif(side: int, frames: int) -> bytes:
    """Return a GIF whose frames of side x side pixels hold next to nothing."""
    size = struct.pack("<HH", side, side)
    frame = b"\x21\xf9\x04\x00\x05\x00\x00\x00\x2c" + struct.pack("<HH", 0, 0) + size + b"\x00"
    frame += b"\x02\x02\x4c\x01\x00"  # one pixel's worth of codes
    return b"GIF89a" + size + b"\x80\x00\x00" + bytes(6) + frame * frames + b";"
