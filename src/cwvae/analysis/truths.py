"""Truths about videos, and what can be read of them from every level, frame by frame."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

import equinox as eqx
import numpy as np
from jaxtyping import Float, Int, Shaped

from cwvae.analysis.latents import LevelLatents
from cwvae.analysis.probes import Readout, read_classes, read_values
from cwvae.arguments import whole_number
from cwvae.shapes import checked

__all__ = ["Truth", "probe"]


class Truth(eqx.Module):
    """Something that is true of each of several videos, or of some of their frames.

    **Arguments:** `name`; `kind`, what it is made of, "classes" or "values"; `unit` of values, ""
    for none; `values`, whole numbers or floats; `frames`, the numbers of those of which it is
    known, ascending, counted from 0, or None for what is true of a video as a whole.

    Classes have the axes (videos,), values (videos, things, n): a vector of n numbers for each of
    some things, such as the digits of a video, which are read one by one. With `frames` an axis of
    as many entries follows that of the videos.

    Raises `ValueError` for another kind, other axes, classes that are not whole numbers, values
    that are not finite, or frames that do not ascend.
    """

    name: str
    kind: Literal["classes", "values"]
    unit: str
    values: Shaped[np.ndarray, "videos ..."]
    frames: tuple[int, ...] | None = None

    def __check_init__(self) -> None:
        """Raise `ValueError` for values that are no such truth."""
        if self.kind not in ("classes", "values"):
            raise ValueError(f"kind must be 'classes' or 'values', got {self.kind!r}; choose one")
        kinds, words = ("iu", "integers") if self.kind == "classes" else ("f", "floats")
        axes = (1 if self.kind == "classes" else 3) + (self.frames is not None)
        if self.values.ndim != axes or self.values.dtype.kind not in kinds:
            raise ValueError(
                f"{self.name} must be {words} with {axes} axes, got {self.values.dtype} with "
                f"{self.values.ndim}; classes are (videos[, frames]), values (videos[, frames], "
                "things, n)"
            )
        if not np.isfinite(self.values).all():
            raise ValueError(f"{self.name} must be finite, got NaN or infinity; leave it out")
        if self.frames is not None:
            self._check_frames(self.frames)

    def _check_frames(self, frames: tuple[int, ...]) -> None:
        """Raise `ValueError` for frames that are not those of the values."""
        ascend = all(0 <= first < second for first, second in pairwise(frames))
        if len(frames) != self.values.shape[1] or not ascend or min(frames, default=0) < 0:
            raise ValueError(
                f"frames of {self.name} must be {self.values.shape[1]} ascending numbers from 0, "
                f"one for each entry of the second axis, got {frames}; number them"
            )

    def at(self, frame: int) -> Shaped[np.ndarray, "videos ..."] | None:
        """Return what is true at a frame, None where it is not known."""
        if self.frames is None:
            return self.values
        return self.values[:, self.frames.index(frame)] if frame in self.frames else None


@checked
def probe(
    latents: Sequence[LevelLatents],
    truths: Sequence[Truth],
    frames: Sequence[int],
    *,
    groups: Int[np.ndarray, " videos"] | None = None,
    seed: int = 0,
) -> list[dict[str, tuple[Readout | None, ...]]]:
    """Read truths from the state of every level at several frames, fitted anew at each.

    Returns for each level, by the name of each truth, a readout for each frame, None where the
    truth is not known. The state of a frame is that of the tick in force, z and h. Of several
    things the score is the mean of their scores.

    **Arguments:** `latents` of several videos, as `follow` returns them under `jax.vmap`, the
    fastest level first; `truths` about the same videos; `frames`, counted from 0, in the context or
    the forecast; `groups` and `seed`, those of `read_classes`.

    Raises `ValueError` for two truths of one name, other counts of videos, a frame that the latents
    do not have, and as `read_classes` does.
    """
    _check(latents, truths, frames)
    found = []
    for level in latents:
        ticks = [level.tick_at(frame) for frame in frames]
        reader = _Reader(np.asarray(level.stoch), np.asarray(level.deter), groups, seed)
        found.append({truth.name: tuple(_over(reader, truth, frames, ticks)) for truth in truths})
    return found


class _Reader(NamedTuple):
    """The states of a level, and how they are read."""

    stoch: Float[np.ndarray, "videos ticks stoch"]
    deter: Float[np.ndarray, "videos ticks deter"]
    groups: np.ndarray | None
    seed: int

    def read(self, truth: Truth, values: np.ndarray, tick: int) -> Readout:
        """Read what is true from the state of a tick."""
        state = np.concatenate([self.stoch[:, tick], self.deter[:, tick]], 1).astype(float)
        known = {"groups": self.groups, "seed": self.seed}
        if truth.kind == "classes":
            return read_classes(state, values, **known)
        things = np.moveaxis(values.astype(float), 1, 0)
        scores, shuffled, videos = zip(
            *(read_values(state, thing, **known) for thing in things), strict=True
        )
        return Readout(float(np.mean(scores)), float(np.mean(shuffled)), videos[0])


def _over(
    reader: _Reader, truth: Truth, frames: Sequence[int], ticks: Sequence[int]
) -> Iterator[Readout | None]:
    """Yield the readout of a truth at each frame."""
    known: dict[int, Readout] = {}  # by the tick, of what is true of a video as a whole
    for frame, tick in zip(frames, ticks, strict=True):
        values = truth.at(frame)
        if values is None:
            yield None
        elif truth.frames is None:
            if tick not in known:
                known[tick] = reader.read(truth, values, tick)
            yield known[tick]
        else:
            yield reader.read(truth, values, tick)


def _check(latents: Sequence[LevelLatents], truths: Sequence[Truth], frames: Sequence[int]) -> None:
    """Raise `ValueError` for what does not belong together."""
    names = [truth.name for truth in truths]
    if len(set(names)) < len(names):
        raise ValueError(f"truths must have names of their own, got {names}; rename them")
    if not latents:
        raise ValueError("latents must be those of at least one level, got none; use follow")
    videos, last = latents[0].stoch.shape[0], max(len(_begun(level)) for level in latents) - 1
    for truth in truths:
        if len(truth.values) != videos:
            raise ValueError(
                f"{truth.name} must be about the {videos} videos of the latents, got "
                f"{len(truth.values)}; give a row a video"
            )
    for frame in frames:
        if whole_number("frame", frame, least=0) > last:
            raise ValueError(
                f"frames must be at most {last}, the last of the latents, got {frame}; follow more"
            )


def _begun(level: LevelLatents) -> np.ndarray:
    """Return the first frame of each tick, of one video."""
    frames = np.asarray(level.frames)
    return frames.reshape(-1, frames.shape[-1])[0]
