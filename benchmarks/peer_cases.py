"""Time this package on the cases that peers.md compares, each in a process of its own.

    python benchmarks/peer_cases.py --case train --batch 4
    python benchmarks/peer_cases.py --all --out benchmarks/results/peers.json

The first prints one JSON line: wall clock of the fastest and of the median call, the CPU seconds of
the fastest, peak resident memory of the process, seconds from the start of this script (before
anything heavy is imported) through import, building the model and compiling to the end of the
first call, and what that call computed. Compilations are not taken from, nor kept in, a persistent
cache.
"""

import argparse
import datetime
import functools
import importlib.metadata
import json
import os
import platform
import resource
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

# Before jax, whose import belongs to the time to the first step; what takes that long is
# therefore imported where it is used.
START = time.perf_counter()

CASES = (("train", 1), ("train", 4), ("train", 8), ("open_loop", 1), ("open_loop", 4))
PACKAGES = ("cwvae", "jax", "jaxlib", "equinox", "optax", "numpy")
BAD_INPUT = 2


class Call(NamedTuple):
    """What one call took, and what it computed."""

    wall: float
    cpu: float
    value: dict[str, float]


class Parser(argparse.ArgumentParser):
    """Say in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        """Print the message and leave."""
        self.exit(BAD_INPUT, f"peer_cases.py: error: {message}; --help shows all options\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure one case or all of them, and return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.all != (options.out is not None):
        parser.error("--all and --out belong together")
    if not options.all and options.batch is None:
        parser.error("--case needs --batch N")
    if options.all:
        return _measure_all(options)
    try:
        print(json.dumps(_measure(options)))
    except ValueError as error:
        parser.error(" ".join(str(error).split()))
    return 0


def _parser() -> Parser:
    """Return the options."""
    parser = Parser(description=__doc__.splitlines()[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--case", choices=("train", "open_loop"), help="what to time")
    what.add_argument("--all", action="store_true", help="all cases, each in a fresh process")
    parser.add_argument("--batch", type=_positive, metavar="N", help="videos at a time")
    parser.add_argument("--rounds", type=_positive, default=5, help="calls after the first")
    parser.add_argument("--frames", type=_positive, default=100, help="frames of a training video")
    parser.add_argument("--context", type=_positive, default=36, help="frames before the open loop")
    parser.add_argument("--horizon", type=_positive, default=964, help="frames of the open loop")
    parser.add_argument("--size", choices=("moving_mnist", "debug"), default="moving_mnist")
    parser.add_argument("--out", type=Path, help="JSON file for --all")
    return parser


def _positive(text: str) -> int:
    """Read a count."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return int(text)


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    """Time one case in this process."""
    import jax

    jax.config.update("jax_enable_compilation_cache", False)
    calls = (_train if options.case == "train" else _open_loop)(options)
    value = next(calls).value
    first = time.perf_counter() - START
    rounds = [next(calls) for _ in range(options.rounds)]
    fastest = min(rounds, key=lambda call: call.wall)
    return {
        "case": options.case,
        "batch": options.batch,
        **_sizes(options),
        "seconds": {
            "min": fastest.wall,
            "median": statistics.median(call.wall for call in rounds),
            "rounds": options.rounds,
        },
        "cpu_seconds": fastest.cpu,
        "peak_rss_bytes": _peak_rss(),
        "seconds_to_first_step": first,
        "value": value,
    }


def _sizes(options: argparse.Namespace) -> dict[str, Any]:
    """Return the sizes that matter to a case; its frames are those of a video."""
    if options.case == "train":
        return {"preset": options.size, "frames": options.frames}
    lengths = {"context": options.context, "horizon": options.horizon}
    return {"preset": options.size, "frames": sum(lengths.values()), **lengths}


def _train(options: argparse.Namespace) -> Iterator[Call]:
    """Yield training steps as the command line takes them, each from the state before it."""
    import jax.numpy as jnp
    import jax.random as jr
    import numpy as np

    from cwvae import PRESETS, build
    from cwvae.training.step import init_train_state, train_in_place

    preset = PRESETS[options.size]
    size, channels = preset.model.size, preset.model.channels
    shape = (options.batch, options.frames, size, size, channels)
    videos = jnp.asarray(np.random.default_rng(0).integers(256, size=shape, dtype=np.uint8))
    state = init_train_state(build(preset.model, key=jr.key(0)), preset.train)
    while True:
        step = functools.partial(train_in_place, videos, state, preset.train)
        (state, record), wall, cpu = _timed(step)
        yield Call(wall, cpu, {"loss": float(record.loss.total)})


def _open_loop(options: argparse.Namespace) -> Iterator[Call]:
    """Yield forecasts of a batch of videos, decoded."""
    import equinox as eqx
    import jax
    import jax.random as jr

    from cwvae import PRESETS, build, forecast

    config = PRESETS[options.size].model
    shape = (options.batch, options.context, config.size, config.size, config.channels)
    model, contexts = build(config, key=jr.key(0)), jr.uniform(jr.key(1), shape)

    @eqx.filter_jit
    def run(model, contexts, keys):
        one = lambda context, key: forecast(model, context, options.horizon, key=key)  # noqa: E731
        return jax.vmap(one)(contexts, keys)

    keys = jr.split(jr.key(2), options.batch)
    while True:
        frames, wall, cpu = _timed(lambda: run(model, contexts, keys))
        yield Call(wall, cpu, {"mean": float(frames.mean())})


def _timed(call: Callable[[], Any]) -> tuple[Any, float, float]:
    """Call, wait for all of the result, and return it with its wall clock and CPU seconds."""
    import jax

    wall, cpu = time.perf_counter(), time.process_time()
    result = jax.block_until_ready(call())
    return result, time.perf_counter() - wall, time.process_time() - cpu


def _peak_rss() -> int:
    """Return the most memory that this process had, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _measure_all(options: argparse.Namespace) -> int:
    """Measure every case and write the file of results."""
    # This process stays small: Linux counts what a parent holds to the peak of its child.
    cases = []
    for case, batch in CASES:
        lengths = ("rounds", "frames", "context", "horizon", "size")
        given = (f"--{name}={getattr(options, name)}" for name in lengths)
        command = [sys.executable, __file__, "--case", case, "--batch", str(batch), *given]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            return done.returncode
        cases.append(json.loads(done.stdout))
        print(done.stdout, end="", file=sys.stderr)
    results = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "device": _device(),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
        "command": shlex.join(["python", *sys.argv]),
        "cases": cases,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(results, indent=2) + "\n")
    return 0


def _device() -> str:
    """Return the processor and how many of its cores this process may use."""
    names = [platform.processor() or platform.machine()]
    information = Path("/proc/cpuinfo")
    if information.exists():
        lines = (line.partition(":") for line in information.read_text().splitlines())
        names = [value.strip() for key, _, value in lines if key.strip() == "model name"] or names
    usable = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0)
    return f"cpu: {names[0]}, {len(usable)} core{'s' if len(usable) != 1 else ''}"


if __name__ == "__main__":
    sys.exit(main())
