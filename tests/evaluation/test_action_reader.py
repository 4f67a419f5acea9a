"""The reader of actions that ships: what it reads, what it does not, and what it is."""

import hashlib
import json
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from cwvae.data.simulators.base import Task
from cwvae.data.simulators.humans import ACTIONS as SIMULATED
from cwvae.data.simulators.humans import HUMANS
from cwvae.evaluation.action_reader import ACTIONS, FRAMES, load_action_reader

WEIGHTS = resources.files("cwvae.evaluation") / "weights" / "action_reader.npz"
RESULTS = Path(__file__).parents[2] / "benchmarks" / "results" / "action_reader.json"


@pytest.fixture(scope="module")
def windows() -> np.ndarray:
    """The middle of a test video of every action, with a person to be seen."""
    assert HUMANS.missing() == ""
    found = []
    for number in range(len(ACTIONS)):
        scene = HUMANS.record(Task("test", number, 5 * FRAMES, 4), 0)
        seen = np.abs(scene.truth["position"][:, 0]) < 0.9
        middle = np.convolve(seen, np.ones(FRAMES), "valid").argmax()
        found.append(scene.video[middle : middle + FRAMES])
    return np.stack(found).astype(np.float32) / 255


def test_actions_are_read_at_both_sizes(windows):
    reader, small = load_action_reader(), windows.reshape(6, FRAMES, 32, 2, 32, 2, 1).mean((3, 5))
    large = np.asarray(reader(windows))
    assert np.allclose(np.exp(large).sum(-1), 1, atol=1e-4)
    assert (large.argmax(-1) == np.arange(6)).sum() >= 5
    assert np.allclose(reader(small), large, atol=1e-3)


def test_what_stands_still_is_no_action(windows):
    still = np.concatenate([np.repeat(windows[:, :1], FRAMES, axis=1), np.zeros_like(windows)])
    found, moving = (np.exp(load_action_reader()(w)).max(-1) for w in (still, windows))
    assert np.median(found[:6]) < 0.6 < np.median(moving)
    assert found[6:].max() < 0.75


def test_figures_are_those_of_the_weights_and_reach_what_is_asked():
    report = json.loads(RESULTS.read_text())
    content = WEIGHTS.read_bytes()
    assert hashlib.sha256(content).hexdigest() == report["sha256"]
    assert len(content) <= 2**20
    assert report["figures"]["person in view"] >= 0.95
    assert report["figures"]["all windows"] >= 0.85


def test_classes_are_the_actions_of_the_simulator():
    assert tuple(SIMULATED) == ACTIONS
