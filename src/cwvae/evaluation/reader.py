"""Read a frame of Moving MNIST: which digits it shows, and where.

The networks ship with the package, trained on MNIST's training digits alone, and are frozen:
`scripts/train_reader.py` made them, `weights/figures.json` beside them has how well they read.
"""

import functools
import math
from typing import SupportsIndex

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cwvae.arguments import whole_number
from cwvae.evaluation.classifier import Classifier
from cwvae.evaluation.grids import Grid, NewGrid
from cwvae.evaluation.place_finder import PlaceFinder, places
from cwvae.evaluation.shipped import load_shipped
from cwvae.shapes import checked

__all__ = ["PAIRS", "SIZES", "Reader", "Reading", "load_reader"]

PAIRS = tuple((a, b) for a in range(10) for b in range(a, 10))
"""The 55 unordered pairs of digits, doubles included, in the order of their classes."""

SIZES = (32, 64)
"""Heights and widths of the frames that can be read."""

_CORNERS = 9  # places from one edge of the room to move to the other, of 36 pixels of 64
_ROOM = 36 / 64
_PICTURE = 32  # pixels of the classifier's pictures about a digit of 28, in a frame of 64
_APART = (
    4 / 64
)  # of the frame: digits that are closer are in one picture, which cannot be read twice


class Reading(eqx.Module):
    """What was read in every frame.

    **Arguments:** `log_probs`, the logarithm of the probability of each class: of ten digits, or
    of the 55 `PAIRS`; `places`, row and column of each digit's top-left corner in pixels, in no
    order.
    """

    log_probs: Float[Array | np.ndarray, "frames classes"]
    places: Float[Array | np.ndarray, "frames num_digits 2"]


class Reader(eqx.Module):
    """Networks that read frames: one finds the digits, the other reads the picture about each.

    Where a picture shows no digit, a blank or a smear, no class gets much more than a tenth. Two
    digits in one place, within 4 pixels of 64, are not read: all pairs are alike.
    """

    finder: PlaceFinder
    classifier: Classifier

    @checked
    def __call__(
        self, frames: Float[Array | np.ndarray, "frames height width 1"], num_digits: SupportsIndex
    ) -> Reading:
        """Read frames with one or two digits each, clipped to [0, 1] first.

        **Arguments:** `frames` of 32 x 32 or 64 x 64 pixels; `num_digits`, 1 or 2.

        Raises `ValueError` for frames of another size, or another number of digits.
        """
        pictures, corners = self._look(frames, num_digits)
        digits = [self.classifier(picture) for picture in pictures]
        if len(digits) == 1:
            return Reading(digits[0], corners)
        apart = jnp.linalg.norm(corners[:, 0] - corners[:, 1], axis=-1, keepdims=True)
        none = -math.log(len(PAIRS))
        legible = apart > _APART * frames.shape[1]
        return Reading(jnp.where(legible, _pairs(*digits), none), corners)

    @checked
    def features(
        self, frames: Float[Array | np.ndarray, "frames height width 1"], num_digits: SupportsIndex
    ) -> Float[Array, "frames num_digits hidden"]:
        """Return the classifier's last hidden layer for each digit, of which its class is made.

        **Arguments:** those of a reading, and the same errors. Digits are in no order; where two
        are in one place, both have the features of one picture.
        """
        pictures, _ = self._look(frames, num_digits)
        return jnp.stack([self.classifier.features(picture) for picture in pictures], axis=1)

    def _look(
        self, frames: Float[Array | np.ndarray, "frames height width 1"], num_digits: SupportsIndex
    ) -> tuple[list[NewGrid], Float[Array, "frames num_digits 2"]]:
        """Return the picture about each digit, and where the digits are."""
        count = whole_number("num_digits", num_digits)
        if count > 2:
            raise ValueError(f"num_digits must be 1 or 2, got {count}; read no more than two")
        size = frames.shape[1]
        if frames.shape[1:3] != (size, size) or size not in SIZES:
            raise ValueError(
                f"frames must be of 32 x 32 or 64 x 64 pixels, got {frames.shape[1]} x "
                f"{frames.shape[2]}; resize them"
            )
        clipped = jnp.clip(jnp.asarray(frames, jnp.float32), 0, 1)
        density = jnp.exp(self.finder(_small(clipped))).reshape(len(frames), _CORNERS + 1, -1)
        found = jax.vmap(functools.partial(places, num_digits=count))(density)
        corners = found * (_ROOM * size / _CORNERS)
        return [_pictures(clipped, corners[:, n]) for n in range(count)], corners


@functools.cache
def load_reader(size: SupportsIndex) -> Reader:
    """Return the reader that ships with the package, for frames of 32 or 64 pixels.

    Raises `ValueError` for another size.
    """
    edge = whole_number("size", size)
    if edge not in SIZES:
        raise ValueError(f"size must be 32 or 64, got {edge}; resize the frames")
    return Reader(
        finder=load_shipped(PlaceFinder, "place_finder"),
        classifier=load_shipped(functools.partial(Classifier, edge // 2), f"classifier_{edge}"),
    )


def _small(frames: Grid) -> NewGrid:
    """Return frames of 32 x 32 pixels."""
    count, height, _, _ = frames.shape
    block = height // 32
    return frames.reshape(count, 32, block, 32, block, 1).mean((2, 4))


def _pictures(frames: Grid, corners: Float[Array, "images 2"]) -> NewGrid:
    """Cut out the picture about each digit, to whole pixels."""
    size = frames.shape[1]
    edge = size * _PICTURE // 64
    margin = (edge - size * 28 // 64) // 2
    padded = jnp.pad(frames, ((0, 0), (margin, margin), (margin, margin), (0, 0)))

    def cut(frame: Array, corner: Array) -> Array:
        row, column = jnp.rint(corner).astype(jnp.int32)
        return jax.lax.dynamic_slice(frame, (row, column, 0), (edge, edge, 1))

    return jax.vmap(cut)(padded, corners)


def _pairs(
    one: Float[Array, "frames 10"], other: Float[Array, "frames 10"]
) -> Float[Array, "frames 55"]:
    """Return the logarithm of the probability of each unordered pair, from that of each digit."""
    low, high = np.array(PAIRS).T
    straight, crossed = one[:, low] + other[:, high], one[:, high] + other[:, low]
    # A double comes about in one way, another pair in two.
    return jnp.where(low == high, straight, jnp.logaddexp(straight, crossed))
