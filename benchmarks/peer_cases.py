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
import json
import shlex
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

# Before jax, whose import belongs to the time to the first step; what takes that long is
# therefore imported where it is used.
START = time.perf_counter()

CASES = (("train", 1), ("train", 4), ("train", 8), ("open_loop", 1), ("open_loop", 4))


def main() -> None:
    """Measure one case or all of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--case", choices=("train", "open_loop"), help="what to time")
    what.add_argument("--all", action="store_true", help="all cases, each in a fresh process")
    parser.add_argument("--batch", type=int, default=1, metavar="N", help="videos at a time")
    parser.add_argument("--rounds", type=int, default=5, help="calls after the first, or none")
    parser.add_argument("--size", choices=("moving_mnist", "debug"), default="moving_mnist")
    parser.add_argument("--out", type=Path, default=Path("peers.json"), help="file for --all")
    options = parser.parse_args()
    if options.all:
        _measure_all(options.out)
    else:
        print(json.dumps(_measure(options.case, options.size, options.batch, options.rounds)))


def _measure(what: str, preset: str, batch: int, rounds: int) -> dict[str, Any]:
    """Time one case in this process, at the lengths of the preset."""
    import jax

    jax.config.update("jax_enable_compilation_cache", False)
    from measuring import calls, compiled
    from programs import forecasts, train

    from cwvae.provenance import peak_memory

    imported = time.perf_counter()
    case = train(preset, batch) if what == "train" else forecasts("decoded", preset, batch)
    arguments = jax.block_until_ready(case.arguments())
    built = time.perf_counter()
    run, known = compiled(case.function, arguments)
    made = calls(run, arguments, case.then)
    value = case.value(next(made)[0])
    found = {"case": what, "batch": batch, "preset": preset, **case.parameters} | {
        "seconds_to_first_step": time.perf_counter() - START,
        "import_seconds": imported - START,
        "build_seconds": built - imported,
        "value": value,
    }
    found |= {name: known[name] for name in ("trace_seconds", "compile_seconds")}
    times = []
    for _ in range(rounds):
        before = time.process_time()
        times.append((next(made)[1], time.process_time() - before))
    if times:
        least, cpu_seconds = min(times)
        median = statistics.median(wall for wall, _ in times)
        seconds = {"min": least, "median": median, "rounds": rounds}
        found |= {"seconds": seconds, "cpu_seconds": cpu_seconds}
    return found | {"peak_rss_bytes": peak_memory()}


def _measure_all(path: Path) -> None:
    """Measure every case and write the file of results."""
    starts = [(sys.executable, __file__, f"--case={what}", f"--batch={n}") for what, n in CASES]
    cases = [json.loads(subprocess.check_output(start)) for start in starts]
    from cwvae.files import write_json
    from cwvae.provenance import environment

    command = shlex.join(["python", *sys.argv])
    write_json(path, environment() | {"command": command, "cases": cases})


if __name__ == "__main__":
    main()
