"""Where decoded videos are kept, whatever the environment lacks, and that none is decoded twice."""

import pwd
import subprocess
import sys
from pathlib import Path

import layouts
import numpy as np
import pytest

from cwvae.data import gqn_mazes
from cwvae.data.cache import Cache, cache_folder
from cwvae.data.clips import Clips
from cwvae.data.digits import load_digits
from cwvae.data.kept import CacheError
from cwvae.data.lossless import write_lossless
from cwvae.data.opening import open_clips
from cwvae.data.sources import parse_data
from cwvae.data.videos import read_video


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    return tmp_path


def test_the_default_place_is_below_the_home_folder_or_where_the_environment_puts_caches(
    home, monkeypatch
):
    assert cache_folder() == Cache().folder == home / ".cache" / "cwvae" / "videos"
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    assert cache_folder() == Path("/elsewhere/cwvae/videos")


@pytest.mark.parametrize("value", ["", "relative/cache"])
def test_an_empty_or_relative_place_is_as_none(home, monkeypatch, value):
    monkeypatch.setenv("XDG_CACHE_HOME", value)
    assert cache_folder() == home / ".cache" / "cwvae" / "videos"


def test_a_home_folder_in_the_path_is_expanded(home):
    assert Cache(folder=Path("~/videos")).folder == home / "videos"


def test_without_a_home_folder_the_remedy_is_named(home, monkeypatch):
    def unknown(*_):
        raise KeyError("no such user")

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for make in (cache_folder, Cache, lambda: Cache(folder=Path("~/videos"))):
        with pytest.raises(
            ValueError, match="set XDG_CACHE_HOME or give a --cache-folder"
        ) as caught:
            make()
        assert "\n" not in str(caught.value)
    assert Cache(folder=Path("/videos")).folder == Path("/videos")
    for read in (read_video, load_digits, lambda path: parse_data(f"gqn_mazes:{path}")):
        with pytest.raises(ValueError, match="expected a home folder, found none"):
            read("~/videos")


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
from cwvae.data.digits import load_digits
from cwvae.data.opening import open_clips
from cwvae.data.sources import parse_data
from cwvae.data.videos import read_video
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
from cwvae.data.digits import load_digits
from cwvae.data.opening import open_clips
from cwvae.data.sources import parse_data
from cwvae.data.videos import read_video
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
