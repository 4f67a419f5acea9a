"""Files that are no videos, or not those that were asked for."""

import gzip
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import films
import h5py
import numpy as np

from bad_input import Row

SQUARE = films.moving_square()
GRAY = np.zeros((8, 32, 32), np.uint8)


def content(name: str, data: bytes) -> Callable[[Path], object]:
    """Return what writes a file of these bytes."""
    return lambda folder: (folder / name).write_bytes(data)


def array(value: object, name: str = "v.npy", **more: object) -> Callable[[Path], object]:
    """Return what writes an array, or with a name that ends in npz several."""

    def make(folder: Path) -> None:
        if name.endswith("npz"):
            np.savez(folder / name, **(more or {"video": value}))  # type: ignore[arg-type]
        else:
            np.save(folder / name, value)  # type: ignore[arg-type]

    return make


def film(name: str, cut: float = 1.0, edit: Callable[[bytes], bytes] = bytes):
    """Return what writes a film, of which only a part is kept, edited."""

    def make(folder: Path) -> None:
        path = folder / name
        films.write(path, SQUARE)
        whole = path.read_bytes()
        path.write_bytes(edit(whole[: int(len(whole) * cut)]))

    return make


def header(shape: str, dtype: str = "|u1", more: bytes = b"") -> bytes:
    """Return an array's file with a header as written here, whatever follows."""
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + more


def member(data: bytes, name: str = "video.npy") -> Callable[[Path], object]:
    """Return what writes an archive with one member."""

    def make(folder: Path) -> None:
        with zipfile.ZipFile(folder / "v.npz", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, data)

    return make


def broken(folder: Path) -> None:
    """Write an archive whose only member does not decompress."""
    member(header("(8, 32, 32)", more=bytes(8192)))(folder)
    path = folder / "v.npz"
    data = bytearray(path.read_bytes())
    data[50:70] = bytes(20)
    path.write_bytes(data)


def packed(method: int) -> Callable[[Path], object]:
    """Return what writes an archive that is packed by another method than NumPy's."""

    def make(folder: Path) -> None:
        with zipfile.ZipFile(folder / "v.npz", "w", method) as archive:
            archive.writestr("video.npy", header("(8, 32, 32)", more=bytes(8192)))

    return make


def many_members(folder: Path) -> None:
    """Write an archive of more arrays than any video has."""
    with zipfile.ZipFile(folder / "v.npz", "w") as archive:
        for number in range(20_000):
            archive.writestr(f"{number}.npy", header("(1,)", more=b"0"))


def pictures(*files: tuple[str, bytes]) -> Callable[[Path], object]:
    """Return what writes a folder of files."""

    def make(folder: Path) -> None:
        (folder / "v").mkdir()
        for name, data in files:
            (folder / "v" / name).write_bytes(data)

    return make


def pipe(folder: Path) -> None:
    """Write a folder with a pipe in it that never ends, named as a picture."""
    (folder / "v").mkdir()
    os.mkfifo(folder / "v" / "1.png")


def linked(target: str) -> Callable[[Path], object]:
    """Return what writes a folder with a link in it, named as a picture."""

    def make(folder: Path) -> None:
        (folder / "v").mkdir()
        (folder / "v" / "1.png").symlink_to(target)

    return make


def parts(folder: Path) -> None:
    """Write a small array, in parts that are far larger."""
    with h5py.File(folder / "v.h5", "w") as file:
        shape, chunks = (8, 32, 32), (2**21, 32, 32)
        file.create_dataset("video", shape, "u1", maxshape=(None, 32, 32), chunks=chunks)


def groups(folder: Path) -> None:
    """Write a video in so many groups that finding it takes minutes."""
    with h5py.File(folder / "v.h5", "w") as file:
        group: Any = file
        for _ in range(200):
            group = group.create_group("a")
        group["video"] = GRAY


def png(width: int, height: int, data: bytes | None = None, bits: int = 8) -> bytes:
    """Return a gray picture, with other compressed data than its own if they are given."""
    rows = zlib.compress(bytes((width * bits // 8 + 1) * height)) if data is None else data

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def gif(width: int, height: int, frames: int) -> bytes:
    """Return a film of one-pixel frames on a canvas of any size, in few bytes."""
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return (
        b"GIF89a"
        + struct.pack("<HHBBB", width, height, 0x80, 0, 0)
        + bytes(6)
        + frame * frames
        + b";"
    )


def predict(file: str, message: str, make: Callable[[Path], object], more: str = "--resize") -> Row:
    """Return the row of a forecast of a file."""
    return Row(f"predict {{run}} {file} {more} --horizon 4 --out x.gif", message, make)


ROWS = {
    "absent": Row("predict {run} v.mp4 --out x.gif", "v.mp4: no such file; check the path"),
    "a link to nothing": predict(
        "v.mp4",
        "a link to /nowhere.*; mend or delete the link",
        lambda folder: (folder / "v.mp4").symlink_to("/nowhere"),
    ),
    "empty": predict("v.mp4", "damaged or no video, copy", content("v.mp4", b"")),
    "text": predict("v.mp4", "damaged or no video", content("v.mp4", b"no video\n" * 50)),
    "zeros": predict("v.avi", "damaged or no video", content("v.avi", bytes(5000))),
    "a playlist": predict(
        "v.m3u8",
        "damaged or no video",
        content("v.m3u8", b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n#EXT-X-ENDLIST\n"),
    ),
    "a list of files": predict(
        "v.mp4",
        "not one of the known containers",
        content("v.mp4", b"ffconcat version 1.0\nfile /etc/passwd\n"),
    ),
    "half an mp4": predict("v.mp4", "damaged or no video, copy", film("v.mp4", 0.5)),
    "half an avi": predict("v.avi", "damaged or no video", film("v.avi", 0.5)),
    "half a gif": predict("v.gif", "cut off", film("v.gif", 0.5)),
    "half an mkv": predict("v.mkv", "cut off", film("v.mkv", 0.5)),
    "half an mov": predict("v.mov", "damaged or no video", film("v.mov", 0.5)),
    "an mp4 of zeros": predict(
        "v.mp4",
        "v.mp4: expected",
        film("v.mp4", edit=lambda data: data[:600] + bytes(len(data) - 600)),
    ),
    "a gif of zeros": predict(
        "v.gif",
        "v.gif: expected",
        film("v.gif", edit=lambda data: data[:820] + bytes(len(data) - 821) + b";"),
    ),
    "a giant gif": predict(
        "v.gif",
        "frames of at most .* pixels.*--decoded-limit",
        content("v.gif", gif(16000, 16000, 200)),
    ),
    "a picture": predict("v.png", "got a single picture; put", content("v.png", png(32, 32))),
    "frames of another size": predict(
        "v.npy", "32x32 pixels, got 16x24.*--resize", array(np.zeros((8, 16, 24), np.uint8)), ""
    ),
    "too few frames": predict("v.npy", "at least 4 frames, got 2; give", array(GRAY[:2])),
    "no frames": predict("v.npy", "none of them 0, got \\(0, 32, 32\\)", array(GRAY[:0])),
    "a number": predict("v.npy", "got \\(\\), an array; name its axes", array(np.zeros(()))),
    "a vector": predict("v.npy", "got \\(5,\\), an array; name", array(np.zeros(5))),
    "a picture as an array": predict("v.npy", "got \\(32, 32\\)", array(np.zeros((32, 32)))),
    "six axes": predict("v.npy", "got \\(1, 1, 1, 8, 8, 1\\)", array(np.zeros((1, 1, 1, 8, 8, 1)))),
    "two channels": predict(
        "v.npy", "name its axes with --axes|1 or 3", array(np.zeros((8, 2, 2, 2)))
    ),
    "words": predict("v.npy", "v.npy: .*; ", array(np.full((8, 32, 32), "a"))),
    "complex numbers": predict("v.npy", "v.npy: .*; ", array(np.zeros((8, 32, 32), complex))),
    "times": predict("v.npy", "v.npy: .*; ", array(np.zeros((8, 32, 32), "datetime64[s]"))),
    "records": predict("v.npy", "v.npy: .*; ", array(np.zeros((8, 32, 32), "u1,u1"))),
    "whole numbers beyond bytes": predict("v.npy", "v.npy: .*; ", array(np.full((8, 32, 32), 300))),
    "negative whole numbers": predict("v.npy", "v.npy: .*; ", array(np.full((8, 32, 32), -3))),
    "floats to 255": predict("v.npy", "divide .* by 255|255", array(np.full((8, 32, 32), 255.0))),
    "floats below 0": predict("v.npy", "v.npy: .*; ", array(np.full((8, 32, 32), -0.5))),
    "not a number": predict("v.npy", "v.npy: .*; ", array(np.full((8, 32, 32), np.nan))),
    "infinity": predict("v.npy", "v.npy: .*; ", array(np.full((8, 32, 32), np.inf))),
    "Python objects": predict(
        "v.npy",
        "Python objects.*write the file again",
        array(np.array([[[{}]]] * 4, object)),
    ),
    "Python objects in an archive": predict(
        "v.npz", "Python objects", array(np.array([[[{}]]] * 4, object), "v.npz")
    ),
    "several videos": predict(
        "v.npy",
        "got 5 .*choose one with --number, 0 to 4",
        array(np.zeros((5, 8, 32, 32, 1), np.uint8)),
        "--resize --axes nthwc",
    ),
    "a video that is not there": predict(
        "v.npy",
        "a --number from 0 to 4",
        array(np.zeros((5, 8, 32, 32, 1), np.uint8)),
        "--resize --axes nthwc --number 5",
    ),
    "doubtful axes": predict(
        "v.npy", "which can be .*name them with --axes", array(np.zeros((3, 9, 32, 32), np.uint8))
    ),
    "axes of another count": predict("v.npy", "axes tchw; name", array(GRAY), "--axes tchw"),
    "two arrays": predict("v.npz", "got a, b; name the one", array(None, "v.npz", a=GRAY, b=GRAY)),
    "an archive of nothing": predict(
        "v.npz", "got none; name the one", content("v.npz", b"PK\x05\x06" + bytes(18))
    ),
    "an archive cut off": predict(
        "v.npz", "truncated file; write it", content("v.npz", b"PK\x03\x04" + bytes(99))
    ),
    "text named npz": predict(
        "v.npz", "another or a truncated file", content("v.npz", b"no archive")
    ),
    "text named npy": predict(
        "v.npy", "another or a truncated file", content("v.npy", b"no array")
    ),
    "a header alone": predict(
        "v.npy", "promises 8192 bytes .* there are 0", content("v.npy", header("(8, 32, 32)"))
    ),
    "a header of 10^30 frames": predict(
        "v.npy",
        "promises .* bytes",
        content("v.npy", header("(10**30, 32, 32)".replace("10**30", "1" + "0" * 30))),
    ),
    "a negative size": predict(
        "v.npy", "v.npy: expected", content("v.npy", header("(-1, 32, 32)"))
    ),
    "a header that is code": predict(
        "v.npy",
        "could not read them",
        content("v.npy", header("__import__('os').mkdir('executed')")),
    ),
    "a header nested deep": predict(
        "v.npy", "could not read them", content("v.npy", header("(" * 3000 + ")" * 3000))
    ),
    "version 9": predict(
        "v.npy", "version \\(9, 0\\)", content("v.npy", b"\x93NUMPY\x09\x00" + bytes(200))
    ),
    "an archive that unpacks to terabytes": predict(
        "v.npz", "promises", member(header("(1000000000, 64, 64)", more=bytes(1000)))
    ),
    "an archive of 5 GiB": predict(
        "v.npz", "promises|at most 4 GiB", member(header("(5000000, 1024)", more=bytes(10**7)))
    ),
    "a member that does not unpack": predict("v.npz", "could not read them", broken),
    "packed with bzip2": predict("v.npz", "as NumPy packs no array", packed(zipfile.ZIP_BZIP2)),
    "packed with LZMA": predict("v.npz", "as NumPy packs no array", packed(zipfile.ZIP_LZMA)),
    "parts that unpack to gigabytes": predict("v.h5", "in parts of 2,147,483,648 bytes", parts),
    "groups nested deep": predict("v.h5", "deeper than 100 groups", groups),
    "a member that is no array": predict(
        "v.npz", "could not read them", member(b"text", "video.npy")
    ),
    "20,000 arrays": predict("v.npz", "20,000 arrays, more than 10,000", many_members),
    "packed with gzip": predict(
        "v.npy", "v.npy: ", content("v.npy", gzip.compress(header("(1,)")))
    ),
    "packed with xz": predict("v.mp4", "v.mp4: ", content("v.mp4", lzma.compress(bytes(99)))),
    "a folder of nothing": predict("v", "with nothing in it; give one", pictures()),
    "a folder of texts": predict("v", "a folder with a.txt in it", pictures(("a.txt", b""))),
    "a pipe as a picture": predict("v", "a folder with 1.png in it", pipe),
    "a device as a picture": predict("v", "a folder with 1.png in it", linked("/dev/zero")),
    "half a picture": predict("v", "a whole picture", pictures(("1.png", png(32, 32)[:50]))),
    "a picture of text": predict("v", "a whole picture", pictures(("1.png", b"text"))),
    "a picture with other data": predict(
        "v", "1.png: expected", pictures(("1.png", png(32, 32, b"no stream of zlib")))
    ),
    "a giant picture": predict(
        "v", "1.png: expected frames of at most", pictures(("1.png", png(60_000, 60_000, b"")))
    ),
    "a picture of 16 bits": predict(
        "v", "8 bits a channel", pictures(("1.png", png(32, 32, bits=16)))
    ),
    "pictures of two sizes": predict(
        "v", "frames of one size", pictures(("1.png", png(32, 32)), ("2.png", png(16, 16))), ""
    ),
    "the times of an array": predict("v.npy", "v.npy: .*; ", array(GRAY), "--frame-rate 5"),
}
