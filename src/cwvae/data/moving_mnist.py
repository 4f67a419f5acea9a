"""Moving MNIST: handwritten digits that bounce about a square, drawn on the fly or from files.

The scene is always 64 pixels wide; other frame sizes are this scene seen coarser or enlarged, so
that the motion of a sequence does not depend on the size of its frames.
"""

import copy
import math
import operator
from pathlib import Path
from typing import Literal, NamedTuple, SupportsIndex

import numpy as np
from jaxtyping import Float, UInt8

from cwvae.data.digits import Digits
from cwvae.data.dividing import divided
from cwvae.data.listing import Split, VideoFile, check_split, split_folder, videos_in
from cwvae.data.read_options import ReadOptions
from cwvae.data.video_folder import with_parts
from cwvae.home import expanded

__all__ = ["MovingMNIST", "files"]

_CLASSIC = "mnist_test_seq.npy"
_CANVAS = 64
_DIGIT = 28
# The largest coordinate of a digit's top-left corner that keeps the digit inside the canvas.
_ROOM = _CANVAS - _DIGIT
_SIZES = (32, 64, 128, 256)
# Starts and velocities lie on this grid (in pixels), so that start + frame * velocity is exact in
# float64 up to 2**22 frames: no machine's last bit of a cosine can ever move a digit.
_GRID = 2.0**-24
_MOST_FRAMES = 2**22
# Seed, split and index are one 32-bit word each, so no two triples can seed the same stream.
_MOST_SEQUENCES = 2**32
_DRAWS_PER_DIGIT = 5
# Far more than fit side by side.
_MOST_DIGITS = 1_000


def files(root: str | Path, split: Split, *, test_fraction: float = 0.1) -> tuple[VideoFile, ...]:
    """List the videos of the official files: train-seq100/*.mp4 and test-seq1000/*.mp4.

    **Arguments:** `root`, what moving_mnist_2digit.zip (archive.org/details/moving_mnist) was
    unpacked to; or the array of Srivastava et al. (2015), mnist_test_seq.npy of shape (20 frames,
    10000 videos, 64, 64), or its folder; `split`; `test_fraction` of the array's videos, which it
    does not divide itself.

    Raises `FileNotFoundError` when the split, or every video in it, is missing.
    """
    check_split(split)
    root = expanded(root)
    array = root if root.is_file() else root / _CLASSIC
    if array.is_file():
        return divided([with_parts(array, ReadOptions())], split, test_fraction, array)
    folder = {"train": "train-seq100", "test": "test-seq1000"}[split]
    found = videos_in(split_folder(root, ("moving_mnist_2digit",), folder), (".mp4",))
    return tuple(VideoFile(path) for path in found)


class _Motion(NamedTuple):
    """What chance decides about a sequence: which digits, from where, and how they go."""

    digits: np.ndarray
    starts: np.ndarray
    velocities: np.ndarray


class MovingMNIST:
    """Generate sequences of bouncing digits, each from its index alone.

    A random-access source (`len(source)`, `source[index]`), fit for `grain.MapDataset.source`.
    Every sequence draws its digits uniformly with replacement from the split's images, their
    starts uniformly over the places where they lie inside the frame, their directions uniformly,
    and their speeds uniformly from `speed`; walls reflect them. Digits that overlap are
    composited by maximum. A sequence is a function of (seed, split, index): a longer one begins
    with the shorter one, and neither the order of access nor the machine matters.

    An item is a dictionary:

    - `video`: uint8 (frames, size, size, 1), 0 to 255;
    - `labels`: int32 (num_digits,), the classes, 0 to 9;
    - `positions`: float32 (frames, num_digits, 2), row and column of each digit's top-left corner
      in pixels of the video, before they are rounded to whole pixels of the 64-pixel scene.
    """

    def __init__(
        self,
        *,
        split: Literal["train", "test"],
        frames: int,
        digits: Digits,
        seed: int = 0,
        num_digits: int = 2,
        size: int = 64,
        speed: tuple[float, float] = (2.0, 6.0),
        length: int = 1_000_000,
    ) -> None:
        """Describe the sequences; nothing is drawn yet.

        **Arguments:** `split`, which digits to use, "train" or "test": the two never share a
        sequence; `frames` per sequence, 1 to 2**22; `digits`, e.g. `load_digits()`; `seed`, 0 to
        2**32 - 1, of another set of sequences; `num_digits` per sequence, 1 to 1,000; `size`,
        height and width of a frame in pixels, 32, 64, 128 or 256; `speed`, slowest and fastest, in
        pixels of the 64-pixel scene per frame, 0 to 64; `length`, number of sequences, 1 to 2**32.

        Raises `ValueError` for an argument out of its range.
        """
        self.images, self.labels = digits.of(split)
        self.split = split
        self.frames = _whole("frames", frames, least=1, most=_MOST_FRAMES)
        self.seed = _whole("seed", seed, least=0, most=_MOST_SEQUENCES - 1)
        self.num_digits = _whole("num_digits", num_digits, least=1, most=_MOST_DIGITS)
        self.length = _whole("length", length, least=1, most=_MOST_SEQUENCES)
        self.size = _whole("size", size, least=1)
        if self.size not in _SIZES:
            raise ValueError(f"expected size to be one of {_SIZES}, got {size}; use one of these")
        self.speed = _speed_range(speed)

    def __len__(self) -> int:
        """Count the sequences."""
        return self.length

    def __repr__(self) -> str:
        """Name the settings: other sequences have another name."""
        return (
            f"MovingMNIST(split={self.split!r}, frames={self.frames}, seed={self.seed}, "
            f"num_digits={self.num_digits}, size={self.size}, speed={self.speed}, "
            f"length={self.length})"
        )

    def __getitem__(self, index: SupportsIndex) -> dict[str, np.ndarray]:
        """Draw the sequence of an index in [0, len), else raise `IndexError`."""
        return self.cut(index, 0, self.frames)

    def cut(
        self, index: SupportsIndex, start: SupportsIndex, stop: SupportsIndex
    ) -> dict[str, np.ndarray]:
        """Draw the frames from `start` to `stop` of a sequence, and none of the others."""
        number = operator.index(index)
        if not 0 <= number < self.length:
            raise IndexError(f"expected an index from 0 to {self.length - 1}, got {number}")
        motion = self._motion(number)
        window = operator.index(start), operator.index(stop)
        positions = _bounce(motion.starts, motion.velocities, *window)
        scene = _draw(self.images[motion.digits], np.rint(positions).astype(np.intp))
        return {
            "video": _rescale(scene, self.size)[..., np.newaxis],
            "labels": self.labels[motion.digits].astype(np.int32),
            "positions": (positions * (self.size / _CANVAS)).astype(np.float32),
        }

    def as_long(self, frames: int) -> "MovingMNIST":
        """Return the same sequences with so many frames, each of which begins as before.

        Raises `ValueError` for a number of frames out of its range.
        """
        longer = copy.copy(self)
        longer.frames = _whole("frames", frames, least=1, most=_MOST_FRAMES)
        return longer

    def _motion(self, index: int) -> _Motion:
        # The raw output of a seeded bit generator is the one stream that NumPy promises never to
        # change; its distributions may change from version to version.
        split_number = ("train", "test").index(self.split)
        source = np.random.PCG64(np.random.SeedSequence([self.seed, split_number, index]))
        raw = source.random_raw(self.num_digits * _DRAWS_PER_DIGIT)
        uniform = (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53
        which, row, column, turn, pace = uniform.reshape(self.num_digits, _DRAWS_PER_DIGIT).T
        slowest, fastest = self.speed
        speeds = slowest + (fastest - slowest) * pace
        angles = 2.0 * math.pi * turn
        directions = np.stack([np.sin(angles), np.cos(angles)], axis=-1)
        return _Motion(
            digits=(which * len(self.images)).astype(np.intp),
            starts=_to_grid(_ROOM * np.stack([row, column], axis=-1)),
            velocities=_to_grid(speeds[:, np.newaxis] * directions),
        )


def _to_grid(pixels: Float[np.ndarray, "digit 2"]) -> Float[np.ndarray, "digit 2"]:
    return np.rint(pixels / _GRID) * _GRID


def _bounce(
    starts: Float[np.ndarray, "digit 2"],
    velocities: Float[np.ndarray, "digit 2"],
    start: int,
    stop: int,
) -> Float[np.ndarray, "frames digit 2"]:
    # Between two mirrors a straight path becomes a triangle wave, so frame t needs no frame before
    # it and no error accumulates.
    times = np.arange(start, stop, dtype=np.float64)[:, np.newaxis, np.newaxis]
    straight = starts + times * velocities
    return _ROOM - np.abs(straight % (2 * _ROOM) - _ROOM)


def _draw(
    images: UInt8[np.ndarray, "digit 28 28"], corners: np.ndarray
) -> UInt8[np.ndarray, "frames 64 64"]:
    scene = np.zeros((len(corners), _CANVAS, _CANVAS), np.uint8)
    # windows[t, row, column] is the digit-sized part of frame t at that place: a view into the
    # scene. Each digit touches every frame once, so writing through the view is safe.
    windows = np.lib.stride_tricks.sliding_window_view(
        scene, (_DIGIT, _DIGIT), axis=(1, 2), writeable=True
    )
    times = np.arange(len(corners))
    for digit, image in enumerate(images):
        place = (times, corners[:, digit, 0], corners[:, digit, 1])
        windows[place] = np.maximum(windows[place], image)
    return scene


def _rescale(
    scene: UInt8[np.ndarray, "frames 64 64"], size: int
) -> UInt8[np.ndarray, "frames size size"]:
    if size >= _CANVAS:
        factor = size // _CANVAS
        return scene.repeat(factor, axis=1).repeat(factor, axis=2) if factor > 1 else scene
    wide = scene.astype(np.uint16)
    rows = wide[:, 0::2] + wide[:, 1::2]
    # Adding half of the four pixels first rounds their mean to the nearest whole value.
    return ((rows[:, :, 0::2] + rows[:, :, 1::2] + 2) // 4).astype(np.uint8)


def _whole(name: str, value: SupportsIndex, *, least: int, most: int | None = None) -> int:
    try:
        number = operator.index(value)
    except TypeError as error:
        raise ValueError(
            f"expected {name} to be a whole number, got {value!r}; give an int"
        ) from error
    if number < least or (most is not None and number > most):
        bounds = f">= {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"expected {name} {bounds}, got {number}; choose one in this range")
    return number


def _speed_range(speed: tuple[float, float]) -> tuple[float, float]:
    slowest, fastest = (float(bound) for bound in speed)
    if not 0.0 <= slowest <= fastest or fastest > _CANVAS:
        raise ValueError(
            f"expected speed = (slowest, fastest) with 0 <= slowest <= fastest <= {_CANVAS} "
            f"pixels a frame, got {speed}; the paper's range is (2.0, 6.0)"
        )
    return slowest, fastest
