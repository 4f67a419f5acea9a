"""Places of digits from the density that a network gives, and from clean frames."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from bouncing import bouncing

from cwvae.evaluation.place_finder import CELLS, places, splat
from cwvae.evaluation.reader import load_reader
from cwvae.evaluation.video_reading import distance, read_frames


@pytest.mark.parametrize("place", [(0.0, 9.0), (3.25, 4.5), (8.999, 0.001)])
def test_a_place_is_the_mean_of_the_cells_that_it_is_divided_between(place):
    density = splat(jnp.array(place))
    assert density.shape == (CELLS, CELLS)
    assert np.isclose(density.sum(), 1)
    assert np.allclose(places(density, 1), [place], atol=1e-4)


@pytest.mark.parametrize(
    "pair", [((1.0, 2.0), (7.5, 3.25)), ((2.0, 2.0), (2.0, 4.5)), ((4.2, 4.4), (4.2, 4.4))]
)
def test_two_places_are_taken_apart(pair):
    one, other = (splat(jnp.array(place)) for place in pair)
    found = np.asarray(places((one + other) / 2, 2))
    assert distance(found, np.array(pair)) < 0.1


@pytest.mark.parametrize(("size", "digits"), [(32, 1), (32, 2), (64, 1), (64, 2)])
def test_places_are_within_a_pixel_where_digits_do_not_overlap(size, digits):
    videos = bouncing(60, 10, size=size, digits=digits, seed=5)
    frames = videos.frames.reshape(-1, size, size, 1)
    positions = videos.positions.reshape(-1, digits, 2)
    found = np.asarray(read_frames(load_reader(size), frames, digits).places)
    apart = np.abs(positions[:, 0] - positions[:, -1]).max(-1) >= size * 28 / 64
    free = apart if digits == 2 else np.full(len(positions), True)
    errors = distance(found, positions)[free]
    assert free.sum() >= 20
    assert np.median(errors) < 1
    assert np.percentile(errors, 90) < 1.5


def test_two_digits_are_matched_in_the_way_that_costs_less():
    positions = np.array([[1.0, 2.0], [20.0, 30.0]])
    moved = positions + np.array([3.0, 4.0])
    assert distance(moved, positions) == distance(moved[::-1], positions) == 5
    assert np.allclose(distance(np.stack([moved, moved]), positions), 5)


def test_the_gradient_of_places_is_finite():
    density = splat(jnp.array([2.3, 4.1])) / 2 + splat(jnp.array([6.0, 7.0])) / 2
    slope = jax.grad(lambda d: places(d, 2).sum())(density)
    assert np.isfinite(slope).all()
