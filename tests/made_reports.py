"""Made-up results of analyses and evaluations, and pictures, for pages without a model."""

from typing import Any

import numpy as np

from cwvae.report.grids import Grid
from cwvae.report.results import Results

KEPT = {
    "none": {"identity": 0.9, "position": 1.0, "error": 0.5},
    "0": {"identity": 0.8, "position": 0.1, "error": 9.0},
    "1": {"identity": 0.05, "position": 0.9, "error": 0.6},
    "0 1": {"identity": 0.0, "position": 0.0, "error": 9.0},
}
SWAP = {
    "0": {"success": 0.0, "identity_of_own": 0.9, "identity_of_other": 0.0}
    | {"position_of_own": 0.1, "position_of_other": 0.9},
    "1": {"success": 0.85, "identity_of_own": 0.0, "identity_of_other": 0.88}
    | {"position_of_own": 0.9, "position_of_other": 0.1},
}


SPEED = {
    "speeds": [0.25, 0.5, 1.0, 2.0],
    "nats": [[2.0, 8.0], [3.0, 7.0], [5.0, 5.0], [8.0, 2.0]],
    "shares": [[0.2, 0.8], [0.3, 0.7], [0.5, 0.5], [0.8, 0.2]],
    "correlations": [1.0, -1.0],
    "videos": 20,
    "left_out": {"4.0": "too short"},
}
CLOCK = [
    {"factor": factor, "frames": 1000, "parameters": 1234, "ticks": [1000, ticks], "seconds": s}
    for factor, ticks, s in ((1, 1000, 0.02), (4, 250, 0.0125))
]


def read(score: float, shuffled: float, **more) -> dict[str, Any]:
    return {"score": score, "shuffled": shuffled, "videos": 20, **more}


def analysis(name: str = "a run", **changes) -> dict[str, Any]:
    """Return what `analysis.json` holds, of two levels."""
    frames = {"0": [0, 1, 2, 3, 4, 5], "1": [0, 2, 4]}
    levels = [
        {
            "nats_per_tick": 1.0,
            "nats_per_video": nats,
            "active_units": 3,
            "frames": frames[level],
            "kl": [1.0] * observed,
            "entropy": [2.0] * len(frames[level]),
        }
        for level, nats, observed in (("0", 4.0, 4), ("1", 6.0, 2))
    ]
    read_by_level = [
        {"digits": read(0.5, 0.1), "position": read(0.75, 6.8), "velocity": read(1.9, 1.93)},
        {"digits": read(0.93, 0.12), "position": read(6.7, 6.8), "velocity": read(1.9, 1.93)},
    ]
    probes = changes.pop("probes", read_by_level)
    over_time = {
        "frames": [1, 3, 5],
        "context": 4,
        "levels": [
            {name: {"scores": [0.5, 0.6, None], "shuffled": [0.1] * 3} for name in level}
            for level in probes
        ],
    }
    known = {"run": name, "step": 9000, "context": 4, "horizon": 2, "videos": 20, "seed": 0}
    parts = {"periods": [1, 2], "levels": levels, "probes": probes}
    parts |= {"probes_over_time": over_time, "probes_left_out": {"kind": "too few"}}
    done = {"blind": KEPT, "reset": KEPT, "resample": KEPT, "swap": SWAP}
    return known | parts | done | {"speed": SPEED, "clock": CLOCK} | changes


def evaluation(identity: float = 0.9, ssim: float = 0.8, **changes) -> dict[str, Any]:
    """Return what `metrics.json` holds, of two levels; intervals are 0.05 on either side."""
    accuracy = {
        part: [1.0, identity + by] for part, by in {"mean": 0.0, "low": -0.05, "high": 0.05}.items()
    }
    scores = {
        name: {"mean": mean, "std": 0.1, "interval": [mean - 0.05, mean + 0.05]}
        for name, mean in {"ssim": ssim, "psnr": 20.0}.items()
    }
    curve = {"mean": [1.0, ssim, ssim], "std": [0.1] * 3}
    return {
        "step": 9000,
        "context": 4,
        "horizon": 3,
        "num_examples": 20,
        "data": "moving_mnist",
        "blind": [],
        "elbo": {
            "frames": 7,
            "value": -5.0,
            "interval": [-6.0, -4.0],
            "kl_per_level": [4.0, 6.0],
            "kl_intervals": [[3.9, 4.1], [5.9, 6.1]],
        },
        "summary": {"model, mean": scores},
        "curves": {"model, mean": {"ssim": curve, "psnr": curve}},
        "identity": {"frames": [5, 7], "rows": {"model": {"accuracy": accuracy}}},
    } | changes


def results(name: str, **changes) -> Results:
    """Return what is known of a run."""
    known = {
        "facts": {"preset": "debug", "likelihood": "normal"},
        "test": {"data": "moving_mnist, 2 digits", "frames": "32 x 32 x 1"},
        "evaluation": evaluation(),
        "analysis": analysis(name),
        "speeds": [100.0, 110.0, 110.0, 120.0],
        "device": "cpu",
        "memory": 2**30,
        "missing": [],
    }
    return Results(name=name, **(known | changes))


def grid(*labels: str, frames: int = 6, channels: int = 1) -> Grid:
    """Return random videos by labels, two in each column, of which the last frames are forecast."""
    random = np.random.default_rng(len(labels))
    shape = (2, frames, 16, 16, channels)
    columns = {label: random.integers(0, 256, shape, np.uint8) for label in labels}
    return Grid(columns, np.arange(3, 3 + frames), context=4)


def pictures() -> dict[str, Grid]:
    """Return a picture of every experiment."""
    kept = grid("truth", "none", "level 0", "level 1")
    swapped = grid("own", "other", "level 0", "level 1")
    done = dict.fromkeys(("blind", "reset", "resample"), kept)
    return {**done, "swap": swapped, "forecast": grid("video 1", frames=12)}
