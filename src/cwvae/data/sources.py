"""The videos that a model is trained and tested on, from a configuration."""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol, SupportsIndex, runtime_checkable

import numpy as np

from cwvae.data.cache import Cache, cache_folder
from cwvae.data.clips import Clips
from cwvae.data.datasets import DATASETS
from cwvae.data.digits import load_digits
from cwvae.data.listing import Split, VideoFile
from cwvae.data.moving_mnist import MovingMNIST
from cwvae.data.opening import open_clips
from cwvae.data.pieces import Cuttable
from cwvae.data.progress import Progress
from cwvae.data.read_options import ReadOptions
from cwvae.home import expanded
from cwvae.training.config import DataConfig
from cwvae.training.settings import Settings

__all__ = [
    "Place",
    "Source",
    "absolute",
    "as_long",
    "files_of",
    "parse_data",
    "read_options",
    "test_source",
    "train_source",
]

# Slowest and fastest digit of the paper, pixels a frame of 64.
_DIGIT_SPEED = (2.0, 6.0)
_GIB = 2**30


@runtime_checkable
class Source(Cuttable, Protocol):
    """Sequences by number; an item holds at least `video`, uint8 (frames, size, size, channels)."""

    def __len__(self) -> int:
        """Count the sequences."""
        ...

    def __getitem__(self, index: SupportsIndex) -> dict[str, np.ndarray]:
        """Return a sequence."""
        ...


class Place(NamedTuple):
    """A data set and where it lies, None for digits drawn on the fly: the value of `--data`."""

    name: str
    path: Path | None


def parse_data(text: str, argument: str = "--data") -> Place:
    """Read NAME:PATH; raise `ValueError` for an unknown name or a path that is missing.

    Errors name the `argument`.
    """
    name, _, path = text.partition(":")
    if name not in DATASETS:
        raise ValueError(
            f"{argument} must be NAME:PATH with one of the names {', '.join(DATASETS)}, "
            f"got {text!r}"
        )
    if not path and name != "moving_mnist":
        raise ValueError(
            f"{argument} must be NAME:PATH, got {text!r} without the folder of the data set; give "
            f"{name}:PATH (cwvae data list)"
        )
    return Place(name, expanded(path).resolve() if path else None)


def absolute(data: str) -> str:
    """Return the same place from wherever a run is resumed."""
    place = parse_data(data)
    return place.name if place.path is None else f"{place.name}:{place.path}"


def train_source(settings: Settings) -> Source:
    """Return the training videos of a run; raise `ValueError` when they do not fit the model."""
    config = settings.train
    return _source(settings, "train", config.frames * config.pieces, config.seed, 1_000_000)


def test_source(settings: Settings, *, frames: int, length: int, seed: int) -> Source:
    """Return test videos of `frames` frames, none of which training uses.

    Digits on the fly are `length` sequences drawn from the seed; of files all clips are returned.
    """
    return _source(settings, "test", frames, seed, length)


def as_long(source: Source, frames: int) -> Source | None:
    """Return the same videos as sequences of so many frames, None where none is that long."""
    if isinstance(source, MovingMNIST):
        return source.as_long(frames)
    if isinstance(source, Clips) and source.longest >= frames:
        return Clips(source.recordings, frames=frames, speed=float(source.speed))
    return None


def _source(settings: Settings, split: Split, frames: int, seed: int, length: int) -> Source:
    place = parse_data(settings.data.data)
    if place.path is None:
        return _digits(settings, split, frames, seed, length)
    data, model = settings.data, settings.model
    files = files_of(place, split, data)
    what = f"read {place.name}, {split}"
    # The bar is gone before an error is shown.
    with Progress(total=len(files), unit="file", desc=what, leave=False) as bar:
        return open_clips(
            files,
            frames=frames,
            size=model.size,
            channels=model.channels,
            speed=data.speed,
            resize=data.resize,
            cache=_cache(data),
            options=read_options(data),
            skip_bad_files=data.skip_bad_files,
            if_short=_if_short(settings, split),
            progress=partial(_count, bar),
        )


def _if_short(settings: Settings, split: Split) -> str:
    """Return the remedy for videos that are shorter than what is asked for."""
    option = "horizon" if split == "test" else "frames" if settings.train.pieces == 1 else "pieces"
    return f"ask for fewer (--{option})"


def files_of(place: Place, split: Split, data: DataConfig) -> tuple[VideoFile, ...]:
    """List the files of a split."""
    dataset = DATASETS[place.name]
    if place.name == "video_folder":
        fraction, options = data.test_fraction, read_options(data)
        return dataset.files(place.path, split, test_fraction=fraction, options=options)
    if dataset.divides:
        return dataset.files(place.path, split, test_fraction=data.test_fraction)
    return dataset.files(place.path, split)


def read_options(data: DataConfig) -> ReadOptions:
    """Return the choices in reading files."""
    return ReadOptions(
        frame_rate=data.frame_rate,
        axes=data.axes,
        array=data.array,
        decoded_limit=data.decoded_limit,
    )


def _cache(data: DataConfig) -> Cache:
    """Return where decoded videos are kept."""
    folder = cache_folder() if data.cache_folder is None else Path(data.cache_folder)
    return Cache(memory=int(data.cache_memory * _GIB), folder=folder)


def _count(bar: Progress, files: Iterable[VideoFile]) -> Iterator[VideoFile]:
    """Show how many files are read."""
    for file in files:
        yield file
        bar.update()


def _digits(settings: Settings, split: Split, frames: int, seed: int, length: int) -> MovingMNIST:
    """Return digits that are drawn on the fly."""
    if settings.model.channels != 1:
        fitting = [name for name, known in DATASETS.items() if known.preset == settings.preset]
        example = f", such as --data {fitting[0]}:PATH," if fitting else ""
        raise ValueError(
            f"Moving MNIST has 1 channel, the model has {settings.model.channels}; use other "
            f"data{example} or --channels 1"
        )
    data = settings.data
    slowest, fastest = (speed * data.speed for speed in _DIGIT_SPEED)
    return MovingMNIST(
        split=split,
        frames=frames,
        digits=load_digits(None if data.digits is None else Path(data.digits)),
        seed=seed,
        num_digits=data.num_digits,
        size=settings.model.size,
        speed=(slowest, fastest),
        length=length,
    )
