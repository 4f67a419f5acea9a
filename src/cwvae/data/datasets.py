"""The data sets by name: what they are, how their files are found, which preset fits."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

from cwvae.data import gqn_mazes, kth, minerl_navigate, moving_mnist, video_folder
from cwvae.data.listing import VideoFile

__all__ = ["DATASETS", "Dataset"]


class Dataset(NamedTuple):
    """How a data set is found and used.

    - `files`: called with its folder and a split, lists its videos;
    - `preset`: the preset that fits;
    - `what`: a line on what it shows;
    - `origin`: where its files come from;
    - `divides`: whether `files` takes a `test_fraction`, for layouts without splits.
    """

    files: Callable[..., tuple[VideoFile, ...]]
    preset: str
    what: str
    origin: str
    divides: bool = False


DATASETS: Mapping[str, Dataset] = MappingProxyType(
    {
        "moving_mnist": Dataset(
            moving_mnist.files,
            "moving_mnist",
            "two digits bouncing in 64 x 64; without a path drawn on the fly",
            "archive.org/details/moving_mnist, or nothing",
            divides=True,
        ),
        "gqn_mazes": Dataset(
            gqn_mazes.files,
            "mazes",
            "first-person walks through rooms, 300 frames",
            "archive.org/details/gqn_mazes",
        ),
        "minerl_navigate": Dataset(
            minerl_navigate.files,
            "minerl",
            "people walking through worlds of Minecraft, 500 frames",
            "archive.org/details/minerl_navigate",
            divides=True,
        ),
        "kth": Dataset(
            kth.files,
            "kth",
            "people walking, boxing, ...; persons 1-20 train, 21-25 test",
            "www.csc.kth.se/cvap/actions",
        ),
        "kth_schuldt": Dataset(
            partial(kth.files, division="schuldt"),
            "kth",
            "the same, divided as in its own paper",
            "www.csc.kth.se/cvap/actions",
        ),
        "video_folder": Dataset(
            video_folder.files,
            "mazes",
            "your own videos: files, arrays (npy, npz, HDF5), folders of pictures",
            "a folder of your own",
            divides=True,
        ),
        "rooms": Dataset(
            gqn_mazes.files,
            "mazes",
            "stand-in for gqn_mazes with ground truth, rendered by miniworld",
            "cwvae data make rooms",
        ),
        "blocks": Dataset(
            minerl_navigate.files,
            "minerl",
            "stand-in for minerl_navigate with ground truth, rendered by minetest",
            "cwvae data make blocks",
        ),
        "crafter": Dataset(
            minerl_navigate.files,
            "minerl",
            "its cousin in two dimensions, pure Python",
            "cwvae data make crafter",
        ),
        "humans": Dataset(
            kth.files,
            "kth",
            "stand-in for kth with ground truth, motion capture rendered by pybullet",
            "cwvae data make humans",
        ),
    }
)
"""Name -> data set, for `--data NAME:PATH`."""
