"""The walks of GQN Mazes: whether forecasts leave the room, and come back, as the true ones do."""

from typing import Any, TypeGuard

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Int, Key, UInt8

from cwvae.analysis.room_sequence import SEQUENCES, room_sequence
from cwvae.analysis.walk_scores import score_walks
from cwvae.cli.options import Analyse
from cwvae.data.archives import read_archive
from cwvae.data.clips import Clips, played_frames
from cwvae.data.simulators.collect import truth_file
from cwvae.data.sources import Source, parse_data
from cwvae.measures.names import DATA_OF
from cwvae.model import CWVAE
from cwvae.rollout import forecast
from cwvae.training.settings import Settings

__all__ = ["has_walks", "measure_walks", "walks_report"]

_FEWEST = 10  # frames after the context
_QUICK = 32  # walks of a look


def walks_report(
    model: CWVAE, settings: Settings, source: Source, context: int, options: Analyse
) -> dict[str, Any]:
    """Return what `measure_walks` finds as `rooms`, nothing of videos that are no walks."""
    if not has_walks(source, settings, context):
        return {}
    videos = min(options.num_examples, _QUICK) if options.quick else options.num_examples
    found = measure_walks(
        model, settings, source, context=context, videos=videos, seed=options.seed
    )
    return {"rooms": found}


def has_walks(source: Source, settings: Settings, context: int) -> TypeGuard[Clips]:
    """Return whether test videos are walks in colour that go on for ten frames or more."""
    return (
        parse_data(settings.data.data).name in DATA_OF["rooms"]
        and settings.model.channels == 3
        and isinstance(source, Clips)
        and _shortest(source) >= context + _FEWEST
    )


def measure_walks(
    model: CWVAE, settings: Settings, source: Clips, *, context: int, videos: int, seed: int
) -> dict[str, Any]:
    """Return how well the classes of forecasts agree with those of the true walks.

    Whole walks are classed, as long as the shortest, by `room_sequence`: the true frames, and the
    context with a forecast after it. They begin with the `context`, and once more with half of the
    walk, when more walks have left: a forecast cannot know what its context does not show. Beside
    the model stands the last frame of the context, copied; beside the true frames, where the data
    have it, the kind of walk that the simulator made.

    **Arguments:** `source`, the test videos; at most so many `videos` of it; `seed` of forecasts.
    """
    frames = _shortest(source)
    walks = _walks(source, frames, videos)
    true = _classes(walks)
    kinds = _kinds(settings, source)[:videos]
    slowest = model.hierarchy.clock.slowest
    half = frames // 2 // slowest * slowest
    found: dict[str, Any] = {
        "sequences": list(SEQUENCES),
        "videos": len(walks),
        "frames": frames,
        "shares": score_walks(true, true).shares,
        "contexts": [
            _compared(model, walks, true, seen, seed)
            for seen in sorted({context, half})
            if seen >= context
        ],
    }
    return found | ({"labels": score_walks(kinds, true)._asdict()} if len(kinds) else {})


def _compared(
    model: CWVAE,
    walks: UInt8[np.ndarray, "videos frames height width 3"],
    true: Int[np.ndarray, " videos"],
    context: int,
    seed: int,
) -> dict[str, Any]:
    """Return the scores of forecasts, and of a copy, after so many frames of context."""
    seen, horizon = walks[:, :context], walks.shape[1] - context
    keys = jr.split(jr.key(seed), len(walks))
    futures = np.asarray(_forecasts(model, jnp.asarray(seen), horizon, keys))
    copies = np.repeat(seen[:, -1:], horizon, axis=1)
    scores = {
        name: score_walks(true, _classes(np.concatenate([seen, future], axis=1)))._asdict()
        for name, future in (("model", futures), ("copy of the last frame", copies))
    }
    return {"context": context, "rows": scores}


@eqx.filter_jit
def _forecasts(
    model: CWVAE,
    contexts: UInt8[Array, "videos context height width 3"],
    horizon: int,
    keys: Key[Array, " videos"],
) -> UInt8[Array, "videos horizon height width 3"]:
    """Return how every context goes on, a sample of each, one after the other for memory's sake."""

    def one(both: tuple[UInt8[Array, "context height width 3"], Array]) -> Array:
        frames = forecast(model, both[0].astype(jnp.float32) / 255, horizon, key=both[1])[0]
        return jnp.rint(255 * jnp.clip(frames, 0, 1)).astype(jnp.uint8)

    return jax.lax.map(one, (contexts, keys))


def _classes(
    walks: UInt8[np.ndarray, "videos frames height width 3"],
) -> Int[np.ndarray, " videos"]:
    """Return the class of every walk."""
    return np.array([room_sequence(walk) for walk in walks])


def _lengths(source: Clips) -> list[int]:
    """Return the frames of every test video, as it is played."""
    return [played_frames(len(recording.video), source.speed) for recording in source.recordings]


def _shortest(source: Clips) -> int:
    return min(_lengths(source))


def _walks(
    source: Clips, frames: int, videos: int
) -> UInt8[np.ndarray, "videos frames height width 3"]:
    """Return the first frames of the first so many test videos."""
    whole = Clips(source.recordings, frames=frames, speed=float(source.speed))
    # Of a video that is several times as long, its first clip.
    clips = np.array([length // frames for length in _lengths(source)])
    firsts = (np.cumsum(clips) - clips)[:videos]
    return np.stack([whole[int(first)]["video"] for first in firsts])


def _kinds(settings: Settings, source: Clips) -> Int[np.ndarray, " videos"]:
    """Return which kind of walk the simulator made of every test video, none if not known."""
    place = parse_data(settings.data.data).path
    path = truth_file(place, "test") if place else None
    known = read_archive(path) if path and path.is_file() else {}
    if not {"video", "kind"} <= set(known):
        return np.zeros(0, int)
    kinds = {
        str(video).rpartition("/")[2]: int(kind)
        for video, kind in zip(known["video"], known["kind"], strict=True)
    }
    names = [recording.path.name if recording.path else "" for recording in source.recordings]
    if not set(names) <= set(kinds):
        return np.zeros(0, int)
    return np.array([kinds[name] for name in names], int)
