"""HDF5 files: which array is the video, read piece by piece, and nothing that lies elsewhere."""

import h5py
import numpy as np
import pytest
from films import moving_square, one_line

from cwvae.data.hdf5 import HDF5Array, open_hdf5
from cwvae.data.opening import open_clips
from cwvae.data.read_options import ReadOptions
from cwvae.data.video_folder import files
from cwvae.data.videos import read_video

FILM = moving_square()


def written(path, **arrays):
    """Write a file with these arrays, whose names may have groups before them."""
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name.replace("__", "/"), data=array, **options_of(array))
    return path


def options_of(array) -> dict:
    """Return how an array is stored: compressed in chunks of two rows, where it has axes."""
    array = np.asarray(array)
    if array.ndim < 3:
        return {}
    return {"chunks": (min(2, len(array)), *array.shape[1:]), "compression": "gzip"}


@pytest.mark.parametrize("name", ["film.h5", "film.HDF5", "film.bin"])
@pytest.mark.parametrize("array", [FILM, FILM.transpose(0, 3, 1, 2), FILM / np.float32(255)])
def test_the_only_array_of_frames_is_the_video(tmp_path, name, array):
    path = tmp_path / name
    written(path, data__frames=array, data__reward=np.zeros(6), note="of numbers there are none")
    np.testing.assert_array_equal(read_video(path), FILM)


def test_which_array_is_meant_is_an_option_where_there_are_several(tmp_path):
    path = written(tmp_path / "film.h5", left=FILM, eyes__right=FILM[::-1])
    with pytest.raises(ValueError, match=r"got eyes/right, left; name the one .*--array") as caught:
        read_video(path)
    one_line(caught, path)
    found = read_video(path, options=ReadOptions(array="eyes/right"))
    np.testing.assert_array_equal(found, FILM[::-1])
    written(path, video=FILM, mask=FILM[..., 0])
    np.testing.assert_array_equal(read_video(path), FILM)


def test_many_videos_in_a_file_are_divided_and_cut_into_clips(tmp_path):
    square = FILM[:, :, : FILM.shape[1]]
    stored = np.stack([square + number for number in range(5)]).astype(np.uint8)
    actions = np.arange(5 * len(FILM), dtype=np.float32).reshape(5, len(FILM))
    path = written(tmp_path / "films.h5", data__obs=stored, data__actions=actions)
    size = FILM.shape[1]
    with pytest.raises(ValueError, match=r"can be nthwc or tnhwc .*--axes"):
        read_video(path)
    options = ReadOptions(axes="nthwc")
    with pytest.raises(ValueError, match=r"got 5 .*--number, 0 to 4"):
        read_video(path, options=options)
    chosen = read_video(path, options=ReadOptions(axes="nthwc", number=3))
    np.testing.assert_array_equal(chosen, stored[3])
    parts = [files(path, split, test_fraction=0.4, options=options) for split in ("train", "test")]
    clips = [open_clips(part, frames=len(FILM), size=size, options=options) for part in parts]
    assert [len(some) for some in clips] == [3, 2]
    found = [some[n]["video"] for some in clips for n in range(len(some))]
    assert sorted(int(video[0, 0, 0, 0]) for video in found) == sorted(stored[:, 0, 0, 0, 0])
    np.testing.assert_array_equal(clips[0][0]["actions"][:, 0], actions[0])


def test_a_long_video_is_read_no_further_than_is_asked_for(tmp_path):
    path = written(tmp_path / "long.h5", video=np.zeros((1000, 64, 64), np.uint8))
    small = ReadOptions(decoded_limit=0.001)  # a quarter of it
    assert read_video(path, most_frames=7, options=small).shape == (7, 64, 64, 1)
    with pytest.raises(ValueError, match=r"at most 0.001 GiB of decoded frames"):
        read_video(path, options=small)
    (array,) = open_hdf5(path)
    assert array == HDF5Array(path, "video", (1000, 64, 64), np.dtype(np.uint8), 2)
    assert len([*array.slices(ReadOptions(), range(3, 9))]) == 6


def test_a_chunk_that_promises_too_much_is_an_error_before_it_is_read(tmp_path):
    path = tmp_path / "empty.h5"
    with h5py.File(path, "w") as file:  # of which nothing is stored
        file.create_dataset("video", (10**6, 1000, 1000), np.uint8, chunks=(900, 1000, 1000))
    with pytest.raises(ValueError, match="in a part of shape"):
        read_video(path, most_frames=1, options=ReadOptions(decoded_limit=0.5, axes="thw"))


def test_nothing_is_read_that_lies_in_another_file(tmp_path):
    other = written(tmp_path / "other.h5", video=FILM)
    path = tmp_path / "links.h5"
    with h5py.File(path, "w") as file:
        file["video"] = h5py.ExternalLink(str(other), "video")
    with pytest.raises(ValueError, match="a single array of frames, got none"):
        read_video(path)
    with h5py.File(path, "w") as file:
        layout = h5py.VirtualLayout(FILM.shape, FILM.dtype)
        layout[:] = h5py.VirtualSource(str(other), "video", FILM.shape)
        file.create_virtual_dataset("video", layout)
    with pytest.raises(ValueError, match="video lies in other files; save it in this one"):
        read_video(path)


@pytest.mark.parametrize("damage", [lambda c: c[: len(c) // 2], lambda c: b"", lambda c: c[::-1]])
def test_a_damaged_file_is_named(tmp_path, damage):
    path = written(tmp_path / "film.h5", video=FILM)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match="expected HDF5 with arrays of numbers") as caught:
        read_video(path)
    one_line(caught, path)
