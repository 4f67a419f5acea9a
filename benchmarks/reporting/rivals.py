"""The page of rivals: what each implementation took in turns on one machine."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from reporting.formatting import memory, number, seconds, table

WHAT = {
    "train": "training step, 100 frames",
    "decoded": "36 + 964 frames, decoded",
    "latents": "964 frames, latents alone",
}
NO_RIVALS = "No result is committed yet; `nox -s rivals` makes one."
OURS = "cwvae"


def rivals(measured: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return what stands at each place of rivals/README.md, from the files of `rivals/run.py`."""
    return {"rivals": "\n\n".join(map(_machine, measured)) or NO_RIVALS}


def _machine(found: Mapping[str, Any]) -> str:
    """Return the table of one machine, and where, when and how it was made."""
    cases = list(found["cases"].values())
    theirs = sorted({run["torch"] for case in cases for run in _theirs(case) if "torch" in run})
    versions = f"cwvae {found['versions']['cwvae']}, jax {found['versions']['jax']}"
    return (
        f"**{found['device']}**, {versions}, PyTorch {', '.join(theirs)}: "
        f"`{found['command']}`\n\n{table(map(_row, cases))}"
    )


def _row(case: Mapping[str, Any]) -> dict[str, str]:
    """Return the row of a case."""
    turns: Mapping[str, list] = case["turns"]
    least = {name: min(map(_least, runs)) for name, runs in turns.items()}
    ratios = sorted(_ratios(turns))
    middle, ends = statistics.median(ratios), (ratios[0], ratios[-1])
    rival = min(_theirs(case), key=_least)
    own = min(turns[OURS], key=_least)
    peaks = [memory(run["peak_rss_bytes"]) for run in (own, rival)]
    first = [number(run["seconds_to_first_step"]) for run in (own, rival)]
    return {
        "what": WHAT[case["case"]],
        "batch": str(case["batch"]),
        "precision": case["precision"],
        **{name: seconds(value) for name, value in least.items()},
        **dict.fromkeys(case.get("failed", ()), "failed"),
        "the faster rival's time / ours": f"{number(middle)} ({' to '.join(map(number, ends))})",
        "peak memory, ours / its": " / ".join(peaks),
        "to the end of the first call": f"{' / '.join(first)} s",
        "turns": str(len(ratios)),
        "date": case["date"][:10],
    }


def _theirs(case: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return all runs of the other implementations."""
    return [run for name, runs in case["turns"].items() if name != OURS for run in runs]


def _least(run: Mapping[str, Any]) -> float:
    """Return the time of a run's fastest call, in seconds."""
    return run["seconds"]["min"]


def _ratios(turns: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[float]:
    """Return for every turn the fastest rival's time as a multiple of ours."""
    found = []
    for turn, own in enumerate(turns[OURS]):
        others = [_least(runs[turn]) for name, runs in turns.items() if name != OURS]
        found.append(min(others) / _least(own))
    return found
