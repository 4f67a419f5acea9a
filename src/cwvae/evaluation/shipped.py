"""Networks with the weights that ship with the package."""

from collections.abc import Callable
from importlib import resources
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np

from cwvae.training.named_arrays import filled

__all__ = ["load_shipped"]


def load_shipped(network: Callable[..., Any], name: str) -> Any:
    """Return a network with the weights that ship, in single precision.

    **Arguments:** `network`, which makes an untrained one from a `key`; `name`, of the file in
    `evaluation/weights`, without its suffix.
    """
    empty = eqx.filter_eval_shape(network, key=jr.key(0))
    file = resources.files("cwvae.evaluation").joinpath("weights", f"{name}.npz")
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
        weights = {name: np.asarray(arrays[name], np.float32) for name in arrays.files}
    # Arrays, also where a network is first loaded while a function is traced.
    with jax.ensure_compile_time_eval():
        return jax.tree.map(jnp.asarray, filled(empty, weights))
