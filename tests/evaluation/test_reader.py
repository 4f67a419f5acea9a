"""The readers that ship: what they read, and what they are."""

import hashlib
import json
from importlib import resources

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from bouncing import bouncing

from cwvae.evaluation.reader import PAIRS, SIZES, load_reader
from cwvae.evaluation.video_reading import read_frames, window_classes

WEIGHTS = resources.files("cwvae.evaluation") / "weights"
read = eqx.filter_jit(lambda reader, frames, digits: reader(frames, digits))
FIGURES = json.loads((WEIGHTS / "figures.json").read_text())


def classes_of(labels):
    if labels.shape[1] == 1:
        return labels[:, 0]
    return np.array([PAIRS.index(tuple(sorted(pair))) for pair in labels.tolist()])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("digits", "least"), [(1, 0.97), (2, 0.92)])
def test_windows_of_clean_test_videos_are_read(size, digits, least):
    videos = bouncing(100, 10, size=size, digits=digits, seed=7)
    frames = videos.frames.reshape(-1, size, size, 1)
    reading = read_frames(load_reader(size), frames, digits)
    log_probs = np.asarray(reading.log_probs).reshape(100, 10, -1)
    assert np.allclose(np.exp(log_probs).sum(-1), 1, atol=1e-4)
    classes, confident = window_classes(log_probs)
    assert np.mean(classes == classes_of(videos.labels)) >= least
    assert confident.mean() >= 0.9


@pytest.mark.parametrize("size", SIZES)
def test_figures_are_those_of_the_weights_and_reach_what_is_asked(size):
    for name in ("place_finder", f"classifier_{size}"):
        assert (
            hashlib.sha256((WEIGHTS / f"{name}.npz").read_bytes()).hexdigest()
            == (FIGURES["sha256"][name])
        )
    one, two = (FIGURES["figures"][f"{n}, {size} pixels"] for n in ("1 digit", "2 digits"))
    assert one["windows"] >= 0.99
    assert two["windows"] >= 0.97
    assert min(one["agreement on windows"], two["agreement on windows"]) >= 0.97
    assert two["place error where digits do not overlap, median"] < 1


def test_the_weights_are_small_and_hold_nothing_but_numbers():
    files = [file for file in WEIGHTS.iterdir() if file.name.endswith(".npz")]
    assert sum(len(file.read_bytes()) for file in files) <= 4 * 2**20
    for file in files:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            assert all(arrays[name].dtype == np.float16 for name in arrays.files)


def test_frames_are_clipped_first():
    frames = bouncing(2, 10).frames[0]
    reader = load_reader(32)
    clean, loud, limited = (
        read(reader, np.where(frames > 0.99, most, frames).astype(np.float32), 1)
        for most in (frames, 3.0, 1.0)
    )
    assert np.allclose(loud.log_probs, limited.log_probs, atol=1e-4)
    assert np.array_equal(clean.log_probs.argmax(-1), loud.log_probs.argmax(-1))


def test_a_frame_is_read_alike_among_others():
    frames = bouncing(2, 10).frames[0]
    reader = load_reader(32)
    assert np.allclose(
        read(reader, frames, 2).log_probs[3:4], read(reader, frames[3:4], 2).log_probs, atol=1e-3
    )


def test_a_reader_that_is_loaded_while_a_function_is_traced_can_be_used_afterwards():
    frames = jnp.zeros((2, 32, 32, 1))
    load_reader.cache_clear()
    traced = jax.jit(lambda frames: load_reader(32)(frames, 1).log_probs)(frames)
    assert np.allclose(load_reader(32)(frames, 1).log_probs, traced, atol=1e-4)


def test_pairs_are_all_unordered_ones():
    assert len(PAIRS) == len(set(PAIRS)) == 55
    assert all(a <= b for a, b in PAIRS)
