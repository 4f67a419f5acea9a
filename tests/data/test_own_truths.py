"""Truths of a user's own: every form is read, and every other one is an error that names it."""

import numpy as np
import pytest

from cwvae.data.own_truths import Wanted, own_truths

CLIPS, TOTAL, LENGTH = 20, 30, 8
WANTED = Wanted(CLIPS, TOTAL, LENGTH, (0, 7, 11))


def write(folder, **arrays):
    np.savez(folder / "truth.npz", **arrays)
    return folder / "truth.npz"


@pytest.mark.parametrize("count", [CLIPS, TOTAL])
def test_every_form_is_read(tmp_path, count):
    random = np.random.default_rng(0)
    arrays = {
        "kind": np.arange(count, dtype="uint8") % 3 * 5,
        "lit": np.arange(count) % 2 == 0,
        "room": np.tile(np.arange(count) % 4, (LENGTH, 1)).T,
        "size": random.normal(size=count).astype("float16"),
        "colour": random.normal(size=(count, 3)),
        "place": random.normal(size=(count, 12, 2)).astype(">f4"),
    }
    found = {truth.name: truth for truth in own_truths(write(tmp_path, **arrays), WANTED)}
    assert {name: truth.kind for name, truth in found.items()} == {
        **dict.fromkeys(("kind", "lit", "room"), "classes"),
        **dict.fromkeys(("size", "colour", "place"), "values"),
    }
    np.testing.assert_array_equal(found["kind"].values * 5, arrays["kind"][:CLIPS])
    np.testing.assert_array_equal(found["room"].values, arrays["room"][:CLIPS, [0, 7]])
    np.testing.assert_array_equal(found["size"].values[:, 0, 0], arrays["size"][:CLIPS])
    np.testing.assert_array_equal(found["colour"].values[:, 0], arrays["colour"][:CLIPS])
    np.testing.assert_array_equal(
        found["place"].values[:, :, 0], arrays["place"][:CLIPS, [0, 7, 11]]
    )
    frames = [truth.frames for truth in found.values()]
    assert frames == [None, None, (0, 7), None, None, (0, 7, 11)]


EVERY_CLIP = np.arange(CLIPS)
WRONG = {
    "words": (np.array(["a", "b"] * 10), "expected integers .classes. or floats .values., got <U1"),
    "complex": (EVERY_CLIP * 1j, "got complex128; number the classes"),
    "objects": (np.array([None] * CLIPS), "an array of Python objects"),
    "count": (EVERY_CLIP[:7] % 2, "an entry for each of the 20 or 30 test clips, got 7"),
    "number": (np.array(3), r"expected the axes \(clips\[, frames\]\), got \(\); see --help"),
    "axes": (np.zeros((CLIPS, LENGTH, 2), int), r"expected the axes \(clips\[, frames\]\), got"),
    "more axes": (
        np.zeros((CLIPS, LENGTH, 2, 2)),
        r"\(clips\[, n\]\) or \(clips, frames, n\), got",
    ),
    "empty": (np.zeros((CLIPS, 0)), r"expected the axes .* got \(20, 0\); see --help"),
    "frames": (np.zeros((CLIPS, 7, 2)), "at least 8 frames, those of a clip, got 7"),
    "classes' frames": (np.zeros((CLIPS, 7), int), "at least 8 frames, those of a clip, got 7"),
    "ambiguous": (np.zeros((CLIPS, LENGTH)), r"one number a frame as \(clips, frames, 1\)"),
    "not finite": (EVERY_CLIP / np.float64(3) * [*[1] * 19, np.inf], "got NaN or infinity"),
    "one class": (EVERY_CLIP * 0 + 4, "at least two classes, got 4 for all clips"),
    "many classes": (EVERY_CLIP, "at most 10 classes of 20 videos, got 20; take more videos"),
    "a lonely class": (
        (EVERY_CLIP == 3) * 9,
        "at least two clips of each class, got one of class 9",
    ),
    "a lonely class of frames": (
        np.tile(EVERY_CLIP == 3, (LENGTH, 1)).T * 9,
        "at least two clips of each class, got one of class 9",
    ),
}


@pytest.mark.parametrize(("array", "message"), WRONG.values(), ids=WRONG.keys())
def test_another_array_is_an_error_that_names_it(tmp_path, array, message):
    path = write(tmp_path, odd=array)
    with pytest.raises(ValueError, match=message) as caught:
        own_truths(path, WANTED)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_archive_is_an_error(tmp_path):
    (tmp_path / "a.npz").write_text("kind, 1, 2")
    np.save(tmp_path / "a.npy", EVERY_CLIP)
    np.savez(tmp_path / "empty.npz")
    for name, message in {
        "a.npz": "expected an .npz archive",
        "a.npy": "an array for each truth, got none with a name; write it with numpy.savez",
        "empty.npz": "an array for each truth, got none with a name",
    }.items():
        with pytest.raises(ValueError, match=message):
            own_truths(tmp_path / name, WANTED)
    with pytest.raises(FileNotFoundError, match="no such file"):
        own_truths(tmp_path / "missing.npz", WANTED)
