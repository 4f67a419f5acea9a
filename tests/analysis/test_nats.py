"""Nats of a level, of latents made by hand."""

import jax.numpy as jnp
import pytest

from cwvae.analysis.latents import LevelLatents
from cwvae.analysis.nats import level_nats


def test_only_what_is_observed_is_sent_and_the_entropy_goes_on():
    # Two videos of a level that ticks every second frame; four frames of context.
    parts = jnp.array([[[1, 0], [3, 0], [0, 0]], [[3, 0], [5, 0.008], [0, 0]]])
    latents = LevelLatents(
        frames=jnp.array([[0, 2, 4], [0, 2, 4]]),
        stoch=jnp.zeros((2, 3, 2)),
        deter=jnp.zeros((2, 3, 1)),
        kl_parts=parts,
        entropy=jnp.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]),
    )
    found = level_nats(latents, 4)
    assert found.kl == pytest.approx([2, 4.004])
    assert found.per_video == pytest.approx(6.004)
    assert found.per_tick == pytest.approx(3.002)
    assert found.entropy == pytest.approx([2, 2, 2])
    assert found.frames.tolist() == [0, 2, 4]
    assert found.active_units == 1
