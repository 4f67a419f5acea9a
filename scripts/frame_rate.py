"""Ask models for other frame rates than they were trained at, and measure where the digit goes.

Trains models of the `demo` size on one bouncing digit of Moving MNIST, whose motion is known at
any time: a discrete one, and three whose memories flow between ticks (`FlowCell`). All see videos
of one frame rate. The first of the three sees every frame, the second sees them with some dropped
at random, the third sees them at irregular moments of the same mean rate. After a context at the
training rate each is asked for half, the same and double the rate. The discrete model skips or
repeats the frames that it predicts. Results go to a JSON file.

    python scripts/frame_rate.py --out benchmarks/results/frame_rate.json
"""

import argparse
import dataclasses
import json
from functools import partial
from pathlib import Path

import diffrax
import equinox as eqx
import grain
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from tqdm import tqdm

from cwvae import CWVAE, PRESETS, FlowCell, Hierarchy, build, forecast
from cwvae.data.digits import load_digits
from cwvae.data.listing import Split
from cwvae.data.moving_mnist import MovingMNIST
from cwvae.provenance import PACKAGES, environment
from cwvae.training.step import init_train_state, train_step

FINE = 2  # frames of the finest video in the time of one training frame
RATES = (0.5, 1.0, 2.0)  # frames asked for, in the time of one training frame
LASTING = 8  # training frames after the context over which positions are compared
PRESET = PRESETS["demo"]
# What each model sees in training: gaps between frames, in training frames, and their chances.
MODELS = {
    "discrete": {1.0: 1.0},
    "flow": {1.0: 1.0},
    "flow, dropped frames": {1.0: 0.6, 2.0: 0.3, 3.0: 0.1},
    "flow, irregular frames": {0.5: 0.4, 1.0: 0.35, 1.5: 0.15, 2.0: 0.1},
}


def make(name: str, key) -> CWVAE:
    """Make the demo model, or one like it whose memories flow."""
    model = build(PRESET.model, key=key)
    if name == "discrete":
        return model
    clock = model.hierarchy.clock
    keys = jr.split(key, clock.levels)
    # Two steps of constant size between ticks, and plain differentiation: what trains fastest.
    solver = {
        "solver": diffrax.Midpoint(),
        "controller": diffrax.ConstantStepSize(),
        "adjoint": diffrax.DirectAdjoint(),
        "first_step": 0.5,
        "max_steps": 2,
    }
    cells = tuple(
        FlowCell(cell, hidden_size=128, **solver, key=k)
        for cell, k in zip(model.hierarchy.cells, keys, strict=True)
    )
    return dataclasses.replace(model, hierarchy=Hierarchy(cells, clock))


def videos(split: Split, frames: int) -> MovingMNIST:
    """Return videos in which every training frame is `FINE` frames."""
    speed = (2.0 / FINE, 6.0 / FINE)
    options = {"digits": load_digits(), "num_digits": 1, "size": PRESET.model.size}
    return MovingMNIST(split=split, frames=FINE * frames, speed=speed, **options)


def batch(name: str, seed: int, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw the videos of a training step, and when each of their frames is seen."""
    random, frames = np.random.default_rng([seed, number]), PRESET.train.frames
    gaps, chances = zip(*MODELS[name].items(), strict=True)
    drawn = FINE * random.choice(gaps, (PRESET.train.batch_size, frames), p=chances)
    moments = (np.cumsum(drawn, axis=1) - drawn[:, :1]).astype(int)
    source = videos("train", int(max(gaps)) * frames)
    rows = [source[number * len(moments) + row]["video"][when] for row, when in enumerate(moments)]
    return np.stack(rows), moments / FINE


def train(name: str, steps: int, seed: int) -> CWVAE:
    """Train one model."""
    config = dataclasses.replace(PRESET.train, steps=steps, seed=seed)
    state = init_train_state(make(name, jr.key(seed)), config)
    conditioning = jax.vmap(lambda t: state.model.hierarchy.conditioning(config.frames, times=t))
    step = eqx.filter_jit(train_step)
    ahead = grain.ReadOptions(num_threads=2, prefetch_buffer_size=4)
    data = grain.MapDataset.range(steps).map(partial(batch, name, seed)).to_iter_dataset(ahead)
    loss = jnp.nan
    for frames, times in tqdm(data, desc=name, total=steps, mininterval=10):
        state, record = step(state, jnp.asarray(frames), config, conditioning(jnp.asarray(times)))
        loss = record.loss.total
    print(f"{name}: loss {float(loss):z.2f} nats per frame")
    return state.model


def places(video: np.ndarray) -> np.ndarray:
    """Return the centre of brightness of every frame, in pixels: (..., frames, 2)."""
    weight = np.clip(video[..., 0] - 0.25, 0, None) + 1e-9
    rows, columns = np.arange(video.shape[-3]), np.arange(video.shape[-2])
    total = weight.sum((-2, -1))
    row = (weight.sum(-1) * rows).sum(-1) / total
    column = (weight.sum(-2) * columns).sum(-1) / total
    return np.stack([row, column], axis=-1)


def predict(model: CWVAE, name: str, contexts, rate: float, samples: int) -> np.ndarray:
    """Return predicted frames at a rate, `LASTING` training frames long."""
    asked = 1.0 if name == "discrete" else rate
    horizon = int(LASTING * asked)
    run = eqx.filter_jit(
        lambda model, context: forecast(
            model, context, horizon, key=jr.key(1), samples=samples, frame_rate=asked
        )
    )
    frames = np.stack([run(model, context) for context in contexts])
    if name != "discrete":
        return frames
    # What a model without time can do: skip frames, or show each twice.
    return frames[:, :, 1::2] if rate < 1 else frames.repeat(int(rate), axis=2)


def measure(model: CWVAE, name: str, examples: int, samples: int) -> dict[str, dict]:
    """Compare predicted with true places at every rate."""
    context = PRESET.context
    source = videos("test", context + LASTING + 1)
    fine = np.stack([source[i]["video"] for i in range(examples)]).astype(np.float32) / 255
    results = {}
    for rate in RATES:
        last, gap = FINE * (context - 1), int(FINE / rate)
        truth = places(fine[:, last : last + FINE * LASTING + 1 : gap])[:, None]
        frames = predict(model, name, fine[:, : last + 1 : FINE], rate, samples)
        ours = places(frames)
        error = np.linalg.norm(ours - truth[:, :, 1:], axis=-1)
        moved = np.linalg.norm(np.diff(ours, axis=2), axis=-1).mean(-1) * rate
        true = np.linalg.norm(np.diff(truth, axis=2), axis=-1).mean(-1) * rate
        results[f"{rate:g}"] = {
            "position error, pixels": float(error.mean()),
            "position error after 4 training frames, pixels": float(
                error[:, :, int(4 * rate) - 1].mean()
            ),
            "speed, pixels per training frame": float(np.median(moved)),
            "true speed, pixels per training frame": float(np.median(true)),
        }
    return results


def table(report: dict) -> str:
    """Return the table of docs/tutorials/frame_rates.md: speed over true speed, position error."""
    head = ["model", *(f"speed at rate {r:g}" for r in RATES), *(f"error at {r:g}" for r in RATES)]
    rows = [head, ["---"] * len(head)]
    for name, rates in report["results"].items():
        measured = [rates[f"{rate:g}"] for rate in RATES]
        speeds = [m["speed, pixels per training frame"] for m in measured]
        true = [m["true speed, pixels per training frame"] for m in measured]
        errors = [m["position error, pixels"] for m in measured]
        ratios = [f"{s / t:z.2f}" for s, t in zip(speeds, true, strict=True)]
        rows.append([name, *ratios, *(f"{error:z.1f}" for error in errors)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    """Train, measure, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="JSON file for the results")
    parser.add_argument(
        "--models", nargs="+", choices=MODELS, default=list(MODELS), help="which to train"
    )
    parser.add_argument("--steps", type=int, default=PRESET.train.steps, help="training steps")
    parser.add_argument("--examples", type=int, default=32, help="test videos")
    parser.add_argument("--samples", type=int, default=4, help="forecasts of each")
    parser.add_argument("--seed", type=int, default=0, help="seed of weights, data and noise")
    options = parser.parse_args()
    results = {}
    for name in options.models:
        model = train(name, options.steps, options.seed)
        results[name] = measure(model, name, options.examples, options.samples)
    report = {
        **environment(packages=(*PACKAGES, "diffrax")),
        "training": dataclasses.asdict(dataclasses.replace(PRESET.train, steps=options.steps)),
        "frames_compared": f"{LASTING} training frames after a context of {PRESET.context}",
        "results": results,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=2) + "\n")
    print(table(report))


if __name__ == "__main__":
    main()
