"""What every metric that needs no download makes of videos that are spoilt in one way each.

    python scripts/frame_metrics.py benchmarks/results/frame_metrics.json --digits mnist.npz

measures windows of 16 frames of 256 test videos of Moving MNIST, one digit, 64 pixels, and prints
the table of docs/judging.md.
"""

import argparse
import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from scipy.ndimage import uniform_filter

from cwvae.data import MovingMNIST, load_digits
from cwvae.evaluation import (
    digit_distances,
    mass_ratio,
    motion_energy,
    ms_ssim,
    psnr,
    sharpness,
    ssim,
    ssim_gaussian,
)
from cwvae.evaluation.digit_distances import FRAMES
from cwvae.files import write_json
from cwvae.provenance import environment

_VIDEOS, _SIZE = 256, 64
_PER_FRAME = {
    "PSNR (dB)": lambda p, t: jnp.minimum(psnr(p, t), 100.0),
    "SSIM 7x7": ssim,
    "SSIM 11x11": ssim_gaussian,
    "MS-SSIM, 3 scales": lambda p, t: ms_ssim(p, t, scales=3),
}
_RATIOS = {"sharpness": sharpness, "mass": mass_ratio, "motion": motion_energy}
_DIGITS = {"PSNR (dB)": 1, "FDD": 1, "KDD": 3}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("file", type=Path, help="where the figures go")
    parser.add_argument("--digits", type=Path, help="MNIST, as for cwvae; the packaged digits")
    options = parser.parse_args()
    truth, others = (_videos(options.digits, seed) for seed in (0, 1))
    rows = {name: _measured(video, truth, others) for name, video in _spoilt(truth).items()}
    rows["other videos"] = _measured(others, truth, truth)
    report = {**environment(), "videos": _VIDEOS, "frames": FRAMES, "size": _SIZE, "rows": rows}
    write_json(options.file, report)
    print(table(json.loads(options.file.read_text())))


def table(report: dict[str, Any]) -> str:
    """Return the figures as Markdown."""
    heads = [*_PER_FRAME, *_RATIOS, "FDD", "KDD"]
    lines = ["| forecast | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for name, row in report["rows"].items():
        cells = (f"{row[head]:.{_DIGITS.get(head, 2)}f}" for head in heads)
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _videos(digits: Path | None, seed: int) -> np.ndarray:
    """Return test videos in [0, 1]."""
    source = MovingMNIST(
        split="test",
        frames=FRAMES,
        digits=load_digits(digits),
        seed=seed,
        num_digits=1,
        size=_SIZE,
        length=_VIDEOS,
    )
    return np.stack([source[n]["video"] for n in range(_VIDEOS)]).astype(np.float32) / 255


def _spoilt(truth: np.ndarray) -> dict[str, np.ndarray]:
    """Return the truth, spoilt in one way each."""
    noise = 0.1 * np.random.default_rng(0).standard_normal(truth.shape)
    return {
        "the truth": truth,
        "blurred, 3x3": uniform_filter(truth, 3, axes=(2, 3)),
        "blurred, 7x7": uniform_filter(truth, 7, axes=(2, 3)),
        "half as bright": 0.5 * truth,
        "noisy": np.clip(truth + noise, 0, 1).astype(np.float32),
        "first frame held": np.repeat(truth[:, :1], FRAMES, axis=1),
        "blank": np.zeros_like(truth),
    }


def _measured(videos: np.ndarray, truth: np.ndarray, others: np.ndarray) -> dict[str, float]:
    """Return means over frames, medians of ratios, and distances to other videos."""
    found = {}
    for name, metric in _PER_FRAME.items():
        pairs = (jnp.asarray(v.reshape(-1, *v.shape[2:])) for v in (videos, truth))
        found[name] = float(_frames(metric, tuple(pairs)).mean())
    for name, metric in _RATIOS.items():
        found[name] = float(jnp.median(jax.vmap(metric)(videos, truth)))
    distances = digit_distances(videos, others, 1)
    return {**found, "FDD": distances.frechet, "KDD": distances.kernel}


@functools.partial(jax.jit, static_argnums=0)
def _frames(metric: Callable[[Array, Array], Array], pairs: tuple[Array, Array]) -> Array:
    """Return a metric of every frame."""
    return jax.lax.map(lambda pair: metric(*pair), pairs, batch_size=64)


if __name__ == "__main__":
    main()
