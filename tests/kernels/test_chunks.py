"""Many frames, a few at a time: nothing is left over."""

import jax
import jax.numpy as jnp
import pytest
from jaxprs import equations
from models import draw
from reference import assert_alike

from cwvae.kernels import chunks
from cwvae.kernels.chunks import in_chunks


@pytest.fixture
def small_chunks(monkeypatch):
    """Let three images be many."""
    monkeypatch.setattr(chunks, "CHUNK", 3)


def function(frames):
    return jnp.stack([frames.sum((1, 2)), frames[:, 0, 0]], axis=1)


@pytest.mark.parametrize("count", [1, 3, 4, 7, 9])
def test_chunks_are_worked_on_one_after_the_other_and_nothing_is_left_over(count, small_chunks):
    seen = []

    def spied(frames):
        seen.append(frames.shape)
        return function(frames)

    frames = draw(0, count, 4, 2)
    assert_alike(in_chunks(spied, frames, kernels="im2col"), function(frames))
    assert set(seen) == {(min(count, 3), 4, 2)}


def test_xla_is_given_all_frames_at_once(small_chunks):
    seen = []
    in_chunks(lambda frames: seen.append(frames.shape) or frames, draw(0, 7, 2), kernels="xla")
    assert seen == [(7, 2)]


def test_vmap_puts_the_frames_of_all_videos_one_after_the_other(small_chunks):
    videos = draw(0, 2, 5, 4, 2)
    mapped = jax.vmap(lambda video: in_chunks(function, video, kernels="im2col"))
    arrays = (array.aval for equation in equations(mapped, videos) for array in equation.outvars)
    assert (10, 4, 2) in {array.shape for array in arrays}
    found = mapped(videos)
    assert_alike(found, jnp.stack([function(video) for video in videos]))
