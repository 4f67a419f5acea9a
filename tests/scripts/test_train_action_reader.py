"""The training of the reader of actions draws what it should, and counts what is right."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
import train_action_reader

from cwvae.evaluation.action_reader import FRAMES


@pytest.fixture(autouse=True)
def as_scripts_run():
    """Without the strict promotion of the suite."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


def test_one_window_of_eight_stands_still_and_stands_for_all_actions():
    drawn = np.random.default_rng(0).integers(0, 256, (16, FRAMES, 64, 64, 1), np.uint8)
    windows, targets = train_action_reader._spoilt(
        jnp.asarray(drawn), np.arange(16) % 6, key=jr.key(0)
    )
    change = np.abs(np.diff(windows, axis=1)).mean((1, 2, 3, 4))
    assert windows.shape == (16, FRAMES, 32, 32, 1)
    assert change[:2].max() < change[2:].min()
    assert np.allclose(targets[:2], 1 / 6)
    assert np.array_equal(np.argmax(targets[2:], -1), np.arange(2, 16) % 6)


def test_figures_are_shares_of_windows():
    random = np.random.default_rng(0)
    videos = random.integers(0, 100, (2, 3 * FRAMES, 64, 64, 1), np.uint8)
    videos[1] += 100
    along = np.zeros((2, 3 * FRAMES))
    along[0, : FRAMES + 4] = 2.0  # out of view in the first window, in a quarter of the second

    def bright(windows):
        """Take bright windows for running, others for walking, and held ones for boxing."""
        log_probs = jnp.eye(6)[jnp.where(windows.mean((1, 2, 3, 4)) > 0.4, 1, 0)]
        held = (windows[:, :1] == windows).all((1, 2, 3, 4))
        return jnp.where(held[:, None], jnp.eye(6)[2], log_probs)

    found = train_action_reader.figures(bright, videos, np.array([0, 0]), along)
    assert found["windows"] == 6
    assert found["all windows"] == 0.5
    assert found["person in view, windows"] == 5
    assert found["person in view"] == pytest.approx(2 / 5)
    assert found["first frame held, person in view"] == 0
    assert found["by action, person in view"]["walking"] == pytest.approx(2 / 5)
    assert found["by action, person in view"]["running"] is None
