"""Test videos shown to a model one after the other, and what is measured of its forecasts."""

import itertools
from collections.abc import Iterator, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Array, Float

from cwvae.cli.compiled import bounds, forecasts, reconstructions
from cwvae.data.frame_bytes import from_bytes, to_bytes
from cwvae.data.progress import Progress
from cwvae.data.sources import Source, as_long, test_source, train_source
from cwvae.measures.choosing import Videos, choose, chosen_names
from cwvae.measures.measure import AbstractMeasure
from cwvae.measures.shown import Shown
from cwvae.training.devices import batch_mesh, replicate, shard_batch
from cwvae.training.settings import Settings
from cwvae.video_model import AbstractVideoModel, Bounds

__all__ = ["Result", "measure"]


class _Made(NamedTuple):
    """What a model makes of a batch of videos."""

    futures: Float[Array | np.ndarray, "*batch samples horizon height width channels"]
    rebuilt: Float[Array | np.ndarray, "*batch frames height width channels"]
    bounds: Bounds


class Result(NamedTuple):
    """What an evaluation found.

    - `sections` of the report, by name, with the `protocol` of every number and what was
      `left_out`, why;
    - `videos`, how many were measured;
    - `strip`: rows of frames of the first one.
    """

    sections: dict[str, Any]
    videos: int
    strip: dict[str, np.ndarray]


def measure(
    model: AbstractVideoModel,
    settings: Settings,
    *,
    metrics: Sequence[str],
    num_examples: int,
    num_samples: int,
    seed: int,
    devices: int = 1,
) -> Result:
    """Forecast test videos, and measure the forecasts and the baselines.

    With fewer test videos than `num_examples` all of them are measured. So many `devices` forecast
    at the same time, or fewer where there are not as many videos.

    Raises `ValueError` for `metrics` that are unknown or do not fit the videos.
    """
    total = settings.context + settings.horizon
    source = test_source(settings, frames=total, length=num_examples, seed=seed)
    training = _training_videos(settings)
    count = min(num_examples, len(source))
    videos = Videos(
        source=source, many=count, settings=settings, seed=seed, training=repr(training)
    )
    names, left_out = chosen_names(metrics, videos)
    measures = choose(names, videos)
    mesh = batch_mesh(min(devices, -(-count // model.forecast_batch)))
    made = _each_made(model, settings, source, count, num_samples, seed, mesh)
    rivals = _random_frames(settings, training, seed), _random_videos(settings, training, seed)
    observed: list[list[Any]] = [[] for _ in measures]
    strip = {}
    bar = Progress(made, total=count, unit="video", desc="evaluate", leave=False)
    for number, (item, video, found) in enumerate(bar):
        shown = Shown(
            number, item, video, settings.context, *found, *(next(rival) for rival in rivals)
        )
        for of_all, each in zip(observed, measures, strict=True):
            of_all.append(each.observe(shown))
        strip = strip or _rows(shown)
    return Result(_sections(measures, observed) | {"left_out": left_out}, count, strip)


def _sections(
    measures: Sequence[AbstractMeasure], observed: Sequence[Sequence[Any]]
) -> dict[str, Any]:
    """Return the sections of all measures, after the protocols of all of their numbers."""
    sections: dict[str, Any] = {"protocol": {}}
    for each, of_all in zip(measures, observed, strict=True):
        sections |= each.report(of_all)
        sections["protocol"] |= each.protocol
    return sections


def _each_made(
    model: AbstractVideoModel,
    settings: Settings,
    source: Source,
    count: int,
    samples: int,
    seed: int,
    mesh: Mesh,
) -> Iterator[tuple[dict[str, np.ndarray], np.ndarray, _Made]]:
    """Yield each video of a data set, its frames, and what the model makes of them."""
    model, shown = replicate(model, mesh), 0
    for numbers in _numbers(count, model.forecast_batch, mesh.size):
        items = [source[number] for number in numbers]
        videos = from_bytes(np.stack([item["video"] for item in items]))
        made = _made(model, settings, videos, numbers, samples, seed, mesh)
        for row, number in enumerate(numbers):
            if number == shown:
                shown += 1
                yield items[row], videos[row], jax.tree.map(itemgetter(row), made)


def _numbers(count: int, batch: int, devices: int) -> Iterator[list[int]]:
    """Yield which of `count` videos are forecast together, a batch of them on each device.

    A batch is the same whatever the number of devices. The last ones go back to videos that were
    shown before, since what a method makes of fewer videos would be something else.
    """
    size = min(batch, count)
    starts = [min(first, count - size) for first in range(0, count, size)]
    for first in range(0, len(starts), devices):
        some = starts[first : first + devices]
        filled = some + some[-1:] * (devices - len(some))
        yield [start + row for start in filled for row in range(size)]


def _made(
    model: AbstractVideoModel,
    settings: Settings,
    videos: Float[np.ndarray, "batch frames height width channels"],
    numbers: list[int],
    samples: int,
    seed: int,
    mesh: Mesh,
) -> _Made:
    """Return what a model makes of videos with those numbers in the data set."""
    keys = jax.vmap(lambda number: jr.fold_in(jr.key(seed), number))(jnp.asarray(numbers))
    future_keys, bound_keys = jnp.moveaxis(jax.vmap(jr.split)(keys), 1, 0)
    rebuilt_keys = jax.vmap(lambda key: jr.fold_in(key, 2))(keys)
    # The bound of a video as long as those of training, where its nats can be compared.
    bounded, contexts = videos[:, : settings.train.frames], videos[:, : settings.context]
    share = partial(shard_batch, mesh=mesh)
    contexts, future_keys = share((contexts, future_keys))
    found = _Made(
        futures=forecasts(model, contexts, settings.horizon, future_keys, samples),
        rebuilt=reconstructions(model, *share((videos, rebuilt_keys))),
        bounds=bounds(model, *share((bounded, bound_keys))),
    )
    return jax.tree.map(np.asarray, found)


def _training_videos(settings: Settings) -> Source:
    """Return the training videos, or raise `ValueError` where they are others than in training."""
    source = train_source(settings)
    if settings.videos not in ("", repr(source)):
        raise ValueError(
            f"the training videos of {settings.data.data} are not those that the run was trained "
            "on, so that it may have seen its test videos; restore them, or give --data of another "
            "data set"
        )
    return source


def _random_frames(
    settings: Settings, source: Source, seed: int
) -> Iterator[Float[np.ndarray, "horizon height width channels"]]:
    """Yield as many frames as the horizon has, each from a training video drawn at random."""
    generator = np.random.default_rng(seed)
    while True:
        videos = generator.integers(len(source), size=settings.horizon)
        frames = generator.integers(settings.train.frames, size=settings.horizon)
        pairs = zip(videos, frames, strict=True)
        single = [source.cut(video, frame, frame + 1)["video"] for video, frame in pairs]
        yield from_bytes(np.concatenate(single))


def _random_videos(
    settings: Settings, source: Source, seed: int
) -> Iterator[Float[np.ndarray, "horizon height width channels"] | None]:
    """Yield a training video as long as the horizon, drawn at random; None where none is."""
    longer = as_long(source, settings.horizon)
    generator = np.random.default_rng((seed, 1))
    while longer is not None:
        yield from_bytes(longer[int(generator.integers(len(longer)))]["video"])
    yield from itertools.repeat(None)


def _rows(shown: Shown) -> dict[str, np.ndarray]:
    """Return the rows of the strip: the truth, and the context with its forecast."""
    return {
        "truth": to_bytes(shown.video),
        "forecast": np.concatenate([to_bytes(shown.seen), to_bytes(shown.futures[0])]),
    }
