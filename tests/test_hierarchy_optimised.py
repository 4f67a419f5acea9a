"""The laws of a hierarchy once more, at the size of a preset and compiled as users compile."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from compiling import jit_as_users
from models import draw, made
from reference import assert_alike, frame_by_frame

from cwvae.hierarchy import Hierarchy
from cwvae.training.build import build
from cwvae.training.presets import PRESETS

pytestmark = pytest.mark.usefixtures("optimised")

CONFIG = PRESETS["moving_mnist"].model
CLOCK = CONFIG.clock
FRAMES = 2 * CLOCK.slowest  # so that both halves of a cut compile as one
# Rounding grows from tick to tick: sums over hundreds of numbers, in another order.
TOLERANCE = 2e-4

observe = jit_as_users(Hierarchy.observe)
imagine = jit_as_users(Hierarchy.imagine)


def preset_hierarchy(*, key) -> Hierarchy:
    return build(CONFIG, key=key).hierarchy


@pytest.fixture(scope="module")
def levels():
    return made(preset_hierarchy)


@pytest.fixture(scope="module")
def inputs(levels):
    """Draw features, noise and conditioning."""
    ticks, sizes = CLOCK.ticks(FRAMES), [c.feature_size for c in levels.cells]
    features = tuple(draw(level, n, sizes[level]) for level, n in enumerate(ticks))
    noise = tuple(draw(9 + level, n, CONFIG.stoch_size) for level, n in enumerate(ticks))
    return features, noise, levels.conditioning(FRAMES)


def test_observing_is_ticking_frame_by_frame(levels, inputs):
    features, noise, known = inputs
    expected = frame_by_frame(levels.cells, CLOCK.factors, FRAMES, noise, known, features=features)
    actual = observe(levels, levels.init(), *inputs)
    assert_alike([*actual], [tuple(e) for e in expected], TOLERANCE)


def test_imagining_is_ticking_frame_by_frame(levels, inputs):
    _, noise, known = inputs
    expected = frame_by_frame(levels.cells, CLOCK.factors, FRAMES, noise, known)
    actual = imagine(levels, levels.init(), noise, known)
    assert_alike([*actual], [tuple(e) for e in expected], TOLERANCE)


def test_a_video_may_be_cut_at_an_aligned_frame(levels, inputs):
    last, whole = observe(levels, levels.init(), *inputs)
    before, after = (
        jax.tree.map(lambda array, half=half: jnp.split(array, 2)[half], inputs) for half in (0, 1)
    )
    states, first = observe(levels, levels.init(), *before)
    states, second = observe(levels, states, *after)
    assert_alike(states, last, TOLERANCE)
    joined = jax.tree.map(lambda a, b: np.concatenate([a, b]), first, second)
    assert_alike(joined, whole, TOLERANCE)
