"""Levels against the speed of the video, and against the clock: short trainings, one a value.

    python scripts/sweeps.py speed RESULT.json --runs FOLDER
    python scripts/sweeps.py factor RESULT.json --runs FOLDER

train the sizes and the recipe of the preset `pocket`, with what was `TRIED` for it and a slowest
level that ticks in the place of the static one, on videos of 1/4 to 4 times the speed, or with
temporal abstraction factors 1 to 8. `factor-static` keeps the static level. RESULT.json is written
after each; a run that stands in it is not made again. `scripts/levels.py` makes tables of the first
two.
"""

import argparse
import itertools
from pathlib import Path

from short_runs import SEEDS, STEPS, TRIED, fill, identity, measured

# Long enough for two ticks of the slowest level with factors up to 8, a window of all factors.
FRAMES = ("--frames", "72", "--batch-size", "10", *itertools.chain(*TRIED.values()))
TICKING = (*FRAMES, "--static-window", "None")
STATIC = (*FRAMES, "--static-window", "24")
SPEEDS, FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0), (1, 2, 4, 6, 8)

SWEEPS: dict[str, dict[str, tuple[str, ...]]] = {
    "speed": {f"{x:g}": (*TICKING, "--speed", str(x)) for x in SPEEDS},
    "factor": {str(k): (*TICKING, "--factors", str(k)) for k in FACTORS},
    "factor-static": {str(k): (*STATIC, "--factors", str(k)) for k in FACTORS},
}


def context_of(sweep: str, value: str) -> int:
    """Return the frames of a context: at least 36, and an end of a tick of every level."""
    period = int(value) ** 2 if sweep == "factor" else int(value) if sweep != "speed" else 36
    return -(-36 // period) * period


def measure(folder: Path, sweep: str, value: str, seed: int, steps: int) -> dict:
    """Train one model, and return what is kept of its metrics."""
    context = context_of(sweep, value)
    run = folder / f"{sweep}-{value}-{seed}-{steps}"
    # The factor of the preset at the speed of the preset stands in both sweeps.
    if sweep == "factor" and value == "6":
        run = folder / f"speed-1-{seed}-{steps}"
    options = SWEEPS[sweep][value]
    found = measured(run, options=options, seed=seed, steps=steps, context=context)
    return {"context": context, "elbo": found["elbo"], **identity(found)}


def main() -> None:
    """Measure what is missing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("sweep", choices=SWEEPS)
    parser.add_argument("result", type=Path, metavar="RESULT.json")
    parser.add_argument("--runs", type=Path, metavar="FOLDER", required=True, help="train there")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--steps", type=int, default=STEPS)
    options = parser.parse_args()

    def one(value: str, seed: int) -> dict:
        return measure(options.runs, options.sweep, value, seed, options.steps)

    fill(options.result, SWEEPS[options.sweep], options.seeds, options.steps, one)


if __name__ == "__main__":
    main()
