"""Train the networks that read the digits of a frame: `cwvae.evaluation.reader`.

    python scripts/train_reader.py place_finder --digits mnist.npz
    python scripts/train_reader.py classifier_32 --digits mnist.npz
    python scripts/train_reader.py classifier_64 --digits mnist.npz

from training digits alone. A start that finds the training of another one in its folder goes on
with it, step by step as if it had not been interrupted. `scripts/reader_figures.py` measures them.
"""

import argparse
import json
import time
from pathlib import Path

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

_SAVE_EVERY = 250


def main() -> None:
    """Train one network."""
    options = _options()
    digits = load_digits(options.digits)
    images = jnp.asarray(digits.train_images)
    labels = jnp.asarray(digits.train_labels.astype(np.int32))
    schedule = optax.warmup_cosine_decay_schedule(0, options.rate, 200, options.steps)
    optimiser = optax.adamw(schedule, weight_decay=1e-4)
    network = _network(options.network, key=jr.key(options.seed))
    state = optimiser.init(eqx.filter(network, eqx.is_array))
    file = options.out / f"{options.network}_training.npz"
    network, state, start = _restored(file, (network, state))

    @eqx.filter_jit(donate="all")
    def advance(network: eqx.Module, state: optax.OptState, key: Array):
        loss, slopes = eqx.filter_value_and_grad(_loss)(
            network, _drawn(options.network, images, labels, key=key)
        )
        changes, state = optimiser.update(slopes, state, eqx.filter(network, eqx.is_array))
        return eqx.apply_updates(network, changes), state, loss

    began, losses = time.time(), []
    for step in range(start, options.steps):
        key = jr.fold_in(jr.key(options.seed + 1), step)
        network, state, loss = advance(network, state, key)
        losses.append(loss)
        if (step + 1) % _SAVE_EVERY == 0 or step + 1 == options.steps:
            _save(file, (network, state), step + 1)
            mean, losses = float(np.mean([float(x) for x in losses])), []
            print(f"step {step + 1} loss {mean:.4f} {time.time() - began:.0f} s", flush=True)
    _write_weights(options.out / f"{options.network}.npz", network)
    took = {"seconds": round(time.time() - began), "from_step": start}
    (options.out / f"{options.network}.json").write_text(
        json.dumps({**{k: str(v) for k, v in vars(options).items()}, **took})
    )


def _network(name: str, *, key: Array) -> eqx.Module:
    """Return an untrained network."""
    match name.split("_"):
        case ["place_finder"]:
            return PlaceFinder(key=key)
        case ["classifier", size]:
            return Classifier(int(size) // 2, key=key)
        case ["other", size]:
            return OtherClassifier(int(size) // 2, key=key)
    raise ValueError(f"expected a network of the list, got {name}; see --help")


def _drawn(name: str, images: Array, labels: Array, *, key: Array) -> Scenes:
    """Draw a batch."""
    if name == "place_finder":
        return scenes(images, 128, key=key)
    return close_ups(images, labels, 256, int(name.split("_")[1]) // 2, key=key)


def _loss(network: eqx.Module, batch: Scenes) -> Array:
    """Return the cross-entropy in nats."""
    return -(batch.targets * network(batch.pictures)).sum(-1).mean()


def _restored(file: Path, training: tuple) -> tuple:
    """Return network, state of the optimiser and step as they were saved, or as they begin."""
    if not file.exists():
        return *training, 0
    saved = np.load(file)
    arrays, tree = jax.tree.flatten(eqx.filter(training, eqx.is_array))
    arrays = [jnp.asarray(saved[str(n)]) for n in range(len(arrays))]
    return *eqx.combine(jax.tree.unflatten(tree, arrays), training), int(saved["step"])


def _save(file: Path, training: tuple, step: int) -> None:
    """Save what training goes on from, all of it or none."""
    arrays = jax.tree.leaves(eqx.filter(training, eqx.is_array))
    part = file.with_suffix(".part")
    with part.open("wb") as stream:
        np.savez(stream, step=step, **{str(n): np.asarray(a) for n, a in enumerate(arrays)})
    part.replace(file)


def _write_weights(file: Path, network: eqx.Module) -> None:
    """Write the weights in half precision, an array each under the name of its place."""
    leaves = jax.tree.leaves_with_path(eqx.filter(network, eqx.is_array))
    arrays = {jax.tree_util.keystr(path).lstrip("."): array for path, array in leaves}
    np.savez_compressed(file, **{name: np.asarray(a, np.float16) for name, a in arrays.items()})


def _options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    networks = [
        "place_finder",
        *(f"{kind}_{size}" for kind in ("classifier", "other") for size in (32, 64)),
    ]
    parser.add_argument("network", choices=networks)
    parser.add_argument("--digits", type=Path, help="MNIST, as for cwvae; the packaged digits")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--rate", type=float, default=2e-3, help="largest learning rate")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("readers"), help="folder of what is made")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    return options


if __name__ == "__main__":
    main()
