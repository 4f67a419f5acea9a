"""Train and measure the network that reads actions: `cwvae.evaluation.action_reader`.

    cwvae data make humans --out humans --train 960 --test 240 --frames 80
    python scripts/train_action_reader.py humans --out actions

trains on the videos of persons 1 to 20 and writes the weights, `action_reader.npz`, and how well
they read those of persons 21 to 25, `action_reader.json`. What ships lies in
src/cwvae/evaluation/weights and benchmarks/results.
"""

import argparse
import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import optax
from jaxtyping import Array

from cwvae.data import kth
from cwvae.data.archives import read_archive
from cwvae.data.opening import open_clips
from cwvae.data.simulators.collect import truth_file
from cwvae.evaluation.action_reader import ACTIONS, FRAMES, ActionReader
from cwvae.files import write_json
from cwvae.provenance import PACKAGES, environment
from cwvae.training.named_arrays import filled, named_arrays

_BATCH = 64
_STILL = 8  # one window of so many stands still, and stands for all actions alike
_IN_VIEW = 0.9  # metres from the middle within which a person can be seen, in half the frames


def main() -> None:
    """Train, measure, write."""
    options = _options()
    videos, labels, _ = _read(options.data, "train")
    began = time.time()
    network = _trained(videos, labels, steps=options.steps, rate=options.rate, seed=options.seed)
    seconds = round(time.time() - began)
    weights = options.out / "action_reader.npz"
    halves: dict[str, Any] = {
        n: np.asarray(a, np.float16) for n, a in named_arrays(network).items()
    }
    np.savez_compressed(weights, **halves)
    # As it ships, in half precision.
    shipped = filled(network, {n: jnp.asarray(a, jnp.float32) for n, a in halves.items()})
    report = {
        **environment(packages=(*PACKAGES, "pybullet")),
        "training videos": len(videos),
        "steps": options.steps,
        "batch": _BATCH,
        "rate": options.rate,
        "seed": options.seed,
        "seconds": seconds,
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "figures": figures(shipped, *_read(options.data, "test")),
    }
    print(report["figures"])
    write_json(options.out / "action_reader.json", report)


def figures(
    reader: Callable[[Array], Array], videos: np.ndarray, labels: np.ndarray, along: np.ndarray
) -> dict[str, Any]:
    """Return shares of windows that are read right, one window after the other of every video.

    **Arguments:** `videos` in bytes; `labels`, numbers of actions; `along`, where the person is
    from left to right, in metres, at every frame.
    """
    count = videos.shape[1] // FRAMES
    windows = videos[:, : count * FRAMES].reshape(-1, FRAMES, *videos.shape[2:])
    places = np.abs(along[:, : count * FRAMES]).reshape(-1, FRAMES)
    truth, seen = np.repeat(labels, count), (places < _IN_VIEW).mean(1) >= 0.5
    read = eqx.filter_jit(lambda windows: reader(windows))

    def right(spoil: Any) -> np.ndarray:
        parts = np.array_split(windows, len(windows) // 64 + 1)
        log_probs = [np.asarray(read(spoil(part.astype(np.float32) / 255))) for part in parts]
        return np.concatenate(log_probs).argmax(-1) == truth

    clean = right(lambda w: w)
    halves = right(lambda w: w.reshape(*w.shape[:2], 32, 2, 32, 2, 1).mean((3, 5)))
    return {
        "videos": len(videos),
        "windows": len(windows),
        "all windows": float(clean.mean()),
        "person in view, windows": int(seen.sum()),
        "person in view": float(clean[seen].mean()),
        "by action, person in view": {
            action: _share(clean[seen & (truth == n)]) for n, action in enumerate(ACTIONS)
        },
        "32 pixels, person in view": float(halves[seen].mean()),
        "blurred (3x3), person in view": float(right(_blurred)[seen].mean()),
        "first frame held, person in view": float(
            right(lambda w: np.repeat(w[:, :1], FRAMES, 1))[seen].mean()
        ),
        "frames in reverse, person in view": float(right(lambda w: w[:, ::-1])[seen].mean()),
    }


def _share(right: np.ndarray) -> float | None:
    """Return how many of some windows are right, None without one."""
    return float(right.mean()) if len(right) else None


def _trained(
    videos: np.ndarray, labels: np.ndarray, *, steps: int, rate: float, seed: int
) -> ActionReader:
    """Return the network after so many steps."""
    network = ActionReader(key=jr.key(seed))
    schedule = optax.warmup_cosine_decay_schedule(0, rate, min(100, steps // 10), steps)
    optimiser = optax.adamw(schedule, weight_decay=1e-3)
    state = optimiser.init(eqx.filter(network, eqx.is_array))

    @eqx.filter_jit(donate="all")
    def advance(network: ActionReader, state: optax.OptState, batch: Array, classes: Array, key):
        windows, targets = _spoilt(batch, classes, key=key)
        loss, slopes = eqx.filter_value_and_grad(
            lambda network: -(targets * network(windows)).sum(-1).mean()
        )(network)
        changes, state = optimiser.update(slopes, state, eqx.filter(network, eqx.is_array))
        return eqx.apply_updates(network, changes), state, loss

    random, losses = np.random.default_rng(seed), []
    for step in range(steps):
        chosen = random.integers(len(videos), size=_BATCH)
        starts = random.integers(videos.shape[1] - FRAMES + 1, size=_BATCH)
        frames = starts[:, np.newaxis] + np.arange(FRAMES)
        batch, classes = (
            jnp.asarray(a) for a in (videos[chosen[:, np.newaxis], frames], labels[chosen])
        )
        key = jr.fold_in(jr.key(seed + 1), step)
        network, state, loss = advance(network, state, batch, classes, key)
        losses.append(loss)
        if (step + 1) % 100 == 0:
            print(f"step {step + 1} loss {float(np.mean(jax.device_get(losses))):.4f}", flush=True)
            losses = []
    return network


def _spoilt(batch: Array, classes: Array, *, key: Array) -> tuple[Array, Array]:
    """Return windows of 32 pixels as forecasts spoil them, and their targets: one in 8 is still."""
    turn, shade, amount, strength, grain = jr.split(key, 5)
    draw = (len(batch), 1, 1, 1, 1)
    windows = (
        batch.reshape(*batch.shape[:2], 32, 2, 32, 2, 1).astype(jnp.float32).mean((3, 5)) / 255
    )
    windows = jnp.where(jr.bernoulli(turn, 0.5, draw), windows[:, :, :, ::-1], windows)
    windows = windows * jr.uniform(shade, draw, minval=0.8, maxval=1.1)
    share = jr.uniform(amount, draw) * jr.bernoulli(strength, 0.5, draw)
    windows = windows + share * (_blurred(windows) - windows)
    noise = 0.03 * jr.uniform(jr.fold_in(grain, 1), draw) * jr.normal(grain, windows.shape)
    still = (jnp.arange(len(batch)) < len(batch) // _STILL).reshape(-1, 1, 1, 1, 1)
    windows = jnp.where(still, windows[:, :1], windows) + noise
    actions = jax.nn.one_hot(classes, len(ACTIONS))
    return windows, jnp.where(still.reshape(-1, 1), 1 / len(ACTIONS), actions)


def _blurred(windows: Any) -> Any:
    """Return the means of 3x3 neighbours, the outermost pixels repeated; in JAX or NumPy."""
    xp = jnp if isinstance(windows, Array) else np
    for axis in (2, 3):
        wide = xp.pad(windows, [(int(n == axis),) * 2 for n in range(5)], mode="edge")
        parts = [xp.take(wide, np.arange(windows.shape[axis]) + shift, axis) for shift in range(3)]
        windows = sum(parts[1:], parts[0]) / 3
    return windows


def _read(folder: Path, split: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the videos of a split in bytes, their actions by number, and where persons are."""
    truth = read_archive(truth_file(folder, split))
    frames = truth["position"].shape[1]
    clips = open_clips(kth.files(folder, split), frames=frames, channels=1)
    rows = {Path(str(name)).name: n for n, name in enumerate(truth["video"])}
    order = [rows[Path(str(clips.origin(n).path)).name] for n in range(len(clips))]
    labels = np.array([ACTIONS.index(str(action)) for action in truth["action"][order]])
    videos = np.stack([clips[n]["video"] for n in range(len(clips))])
    return videos, labels, truth["position"][order, :, 0]


def _options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("data", type=Path, help="folder that cwvae data make humans wrote")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--rate", type=float, default=2e-3, help="largest learning rate")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("actions"), help="folder of what is made")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    return options


if __name__ == "__main__":
    main()
