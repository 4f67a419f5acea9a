"""The configuration of the videos that a model is trained and evaluated on."""

import dataclasses

from cwvae.training.checks import Rule, between, check, flag, number, optional, text, whole

__all__ = ["DataConfig", "are_axes"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataConfig:
    """The videos that a model is trained and evaluated on.

    Raises `ValueError` that names the first field of the wrong type or outside its range.
    """

    data: str = "moving_mnist"
    """Data set, NAME:PATH; moving_mnist without a path draws digits on the fly."""
    speed: float = 1.0
    """How much faster the videos play: 3 is time-lapse, 0.333 shows every frame three times."""
    flip: bool = False
    """Mirror each training video, left for right, in half of the epochs."""
    resize: bool = False
    """Crop and resize frames of other sizes; if not, they are an error."""
    frame_rate: float | None = None
    """Frames a second to resample to, by the times of frames; None: each frame once."""
    axes: str | None = None
    """Axes of arrays, of the letters ntchw: videos, frames, channels, height, width, such as
    tchw; None: recognised."""
    array: str | None = None
    """Which array of an npz or HDF5 file is the video, such as data/frames; None: recognised."""
    decoded_limit: float | None = None
    """GiB that the decoded frames of a file may take, and a frame while it is decoded, at 32 bytes
    a pixel; None: 4, and 1.5 for a frame and for a file of less than 10 MB."""
    test_fraction: float = 0.1
    """Share of the videos of a data set without train and test in it that is kept for testing."""
    skip_bad_files: bool = False
    """Leave out files that are damaged or do not fit, with a warning; if not, they stop the run."""
    cache_memory: float = 2.0
    """GiB of decoded videos to keep in memory; those beyond are kept in a folder."""
    cache_folder: str | None = None
    """That folder; None: cwvae/videos in $XDG_CACHE_HOME or ~/.cache."""
    num_digits: int = 2
    """Digits in a video of moving_mnist on the fly."""
    digits: str | None = None
    """File with MNIST (an npz, or one of the four IDX files); else the subset in the package."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for a field of the wrong type or outside its range."""
        check(self, _RULES)


def are_axes(letters: object) -> bool:
    """Return whether letters name the axes of videos: t, h and w, perhaps n and c, none twice."""
    if not isinstance(letters, str):
        return False
    return set("thw") <= set(letters) <= set("nthwc") and len(set(letters)) == len(letters)


_AXES = Rule("different letters of n, t, c, h and w, t, h and w among them", are_axes, str)

_RULES = {
    "data": text,
    "speed": number(1 / 30, 30),
    "flip": flag,
    "resize": flag,
    "frame_rate": optional(number(0.001, 1000)),
    "axes": optional(_AXES),
    "array": optional(text),
    "decoded_limit": optional(number(0.001, 1e6)),
    "test_fraction": between(0, 1),
    "skip_bad_files": flag,
    "cache_memory": number(0, 1e6),
    "cache_folder": optional(text),
    "num_digits": whole(1, 1000),
    "digits": optional(text),
}
