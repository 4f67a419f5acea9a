"""Forecasts of test videos measured against the truth and against naive forecasts."""

from collections.abc import Iterator
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float

from cwvae.cli import identity
from cwvae.cli.frames import from_bytes, to_bytes
from cwvae.data.progress import Progress
from cwvae.data.sources import test_source, train_source
from cwvae.evaluation.identity import Identity, summarise
from cwvae.evaluation.scores import Scores, best_of, score
from cwvae.evaluation.video_reading import VideoReading
from cwvae.model import CWVAE
from cwvae.objective import Elbo, elbo
from cwvae.rollout import forecast
from cwvae.shapes import Video
from cwvae.training.settings import Settings

__all__ = ["Result", "measure"]


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


def measure(
    model: CWVAE, settings: Settings, *, num_examples: int, num_samples: int, seed: int
) -> Result:
    """Forecast test videos and score the forecasts and the baselines.

    With fewer test videos than `num_examples` all of them are measured.
    """
    total = settings.context + settings.horizon
    source = test_source(settings, frames=total, length=num_examples, seed=seed)
    rivals = _random_frames(settings, seed)
    unread = identity.unread(source, settings.horizon)
    examples, readings, strip = [], [], {}
    for index in Progress(
        range(min(num_examples, len(source))), unit="video", desc="evaluate", leave=False
    ):
        item = source[index]
        video = from_bytes(item["video"])
        key = jr.fold_in(jr.key(seed), index)
        future, example = _example(model, settings, video, next(rivals), num_samples, key)
        examples.append(example)
        if not unread:
            readings.append(identity.read(model, item, video, future, key=jr.fold_in(key, 2)))
        if not strip:
            strip = _rows(video, np.asarray(future[0]), settings.context)
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


def _example(
    model: CWVAE,
    settings: Settings,
    video: Float[np.ndarray, "frames height width channels"],
    rival: Float[np.ndarray, "horizon height width channels"],
    num_samples: int,
    key: Array,
) -> tuple[Array, _Example]:
    """Return the forecasts of one video, and what is kept of it."""
    context, truth = video[: settings.context], video[settings.context :]
    future_key, bound_key = jr.split(key)
    future = _forecast(model, context, settings.horizon, key=future_key, samples=num_samples)
    copies = np.broadcast_to(context[-1:], truth.shape)
    samples = jax.tree.map(lambda *x: jnp.stack(x), *(_score(f, truth) for f in future))
    scores = {
        "model, best": best_of(samples),
        "model, mean": jax.tree.map(lambda metric: metric.mean(0), samples),
        "copy last frame": _score(copies, truth),
        "random training frame": _score(rival, truth),
    }
    # The bound of a video as long as those of training, where its nats can be compared.
    bound = _bound(model, video[: settings.train.frames], bound_key)
    return future, _Example(
        scores={name: jax.tree.map(np.asarray, metrics) for name, metrics in scores.items()},
        nats=np.array([level.sum() for level in bound.kl]),
        log_likelihood=float(bound.log_likelihood.sum()),
    )


_forecast = eqx.filter_jit(forecast)
_score = eqx.filter_jit(score)


@eqx.filter_jit
def _bound(model: CWVAE, video: Video, key: Array) -> Elbo:
    """Return the evidence lower bound of a video."""
    return elbo(model, video, model.hierarchy.noise(video.shape[0], key=key))


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
