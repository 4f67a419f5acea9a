"""Pictures to train readers on: digits as Moving MNIST draws them, spoilt as forecasts are.

Everything is a function of a key. Places are in pixels of the scene, 64 pixels wide.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import jax.random as jr
from jax.scipy.ndimage import map_coordinates
from jaxtyping import Array, Float, Int

from cwvae.evaluation.place_finder import splat

__all__ = ["Scenes", "blurred_by", "close_ups", "scenes"]

_CANVAS, _DIGIT = 64, 28
_ROOM = _CANVAS - _DIGIT
_CELL = 4  # pixels between two cells of the grid of places
_JUNK = 8  # one close-up of so many shows no digit


class Scenes(NamedTuple):
    """Frames and what is right about them, or close-ups of digits and theirs."""

    pictures: Float[Array, "images height width 1"]
    targets: Float[Array, "images classes"]


def scenes(images: Array, count: int, *, key: Array) -> Scenes:
    """Draw frames of 32 x 32 pixels with one digit or two, and the density of their places."""
    which, where, pairs, bend, spoil = jr.split(key, 5)
    digits = images[jr.randint(which, (2, count), 0, len(images))] / 255
    corners = jr.uniform(where, (2, count, 2), maxval=_ROOM)
    drawn = _bent(digits, jnp.round(corners), _CANVAS, key=bend)
    two = jr.uniform(pairs, (count,)) < 2 / 3
    frames = jnp.where(two[:, None, None], drawn.max(0), drawn[0])
    density = jax.vmap(jax.vmap(splat))(corners / _CELL).reshape(2, count, -1)
    density = jnp.where(two[:, None], density.mean(0), density[0])
    return Scenes(_spoilt(_smaller(frames), widest=1.0, clean=0.25, key=spoil)[..., None], density)


def close_ups(
    images: Array, labels: Int[Array, " digits"], count: int, edge: int, *, clean: float, key: Array
) -> Scenes:
    """Draw pictures of 16 or 32 pixels about a digit, which another one may touch, and its class.

    One of eight shows no digit, and stands for all classes alike: a blank, a smear, a part of a
    digit, several digits in one place. A share of all, `clean`, is not spoilt.
    """
    which, where, apart, alone, bend, spoil, junk = jr.split(key, 7)
    chosen = jr.randint(which, (2, count), 0, len(images))
    found = jnp.clip(jnp.round(1.2 * jr.normal(where, (count, 2))), -4, 4)
    places = jnp.round(jr.uniform(apart, (2, count, 2), maxval=_ROOM))
    near, far = 2 + found, 2 + found + places[1] - places[0]
    far = jnp.where(jr.uniform(alone, (count, 1)) < 1 / 3, 2 * _CANVAS, far)
    drawn = _bent(images[chosen] / 255, jnp.stack([near, far]), 32, key=bend).max(0)
    pictures = drawn if edge == 32 else _smaller(drawn)
    targets = jax.nn.one_hot(labels[chosen[0]], 10)
    size = count // _JUNK
    none = _none(pictures, size, key=junk)
    pictures = _spoilt(
        jnp.concatenate([none, pictures[size:]]),
        widest=1.5 * edge / 32 + 0.2,
        clean=clean,
        key=spoil,
    )
    targets = jnp.concatenate([jnp.full((size, 10), 0.1), targets[size:]])
    return Scenes(pictures[..., None], targets)


def _none(pictures: Array, count: int, *, key: Array) -> Array:
    """Return pictures that show no digit: blank, smeared, cut or mixed, in turn."""
    blur, shift = jr.split(key)
    edge = pictures.shape[1]
    some = pictures[:count]
    smeared = blurred_by(some, edge * jr.uniform(blur, (count,), minval=0.12, maxval=0.3))
    turn = jnp.arange(count) % 8 // 2
    off = edge * jr.uniform(shift, (count,), minval=0.4, maxval=0.6) * jnp.where(turn % 2, -1, 1)
    moved = jax.vmap(lambda p, n, i: _moved(p, n.astype(int), i))(some, off, jnp.arange(count) // 8)
    mixed = (some + pictures[count : 2 * count] + pictures[2 * count : 3 * count]) / 2
    kinds = jnp.stack([jnp.zeros_like(some), smeared, moved, mixed])
    return kinds[jnp.arange(count) % 4, jnp.arange(count)]


def _moved(picture: Array, steps: Array, axis: Array) -> Array:
    """Move a picture along rows or columns; what leaves it is gone."""
    edge = len(picture)
    picture = jnp.where(axis % 2, picture.T, picture)
    from_row = jnp.arange(edge) - steps
    inside = (from_row >= 0) & (from_row < edge)
    return jnp.where(inside[:, None], picture[jnp.clip(from_row, 0, edge - 1)], 0)


def _bent(digits: Array, corners: Array, canvas: int, *, key: Array) -> Array:
    """Draw digits (2, count, 28, 28), two of three of them turned, stretched and slanted."""
    keys = jr.split(key, 4)
    shape = digits.shape[:2]
    bent = jr.uniform(keys[0], shape) < 2 / 3
    turn, slant = (bent * jr.uniform(k, shape, minval=-0.2, maxval=0.2) for k in keys[1:3])
    scale = jnp.exp(bent[..., None] * jr.uniform(keys[3], (*shape, 2), minval=-0.12, maxval=0.12))
    sine, cosine = jnp.sin(turn), jnp.cos(turn)
    matrix = jnp.stack(
        [
            jnp.stack([cosine * scale[..., 0], -sine * scale[..., 1]], -1),
            jnp.stack([(sine + slant) * scale[..., 0], cosine * scale[..., 1]], -1),
        ],
        -2,
    )
    draw = jax.vmap(jax.vmap(lambda d, m, c: _draw(d, m, c, canvas)))
    return draw(digits, matrix, corners)


def _draw(digit: Array, matrix: Array, corner: Array, canvas: int) -> Array:
    """Draw one digit with its corner at a place; exact for the identity and whole pixels."""
    middle = (_DIGIT - 1) / 2
    pixels = jnp.stack(jnp.meshgrid(*2 * (jnp.arange(float(canvas)),), indexing="ij"))
    offsets = pixels - corner.reshape(2, 1, 1) - middle
    inside = jnp.einsum("ab,bij->aij", matrix, offsets) + middle
    return map_coordinates(digit, list(inside), order=1, mode="constant")


def _smaller(pictures: Array) -> Array:
    """Return the means of blocks of 2 x 2 pixels."""
    count, height, width = pictures.shape
    return pictures.reshape(count, height // 2, 2, width // 2, 2).mean((2, 4))


def blurred_by(pictures: Array, deviations: Array) -> Array:
    """Blur every picture with a Gaussian of its own deviation in pixels."""
    apart = jnp.arange(pictures.shape[1])
    distance = jnp.square(apart[:, None] - apart)
    band = jax.nn.softmax(-distance / (2 * jnp.square(deviations)[:, None, None] + 1e-3), axis=-1)
    return jnp.einsum("nij,njk,nlk->nil", band, pictures, band)


def _spoilt(pictures: Array, *, widest: float, clean: float, key: Array) -> Array:
    """Blur and dim pictures, add noise and a faint second image; some stay as they are."""
    keys = jr.split(key, 7)
    count = len(pictures)
    kept = (jr.uniform(keys[0], (count,)) < clean)[:, None, None]
    blurred = blurred_by(pictures, jr.uniform(keys[1], (count,), maxval=widest))
    moved = jnp.roll(blurred, jr.randint(keys[2], (2,), -3, 4), (1, 2))
    faint = jr.uniform(keys[3], (count, 1, 1), maxval=0.25)
    ghosts = jnp.where(jr.bernoulli(keys[4], 1 / 3, (count, 1, 1)), faint, 0) * moved
    dimmed = jr.uniform(keys[5], (count, 1, 1), minval=0.5) * jnp.maximum(blurred, ghosts)
    deviation = jr.uniform(keys[3], (count, 1, 1), maxval=0.08)
    noisy = jnp.clip(dimmed + deviation * jr.normal(keys[6], pictures.shape), 0, 1)
    return jnp.where(kept, pictures, noisy)
