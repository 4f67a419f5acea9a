"""Opening files as clips: bad files are named, or counted and left out, and never cut."""

import os
import warnings
from pathlib import Path

import layouts
import pytest
from films import moving_square, write
from layouts import marks

from cwvae.data import gqn_mazes
from cwvae.data.cache import Cache
from cwvae.data.clips import Clips
from cwvae.data.listing import VideoFile
from cwvae.data.lossless import write_lossless
from cwvae.data.opening import BadFileWarning, open_clips
from cwvae.data.read_options import ReadOptions


def open_mazes(root: Path, cache: Cache, **options) -> Clips:
    return open_clips(gqn_mazes.files(root, "train"), frames=3, size=8, cache=cache, **options)


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
    ("option", "message"),
    [
        ({"channels": 2}, "1 channel"),
        ({"speed": 0.0}, "a speed"),
        ({"options": ReadOptions(number=1)}, "all videos of each file"),
    ],
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


def test_paths_are_files_without_parts(tmp_path):
    path = tmp_path / "a.mp4"
    write_lossless(path, layouts.video(0, size=16))
    clips = open_clips([path, str(path)], frames=3, size=16)
    assert len(clips) == 2 * len(open_clips([VideoFile(path)], frames=3, size=16)) > 0


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


# The size of frames.


def test_frames_of_another_size_are_an_error_at_the_first_of_them(tmp_path):
    path = tmp_path / "video.gif"
    write(path, moving_square(6, 64, 64))
    for files in ([VideoFile(path)], [VideoFile(path)] * 3):
        cache = Cache(memory=0, folder=tmp_path / "cache")
        with pytest.raises(ValueError, match=r"frames of 32x32 pixels, got 64x64 .*--resize"):
            open_clips(files, frames=3, size=32, cache=cache)
    assert not (tmp_path / "cache").exists()


def test_only_the_first_frame_is_decoded_to_find_another_size(tmp_path, monkeypatch):
    from cwvae.data import videos

    path, decoded = tmp_path / "video.mp4", []
    write(path, moving_square(20, 64, 64))
    read = videos.decode

    def counted(*arguments):
        for frame in read(*arguments):
            decoded.append(frame.time)
            yield frame

    monkeypatch.setattr(videos, "decode", counted)
    with pytest.raises(ValueError, match="add --resize"):
        open_clips([VideoFile(path)], frames=3, size=32)
    assert len(decoded) == 1


def test_a_cached_video_of_another_size_is_an_error_too(tmp_path):
    layouts.write_all(tmp_path, ["a.mp4"])
    cache = Cache(memory=0, folder=tmp_path / "cache")
    files = [VideoFile(tmp_path / "a.mp4")]
    open_clips(files, frames=3, size=8, cache=cache)
    with pytest.raises(ValueError, match="frames of 4x4 pixels, got 8x8"):
        open_clips(files, frames=3, size=4, cache=cache)


def test_what_is_read_otherwise_is_kept_apart(tmp_path):
    path = tmp_path / "video.gif"
    write(path, moving_square(6, 32, 32))
    cache = Cache(memory=0, folder=tmp_path / "cache")
    for rate, length in ((None, 6), (5.0, 3), (20.0, 12), (None, 6)):
        options = ReadOptions(frame_rate=rate)
        clips = open_clips([VideoFile(path)], frames=1, size=32, cache=cache, options=options)
        assert len(clips) == length
    assert len(os.listdir(tmp_path / "cache")) == 3
