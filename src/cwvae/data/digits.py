"""Handwritten digits: the packaged MNIST subset, or the full set from a file."""

import contextlib
import dataclasses
import gzip
import io
import math
import zlib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import numpy as np
from jaxtyping import Integer, UInt8

from cwvae.data.archives import read_archive
from cwvae.data.read_options import ReadOptions
from cwvae.home import expanded

__all__ = ["Digits", "load_digits"]

_FIELDS = ("train_images", "train_labels", "test_images", "test_labels")
_KERAS_NAMES = ("x_train", "y_train", "x_test", "y_test")
_IDX_STEMS = ("train-images", "train-labels", "t10k-images", "t10k-labels")
_IDX_RANKS = (3, 1, 3, 1)
# An IDX file starts with two zero bytes, the type of its values, and its number of axes.
_IDX_UINT8 = 0x08


@dataclasses.dataclass(frozen=True, eq=False)
class Digits:
    """Hold handwritten digits and their classes, in two disjoint splits.

    Images are uint8 of shape (n, 28, 28), ink 255 on paper 0; labels are integers of shape (n,)
    in 0..9. The arrays are shared with the caller, not copied.

    Raises `ValueError` for an array of the wrong shape, dtype or range, and for counts that differ.
    """

    train_images: UInt8[np.ndarray, "train 28 28"]
    train_labels: Integer[np.ndarray, " train"]
    test_images: UInt8[np.ndarray, "test 28 28"]
    test_labels: Integer[np.ndarray, " test"]

    def __post_init__(self) -> None:
        """Check every array."""
        for split in ("train", "test"):
            images, labels = self.of(split)
            _check_images(f"{split}_images", images)
            _check_labels(f"{split}_labels", labels)
            if len(images) != len(labels):
                raise ValueError(
                    f"expected one label per image, got {len(images)} {split}_images and "
                    f"{len(labels)} {split}_labels; take both from the same set"
                )

    def of(
        self, split: str
    ) -> tuple[UInt8[np.ndarray, "digit 28 28"], Integer[np.ndarray, " digit"]]:
        """Return the images and the labels of a split, "train" or "test", else `ValueError`."""
        if split == "train":
            return self.train_images, self.train_labels
        if split == "test":
            return self.test_images, self.test_labels
        raise ValueError(f"expected split 'train' or 'test', got {split!r}; use one of the two")


def load_digits(path: str | Path | None = None) -> Digits:
    """Load MNIST digits; without a path, the packaged subset.

    The subset has 1,000 training and 200 test digits of each class.

    **Arguments:** `path`, one of:

    - an .npz file with the arrays `train_images`, `train_labels`, `test_images`, `test_labels`
      (or, as Keras names them, `x_train`, `y_train`, `x_test`, `y_test`);
    - a folder with the four standard IDX files, `train-images-idx3-ubyte` and so on, packed with
      gzip or not;
    - one of these four files, when the other three lie beside it.

    Raises `FileNotFoundError` when there is no such file, or one of the four is missing, and
    `ValueError` when a file is damaged or is not MNIST; the message names it.
    """
    if path is None:
        packaged = resources.files("cwvae.data").joinpath("mnist_subset.npz")
        with resources.as_file(packaged) as file:
            return _from_npz(file)
    path = expanded(path)
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: no such file or folder; give an .npz file or a folder with the four MNIST "
            "IDX files, or leave the digits out to use the packaged ones"
        )
    if path.is_dir():
        return _from_idx(path)
    if path.name.startswith(_IDX_STEMS):
        return _from_idx(path.parent)
    if path.suffix == ".npz":
        return _from_npz(path)
    raise ValueError(
        f"{path}: expected MNIST as an .npz file or as IDX files named like "
        "train-images-idx3-ubyte, got another name; rename or convert it"
    )


def _from_npz(path: Path) -> Digits:
    arrays = read_archive(path)
    for names in (_FIELDS, _KERAS_NAMES):
        if all(name in arrays for name in names):
            return _digits([arrays[name] for name in names], path)
    raise ValueError(
        f"{path}: expected the arrays {', '.join(_FIELDS)} (or {', '.join(_KERAS_NAMES)}), "
        f"got {', '.join(arrays) or 'none'}; save them under these names"
    )


def _from_idx(folder: Path) -> Digits:
    files = [
        _find_idx(folder, stem, rank) for stem, rank in zip(_IDX_STEMS, _IDX_RANKS, strict=True)
    ]
    arrays = [_read_idx(file, rank) for file, rank in zip(files, _IDX_RANKS, strict=True)]
    return _digits(arrays, folder)


def _digits(arrays: list[np.ndarray], path: Path) -> Digits:
    try:
        return Digits(*arrays)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _find_idx(folder: Path, stem: str, rank: int) -> Path:
    for separator in ("-", "."):
        for ending in ("", ".gz"):
            file = folder / f"{stem}{separator}idx{rank}-ubyte{ending}"
            if file.is_file():
                return file
    raise FileNotFoundError(
        f"{folder / f'{stem}-idx{rank}-ubyte'}: no such file, with or without .gz; "
        "put the four MNIST files into one folder"
    )


def _read_idx(file: Path, rank: int) -> np.ndarray:
    with _opened(file) as content:
        head = content.read(4 * (1 + rank))
        magic = bytes((0, 0, _IDX_UINT8, rank))
        if head[:4] != magic:
            raise ValueError(
                f"{file}: expected an IDX file that starts with {magic.hex()}, got "
                f"{head[:4].hex() or 'nothing'}; download the file again"
            )
        shape = [int.from_bytes(head[at : at + 4], "big") for at in range(4, len(head), 4)]
        size = math.prod(shape) if len(head) == 4 * (1 + rank) else 0
        ReadOptions().check_bytes(file, size, f"digits of shape {tuple(shape)}")
        # One byte more than there should be, and no more than that of a file that unpacks to much.
        values = content.read(size + 1)
    if len(values) != size or not size:
        found = len(head) + len(values)
        raise ValueError(
            f"{file}: expected {len(head) + size} bytes as in its header, got {found}"
            f"{' or more' if len(values) > size else ''}; it is damaged or incomplete, download "
            "the file again"
        )
    return np.frombuffer(values, np.uint8).reshape(shape)


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[io.BufferedIOBase]:
    """Open a file, unpacked as it is read when it is packed with gzip."""
    if file.suffix != ".gz":
        with file.open("rb") as content:
            yield content
        return
    try:
        with gzip.open(file) as content:
            yield content
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(
            f"{file}: expected a gzip file, could not unpack it ({error}); "
            "it is damaged or incomplete, download the file again"
        ) from error


def _check_images(name: str, images: np.ndarray) -> None:
    if images.dtype != np.uint8 or images.shape[1:] != (28, 28) or len(images) == 0:
        raise ValueError(
            f"expected {name} to be uint8 of shape (n, 28, 28), n >= 1, got {images.dtype} of "
            f"shape {images.shape}; use MNIST's own images, from 0 to 255"
        )


def _check_labels(name: str, labels: np.ndarray) -> None:
    if not np.issubdtype(labels.dtype, np.integer) or labels.ndim != 1:
        raise ValueError(
            f"expected {name} to be integers of shape (n,), got {labels.dtype} of shape "
            f"{labels.shape}; give one class per image"
        )
    if labels.size and (labels.min() < 0 or labels.max() > 9):
        raise ValueError(
            f"expected {name} in 0..9, got {labels.min()}..{labels.max()}; give MNIST's classes"
        )
