"""The configuration of the videos that a model is trained and evaluated on."""

import dataclasses

from cwvae.training.checks import between, check, flag, number, optional, text, whole

__all__ = ["DataConfig"]


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
    test_fraction: float = 0.1
    """Share of a video_folder without train and test in it that is kept for testing."""
    skip_bad_files: bool = False
    """Leave out files that are damaged or do not fit, with a warning; if not, they stop the run."""
    cache_memory: float = 2.0
    """GiB of decoded videos to keep in memory; those beyond are kept in a folder."""
    cache_folder: str | None = None
    """That folder (default: cwvae/videos in $XDG_CACHE_HOME or ~/.cache)."""
    num_digits: int = 2
    """Digits in a video of moving_mnist on the fly."""
    digits: str | None = None
    """File with MNIST (an npz, or one of the four IDX files); else the subset in the package."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for a field of the wrong type or outside its range."""
        check(self, RULES)


RULES = {
    "data": text,
    "speed": number(1 / 30, 30),
    "flip": flag,
    "resize": flag,
    "test_fraction": between(0, 1),
    "skip_bad_files": flag,
    "cache_memory": number(0, 1e6),
    "cache_folder": optional(text),
    "num_digits": whole(1, 1000),
    "digits": optional(text),
}
