"""Take one training step in a process that has imported nothing yet, and say how long it took.

    python benchmarks/first_step.py PRESET BATCH FRAMES

prints one line of JSON, by the names of the result files. The clock starts before the first import
of JAX.
"""

import time

START = time.perf_counter()

import dataclasses  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402

import jax  # noqa: E402
import jax.random as jr  # noqa: E402

from cwvae import PRESETS, build  # noqa: E402
from cwvae.training.step import init_train_state, train_in_place  # noqa: E402


def main() -> None:
    """Build, compile, step, print."""
    imported = time.perf_counter()
    import inputs
    import memory
    from programs import compiled

    name, batch, frames = sys.argv[1], *map(int, sys.argv[2:])
    preset = PRESETS[name]
    train = dataclasses.replace(preset.train, batch_size=batch, frames=frames)
    state = init_train_state(build(preset.model, key=jr.key(0)), train)
    arguments = inputs.videos(preset.model, batch, frames), state, train
    built = time.perf_counter()
    program = compiled(train_in_place, arguments)
    _, record = jax.block_until_ready(program.run(*arguments))
    told = {
        "cpu_seconds": time.process_time(),
        "trace_seconds": program.trace_seconds,
        "compile_seconds": program.compile_seconds,
        "memory": program.memory() | {"peak_rss": memory.resident_peak()},
        "value": {
            "loss": float(record.loss.total),
            "seconds": time.perf_counter() - START,
            "import_seconds": imported - START,
            "build_seconds": built - imported,
        },
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
