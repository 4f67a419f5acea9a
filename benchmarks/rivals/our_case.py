"""Time this package on one case, in a process of its own.

    python benchmarks/rivals/our_case.py --case train --batch 8

prints one JSON line: wall clock of the fastest and of the median call, the CPU seconds of the
fastest, peak resident memory of the process, seconds from the start of this script (before
anything heavy is imported) through import, building the model and compiling to the end of the
first call, and what that call computed. Compilations are not taken from, nor kept in, a persistent
cache.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

# Before jax, whose import belongs to the time to the first step; what takes that long is
# therefore imported where it is used.
START = time.perf_counter()

# What is measured lies beside this folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def main() -> None:
    """Measure a case and print the line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--case", choices=("train", "decoded", "latents"), required=True)
    parser.add_argument("--batch", type=int, default=1, metavar="N", help="videos at a time")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--rounds", type=int, default=5, help="calls after the first, or none")
    parser.add_argument("--size", choices=("moving_mnist", "debug"), default="moving_mnist")
    print(json.dumps(_measure(parser.parse_args())))


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    """Time one case in this process, at the lengths of the preset."""
    from cwvae.cli.starting import compile_for_this_platform

    compile_for_this_platform()  # as the command line does
    import jax

    jax.config.update("jax_enable_compilation_cache", False)
    from measuring import calls, compiled
    from programs import forecasts, train

    from cwvae.provenance import peak_memory

    imported = time.perf_counter()
    what, preset, batch = options.case, options.size, options.batch
    case = (
        train(preset, batch, options.precision)
        if what == "train"
        else forecasts(what, preset, batch)
    )
    arguments = jax.block_until_ready(case.arguments())
    built = time.perf_counter()
    run, known = compiled(case.function, arguments)
    made = calls(run, arguments, case.then)
    value = case.value(next(made)[0])
    found = {"case": what, "batch": batch, "precision": options.precision, "preset": preset} | {
        **case.parameters,
        "seconds_to_first_step": time.perf_counter() - START,
        "import_seconds": imported - START,
        "build_seconds": built - imported,
        "value": value,
    }
    found |= {name: known[name] for name in ("trace_seconds", "compile_seconds")}
    times = []
    for _ in range(options.rounds):
        before = time.process_time()
        times.append((next(made)[1], time.process_time() - before))
    if times:
        least, cpu_seconds = min(times)
        median = statistics.median(wall for wall, _ in times)
        seconds = {"min": least, "median": median, "rounds": options.rounds}
        found |= {"seconds": seconds, "cpu_seconds": cpu_seconds}
    return found | {"peak_rss_bytes": peak_memory()}


if __name__ == "__main__":
    main()
