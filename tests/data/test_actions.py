"""Actions beside videos: series of numbers by name, one entry for each frame."""

import json

import layouts
import numpy as np
import pytest
from layouts import FRAMES

from cwvae.data import minerl_navigate
from cwvae.data.actions import read_actions
from cwvae.data.opening import open_clips


def opened(files, **options):
    return open_clips(files, size=8, **options)


def test_actions_beside_a_video_come_with_its_clips(tmp_path):
    layouts.minerl_navigate(tmp_path)
    clips = opened(minerl_navigate.files(tmp_path, "train"), frames=3)
    actions = clips[3]["actions"]  # the second clip of b: frames 3 to 5
    assert actions.dtype == np.float32
    # camera (2), jump, and whether something is placed, sorted by name
    expected = [[0.5, -frame, 1 + frame, 0] for frame in (3, 4, 5)]
    np.testing.assert_array_equal(actions, np.array(expected, np.float32))
    (tmp_path / "minerl_navigate" / "train" / "a.json").unlink()
    assert "actions" not in opened(minerl_navigate.files(tmp_path, "train"), frames=3)[3]


def test_series_of_actions_are_named_by_their_keys(tmp_path):
    layouts.minerl_navigate(tmp_path)
    series = read_actions(tmp_path / "minerl_navigate" / "test" / "c.json", FRAMES)
    assert {name: values.shape for name, values in series.items()} == {
        "actions.camera": (FRAMES, 2),
        "actions.jump": (FRAMES, 1),
        "place": (FRAMES, 1),
    }
    assert series["actions.camera"][-1].tolist() == [0, 0]  # left out by the recording
    assert series["place"][:3, 0].tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "expected JSON"),
        ("{}", "found none"),
        ("3", "found none"),
        ('{"a": {"b": [1]}, "a.b": [1]}', "found a.b, a.b"),
        ("[" * 100_000, "expected JSON"),
        (f'{{"a": [{", ".join(["NaN"] * FRAMES)}]}}', "something else in a"),
        (f'{{"a": [{", ".join(["1e400"] * FRAMES)}]}}', "something else in a"),
        (f'{{"a": [{", ".join(["null"] * FRAMES)}]}}', "something else in a"),
        (f'{{"a": [{", ".join(["[]"] * FRAMES)}]}}', "something else in a"),
        (f'{{"a": [{", ".join(["[[1]]"] * FRAMES)}]}}', "something else in a"),
        (f'{{"a": [{", ".join(["9" * 400] * FRAMES)}]}}', "something else in a"),
        ('{"jump": [1, 2]}', f"expected {FRAMES} entries of jump, .*got 2"),
        (f'{{"jump": [{", ".join(["{}"] * FRAMES)}]}}', "something else in jump"),
    ],
)
def test_actions_that_cannot_be_read_are_named(text, message, tmp_path):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_actions(path, FRAMES)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_numbers_in_quotes_are_numbers_and_words_count_for_one(tmp_path):
    path = tmp_path / "a.json"
    words = ["0", "0.5", "2", "none", "False", "dirt", "true"]
    path.write_text(json.dumps({"place": words}))
    assert read_actions(path, FRAMES)["place"][:, 0].tolist() == [0, 0.5, 2, 0, 0, 1, 1]


def test_actions_that_differ_from_video_to_video_raise(tmp_path):
    layouts.minerl_navigate(tmp_path)
    other = {"jump": [0] * FRAMES, "camera": [0] * FRAMES, "more": [[0, 0]] * FRAMES}
    (tmp_path / "minerl_navigate" / "train" / "b.json").write_text(json.dumps(other))
    with pytest.raises(ValueError, match=r"the same actions in all videos, got actions\.camera"):
        opened(minerl_navigate.files(tmp_path, "train"), frames=3)
