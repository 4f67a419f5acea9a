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
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array

from cwvae.cells.base import AbstractCell
from cwvae.cells.heads import GaussianHead
from cwvae.cells.rssm import RSSMCell
from cwvae.model import CWVAE
from cwvae.nn.convolution import Conv, ConvTranspose
from cwvae.nn.encoder import Encoder
from cwvae.nn.initialisers import constants
from cwvae.nn.layers import GRU, Dense, DenseStack, SplitDense
from cwvae.nn.vision import FrameDecoder, FrameEncoder
from cwvae.training.build import build
from cwvae.training.config import ModelConfig

__all__ = ["config_from_official", "model_from_weights", "weights_from_model"]

# A weight, or its shape alone.
_Leaf = Array | jax.ShapeDtypeStruct

# The defaults of the official configs/base_config.yml, and our names for the official ones.
_DEFAULTS = {
    "levels": 3,
    "tmp_abs_factor": 6,
    "channels_mult": 1,
    "enc_dense_layers": 3,
    "enc_dense_embed_size": 1000,
    "cell_min_stddev": 1e-4,
}
_FIELDS = {
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
_FRACTIONS = ("channels_mult", "dec_stddev", "cell_min_stddev")


def config_from_official(config: Mapping[str, Any]) -> ModelConfig:
    """Return the `ModelConfig` of an official configuration, a mapping loaded from its YAML file.

    Keys that do not shape the model (data, training, logging) are ignored. So are
    `cell_mean_only`, which is zero noise here, and `use_obs`, which the official code uses only in
    its open-loop evaluation and which is `CWVAE.blinded` here.

    Raises `ValueError` for a missing key, a value outside its range, or a cell that is not the
    official `RSSMCell` without state resets.
    """
    if config.get("cell_type", "RSSMCell") != "RSSMCell":
        raise ValueError(
            f"cell_type must be 'RSSMCell', got {config['cell_type']!r}; "
            "only that cell of the official code is read"
        )
    if config.get("cell_reset_state"):
        raise ValueError(
            f"cell_reset_state must be false, got {config['cell_reset_state']!r}; read the model "
            "with it false, then wrap the cells of its hierarchy in cwvae.Resetting"
        )
    merged = _DEFAULTS | {key: value for key, value in config.items() if value is not None}
    missing = sorted(_FIELDS.keys() - merged.keys())
    if missing:
        raise ValueError(f"the official configuration lacks {', '.join(missing)}")
    # YAML has whole numbers where fractions are meant.
    values: dict[str, Any] = {
        key: float(value) if type(value) is int and key in _FRACTIONS else value
        for key, value in merged.items()
    }
    return ModelConfig(**{field: values[key] for key, field in _FIELDS.items()})


def model_from_weights(weights: Mapping[str, Any], config: Mapping[str, Any]) -> CWVAE:
    """Return a model with the weights of the official implementation.

    **Arguments:** `weights`, official names to arrays; `config`, the official configuration as a
    mapping (see `config_from_official`).

    The top level's context weights only ever meet zeros; they are left out.

    Raises `ValueError` that names the first missing or unknown weight, or one of the wrong shape.
    """
    template = eqx.filter_eval_shape(build, config_from_official(config), key=jr.key(0))
    parts = _named_parts(template)
    shapes = {name: _official_shape(template, name, leaves) for name, leaves in parts.items()}
    _check_names(weights, shapes)
    values: dict[int, Array] = {}
    for name, leaves in parts.items():
        array = np.asarray(weights[name])
        if array.shape != shapes[name]:
            raise ValueError(f"weight {name} must have shape {shapes[name]}, got {array.shape}")
        flat = array.reshape(-1)
        for leaf in leaves:
            values[id(leaf)] = constants(flat[: leaf.size].reshape(leaf.shape))
            flat = flat[leaf.size :]
    # By identity, as `eqx.tree_at` takes an empty tuple, the stacks of one level, for a leaf.
    return jax.tree.map(lambda leaf: values.get(id(leaf), leaf), template)


def weights_from_model(model: CWVAE) -> dict[str, Array]:
    """Return the model's weights (or a gradient with its structure) under their official names.

    The inverse of `model_from_weights`; the top level's context weights are zeros.

    Raises `ValueError` for a model that is not made of the parts that `cwvae.build` uses.
    """

    def join(name: str, leaves: tuple[Any, ...]) -> Array:
        flat = jnp.concatenate([leaf.reshape(-1) for leaf in leaves])
        shape = _official_shape(model, name, leaves)
        return jnp.pad(flat, (0, math.prod(shape) - flat.size)).reshape(shape)

    return {name: join(name, leaves) for name, leaves in _named_parts(model).items()}


def _named_parts(model: CWVAE) -> dict[str, tuple[_Leaf, ...]]:
    """Map each official name to the arrays of ours that make it up, in row-major order."""
    layers = _encoder_layers(model.encoder) | _decoder_layers(model.decoder)
    for level, cell in enumerate(model.hierarchy.cells):
        layers |= {
            f"cell_{level}/{name}": layer for name, layer in _cell_layers(level, cell).items()
        }
    return {
        f"{name}/{leaf}": parts
        for name, layer in layers.items()
        for leaf, parts in _layer_parts(name, layer).items()
    }


def _encoder_layers(encoder: object) -> dict[str, object]:
    """Map the official layer names of the encoder to its layers, which are numbered through."""
    if not (isinstance(encoder, Encoder) and isinstance(encoder.frame, FrameEncoder)):
        raise ValueError(
            f"the encoder must be an Encoder of a FrameEncoder, got {type(encoder).__name__}; "
            "only models of cwvae.build have official names"
        )
    layers: dict[str, object] = {
        f"encoder/h{number}_conv": layer
        for number, layer in enumerate(encoder.frame.convolutions, start=1)
    }
    for stack in encoder.stacks:
        if not isinstance(stack, DenseStack):
            raise ValueError(f"each stack must be a DenseStack, got {type(stack).__name__}")
        for layer in stack.layers:
            layers[f"encoder/h{len(layers) + 1}_dense"] = layer
    return layers


def _decoder_layers(decoder: object) -> dict[str, object]:
    """Map the official layer names of the decoder to its layers."""
    if not isinstance(decoder, FrameDecoder):
        raise ValueError(
            f"the decoder must be a FrameDecoder, got {type(decoder).__name__}; "
            "only models of cwvae.build have official names"
        )
    *hidden, last = decoder.convolutions
    layers: dict[str, object] = {"decoder/h1": decoder.dense, "decoder/out": last}
    return layers | {f"decoder/h{number}": layer for number, layer in enumerate(hidden, start=2)}


def _cell_layers(level: int, cell: AbstractCell) -> dict[str, object]:
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


def _layer_parts(name: str, layer: object) -> dict[str, tuple[_Leaf, ...]]:
    """Map the official leaf names of a layer to its arrays."""
    match layer:
        case SplitDense():
            return {"kernel": (layer.recurrent_kernel, layer.ahead_kernel), "bias": (layer.bias,)}
        case GRU():
            return {
                "kernel": (layer.kernel,),
                "recurrent_kernel": (layer.recurrent_kernel,),
                "bias": (layer.bias, layer.recurrent_bias),
            }
        case Dense() | Conv() | ConvTranspose():
            return {"kernel": (layer.kernel,), "bias": (layer.bias,)}
    raise ValueError(f"{name} must be a layer of cwvae.nn, got {type(layer).__name__}")


def _official_shape(model: CWVAE, name: str, leaves: tuple[_Leaf, ...]) -> tuple[int, ...]:
    """Return the shape of an official array, whose parts are stacked by rows."""
    if name.endswith("gru/bias"):
        return (len(leaves), *leaves[0].shape)
    shape = (sum(leaf.shape[0] for leaf in leaves), *leaves[0].shape[1:])
    top = len(model.hierarchy.cells) - 1
    if name == f"cell_{top}/prior_h1_dense/kernel":
        cell = model.hierarchy.cells[top]
        return (shape[0] + cell.stoch_size + cell.deter_size, *shape[1:])
    return shape


def _check_names(weights: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Raise `ValueError` for weights that are missing or unknown."""
    missing, unknown = expected.keys() - weights.keys(), weights.keys() - expected.keys()
    if missing or unknown:
        faults = [f"lack {', '.join(sorted(missing))}"] * bool(missing)
        faults += [f"hold unknown {', '.join(sorted(unknown))}"] * bool(unknown)
        raise ValueError(
            f"the official weights {' and '.join(faults)}; does the configuration fit?"
        )
