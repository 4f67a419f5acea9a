"""Measure what each formulation of the convolutions gains: the choices of `cwvae.kernels`.

    python scripts/kernels.py RESULT.json

runs a training step and both networks with every choice, one call of each after the other, and
writes the seconds of every call; `--table RESULT.json` prints the table of a result. Only ratios
of the fastest calls are shown, since calls that alternate share what else the machine does.
"""

import argparse
import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path

import equinox as eqx
import jax
import jax.random as jr

from cwvae import PRESETS, build
from cwvae.kernels.choice import Kernels
from cwvae.nn.encoder import Encoder
from cwvae.nn.frame_networks import map_frames
from cwvae.provenance import environment
from cwvae.training.step import init_train_state, train_step

CHOICES: tuple[Kernels, ...] = ("xla", "im2col", "winograd", "auto")
PRESET, BATCH, FRAMES, CALLS = "moving_mnist", 8, 25, 7


def programs(kernels: Kernels) -> dict[str, Callable[[], object]]:
    """Return compiled calls of every case for one choice."""
    preset = PRESETS[PRESET]
    model = build(preset.model, kernels=kernels, key=jr.key(0))
    config = dataclasses.replace(preset.train, batch_size=BATCH, frames=FRAMES)
    size, channels = preset.model.size, preset.model.channels
    videos = jr.uniform(jr.key(1), (BATCH, FRAMES, size, size, channels))
    frames = videos.reshape(-1, size, size, channels)
    outputs = jr.normal(jr.key(2), (len(frames), model.hierarchy.cells[0].output_size))
    state, encoder = init_train_state(model, config), model.encoder
    if not isinstance(encoder, Encoder):
        raise TypeError(f"a preset's encoder must be an Encoder, got {type(encoder).__name__}")
    forward = eqx.filter_jit(map_frames)
    cases = {
        "training step": (eqx.filter_jit(train_step), (state, videos, config)),
        "encoder, forward": (forward, (encoder.frame, frames)),
        "decoder, forward": (forward, (model.decoder, outputs)),
    }
    calls = {}
    for name, (function, arguments) in cases.items():
        compiled = function.lower(*arguments).compile()
        calls[name] = lambda run=compiled, arguments=arguments: run(*arguments)
    return calls


def measure() -> dict:
    """Return the seconds of every call, and what they were measured with."""
    calls = {kernels: programs(kernels) for kernels in CHOICES}
    seconds: dict = {name: {kernels: [] for kernels in CHOICES} for name in calls["auto"]}
    for name, of_choices in seconds.items():
        for _ in range(CALLS):
            for kernels, found in of_choices.items():
                start = time.perf_counter()
                jax.block_until_ready(
                    jax.tree.leaves(eqx.filter(calls[kernels][name](), eqx.is_array))
                )
                found.append(round(time.perf_counter() - start, 4))
    sizes = {"preset": PRESET, "videos": BATCH, "frames": FRAMES}
    return environment() | sizes | {"seconds": seconds}


def source(result: dict) -> str:
    """Return a line of where, with what and when a result was measured."""
    jax_version, day = result["versions"]["jax"], result["date"].partition("T")[0]
    command = " ".join(["python", *result["command"]])
    return f"{result['device']}, jax {jax_version}, Python {result['python']}, {day}: `{command}`"


def table(result: dict) -> str:
    """Return the table in Markdown: how many times as fast as XLA's own each choice is."""
    what = f"{result['preset']}, {result['videos']} videos of {result['frames']} frames"
    choices = list(next(iter(result["seconds"].values())))
    lines = [f"| {what} | {' | '.join(choices)} |", "|---" * (1 + len(choices)) + "|"]
    for name, of_choices in result["seconds"].items():
        best = {kernels: min(found) for kernels, found in of_choices.items()}
        ratios = (f"{best['xla'] / best[kernels]:.1f}" for kernels in choices)
        lines.append(f"| {name} | {' | '.join(ratios)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and write, or print the table of what was written."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("result", type=Path, metavar="RESULT.json")
    parser.add_argument("--table", action="store_true", help="print the table of a result")
    options = parser.parse_args()
    if not options.table:
        options.result.write_text(json.dumps(measure(), indent=1) + "\n")
    result = json.loads(options.result.read_text())
    print(table(result), source(result), sep="\n\n")


if __name__ == "__main__":
    main()
