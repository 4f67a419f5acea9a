"""Truths read level by level and frame by frame, from states of which is known what they hold."""

import numpy as np
import pytest

from cwvae.analysis.latents import LevelLatents
from cwvae.analysis.truths import Truth, probe

VIDEOS, FRAMES, FORGOTTEN = 120, 6, 4
FAST, SLOW = 0, 1


@pytest.fixture
def generator():
    return np.random.default_rng(0)


@pytest.fixture
def classes(generator):
    return generator.integers(0, 3, VIDEOS)


@pytest.fixture
def path(generator):
    """Return the way of two things in a plane."""
    return generator.uniform(0, 10, (VIDEOS, FRAMES, 2, 2))


@pytest.fixture
def latents(generator, classes, path):
    """Return two levels: the fast one holds the way, and the class until it forgets it."""
    hot = np.eye(3)[classes][:, None] * (np.arange(FRAMES) < FORGOTTEN)[:, None]
    fast = np.concatenate([path.reshape(VIDEOS, FRAMES, 4), hot], -1)
    slow = generator.normal(size=(VIDEOS, FRAMES // 3, 5))
    return level(fast, period=1), level(slow, period=3)


def level(states, period: int) -> LevelLatents:
    """Make the latents of a level from its states, (videos, ticks, state)."""
    videos, ticks = states.shape[:2]
    frames = np.tile(np.arange(ticks) * period, (videos, 1))
    nothing = np.zeros((videos, ticks))
    noisy = states + 0.01 * np.random.default_rng(1).normal(size=states.shape)
    split = noisy.astype("float32")
    return LevelLatents(frames, split[..., :2], split[..., 2:], nothing[..., None], nothing)


def test_a_fact_is_read_where_it_is_and_at_chance_where_it_is_not(latents, classes):
    found = probe(latents, [Truth("kind", "classes", "", classes)], [FORGOTTEN - 1])
    fast, slow = (level["kind"][0] for level in found)
    assert fast.score > 0.97
    assert fast.shuffled < 0.5
    assert 0.2 < slow.score < 0.5
    assert fast.videos == slow.videos == VIDEOS


def test_over_time_a_fact_that_a_state_loses_falls_at_that_frame(latents, classes):
    frames = range(FRAMES)
    found = probe(latents, [Truth("kind", "classes", "", classes)], frames)
    scores = [readout.score for readout in found[FAST]["kind"] if readout]
    assert min(scores[:FORGOTTEN]) > 0.97
    assert max(scores[FORGOTTEN:]) < 0.5
    # The state of a slow level is the same during a tick.
    slow = found[SLOW]["kind"]
    assert slow[0] == slow[1] == slow[2] != slow[3] == slow[5]


def test_values_are_read_at_each_frame_with_the_truth_of_that_frame(latents, path):
    found = probe(
        latents, [Truth("way", "values", "px", path, tuple(range(FRAMES)))], range(FRAMES)
    )
    # The mean distance of each thing, in its unit.
    assert max(readout.score for readout in found[FAST]["way"] if readout) < 0.3
    assert all(3 < readout.score < 6 for readout in found[SLOW]["way"] if readout)


def test_there_is_no_readout_where_the_truth_is_not_known(latents, path):
    truth = Truth("way", "values", "px", path[:, [0, 2]], (0, 2))
    found = probe(latents, [truth], [0, 1, 2])[FAST]["way"]
    assert [readout is None for readout in found] == [False, True, False]
    assert found[2]
    assert found[2].score < 0.3


def test_a_class_that_changes_is_read_at_each_frame(latents, generator):
    turning = generator.integers(0, 2, (VIDEOS, FRAMES))
    fast = level(np.eye(2)[turning].repeat(2, axis=-1), period=1)
    truth = Truth("room", "classes", "", turning, tuple(range(FRAMES)))
    assert all(r and r.score > 0.97 for r in probe([fast], [truth], [0, FRAMES - 1])[0]["room"])


def test_a_readout_that_knows_the_file_again_reads_nothing(generator):
    groups = np.arange(VIDEOS) // 6
    # The state is the file's alone, and so is the class: other files cannot be read.
    files = generator.normal(size=(groups.max() + 1, 40))[groups][:, None]
    classes = generator.integers(0, 2, groups.max() + 1)[groups]
    truth = Truth("kind", "classes", "", classes)
    alone = probe([level(files, 1)], [truth], [0])[0]["kind"][0]
    grouped = probe([level(files, 1)], [truth], [0], groups=groups)[0]["kind"][0]
    assert alone
    assert alone.score > 0.97
    assert grouped
    assert grouped.score < 0.75
    assert grouped.videos == VIDEOS


def test_what_is_shared_in_a_group_stays_shared_when_it_is_shuffled(generator):
    groups = np.arange(VIDEOS) // 6
    classes = (np.arange(groups.max() + 1) % 2)[groups]
    held = level(np.eye(2)[classes][:, None].repeat(2, -1), 1)
    read = probe([held], [Truth("kind", "classes", "", classes)], [0], groups=groups)[0]["kind"][0]
    assert read
    assert read.score == 1
    assert read.shuffled < 0.85


@pytest.mark.parametrize("groups", [np.zeros(VIDEOS, int), np.arange(VIDEOS) % 4])
def test_too_few_groups_are_an_error(latents, classes, groups):
    with pytest.raises(ValueError, match="at least 5 files or groups"):
        probe(latents, [Truth("kind", "classes", "", classes)], [0], groups=groups)
