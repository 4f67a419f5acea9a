"""Time this package and the PyTorch model in turn, on the same cores, and keep what was found.

    python benchmarks/rivals/run.py                       # all cases, 3 turns
    python benchmarks/rivals/run.py --cases latents-1
    python benchmarks/rivals/run.py --gpu                 # the cases of a GPU
    python benchmarks/rivals/run.py --torch OTHER/bin/python

In every turn each implementation runs once, in a process of its own; what the machine does beside
them comes and goes for all. Cases that are not named keep their place in the file of results.
"""

import argparse
import json
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cwvae.files import write_json
from cwvae.provenance import environment

HERE = Path(__file__).resolve().parent
RESULTS = HERE.parent / "results"
OURS, PLAIN, COMPILED = "cwvae", "PyTorch", "PyTorch, torch.compile"

# By name: what is computed, videos at a time, precision.
CASES = {
    "train-1": ("train", 1, "float32"),
    "train-8": ("train", 8, "float32"),
    "train-8-bfloat16": ("train", 8, "bfloat16"),
    "decoded-1": ("decoded", 1, "float32"),
    "decoded-8": ("decoded", 8, "float32"),
    "latents-1": ("latents", 1, "float32"),
    "latents-8": ("latents", 8, "float32"),
}
GPU_CASES = {
    "train-50": ("train", 50, "float32"),
    "train-50-bfloat16": ("train", 50, "bfloat16"),
    "decoded-16": ("decoded", 16, "float32"),
    "latents-16": ("latents", 16, "float32"),
}


def commands(case: tuple[str, int, str], rounds: int, torch: str) -> dict[str, list[str]]:
    """Return the command of each implementation."""
    what, batch, precision = case
    words = [f"--case={what}", f"--batch={batch}", f"--precision={precision}", f"--rounds={rounds}"]
    theirs = [torch, str(HERE / "torch_case.py"), *words]
    return {
        OURS: [sys.executable, str(HERE / "our_case.py"), *words],
        PLAIN: theirs,
        COMPILED: [*theirs, "--compile"],
    }


def measure(case: tuple[str, int, str], turns: int, rounds: int, torch: str) -> dict[str, Any]:
    """Return what every turn found of a case, by implementation.

    A rival that fails is left out of the turns, with its exit status under `failed`; raises
    `RuntimeError` where none is left.
    """
    found: dict[str, list[Any]] = {}
    failed: dict[str, int] = {}
    for _ in range(turns):
        for name, command in commands(case, rounds, torch).items():
            try:
                found.setdefault(name, []).append(json.loads(last_line(command)))
            except subprocess.CalledProcessError as error:
                if name == OURS:
                    raise
                failed[name] = error.returncode
    turned = {name: runs for name, runs in found.items() if name not in failed}
    if turned.keys() == {OURS}:
        raise RuntimeError(f"no rival ran this case; exit status of each: {failed}")
    what, batch, precision = case
    kinds = {"case": what, "batch": batch, "precision": precision}
    return {**kinds, "turns": turned, "failed": failed}


def last_line(command: Sequence[str]) -> str:
    """Return the last line that a command prints; raises `CalledProcessError` where it fails."""
    return subprocess.check_output(command, text=True).splitlines()[-1]


def kept(path: Path) -> dict[str, Any]:
    """Return the cases that a file of results has, by name."""
    return json.loads(path.read_text())["cases"] if path.is_file() else {}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure cases; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known: Mapping[str, tuple[str, int, str]] = CASES | GPU_CASES
    parser.add_argument("--cases", nargs="+", choices=sorted(known), metavar="CASE")
    parser.add_argument("--gpu", action="store_true", help="the cases of a GPU")
    parser.add_argument("--turns", type=int, default=3, help="processes of each implementation")
    parser.add_argument("--rounds", type=int, default=5, help="calls in a process, after the first")
    parser.add_argument("--torch", default=sys.executable, help="the Python that has PyTorch")
    parser.add_argument("--out", type=Path, help="file of results")
    options = parser.parse_args(arguments)
    out = options.out or RESULTS / f"rivals-{'gpu' if options.gpu else 'cpu'}.json"
    cases = kept(out)
    for name in options.cases or (GPU_CASES if options.gpu else CASES):
        found = measure(known[name], options.turns, options.rounds, options.torch)
        here = environment()
        cases[name] = found | {"date": here["date"]}
        words = ["python", "benchmarks/rivals/run.py", *(["--gpu"] if options.gpu else [])]
        # After every case, so that what is cut off has left something.
        write_json(out, here | {"command": shlex.join(words), "cases": cases})
        print(f"{name}: kept in {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
