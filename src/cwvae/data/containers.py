"""Whether a video file has its end: what container formats record about their own length."""

from pathlib import Path
from typing import BinaryIO

__all__ = ["is_cut_off"]

_EBML = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"
# A box of an MP4 begins with its size and one of these names.
_FIRST_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")


def is_cut_off(path: Path) -> bool:
    """Return whether a file ends before its own headers put its end.

    Known for MP4 and its relatives, Matroska and WebM, AVI and GIF; other formats record no
    length, and are never found to be cut off.
    """
    length = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] == b"RIFF":
            return 8 + int.from_bytes(head[4:8], "little") > length
        if head[:3] == b"GIF":
            file.seek(max(0, length - 1024))
            return not file.read().rstrip(b"\0").endswith(b";")
        if head[:4] == _EBML:
            return _ends_early_matroska(file, length)
        return head[4:8] in _FIRST_BOXES and _ends_early_mp4(file, length)


def _ends_early_mp4(file: BinaryIO, length: int) -> bool:
    """Return whether a box of an MP4 goes past the end of the file."""
    place = 0
    while place + 8 <= length:
        file.seek(place)
        size = int.from_bytes(file.read(4), "big")
        if size == 1:  # its true size comes after the name
            file.seek(place + 8)
            size = int.from_bytes(file.read(8), "big")
        if size < 8:  # 0: up to the end of the file
            return False
        place += size
    return place > length


def _ends_early_matroska(file: BinaryIO, length: int) -> bool:
    """Return whether the segment, which holds all of a Matroska file, goes past its end."""
    file.seek(4)
    header = _variable_size(file)
    file.seek(header or 0, 1)
    if header is None or file.read(4) != _SEGMENT:
        return False
    size = _variable_size(file)
    return size is not None and file.tell() + size > length


def _variable_size(file: BinaryIO) -> int | None:
    """Read a size as EBML writes it; None when it is left open, as in a live recording."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    extra = 8 - first[0].bit_length()
    value = int.from_bytes(bytes([first[0] & (0x7F >> extra)]) + file.read(extra), "big")
    return None if value == 2 ** (7 * (extra + 1)) - 1 else value
