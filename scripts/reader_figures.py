"""Measure how well trained readers read clean test videos, and write figures.json.

    python scripts/reader_figures.py --digits mnist.npz --out readers

reads the networks that `scripts/train_reader.py` left in the folder. Those that ship lie in
src/cwvae/evaluation/weights, with these figures.
"""

import argparse
import datetime
import functools
import hashlib
import itertools
import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from reader_pictures import blurred_by
from reader_rivals import OtherClassifier

from cwvae.data.digits import load_digits
from cwvae.data.moving_mnist import MovingMNIST
from cwvae.evaluation.classifier import Classifier
from cwvae.evaluation.place_finder import PlaceFinder
from cwvae.evaluation.reader import PAIRS, SIZES, Reader
from cwvae.evaluation.video_reading import WINDOW, distance, read_frames, window_classes
from cwvae.provenance import environment
from cwvae.training.named_arrays import filled

_EDGES = (0, 4, 8, 14, 20, 28, 51)  # between the digits' corners, in pixels of 64
_DIGIT = 28 / 64
_SHIPPED = ("place_finder", *(f"classifier_{size}" for size in SIZES))


def main() -> None:
    """Measure, print and write."""
    options = _options()
    sets = {"": load_digits(options.digits), ", packaged digits": load_digits()}
    if options.digits is None:
        del sets[", packaged digits"]
    finder = _loaded(PlaceFinder, options.out / "place_finder.npz")
    figures = {}
    for size, num_digits in itertools.product(SIZES, (1, 2)):
        first, second = (
            Reader(finder, _loaded(functools.partial(kind, size // 2), options.out / f"{name}.npz"))
            for kind, name in (
                (Classifier, f"classifier_{size}"),
                (OtherClassifier, f"other_{size}"),
            )
        )
        for name, digits in sets.items():
            source = MovingMNIST(
                split="test",
                frames=WINDOW,
                digits=digits,
                seed=options.seed,
                num_digits=num_digits,
                size=size,
                length=options.videos,
            )
            title = f"{num_digits} digit{'s' * (num_digits > 1)}, {size} pixels{name}"
            figures[title] = _figures(first, second, source)
            print(title, json.dumps(figures[title]), flush=True)
    _write(options, figures, len(sets[""].train_images), len(sets[""].test_images))


def _figures(first: Reader, second: Reader, source: MovingMNIST) -> dict:
    """Return how well the first reader reads, and how often the second one reads the same."""
    items = [source[n] for n in range(len(source))]
    videos = np.stack([item["video"] for item in items]).astype(np.float32) / 255
    positions = np.stack([item["positions"] for item in items])
    labels = np.stack([item["labels"] for item in items])
    truth = (
        labels[:, 0]
        if source.num_digits == 1
        else np.array([PAIRS.index(tuple(sorted(pair))) for pair in labels.tolist()])
    )
    frames = videos.reshape(-1, *videos.shape[2:])
    readings = [read_frames(reader, frames, source.num_digits) for reader in (first, second)]
    log_probs, other_log_probs = (
        np.asarray(reading.log_probs).reshape(*videos.shape[:2], -1) for reading in readings
    )
    classes, confident = window_classes(log_probs)
    others, _ = window_classes(other_log_probs)
    right = log_probs.argmax(-1) == truth[:, np.newaxis]
    blurred = blurred_by(jnp.asarray(frames[..., 0]), jnp.ones(len(frames)))
    dim = 0.7 * np.asarray(blurred)[..., np.newaxis]
    faint = np.asarray(read_frames(first, dim, source.num_digits).log_probs)
    errors = distance(np.asarray(readings[0].places).reshape(positions.shape), positions)
    return {
        "frames": _share(right),
        "windows": _share(classes == truth),
        "legible windows": _share(confident),
        "windows, blurred by 1 pixel and dimmed to .7": _share(
            window_classes(faint.reshape(log_probs.shape))[0] == truth
        ),
        "windows, second reader": _share(others == truth),
        "agreement on windows": _share(classes == others),
        **_place_figures(errors, right, positions, source.size),
    }


def _place_figures(errors: np.ndarray, right: np.ndarray, positions: np.ndarray, size: int) -> dict:
    """Return errors of places in pixels, and for two digits what their distance does."""
    if positions.shape[2] == 1:
        return {
            "place error, median": _rounded(np.median(errors)),
            "place error, 90th percentile": _rounded(np.percentile(errors, 90)),
        }
    apart = positions[:, :, 0] - positions[:, :, 1]
    free = np.abs(apart).max(-1) >= _DIGIT * size
    between = np.linalg.norm(apart, axis=-1) * 64 / size
    bins = {
        f"{low} to {high} pixels of 64": (between >= low) & (between < high)
        for low, high in itertools.pairwise(_EDGES)
    }
    return {
        "place error where digits do not overlap, median": _rounded(np.median(errors[free])),
        "place error where digits do not overlap, 90th percentile": _rounded(
            np.percentile(errors[free], 90)
        ),
        "place error of all, median": _rounded(np.median(errors)),
        "frames by distance": {name: _share(right[inside]) for name, inside in bins.items()},
    }


def _share(right: np.ndarray) -> float:
    """Return the share that is true."""
    return _rounded(right.mean())


def _rounded(number: float) -> float:
    """Return four decimals."""
    return round(float(number), 4)


def _loaded(network: Callable[..., Any], file: Path) -> Any:
    """Return a network with the weights of a file."""
    empty = eqx.filter_eval_shape(network, key=jr.key(0))
    with np.load(file, allow_pickle=False) as arrays:
        weights = {name: jnp.asarray(arrays[name], jnp.float32) for name in arrays.files}
    return filled(empty, weights)


def _write(options: argparse.Namespace, figures: dict, train: int, test: int) -> None:
    """Write the figures with all that they depend on."""
    trained = {
        file.stem: json.loads(file.read_text()) for file in sorted(options.out.glob("*_*.json"))
    }
    report = {
        "figures": figures,
        "videos": options.videos,
        "frames of a window": WINDOW,
        "digits": {"trained on": train, "measured on": test},
        "training": trained,
        "sha256": {
            name: hashlib.sha256((options.out / f"{name}.npz").read_bytes()).hexdigest()
            for name in _SHIPPED
        },
        "command": shlex.join(["python", *sys.argv]),
        "date": datetime.date.today().isoformat(),
        "environment": environment(),
    }
    (options.out / "figures.json").write_text(json.dumps(report, indent=2) + "\n")


def _options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--digits", type=Path, help="MNIST, as for cwvae; the packaged digits")
    parser.add_argument("--videos", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0, help="of the test videos")
    parser.add_argument("--out", type=Path, default=Path("readers"), help="folder of the networks")
    return parser.parse_args()


if __name__ == "__main__":
    main()
