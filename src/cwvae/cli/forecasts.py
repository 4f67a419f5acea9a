"""A model at work: test digits, a thousand frames of each, and what a reader sees in them."""

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray, UInt8

from cwvae.data.frame_bytes import from_bytes, to_bytes
from cwvae.data.sources import Source, test_source
from cwvae.evaluation.reader import load_reader
from cwvae.evaluation.video_reading import follow_classes, window_ends
from cwvae.model import CWVAE
from cwvae.report.animation import enlarge, side_by_side, write_animation
from cwvae.report.captions import captioned
from cwvae.report.strip import write_strip
from cwvae.rollout import forecast
from cwvae.training.settings import Settings

__all__ = ["show_forecasts"]

_TOTAL = 1000
_VIDEOS, _LOOKED_AT = 4, 32
_ENLARGED = 3
_FPS = 25.0
_STRIP_EVERY = 84


def show_forecasts(model: CWVAE, settings: Settings, out: Path, *, seed: int) -> str:
    """Write how a model continues test digits, beside the truth and with what a reader sees.

    The files are `out`.gif, every frame with the verdict under it, and `out`.png, some frames of
    all videos. Returns the verdicts as text.
    """
    context = settings.context
    source = test_source(settings, frames=_TOTAL, length=_LOOKED_AT, seed=seed)
    items = _of_different_digits(source)
    labels = list(items)
    truths = from_bytes(np.stack(list(items.values())))
    futures = _forecasts(model, jnp.asarray(truths[:, :context]), jr.key(seed))
    models = np.concatenate([truths[:, :context], np.clip(futures, 0, 1)], axis=1)
    pairs = list(zip(truths, models, strict=True))
    read = [_read(*pair, context) for pair in pairs]
    _write_film(out.with_suffix(".gif"), pairs, labels, read, context)
    rows = {
        f"{label}, {kind}": to_bytes(video)
        for label, pair in zip(labels, pairs, strict=True)
        for kind, video in zip(("truth", "model"), pair, strict=True)
    }
    write_strip(out.with_suffix(".png"), rows, every=_STRIP_EVERY, context=context)
    return _table(labels, read, context)


def _of_different_digits(source: Source) -> dict[int, UInt8[np.ndarray, "frames height width 1"]]:
    """Return the first videos of so many digits, in the order in which they come."""
    found: dict[int, np.ndarray] = {}
    for index in range(_LOOKED_AT):
        item = source[index]
        found.setdefault(int(item["labels"][0]), item["video"])
    return dict(itertools.islice(found.items(), _VIDEOS))


@eqx.filter_jit
def _forecasts(
    model: CWVAE, contexts: Float[Array, "videos context height width 1"], key: PRNGKeyArray
) -> Float[Array, "videos horizon height width 1"]:
    """Return how every context goes on, a sample of each."""
    horizon, keys = _TOTAL - contexts.shape[1], jr.split(key, len(contexts))
    return jax.vmap(lambda c, k: forecast(model, c, horizon, key=k)[0])(contexts, keys)


def _read(
    truth: Float[np.ndarray, "frames height width 1"],
    video: Float[np.ndarray, "frames height width 1"],
    context: int,
) -> Int[np.ndarray, " frames"]:
    """Return what the reader sees up to every frame, -1 for nothing legible."""
    mass = float(truth[:context].sum((1, 2, 3)).mean())
    return follow_classes(load_reader(video.shape[1]), video, mass=mass)


def _write_film(
    path: Path,
    pairs: Sequence[tuple[np.ndarray, np.ndarray]],
    labels: Sequence[int],
    read: Sequence[Int[np.ndarray, " frames"]],
    context: int,
) -> None:
    """Write all videos side by side, each above its forecast, with the digit and the verdict."""
    films = []
    for (truth, model), label, classes in zip(pairs, labels, read, strict=True):
        above, below = (enlarge(to_bytes(video), _ENLARGED) for video in (truth, model))
        forecast_verdicts = [_verdict(found, label) for found in classes[context:]]
        verdicts = ["context"] * context + forecast_verdicts
        above = captioned(above, [f"truth: {label}"] * len(above))
        films.append(np.concatenate([above, captioned(below, verdicts)], axis=1))
    write_animation(path, side_by_side(films), fps=_FPS)


def _verdict(found: int, label: int) -> str:
    """Return what was read in words."""
    if found < 0:
        return "not legible"
    return f"{found}, right" if found == label else f"{found}, wrong"


def _table(labels: Sequence[int], read: Sequence[Int[np.ndarray, " frames"]], context: int) -> str:
    """Return what is read in every forecast at some frames, as text."""
    ends = window_ends(context, _TOTAL)
    lines = [_line("what the reader sees up to frame", ends)]
    for label, classes in zip(labels, read, strict=True):
        seen = (str(c) if c >= 0 else "-" for c in (int(classes[end - 1]) for end in ends))
        lines.append(_line(f"  forecast of a test digit {label}", seen))
    lines.append("  -: not legible, or not as much ink as in the context")
    return "\n".join(lines)


def _line(name: str, cells: Iterable[object]) -> str:
    """Return a line of the table."""
    return "".join([f"{name:34}", *(f"{cell:>6}" for cell in cells)])
