"""Video files: read by what they are, as players show them, whole, and within the memory."""

import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from films import CODECS, avi_of_pngs, giant_gif, moving_square, one_line, png, write

from cwvae.data.orientation import oriented
from cwvae.data.read_options import DECODED_LIMIT, ReadOptions
from cwvae.data.videos import read_video

SMALL = ReadOptions(decoded_limit=2.0**-10)  # frames of up to 32768 pixels, 1 MiB


@pytest.mark.parametrize("suffix", CODECS)
def test_every_container_is_read(tmp_path, suffix):
    path = tmp_path / f"video{suffix}"
    write(path, moving_square())
    found = read_video(path)
    assert found.shape == (6, 32, 48, 3)
    assert np.abs(found.astype(int) - moving_square()).mean() < 15


@pytest.mark.parametrize(("truly", "named"), [(".mkv", ".mp4"), (".mp4", ".avi"), (".gif", ".mov")])
def test_files_are_read_by_what_they_are(tmp_path, truly, named):
    write(tmp_path / f"video{truly}", moving_square())
    path = (tmp_path / f"video{truly}").rename(tmp_path / f"video{named}")
    assert read_video(path).shape == (6, 32, 48, 3)


def test_a_list_of_other_files_is_not_followed(tmp_path):
    write(tmp_path / "other.mp4", moving_square())
    for name, text in (("a.m3u8", "#EXTM3U\n#EXTINF:1,\nother.mp4\n"), ("b.mp4", "")):
        path = tmp_path / name
        path.write_text(text or "ffconcat version 1.0\nfile other.mp4\n")
        with pytest.raises(ValueError, match=r"\.m.* video, copy or convert it") as caught:
            read_video(path)
        one_line(caught, path)


# As players show them.


@pytest.mark.parametrize("turned", [90, 180, -90])
def test_frames_are_turned_as_players_turn_them(tmp_path, turned):
    path = tmp_path / "video.mp4"
    write(path, moving_square(), turned=turned)
    np.testing.assert_array_equal(
        read_video(path), np.rot90(moving_square(), turned // 90, axes=(1, 2))
    )


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ((1, 0, 0, 1), [[1, 2, 3], [4, 5, 6]]),
        ((-1, 0, 0, 1), [[3, 2, 1], [6, 5, 4]]),
        ((1, 0, 0, -1), [[4, 5, 6], [1, 2, 3]]),
        ((-1, 0, 0, -1), [[6, 5, 4], [3, 2, 1]]),
        ((0, 1, 1, 0), [[1, 4], [2, 5], [3, 6]]),
        ((0, 1, -1, 0), [[4, 1], [5, 2], [6, 3]]),
        ((0, -1, 1, 0), [[3, 6], [2, 5], [1, 4]]),
        ((0, -1, -1, 0), [[6, 3], [5, 2], [4, 1]]),
    ],
)
def test_a_matrix_turns_and_mirrors(matrix, expected):
    frame = np.array([[1, 2, 3], [4, 5, 6]], np.uint8)[..., None]
    a, b, c, d = (v * 65536 for v in matrix)
    content = np.array([a, b, 0, c, d, 0, 0, 0, 2**30], np.int32).tobytes()
    assert oriented(frame, content, Path("a"))[..., 0].tolist() == expected


def test_other_angles_are_named(tmp_path):
    path = tmp_path / "video.mp4"
    write(path, moving_square(), turned=45)
    with pytest.raises(ValueError, match="a multiple of 90 degrees") as caught:
        read_video(path)
    one_line(caught, path)


# Whole.


def test_an_mp4_that_is_cut_off_is_named_with_its_frames_however_few_are_asked_for(tmp_path):
    path = tmp_path / "video.mp4"
    write(path, moving_square(20), options={"movflags": "faststart"})
    whole = path.read_bytes()
    assert len(read_video(path)) == 20
    path.write_bytes(whole[:-10])
    with pytest.raises(ValueError, match=r"video of 20 frames, .* found 1\d;") as caught:
        read_video(path, most_frames=2)
    one_line(caught, path)


def test_an_mp4_that_lacks_nothing_but_what_follows_its_frames_is_read(tmp_path):
    path = tmp_path / "video.mp4"
    write(path, moving_square(20), options={"movflags": "faststart"})
    path.write_bytes(path.read_bytes() + b"\x00\x00\x10\x00free and no more")
    np.testing.assert_array_equal(read_video(path), moving_square(20))


@pytest.mark.parametrize("suffix", [".mkv", ".webm", ".avi", ".gif"])
def test_other_files_that_are_cut_off_are_named(tmp_path, suffix):
    path = tmp_path / f"video{suffix}"
    write(path, moving_square(20))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="expected a complete") as caught:
        read_video(path, most_frames=2)
    one_line(caught, path)


def test_a_live_recording_without_a_length_is_read(tmp_path):
    path = tmp_path / "video.mkv"
    write(path, moving_square(), options={"live": "1"})
    assert len(read_video(path)) == 6


# Within the memory.


@pytest.mark.parametrize("claimed", [8, 256])
def test_giant_frames_are_an_error_before_they_are_decoded(tmp_path, claimed):
    (tmp_path / "a.avi").write_bytes(avi_of_pngs([png(256, 256)] * 2, claimed, claimed))
    (tmp_path / "b.avi").write_bytes(avi_of_pngs([png(8, 8), png(256, 256)], 8, 8))
    (tmp_path / "c.gif").write_bytes(giant_gif(256, 3))
    for name in ("a.avi", "b.avi", "c.gif"):
        with pytest.raises(ValueError, match=r"at most 32768 pixels, .*--decoded-limit") as caught:
            read_video(tmp_path / name, size=8, options=SMALL)
        one_line(caught, tmp_path / name)
    assert read_video(tmp_path / "a.avi").shape == (2, 256, 256, 3)


LIMITED = """
import resource, sys
from cwvae.data import ReadOptions
from cwvae.data.videos import read_video
import av, PIL.Image
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path, limit in zip(sys.argv[1::2], sys.argv[2::2]):
    try:
        read_video(path, size=32, options=ReadOptions(decoded_limit=float(limit)))
    except ValueError as error:
        assert "got larger ones" in str(error), error
        print("raised", (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss counts otherwise elsewhere")
def test_a_small_file_takes_no_memory(tmp_path):
    (tmp_path / "a.gif").write_bytes(giant_gif(16_000, 200))
    (tmp_path / "b.avi").write_bytes(avi_of_pngs([png(6000, 6000)], 64, 64))
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "a.gif"), str(DECODED_LIMIT)]
    command += [str(tmp_path / "b.avi"), "0.25"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    words = done.stdout.split()
    assert words[::2] == ["raised", "raised"]
    assert max(int(mib) for mib in words[1::2]) < 60  # a single frame takes 976 and 103 MiB


def test_a_long_video_is_an_error_as_soon_as_it_is_too_long(tmp_path):
    path = tmp_path / "video.gif"
    write(path, moving_square(60, 64, 128))
    with pytest.raises(ValueError, match=r"at most 0\.00097\d* GiB .*--decoded-limit") as caught:
        read_video(path, options=SMALL)
    one_line(caught, path)
    assert read_video(path, size=8, options=SMALL).shape == (60, 8, 8, 3)


def test_a_file_with_sound_only(tmp_path):
    path = tmp_path / "video.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        sound = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
        sound.sample_rate = 44100
        container.mux(stream.encode(sound))
        container.mux(stream.encode(None))
    with pytest.raises(ValueError, match="expected a video, found none") as caught:
        read_video(path)
    one_line(caught, path)
