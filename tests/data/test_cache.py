"""Where decoded videos are kept, whatever the environment lacks."""

import os
import pwd
from pathlib import Path

import pytest

from cwvae.data.cache import Cache, cache_folder


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
    assert os.environ.get("HOME") is None
