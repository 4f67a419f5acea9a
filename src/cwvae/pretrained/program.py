"""A model as a program that runs without this package: StableHLO with the weights in it.

`jax.export` writes it and reads it; whoever runs it needs jax and flatbuffers. What is random in it
follows from a seed, an input. It runs on the platforms that it was exported for.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.export  # An attribute of jax only once it is imported.
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Int, PRNGKeyArray, PyTree, UInt

from cwvae import streaming
from cwvae._extras import extra
from cwvae.arguments import whole_number
from cwvae.model import CWVAE
from cwvae.shapes import Frame
from cwvae.video_model import AbstractVideoModel

__all__ = ["PLATFORMS", "export_forecast", "export_step", "program_bytes"]

PLATFORMS = ("cpu", "cuda", "rocm", "tpu")
"""What a program can be exported for, on any machine."""

_State = list[Array]
_Seed = UInt[Array, ""]


def export_forecast(
    model: AbstractVideoModel,
    frame_shape: tuple[int, ...],
    *,
    context: int,
    horizon: int,
    batch: int | None = None,
    platforms: Sequence[str] = ("cpu", "cuda"),
) -> jax.export.Exported:
    """Return a forecast as a program: `call(contexts, seed)` gives how videos go on.

    `contexts` are float32 (batch, context, *frame) in [0, 1], `seed` is a uint32; the answer is
    float32 (batch, horizon, *frame), not clipped. The key of a row is the seed's, with the row's
    number folded in, so that a row does not depend on the others.

    **Arguments:** `frame_shape`, of a frame; `context` frames, a multiple of
    `model.context_multiple`; `horizon`, frames to predict; `batch`, so many videos at the same
    time; None: any number, one after the other; `platforms`, of `PLATFORMS`.

    Raises `ValueError` for a value outside its range, or a model that cannot be exported so.
    """
    context, horizon = whole_number("context", context), whole_number("horizon", horizon)
    _check_forecast(model, context, batch)

    def together(contexts: Array, keys: Array) -> Array:
        return model.forecasts(contexts, horizon, keys=keys)[:, 0]

    def one(video: Array, key: PRNGKeyArray) -> Array:
        return together(video[None], key[None])[0]

    def program(contexts: Array, seed: _Seed) -> Array:
        keys = _keys(seed, contexts.shape[0])
        return _each(one, contexts, keys) if batch is None else together(contexts, keys)

    videos = jax.ShapeDtypeStruct((_rows(batch), context, *frame_shape), jnp.float32)
    return _exported(program, (videos,), platforms)


def export_step(
    model: CWVAE,
    frame_shape: tuple[int, ...],
    *,
    batch: int | None = None,
    platforms: Sequence[str] = ("cpu", "cuda"),
) -> jax.export.Exported:
    """Return `cwvae.streaming.step` as a program: `call(state, frames, seed)`.

    It gives the state after the frames, float32 (batch, *frame) in [0, 1]; the frames that were
    expected before they came; and the lowest level's output, (batch, output). `state` is a list of
    arrays, all but the last two inputs of the program; rows that are zeros begin a video.

    **Arguments:** those of `export_forecast`; `batch`, streams.

    Raises `ValueError` for a value outside its range, or a model that cannot be exported so.
    """
    leaves, tree = jax.tree.flatten(streaming.start(model))

    def one(state: _State, frame: Frame, key: PRNGKeyArray) -> tuple[_State, Array, Array]:
        stream = jax.tree.unflatten(tree, state)
        # Before its first frame a stream is as it starts, whatever the caller has.
        fresh = stream.frame == 0
        state = [jnp.where(fresh, first, now) for first, now in zip(leaves, state, strict=True)]
        stream = jax.tree.unflatten(tree, state)
        noise = model.hierarchy.noise_at(stream.frame, key=key)
        stream, record = streaming.step(model, stream, frame, noise)
        return jax.tree.leaves(stream), record.predicted, record.output

    def program(state: _State, frames: Array, seed: _Seed) -> tuple[_State, Array, Array]:
        keys = _keys(seed, frames.shape[0])
        rows = (state, frames, keys)
        return _each(one, *rows) if batch is None else jax.vmap(one)(*rows)

    rows = _rows(batch)
    state = [jax.ShapeDtypeStruct((rows, *leaf.shape), leaf.dtype) for leaf in leaves]
    frames = jax.ShapeDtypeStruct((rows, *frame_shape), jnp.float32)
    return _exported(program, (state, frames), platforms)


def program_bytes(exported: jax.export.Exported) -> bytes:
    """Return the content of the file of a program; `jax.export.deserialize` reads it."""
    with extra("program"):
        import flatbuffers as flatbuffers  # What jax writes it with.
    return bytes(exported.serialize())


def _check_forecast(model: AbstractVideoModel, context: int, batch: int | None) -> None:
    """Raise `ValueError` for a context within a window, or videos that cannot go one by one."""
    if context % model.context_multiple:
        raise ValueError(
            f"context must be a multiple of {model.context_multiple} frames, the slowest period, "
            f"got {context}"
        )
    if batch is None and model.forecast_batch > 1:
        raise ValueError(
            "batch must be a number for a model whose videos share statistics, got None; give the "
            "videos that are predicted together"
        )


def _rows(batch: int | None) -> Any:
    """Return the number of rows, a symbol for any."""
    return jax.export.symbolic_shape("batch")[0] if batch is None else whole_number("batch", batch)


def _keys(seed: _Seed, rows: Any) -> Array:
    """Return a key for each row."""

    def of_row(row: Int[Array, ""]) -> PRNGKeyArray:
        return jr.fold_in(jr.key(seed), row)

    return jax.vmap(of_row)(jnp.arange(rows))


def _each(one: Callable[..., PyTree[Array]], *rows: PyTree[Array]) -> PyTree[Array]:
    """Return what a function gives for each row, of which there may be any number."""
    return jax.lax.map(lambda row: one(*row), rows)


def _exported(
    program: Callable[..., Any], inputs: tuple[Any, ...], platforms: Sequence[str]
) -> jax.export.Exported:
    """Return a program of these inputs and a seed."""
    unknown = [name for name in platforms if name not in PLATFORMS]
    if unknown or not platforms:
        raise ValueError(
            f"platforms must be some of {', '.join(PLATFORMS)}, got {', '.join(unknown) or 'none'}"
        )
    seed = jax.ShapeDtypeStruct((), jnp.uint32)
    return jax.export.export(jax.jit(program), platforms=tuple(platforms))(*inputs, seed)
