"""Train the same model in float32 and in bfloat16, and compare the losses.

Models of the `demo` size learn one bouncing digit for a few hundred steps. All see the same batches
in the same order; float32 with another seed (of weights and noise) shows how much the losses
differ anyway. Losses of training videos are those of the last steps, losses of test videos are
computed in float32. Results go to a JSON file.

    python scripts/precision.py --out benchmarks/results/precision.json
"""

import argparse
import dataclasses
import json
import time
from itertools import islice
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from tqdm import tqdm

from cwvae import PRESETS, TrainConfig, build, loss
from cwvae.data.digits import load_digits
from cwvae.data.listing import Split
from cwvae.data.moving_mnist import MovingMNIST
from cwvae.data.pipeline import batches
from cwvae.provenance import environment
from cwvae.training.step import TrainState, init_train_state, train_in_place

PRESET = PRESETS["demo"]
LAST = 50  # steps over which training losses are averaged
TESTED = 64  # test videos
RUNS = {
    "float32": {"compute_dtype": "float32", "seed": 0},
    "bfloat16": {"compute_dtype": "bfloat16", "seed": 0},
    "float32, another seed": {"compute_dtype": "float32", "seed": 1},
}


def videos(split: Split) -> MovingMNIST:
    """Return videos of one digit."""
    options = {"digits": load_digits(), "num_digits": 1, "size": PRESET.model.size}
    return MovingMNIST(split=split, frames=PRESET.train.frames, **options)


def train(name: str, config: TrainConfig) -> tuple[TrainState, list[float]]:
    """Train one model; return its state and the loss of every step, in nats per frame."""
    state = init_train_state(build(PRESET.model, key=jr.key(config.seed)), config)
    source = batches(videos("train"), batch_size=config.batch_size, seed=0)
    losses = []
    for batch in tqdm(islice(source, config.steps), desc=name, total=config.steps, mininterval=10):
        state, record = train_in_place(jnp.asarray(batch["video"]), state, config)
        losses.append(record.loss.total)
    return state, [float(value) for value in losses]


def tested(state: TrainState) -> float:
    """Return the loss of test videos, in nats per frame."""
    source = videos("test")
    frames = np.stack([source[index]["video"] for index in range(TESTED)]).astype(np.float32) / 255
    hierarchy = state.model.hierarchy
    noise = jax.vmap(lambda key: hierarchy.noise(PRESET.train.frames, key=key))(
        jr.split(jr.key(1), TESTED)
    )
    return float(eqx.filter_jit(loss)(state.model, frames, noise).total)


def table(report: dict) -> str:
    """Return the results as the table of benchmarks/README.md."""
    rows = [
        ["trained in", f"training loss, last {LAST} steps", "test loss"],
        ["---", "---:", "---:"],
    ]
    for name, result in report["results"].items():
        rows.append([name, f"{result['training loss']:z.3f}", f"{result['test loss']:z.3f}"])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    """Train, measure, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="JSON file for the results")
    parser.add_argument("--steps", type=int, default=300, help="training steps")
    options = parser.parse_args()
    results = {}
    for name, choice in RUNS.items():
        config = dataclasses.replace(PRESET.train, steps=options.steps, **choice)
        start = time.monotonic()
        state, losses = train(name, config)
        results[name] = {
            "training loss": float(np.mean(losses[-LAST:])),
            "test loss": tested(state),
            "losses": [round(value, 4) for value in losses],
            "seconds": round(time.monotonic() - start, 1),
        }
    report = {
        **environment(),
        "training": dataclasses.asdict(dataclasses.replace(PRESET.train, steps=options.steps)),
        "units": "nats per frame",
        "results": results,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=2) + "\n")
    print(table(report))


if __name__ == "__main__":
    main()
