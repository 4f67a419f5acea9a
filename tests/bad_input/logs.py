"""Logs and reports in run folders with numbers that no training and no measurement gives."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bad_input import Row
from bad_input.configurations import KNOWN, written

# An integer that JSON can hold and no float can.
HUGE = "1" + "0" * 400


def logged(line: str) -> Callable[[Path], object]:
    """Return what writes a run whose log has one line."""

    def make(folder: Path) -> None:
        written(json.dumps(KNOWN))(folder)
        (folder / "run" / "metrics.jsonl").write_text(f"{line}\n")

    return make


def measured(**fields: Any) -> Callable[[Path], object]:
    """Return what writes a run with a report of an evaluation."""
    report = {"data": "moving_mnist", "context": 4, "horizon": 8, "num_examples": 4} | fields

    def make(folder: Path) -> None:
        written(json.dumps(KNOWN))(folder)
        (folder / "run" / "evaluation").mkdir()
        (folder / "run" / "evaluation" / "metrics.json").write_text(json.dumps(report))

    return make


def log(line: str) -> Row:
    return Row("info run", "metrics.jsonl: expected lines of metrics.*; delete it", logged(line))


def compared(make: Callable[[Path], object]) -> Row:
    return Row("compare run {run}", "what cwvae evaluate .*; measure again", make)


SSIM = {"model, mean": {"ssim": {"mean": 0.5, "std": 0.1}}}
ROWS = {
    "log: no JSON": log("{"),
    "log: nested deep": log("[" * 10_000),
    "log: a step of text": log('{"step": "1"}'),
    "log: nats that no float holds": log(f'{{"step": 1, "kl_per_tick/level_0": {HUGE}}}'),
    "report: no videos": compared(measured(summary=SSIM, num_examples=0)),
    "report: fewer videos than none": compared(measured(summary=SSIM, num_examples=-1)),
    "report: videos that no float holds": compared(
        measured(summary=SSIM, num_examples=int(HUGE) - 1)
    ),
    "report: a bound that no float holds": compared(
        measured(elbo={"value": int(HUGE), "frames": 4, "kl_per_level": []})
    ),
}
