"""Clips: exactly the official ones, at any speed; bad files are named and never cut."""

import os
import subprocess
import sys
import warnings
from pathlib import Path

import layouts
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwvae.data import gqn_mazes
from cwvae.data.cache import Cache
from cwvae.data.clips import Clips, Recording
from cwvae.data.kept import CacheError
from cwvae.data.listing import VideoFile
from cwvae.data.lossless import write_lossless
from cwvae.data.opening import BadFileWarning, open_clips


def recording(number: int, frames: int) -> Recording:
    return Recording(f"{number}", layouts.video(number, frames, size=1))


def marks(clip: np.ndarray) -> list[tuple[int, int]]:
    """Return which video and which of its frames every frame of a clip is."""
    return [(int(frame[0, 0, 0]), int(frame[0, 0, 1])) for frame in clip]


@given(st.lists(st.integers(1, 30), min_size=1, max_size=4), st.integers(1, 12))
def test_clips_are_consecutive_and_what_is_left_over_is_dropped(lengths, frames):
    recordings = [recording(n, length) for n, length in enumerate(lengths)]
    expected = [
        [(n, frame) for frame in range(start, start + frames)]
        for n, length in enumerate(lengths)
        for start in range(0, length - length % frames, frames)
    ]
    if not expected:
        with pytest.raises(ValueError, match=f"at least {frames} frames"):
            Clips(recordings, frames=frames)
        return
    clips = Clips(recordings, frames=frames)
    assert [marks(clips[index]["video"]) for index in range(len(clips))] == expected


@pytest.mark.parametrize(
    ("speed", "shown"),
    [
        (1.0, [0, 1, 2, 3, 4, 5, 6]),
        (3.0, [0, 3, 6]),
        (1 / 3, [n // 3 for n in range(21)]),
        (0.333, [n // 3 for n in range(21)]),
        (1.5, [0, 1, 3, 4, 6]),
        (0.5, [n // 2 for n in range(14)]),
        (30.0, [0]),
    ],
)
def test_speed_repeats_and_skips_frames(speed, shown):
    clips = Clips([recording(0, 7)], frames=len(shown), speed=speed)
    assert len(clips) == 1
    assert [frame for _, frame in marks(clips[0]["video"])] == shown
    with pytest.raises(ValueError, match=f"at least {len(shown) + 1} frames .* has {len(shown)}"):
        Clips([recording(0, 7)], frames=len(shown) + 1, speed=speed)


def test_actions_are_those_of_the_frames_that_are_shown():
    actions = np.arange(7, dtype=np.float32)[:, None]
    clips = Clips([recording(0, 7)._replace(actions=actions)], frames=3, speed=2.0)
    assert clips[0]["actions"][:, 0].tolist() == [0, 2, 4]


@pytest.mark.parametrize("speed", [0.0, -1.0, 31.0, float("nan")])
def test_speeds_out_of_range_raise(speed):
    with pytest.raises(ValueError, match="a speed from 1/30 to 30"):
        Clips([recording(0, 7)], frames=1, speed=speed)


def test_an_index_outside_raises():
    clips = Clips([recording(0, 7)], frames=2)
    for index in (-1, 3):
        with pytest.raises(IndexError, match=f"0 to 2, got {index}"):
            clips[index]


def test_other_clips_have_another_name():
    videos = [recording(0, 7), recording(1, 6)]
    names = {repr(Clips(videos, frames=2)), repr(Clips(videos[:1], frames=2))}
    names |= {repr(Clips(videos, frames=3)), repr(Clips(videos, frames=2, speed=2.0))}
    assert len(names) == 4
    assert repr(Clips(videos, frames=2)) in names


# Nothing is decoded twice.


def open_mazes(root: Path, cache: Cache, **options) -> Clips:
    return open_clips(gqn_mazes.files(root, "train"), frames=3, size=8, cache=cache, **options)


@pytest.fixture
def decoded(monkeypatch):
    """Count the files that are decoded."""
    from cwvae.data import cache

    count = []
    read = cache.read_all
    monkeypatch.setattr(cache, "read_all", lambda *a, **o: count.append(a) or read(*a, **o))
    return count


@pytest.mark.parametrize("fit", [0, 1, 2, 3])
def test_videos_beyond_the_memory_are_kept_in_the_folder(tmp_path, decoded, fit):
    written = layouts.gqn_mazes(tmp_path)
    one = written["train/0.mp4"].nbytes
    cache = Cache(memory=fit * one + one // 2, folder=tmp_path / "cache")
    first = open_mazes(tmp_path, cache)
    assert len(decoded) == 3
    assert len(list((tmp_path / "cache").glob("*"))) == 3 - fit if fit < 3 else True
    second = open_mazes(tmp_path, cache)
    assert len(decoded) == 3 + fit
    for index in range(len(first)):
        np.testing.assert_array_equal(first[index]["video"], second[index]["video"])


def test_a_file_that_changes_is_decoded_again_and_its_old_frames_go(tmp_path, decoded):
    layouts.gqn_mazes(tmp_path)
    cache = Cache(memory=0, folder=tmp_path / "cache")
    open_mazes(tmp_path, cache)
    changed = layouts.video(77)
    write_lossless(tmp_path / "train" / "0.mp4", changed)
    clips = open_mazes(tmp_path, cache)
    assert len(decoded) == 4
    np.testing.assert_array_equal(clips[0]["video"], changed[:3])
    assert len(list((tmp_path / "cache").iterdir())) == 3
    # Another frame size is another entry.
    open_clips(gqn_mazes.files(tmp_path, "train"), frames=3, size=4, resize=True, cache=cache)
    assert len(list((tmp_path / "cache").iterdir())) == 6


@pytest.mark.parametrize("kept", [0, 10, 200])
def test_a_damaged_entry_is_made_again(tmp_path, decoded, kept):
    written = layouts.gqn_mazes(tmp_path)
    cache = Cache(memory=0, folder=tmp_path / "cache")
    open_mazes(tmp_path, cache)
    for entry in (tmp_path / "cache").iterdir():
        entry.write_bytes(entry.read_bytes()[:kept])
    clips = open_mazes(tmp_path, cache)
    assert len(decoded) == 6
    np.testing.assert_array_equal(clips[0]["video"], written["train/0.mp4"][:3])


MANY = """
import resource, sys
from pathlib import Path
from cwvae.data import gqn_mazes
from cwvae.data.cache import Cache
from cwvae.data.opening import open_clips
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
files = gqn_mazes.files(Path(sys.argv[1]), "train")
clips = open_clips(files, frames=3, size=8, cache=Cache(memory=0, folder=sys.argv[1] + "/cache"))
print(len(clips), sum(int(clips[n]["video"].size) for n in range(len(clips))))
"""


def test_more_videos_are_kept_than_files_may_be_open(tmp_path):
    layouts.write_all(tmp_path / "train", [f"{n}.mp4" for n in range(80)], frames=3)
    command = [sys.executable, "-c", MANY, str(tmp_path)]
    message = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert message.split() == ["80", str(80 * 3 * 8 * 8 * 3)]


def test_links_to_one_file_are_kept_once(tmp_path):
    folder = tmp_path / "train"
    layouts.write_all(folder, ["0.mp4"])
    for number in range(1, 12):
        (folder / f"{number}.mp4").symlink_to(folder / "0.mp4")
    clips = open_mazes(tmp_path, Cache(memory=0, folder=tmp_path / "cache"))
    assert len(clips) == 12 * 2
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_frames_that_vanish_from_the_folder_are_named(tmp_path):
    layouts.gqn_mazes(tmp_path)
    clips = open_mazes(tmp_path, Cache(memory=0, folder=tmp_path / "cache"))
    for entry in (tmp_path / "cache").iterdir():
        entry.unlink()
    with pytest.raises(CacheError, match="removed or damaged while they were in use"):
        clips[0]


FULL = """
import resource, signal, sys
from pathlib import Path
from cwvae.data import gqn_mazes
from cwvae.data.cache import Cache
from cwvae.data.opening import open_clips
root = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))  # as a disk that fills up
try:
    open_clips(gqn_mazes.files(root, "train"), frames=3, size=8, skip_bad_files=True,
               cache=Cache(memory=0, folder=root / "cache"))
except OSError as error:
    print(type(error).__name__, error)
"""


def test_no_space_is_named_and_leaves_no_half_entry(tmp_path):
    layouts.gqn_mazes(tmp_path)
    command = [sys.executable, "-c", FULL, str(tmp_path)]
    message = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert message.startswith(f"CacheError {tmp_path / 'cache'}: cannot keep decoded videos there")
    assert "free some space" in message
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_folder_that_cannot_be_is_named(tmp_path):
    layouts.gqn_mazes(tmp_path)
    (tmp_path / "cache").touch()
    with pytest.raises(CacheError, match="cannot keep decoded videos there"):
        open_mazes(tmp_path, Cache(memory=0, folder=tmp_path / "cache"))


# Bad files.


def truncated(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def corrupted(path: Path) -> None:
    """Change bytes in the middle of the pictures, and leave the container as it is."""
    content = bytearray(path.read_bytes())
    start = content.index(b"mdat") + 900
    content[start : start + 400] = os.urandom(1) * 400
    path.write_bytes(content)


def no_video(path: Path) -> None:
    path.write_text("<html>not found</html>")


def short(path: Path) -> None:
    write_lossless(path, layouts.video(9, frames=2))


def large(path: Path) -> None:
    write_lossless(path, layouts.video(9, size=16))


BAD = {
    truncated: r"expected a complete \.mp4 video.*copy or convert it again",
    corrupted: r"expected a complete \.mp4 video.*copy or convert it again",
    no_video: r"expected a complete \.mp4 video.*copy or convert it again",
    short: "expected at least 3 frames, one clip, got 2; ask for shorter clips, or leave it out",
    large: "expected frames of 8x8 pixels, got 16x16 .*add --resize",
    Path.unlink: None,  # not listed
}


@pytest.mark.parametrize(
    ("damage", "message"), BAD.items(), ids=lambda v: getattr(v, "__name__", "")
)
def test_a_bad_file_is_named_or_left_out_with_a_warning_and_a_count(damage, message, tmp_path):
    layouts.gqn_mazes(tmp_path)
    path = tmp_path / "train" / "2.mp4"
    files = gqn_mazes.files(tmp_path, "train")
    damage(path)
    message = message or "no such file; check the path, or download it again"
    with pytest.raises((ValueError, OSError), match=message) as caught:
        open_clips(files, frames=3, size=8)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)

    with pytest.warns(BadFileWarning) as warned:
        clips = open_clips(files, frames=3, size=8, skip_bad_files=True)
    shown = [str(warning.message) for warning in warned]
    assert shown == [f"left out {caught.value}", "left out 1 of 3 files"]
    shown = {marks(clips[index]["video"])[0][0] for index in range(len(clips))}
    assert (len(clips), shown) == (4, {0, 1})  # by the first pixels of 0.mp4 and 10.mp4


@pytest.mark.parametrize(
    ("option", "message"), [({"channels": 2}, "1 channel"), ({"speed": 0.0}, "a speed")]
)
def test_wrong_arguments_are_not_bad_files(option, message, tmp_path):
    layouts.gqn_mazes(tmp_path)
    with pytest.raises(ValueError, match=message):
        open_mazes(tmp_path, Cache(), skip_bad_files=True, **option)


def test_nothing_but_bad_files_is_an_error(tmp_path):
    layouts.gqn_mazes(tmp_path)
    for path in (tmp_path / "train").iterdir():
        no_video(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BadFileWarning)
        with pytest.raises(ValueError, match="train: none of 3 files holds a video"):
            open_mazes(tmp_path, Cache(), skip_bad_files=True)


def test_no_files_are_an_error():
    with pytest.raises(ValueError, match="at least one video file"):
        open_clips([], frames=1)


def test_frames_of_another_size_are_resized_when_asked(tmp_path):
    write_lossless(tmp_path / "a.mp4", layouts.video(0, size=16))
    clips = open_clips([VideoFile(tmp_path / "a.mp4")], frames=3, size=8, resize=True)
    assert clips[0]["video"].shape == (3, 8, 8, 3)


def test_progress_sees_every_file(tmp_path):
    layouts.gqn_mazes(tmp_path)
    seen = []

    def progress(files):
        for file in files:
            seen.append(file.path.name)
            yield file

    open_mazes(tmp_path, Cache(), progress=progress)
    assert seen == ["0.mp4", "2.mp4", "10.mp4"]
