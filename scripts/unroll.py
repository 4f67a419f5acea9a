"""Whether a forecast is faster with several ticks in one iteration of a scan.

    python scripts/unroll.py RESULT.json [--preset moving_mnist] [--frames 1000]

times 1000 frames of latents, for several batches and numbers of ticks unrolled, in turn, and prints
the fastest call of each. On a GPU every iteration starts a few kernels of the loop's own.
"""

import argparse
import json
import time
from functools import partial
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.random as jr
import numpy as np

from cwvae.model import CWVAE
from cwvae.provenance import environment
from cwvae.training.build import build
from cwvae.training.presets import PRESETS

SCAN = jax.lax.scan
BATCHES, UNROLLED, ROUNDS = (1, 16, 64, 256), (1, 2, 4, 8), 10


def imagined(model: CWVAE, frames: int, keys: jax.Array) -> jax.Array:
    """Return the lowest level's outputs from the first frame on, a video for each key."""
    levels = model.hierarchy

    def one(key: jax.Array) -> jax.Array:
        noise = levels.noise(frames, key=key)
        return levels.imagine(levels.init(), noise, levels.conditioning(frames))[1][0].output

    return jax.vmap(one)(keys)


def compiled(model: CWVAE, frames: int, keys: jax.Array, unroll: int) -> Any:
    """Return the program in which all scans have so many ticks in an iteration."""
    program: Any = eqx.filter_jit(lambda model, keys: imagined(model, frames, keys))
    jax.lax.scan = partial(SCAN, unroll=unroll)
    try:
        return program.lower(model, keys).compile()
    finally:
        jax.lax.scan = SCAN


def measure(model: CWVAE, frames: int, batch: int) -> dict[str, float]:
    """Return the seconds of the fastest call for each number of ticks unrolled."""
    keys = jr.split(jr.key(0), batch)
    programs = {n: compiled(model, frames, keys, n) for n in UNROLLED}
    first = {n: np.asarray(program(model, keys)) for n, program in programs.items()}
    for n, frames_of in first.items():
        np.testing.assert_allclose(frames_of, first[1], rtol=2e-2, atol=2e-2, err_msg=f"{n}")
    seconds = dict.fromkeys(programs, float("inf"))
    for _ in range(ROUNDS):
        for n, program in programs.items():
            start = time.perf_counter()
            jax.block_until_ready(program(model, keys))
            seconds[n] = min(seconds[n], time.perf_counter() - start)
    return {str(n): least for n, least in seconds.items()}


def main() -> None:
    """Measure every batch, write and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("result", type=Path)
    parser.add_argument("--preset", choices=list(PRESETS), default="moving_mnist")
    parser.add_argument("--frames", type=int, default=1000)
    options = parser.parse_args()
    model = build(PRESETS[options.preset].model, key=jr.key(0))
    found: dict = {"preset": options.preset, "frames": options.frames, "seconds": {}}
    for batch in BATCHES:
        found["seconds"][str(batch)] = measure(model, options.frames, batch)
        print(
            f"batch {batch}:",
            {n: f"{s * 1e3:.2f} ms" for n, s in found["seconds"][str(batch)].items()},
        )
        # After each, so that a run that is cut off leaves what it has.
        options.result.write_text(json.dumps(found | {"environment": environment()}) + "\n")


if __name__ == "__main__":
    main()
