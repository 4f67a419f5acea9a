"""Models from, and to, the weights of the official TensorFlow implementation.

Weights are a mapping from names such as "cell_0/gru/kernel" to arrays in the layouts of Keras
(repository vaibhavsaxena11/cwvae, commit 62dd505). Dense kernels are (in, out), convolutions
(height, width, in, out), transposed ones (height, width, out, in), GRU columns stand in the order
update, reset, candidate and its bias is (2, columns). `cell_0` is the fastest level.
"""

import math
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array

from cwvae.cells.base import AbstractCell
from cwvae.cells.heads import GaussianHead
from cwvae.cells.rssm import RSSMCell
from cwvae.model import CWVAE
from cwvae.nn.layers import GRU
from cwvae.training.build import build
from cwvae.training.config import ModelConfig

__all__ = ["config_from_official", "model_from_weights", "weights_from_model"]

# What the official configs/base_config.yml sets where a file of its own does not.
BASE = {
    "levels": 3,
    "tmp_abs_factor": 6,
    "channels_mult": 1,
    "enc_dense_layers": 3,
    "enc_dense_embed_size": 1000,
    "cell_min_stddev": 1e-4,
}
FIELDS = {
    "levels": "levels",
    "tmp_abs_factor": "factors",
    "cell_stoch_size": "stoch_size",
    "cell_deter_size": "deter_size",
    "cell_embed_size": "hidden_size",
    "channels": "channels",
    "channels_mult": "channel_multiplier",
    "enc_dense_layers": "dense_layers",
    "enc_dense_embed_size": "dense_hidden",
    "dec_stddev": "decoder_stddev",
    "cell_min_stddev": "min_stddev",
}


def config_from_official(config: Mapping[str, Any]) -> ModelConfig:
    """Return the `ModelConfig` of an official configuration, as loaded from its YAML file.

    Keys that do not shape the model (data, training, logging) are ignored; so are
    `cell_mean_only`, which is zero noise here, and `use_obs`, which the official code heeds only
    in its open-loop evaluation: `CWVAE.blinded` does that. Raises `ValueError` for a missing key
    or a cell that is not the official `RSSMCell` without state resets.
    """
    if config.get("cell_type", "RSSMCell") != "RSSMCell":
        raise ValueError(f"cell_type must be 'RSSMCell', got {config['cell_type']!r}")
    if config.get("cell_reset_state"):
        raise ValueError(
            "cell_reset_state must be false: build the model without it, "
            "then wrap the cells of its hierarchy in cwvae.Resetting"
        )
    merged = BASE | {key: value for key, value in config.items() if value is not None}
    missing = sorted(FIELDS.keys() - merged.keys())
    if missing:
        raise ValueError(f"the official configuration lacks {', '.join(missing)}")
    return ModelConfig(**{field: merged[key] for key, field in FIELDS.items()})


def model_from_weights(weights: Mapping[str, Any], config: Mapping[str, Any]) -> CWVAE:
    """Return a model with the weights of the official implementation.

    **Arguments:** `weights`, official names to arrays; `config`, the official configuration as a
    mapping (see `config_from_official`).

    The top level's context weights only ever meet zeros; they are left out. Raises `ValueError`
    that names the first missing or unknown weight, or one of the wrong shape.
    """
    template = eqx.filter_eval_shape(build, config_from_official(config), key=jr.key(0))
    parts = _named_parts(template)
    shapes = {name: _official_shape(template, name, leaves) for name, leaves in parts.items()}
    _check_names(weights, shapes)
    values = []
    for name, leaves in parts.items():
        array = np.asarray(weights[name])
        if array.shape != shapes[name]:
            raise ValueError(f"weight {name} must have shape {shapes[name]}, got {array.shape}")
        flat = array.reshape(-1)
        for leaf in leaves:
            values.append(jnp.asarray(flat[: leaf.size].reshape(leaf.shape), dtype=float))
            flat = flat[leaf.size :]
    return eqx.tree_at(lambda model: [*_flat(_named_parts(model))], template, values)


def weights_from_model(model: CWVAE) -> dict[str, Array]:
    """Return the model's weights (or a gradient with its structure) under their official names.

    The inverse of `model_from_weights`; the top level's context weights are zeros. Raises
    `ValueError` for a model that is not made of `RSSMCell`s.
    """

    def join(name: str, leaves: tuple[Array, ...]) -> Array:
        flat = jnp.concatenate([leaf.reshape(-1) for leaf in leaves])
        shape = _official_shape(model, name, leaves)
        return jnp.pad(flat, (0, math.prod(shape) - flat.size)).reshape(shape)

    return {name: join(name, leaves) for name, leaves in _named_parts(model).items()}


def _named_parts(model: CWVAE) -> dict[str, tuple[Array, ...]]:
    """Map each official name to the arrays of ours that make it up, in row-major order."""
    # A CWVAE may be made of anything; this one is made of what `build` uses, or refused.
    encoder: Any = model.encoder
    decoder: Any = model.decoder
    convolutions, stacks = encoder.frame.convolutions, encoder.stacks
    layers: dict[str, Any] = {
        f"encoder/h{number}_conv": layer for number, layer in enumerate(convolutions, start=1)
    }
    dense = [layer for stack in stacks for layer in stack.layers]
    for number, layer in enumerate(dense, start=len(convolutions) + 1):
        layers[f"encoder/h{number}_dense"] = layer
    for level, cell in enumerate(model.hierarchy.cells):
        layers |= {
            f"cell_{level}/{name}": layer for name, layer in _cell_layers(level, cell).items()
        }
    layers["decoder/h1"] = decoder.dense
    for number, layer in enumerate(decoder.convolutions[:-1], start=2):
        layers[f"decoder/h{number}"] = layer
    layers["decoder/out"] = decoder.convolutions[-1]
    return {
        f"{name}/{leaf}": parts
        for name, layer in layers.items()
        for leaf, parts in _layer_parts(layer).items()
    }


def _cell_layers(level: int, cell: AbstractCell) -> dict[str, Any]:
    """Map the official layer names of a cell to its layers."""
    if not isinstance(cell, RSSMCell):
        raise ValueError(f"level {level} must be an RSSMCell, got {type(cell).__name__}")
    prior, posterior = cell.prior_head, cell.posterior_head
    if not isinstance(prior, GaussianHead) or not isinstance(posterior, GaussianHead):
        raise ValueError(f"level {level} must have Gaussian beliefs, got {type(prior).__name__}")
    if not isinstance(cell.memory, GRU):
        raise ValueError(f"level {level} must have a GRU, got {type(cell.memory).__name__}")
    return {
        "prior_h1_dense": cell.prior_in,
        "gru": cell.memory,
        "prior_h2_dense": cell.prior_hidden,
        "prior_mean_dense": prior.mean,
        "prior_stddev_dense": prior.stddev,
        "posterior_h1_dense": cell.posterior_in,
        "posterior_h2_dense": cell.posterior_hidden,
        "posterior_mean_dense": posterior.mean,
        "posterior_stddev_dense": posterior.stddev,
    }


def _layer_parts(layer: Any) -> dict[str, tuple[Array, ...]]:
    """Map the official leaf names of a layer to its arrays."""
    if hasattr(layer, "ahead_kernel"):
        return {"kernel": (layer.recurrent_kernel, layer.ahead_kernel), "bias": (layer.bias,)}
    if hasattr(layer, "recurrent_bias"):
        return {
            "kernel": (layer.kernel,),
            "recurrent_kernel": (layer.recurrent_kernel,),
            "bias": (layer.bias, layer.recurrent_bias),
        }
    return {"kernel": (layer.kernel,), "bias": (layer.bias,)}


def _official_shape(model: CWVAE, name: str, leaves: tuple[Array, ...]) -> tuple[int, ...]:
    """Return the shape of an official array, whose parts are stacked by rows."""
    if name.endswith("gru/bias"):
        return (len(leaves), *leaves[0].shape)
    shape = (sum(leaf.shape[0] for leaf in leaves), *leaves[0].shape[1:])
    top = len(model.hierarchy.cells) - 1
    if name == f"cell_{top}/prior_h1_dense/kernel":
        cell = model.hierarchy.cells[top]
        return (shape[0] + cell.stoch_size + cell.deter_size, *shape[1:])
    return shape


def _flat(parts: Mapping[str, tuple[Array, ...]]):
    """Yield every array of `_named_parts`."""
    for leaves in parts.values():
        yield from leaves


def _check_names(weights: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Refuse weights that are missing or unknown."""
    missing, unknown = expected.keys() - weights.keys(), weights.keys() - expected.keys()
    if missing or unknown:
        said = [f"lack {', '.join(sorted(missing))}"] * bool(missing)
        said += [f"hold unknown {', '.join(sorted(unknown))}"] * bool(unknown)
        raise ValueError(f"the official weights {' and '.join(said)}; does the configuration fit?")
