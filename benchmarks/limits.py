"""What the machine can do at most: a large matrix product and a large copy, measured now."""

import functools
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import jax.random as jr

CALLS = 5  # of which the fastest counts


class Probe(NamedTuple):
    """The sizes by which the limits are measured: a matrix's edge, the numbers of a copy."""

    edge: int
    copied: int


TINY = Probe(128, 2**16)


def probe() -> Probe:
    """Return sizes at which neither starting nor caches count, measured in about a second."""
    return Probe(2048, 2**26) if jax.default_backend() == "cpu" else Probe(8192, 2**28)


def limits(sizes: Probe) -> dict[str, float]:
    """Measure the rates of a matrix product and of a copy.

    On a GPU products are in float32 proper, in TF32 and in bfloat16.
    """
    kinds: dict[str, tuple[Any, Any]] = {"": (jnp.float32, jax.lax.Precision.HIGHEST)}
    if jax.default_backend() != "cpu":
        kinds["tf32_"] = (jnp.float32, jax.lax.DotAlgorithmPreset.TF32_TF32_F32)
        kinds["bf16_"] = (jnp.bfloat16, jax.lax.Precision.DEFAULT)
    found = {}
    for name, (dtype, precision) in kinds.items():
        draw, square = _product(sizes.edge, dtype, precision)
        seconds = _fastest(partial(square, draw()))
        found[f"{name}matmul_flops_per_second"] = 2 * sizes.edge**3 / seconds
    held, negate = [jnp.ones(sizes.copied, jnp.float32)], _negation(sizes.copied)

    def copy() -> jax.Array:
        held[0] = negate(held[0])
        return held[0]

    moved = 2 * held[0].nbytes  # read and written
    return found | {"copy_bytes_per_second": moved / _fastest(copy)}


def higher(one: dict[str, float], other: dict[str, float]) -> dict[str, float]:
    """Return the higher of two measurements of each limit."""
    return {name: max(rate, other[name]) for name, rate in one.items()}


@functools.cache
def _product(edge: int, dtype: Any, precision: Any) -> tuple[Callable, Callable]:
    """Return what draws a matrix and what multiplies it by itself, compiled once and for all.

    Numbers are random, since a GPU is faster where all are equal.
    """
    matrix = jax.ShapeDtypeStruct((edge, edge), dtype)
    draw = jax.jit(partial(jr.normal, jr.key(0), matrix.shape, dtype))
    square = jax.jit(lambda matrix: jnp.matmul(matrix, matrix, precision=precision))
    return draw.lower().compile(), square.lower(matrix).compile()


@functools.cache
def _negation(count: int) -> Callable[[jax.Array], jax.Array]:
    """Compile what reads and writes an array of float32.

    In place, so that what is timed is not the system finding new pages.
    """
    array = jax.ShapeDtypeStruct((count,), jnp.float32)
    return jax.jit(jnp.negative, donate_argnums=0).lower(array).compile()


def _fastest(function: Callable[[], jax.Array]) -> float:
    """Return the seconds of the fastest of a few calls after a first one."""
    jax.block_until_ready(function())
    times = []
    for _ in range(CALLS):
        start = time.perf_counter()
        jax.block_until_ready(function())
        times.append(time.perf_counter() - start)
    return min(times)
