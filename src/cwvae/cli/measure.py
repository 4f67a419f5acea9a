"""Forecasts of test videos measured against the truth and against naive forecasts."""

from collections.abc import Iterator
from operator import itemgetter
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, Key

from cwvae.cli import identity
from cwvae.cli.compiled import forecasts, reconstructions
from cwvae.cli.frames import from_bytes, to_bytes
from cwvae.data.progress import Progress
from cwvae.data.sources import Source, test_source, train_source
from cwvae.evaluation.identity import Identity, summarise
from cwvae.evaluation.scores import Scores, best_of, score
from cwvae.evaluation.video_reading import VideoReading
from cwvae.training.settings import Settings
from cwvae.video_model import AbstractVideoModel, Bounds

__all__ = ["Result", "measure"]


class _Shown(NamedTuple):
    """What a model makes of a batch of videos."""

    futures: Float[Array | np.ndarray, "*batch samples horizon height width channels"]
    rebuilt: Float[Array | np.ndarray, "*batch frames height width channels"]
    bounds: Bounds


class _Example(NamedTuple):
    """What is kept of one test video."""

    scores: dict[str, Scores]
    nats: Float[np.ndarray, " levels"]
    log_likelihood: float


class Result(NamedTuple):
    """What an evaluation found: metrics by method, the KL of every level, digits as read.

    Without an `identity` there is a line, `unread`, that has why.
    """

    scores: dict[str, Scores]
    nats: Float[np.ndarray, "examples levels"]
    log_likelihood: Float[np.ndarray, " examples"]
    strip: dict[str, np.ndarray]
    identity: Identity | None
    unread: str

    @property
    def bounded(self) -> bool:
        """Whether the model knows a bound on the log-probability of a video."""
        return bool(np.isfinite(self.log_likelihood).all())


def measure(
    model: AbstractVideoModel, settings: Settings, *, num_examples: int, num_samples: int, seed: int
) -> Result:
    """Forecast test videos and score the forecasts and the baselines.

    With fewer test videos than `num_examples` all of them are measured.
    """
    total = settings.context + settings.horizon
    source = test_source(settings, frames=total, length=num_examples, seed=seed)
    rivals = _random_frames(settings, seed)
    unread = identity.unread(source, settings.horizon)
    count = min(num_examples, len(source))
    examples, readings, strip = [], [], {}
    shown = _each_shown(model, settings, source, count, num_samples, seed)
    for item, video, found in Progress(
        shown, total=count, unit="video", desc="evaluate", leave=False
    ):
        examples.append(_example(settings, video, next(rivals), found))
        if not unread:
            readings.append(identity.read(item, video, found.futures, found.rebuilt))
        if not strip:
            strip = _rows(video, np.asarray(found.futures[0]), settings.context)
    return Result(
        scores={
            name: jax.tree.map(lambda *x: np.stack(x), *(e.scores[name] for e in examples))
            for name in examples[0].scores
        },
        nats=np.stack([example.nats for example in examples]),
        log_likelihood=np.stack([example.log_likelihood for example in examples]),
        strip=strip,
        identity=None if unread else _identity(readings, settings, seed),
        unread=unread,
    )


def _identity(readings: list[VideoReading], settings: Settings, seed: int) -> Identity:
    """Return what the readings of all videos come to."""
    return summarise(readings, context=settings.context, size=settings.model.size, seed=seed)


def _each_shown(
    model: AbstractVideoModel,
    settings: Settings,
    source: Source,
    count: int,
    samples: int,
    seed: int,
) -> Iterator[tuple[dict[str, np.ndarray], np.ndarray, _Shown]]:
    """Yield each video of a data set, its frames, and what the model makes of them."""
    for first in range(0, count, model.forecast_batch):
        # As many as in the others, where the forecasts of fewer would be others.
        begin = max(min(first, count - model.forecast_batch), 0)
        end = min(begin + model.forecast_batch, count)
        items = [source[index] for index in range(begin, end)]
        videos = from_bytes(np.stack([item["video"] for item in items]))
        shown = _shown(model, settings, videos, begin, samples, seed)
        for number in range(first - begin, len(items)):
            yield items[number], videos[number], jax.tree.map(itemgetter(number), shown)


def _shown(
    model: AbstractVideoModel,
    settings: Settings,
    videos: Float[np.ndarray, "batch frames height width channels"],
    first: int,
    samples: int,
    seed: int,
) -> _Shown:
    """Return what a model makes of videos, the first of which has that number in the data set."""
    keys = jax.vmap(lambda index: jr.fold_in(jr.key(seed), index))(first + jnp.arange(len(videos)))
    future_keys, bound_keys = jnp.moveaxis(jax.vmap(jr.split)(keys), 1, 0)
    rebuilt_keys = jax.vmap(lambda key: jr.fold_in(key, 2))(keys)
    # The bound of a video as long as those of training, where its nats can be compared.
    bounded, contexts = videos[:, : settings.train.frames], videos[:, : settings.context]
    found = _Shown(
        futures=forecasts(model, jnp.asarray(contexts), settings.horizon, future_keys, samples),
        rebuilt=reconstructions(model, jnp.asarray(videos), rebuilt_keys),
        bounds=_bounds(model, jnp.asarray(bounded), bound_keys),
    )
    return jax.tree.map(np.asarray, found)


@eqx.filter_jit
def _bounds(
    model: AbstractVideoModel,
    videos: Float[Array, "batch frames *frame"],
    keys: Key[Array, " batch"],
) -> Bounds:
    """Return a bound on the log-probability of the videos."""
    return model.bounds(videos, keys=keys)


def _example(
    settings: Settings,
    video: Float[np.ndarray, "frames height width channels"],
    rival: Float[np.ndarray, "horizon height width channels"],
    shown: _Shown,
) -> _Example:
    """Return what is kept of one video."""
    context, truth = video[: settings.context], video[settings.context :]
    copies = np.broadcast_to(context[-1:], truth.shape)
    samples = jax.tree.map(lambda *x: jnp.stack(x), *(_score(f, truth) for f in shown.futures))
    scores = {
        "model, best": best_of(samples),
        "model, mean": jax.tree.map(lambda metric: metric.mean(0), samples),
        "copy last frame": _score(copies, truth),
        "random training frame": _score(rival, truth),
    }
    return _Example(
        scores={name: jax.tree.map(np.asarray, metrics) for name, metrics in scores.items()},
        nats=np.asarray(shown.bounds.kl),
        log_likelihood=float(shown.bounds.log_likelihood.sum()),
    )


_score = eqx.filter_jit(score)


def _random_frames(
    settings: Settings, seed: int
) -> Iterator[Float[np.ndarray, "horizon height width channels"]]:
    """Yield as many frames as the horizon has, each from a training video drawn at random."""
    source = train_source(settings)
    if settings.videos not in ("", repr(source)):
        raise ValueError(
            f"the training videos of {settings.data.data} are not those that the run was trained "
            "on, so that it may have seen its test videos; restore them, or give --data of another "
            "data set"
        )
    generator = np.random.default_rng(seed)
    while True:
        videos = generator.integers(len(source), size=settings.horizon)
        frames = generator.integers(settings.train.frames, size=settings.horizon)
        pairs = zip(videos, frames, strict=True)
        single = [source.cut(video, frame, frame + 1)["video"] for video, frame in pairs]
        yield from_bytes(np.concatenate(single))


def _rows(
    video: Float[np.ndarray, "frames height width channels"],
    future: Float[np.ndarray, "horizon height width channels"],
    context: int,
) -> dict[str, np.ndarray]:
    """Return the rows of the strip: the truth, and the context with its forecast."""
    return {
        "truth": to_bytes(video),
        "forecast": np.concatenate([to_bytes(video[:context]), to_bytes(future)]),
    }
