"""Train the networks that read the digits of a frame: `cwvae.evaluation.reader`.

    python scripts/train_reader.py place_finder --digits mnist.npz
    python scripts/train_reader.py classifier_32 --digits mnist.npz
    python scripts/train_reader.py classifier_64 --digits mnist.npz

from training digits alone. A start that finds the training of another one in its folder goes on
with it, step by step as if it had not been interrupted; with more --steps than before the learning
rate goes on as that of the longer training. `scripts/reader_figures.py` measures them.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import optax
from jaxtyping import Array
from reader_pictures import Scenes, close_ups, scenes
from reader_rivals import OtherClassifier

from cwvae.data.digits import load_digits
from cwvae.evaluation.classifier import Classifier
from cwvae.evaluation.place_finder import PlaceFinder
from cwvae.files import replacing, write_json
from cwvae.provenance import environment

_SAVE_EVERY = 250

Network = PlaceFinder | Classifier | OtherClassifier


def main() -> None:
    """Train one network."""
    options = _options()
    digits = load_digits(options.digits)
    images = jnp.asarray(digits.train_images)
    labels = jnp.asarray(digits.train_labels.astype(np.int32))
    warmup = min(200, options.steps // 10)
    schedule = optax.warmup_cosine_decay_schedule(0, options.rate, warmup, options.steps)
    optimiser = optax.adamw(schedule, weight_decay=1e-4)
    network = _network(options.network, key=jr.key(options.seed))
    file = options.out / f"{options.network}_training.npz"
    training = network, optimiser.init(eqx.filter(network, eqx.is_array))
    (network, state), start, before, plans = _restored(file, training)
    plan = [options.steps, options.clean]
    plans = plans if plans[-1:] == [plan] else [*plans, plan]

    @eqx.filter_jit(donate="all")
    def advance(network: Network, state: optax.OptState, key: Array):
        batch = _drawn(options.network, images, labels, clean=options.clean, key=key)
        loss, slopes = eqx.filter_value_and_grad(_loss)(network, batch)
        changes, state = optimiser.update(slopes, state, eqx.filter(network, eqx.is_array))
        return eqx.apply_updates(network, changes), state, loss

    began, losses, seconds = time.time(), [], before
    for step in range(start, options.steps):
        key = jr.fold_in(jr.key(options.seed + 1), step)
        network, state, loss = advance(network, state, key)
        losses.append(loss)
        if (step + 1) % _SAVE_EVERY == 0 or step + 1 == options.steps:
            mean, losses = float(np.mean(jax.device_get(losses))), []
            seconds = before + time.time() - began
            _save(file, (network, state), step=step + 1, seconds=seconds, plans=plans)
            print(f"step {step + 1} loss {mean:.4f} {seconds:.0f} s", flush=True)
    _write_weights(options.out / f"{options.network}.npz", network)
    report = {
        "starts": [{"steps": int(steps), "clean": clean} for steps, clean in plans],
        "rate": options.rate,
        "seed": options.seed,
        "training digits": len(images),
        "seconds": round(seconds),
        "environment": environment(),
    }
    write_json(options.out / f"{options.network}.json", report)


def _network(name: str, *, key: Array) -> Network:
    """Return an untrained network."""
    match name.split("_"):
        case ["place", "finder"]:
            return PlaceFinder(key=key)
        case ["classifier", size]:
            return Classifier(int(size) // 2, key=key)
        case ["other", size]:
            return OtherClassifier(int(size) // 2, key=key)
    raise ValueError(f"expected a network of the list, got {name}; see --help")


def _drawn(name: str, images: Array, labels: Array, *, clean: float, key: Array) -> Scenes:
    """Draw a batch."""
    if name == "place_finder":
        return scenes(images, 128, key=key)
    return close_ups(images, labels, 256, int(name.split("_")[1]) // 2, clean=clean, key=key)


def _loss(network: Network, batch: Scenes) -> Array:
    """Return the cross-entropy in nats."""
    return -(batch.targets * network(batch.pictures)).sum(-1).mean()


def _restored(file: Path, training: tuple) -> tuple[tuple, int, float, list]:
    """Return what training goes on from, the step, the seconds and the plans so far."""
    if not file.exists():
        return training, 0, 0.0, []
    saved = np.load(file)
    arrays, tree = jax.tree.flatten(eqx.filter(training, eqx.is_array))
    arrays = [jnp.asarray(saved[str(n)]) for n in range(len(arrays))]
    training = eqx.combine(jax.tree.unflatten(tree, arrays), training)
    return training, int(saved["step"]), float(saved["seconds"]), saved["plans"].tolist()


def _save(file: Path, training: tuple, **counts: Any) -> None:
    """Save what training goes on from, all of it or none."""
    arrays = jax.tree.leaves(eqx.filter(training, eqx.is_array))
    named: dict[str, Any] = {str(n): np.asarray(array) for n, array in enumerate(arrays)}
    with replacing(file) as part, part.open("wb") as stream:
        np.savez(stream, **counts, **named)


def _write_weights(file: Path, network: Network) -> None:
    """Write the weights in half precision, an array each under the name of its place."""
    leaves = jax.tree.leaves_with_path(eqx.filter(network, eqx.is_array))
    arrays = {jax.tree_util.keystr(path).lstrip("."): array for path, array in leaves}
    halves: dict[str, Any] = {name: np.asarray(a, np.float16) for name, a in arrays.items()}
    np.savez_compressed(file, **halves)


def _options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    networks = [
        "place_finder",
        *(f"{kind}_{size}" for kind in ("classifier", "other") for size in (32, 64)),
    ]
    parser.add_argument("network", choices=networks)
    parser.add_argument("--digits", type=Path, help="MNIST, as for cwvae; the packaged digits")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--rate", type=float, default=2e-3, help="largest learning rate")
    parser.add_argument("--clean", type=float, default=0.25, help="share of clean close-ups")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("readers"), help="folder of what is made")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    return options


if __name__ == "__main__":
    main()
