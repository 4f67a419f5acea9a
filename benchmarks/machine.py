"""What this machine is, and what it can do at most: a large matrix product, a copy."""

import dataclasses
import functools
import os
import platform
import re
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
import memory

__all__ = ["Machine", "Probe", "better", "limits", "slug_of", "this_machine"]

CALLS = 5  # of which the fastest counts


@dataclasses.dataclass(frozen=True)
class Machine:
    """The machine in words, as the name of a file, and by its memory in bytes."""

    kind: str
    device: str
    slug: str
    memory_bytes: int


@dataclasses.dataclass(frozen=True)
class Probe:
    """The sizes by which the limits are measured: a matrix's edge, the numbers of a copy."""

    edge: int
    copied: int


# Large enough that neither starting nor caches count, small enough to be measured at every case.
PROBES = {"cpu": Probe(2048, 2**26), "gpu": Probe(8192, 2**28)}
QUICK = Probe(128, 2**16)


def this_machine() -> Machine:
    """Describe the first device."""
    kind = "cpu" if jax.default_backend() == "cpu" else "gpu"
    if kind == "gpu":
        device = jax.devices()[0].device_kind
        return Machine(kind, device, slug_of(device), memory.total())
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    device = f"cpu: {_processor()}, {cores} core{'s' if cores != 1 else ''}"
    return Machine(kind, device, slug_of(device), memory.total())


def limits(probe: Probe) -> dict[str, float]:
    """Measure the rates of a matrix product and of a copy, now.

    On a GPU products are in float32 proper, in TF32 and in bfloat16.
    """
    work = 2 * probe.edge**3
    found = {}
    for name, (draw, square) in _products(probe.edge).items():
        found[f"{name}matmul_flops_per_second"] = work / _fastest(partial(square, draw()))
    moved = 2 * 4 * probe.copied  # read and written, in bytes
    return found | {"copy_bytes_per_second": moved / _fastest(_copying(probe.copied))}


def better(one: dict[str, float], other: dict[str, float]) -> dict[str, float]:
    """Return the higher of two measurements of each limit."""
    return {name: max(rate, other[name]) for name, rate in one.items()}


@functools.cache
def _products(edge: int) -> dict[str, tuple[Callable[..., jax.Array], Callable[..., jax.Array]]]:
    """Return, by the prefix of its name, what draws a matrix and what multiplies it by itself.

    Compiled once and for all. Numbers are random, since a GPU is faster where all are equal.
    """
    kinds: dict[str, tuple[Any, Any]] = {"": (jnp.float32, jax.lax.Precision.HIGHEST)}
    if jax.default_backend() != "cpu":
        kinds["tf32_"] = (jnp.float32, jax.lax.DotAlgorithmPreset.TF32_TF32_F32)
        kinds["bf16_"] = (jnp.bfloat16, jax.lax.Precision.DEFAULT)
    made = {}
    for name, (dtype, precision) in kinds.items():
        draw = partial(jr.normal, jr.key(0), (edge, edge), dtype)
        square = partial(_square, precision)
        matrix = jax.ShapeDtypeStruct((edge, edge), dtype)
        made[name] = jax.jit(draw).lower().compile(), jax.jit(square).lower(matrix).compile()
    return made


def _square(precision: Any, matrix: jax.Array) -> jax.Array:
    return jnp.matmul(matrix, matrix, precision=precision)


@functools.cache
def _negation(count: int) -> Callable[[jax.Array], jax.Array]:
    """Compile what reads and writes an array of float32 in place.

    In place, so that what is timed is not the system finding new pages.
    """
    array = jax.ShapeDtypeStruct((count,), jnp.float32)
    return jax.jit(jnp.negative, donate_argnums=0).lower(array).compile()


def _copying(count: int) -> Callable[[], jax.Array]:
    """Return a function that reads and writes an array of its own."""
    held = [jnp.ones(count, jnp.float32)]

    def copy() -> jax.Array:
        held[0] = _negation(count)(held[0])
        return held[0]

    return copy


def _fastest(function: Callable[[], jax.Array]) -> float:
    """Return the seconds of the fastest of a few calls after a first one."""
    jax.block_until_ready(function())
    times = []
    for _ in range(CALLS):
        start = time.perf_counter()
        jax.block_until_ready(function())
        times.append(time.perf_counter() - start)
    return min(times)


def _processor() -> str:
    """Return the processor's name."""
    table = Path("/proc/cpuinfo")
    named = re.search(r"^model name\s*: (.*)$", table.read_text() if table.exists() else "", re.M)
    return named[1].strip() if named else platform.processor() or platform.machine()


def slug_of(device: str) -> str:
    """Turn a device's name into that of a file."""
    plain = re.sub(r"\((r|tm)\)|\bcpu @ .*?ghz|\bprocessor\b", "", device.lower())
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
