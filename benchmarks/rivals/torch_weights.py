"""Weights of the official implementation, by their official names, as this model has them."""

# PyTorch is not among what types are checked with.
# pyright: reportMissingImports=false

import re
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor
from torch_networks import Sizes

__all__ = ["sizes_of", "state_dict"]

_LAYERS = {
    "prior_h2_dense": "prior_hidden",
    "prior_mean_dense": "prior_head.mean",
    "prior_stddev_dense": "prior_head.stddev",
    "posterior_h2_dense": "posterior_hidden",
    "posterior_mean_dense": "posterior_head.mean",
    "posterior_stddev_dense": "posterior_head.stddev",
}
# The first layers of prior and posterior read two vectors, in the order of their kernel's rows.
_SPLIT = {
    "prior_h1_dense": ("stoch_in", "context_in"),
    "posterior_h1_dense": ("deter_in", "feature_in"),
}


def sizes_of(config: Mapping) -> Sizes:
    """Return the sizes of an official configuration."""
    return Sizes(
        levels=config["levels"],
        factor=config["tmp_abs_factor"],
        stoch=config["cell_stoch_size"],
        deter=config["cell_deter_size"],
        hidden=config["cell_embed_size"],
        channels=config["channels"],
        multiplier=config["channels_mult"],
        dense_layers=config["enc_dense_layers"],
        dense_hidden=config["enc_dense_embed_size"],
        decoder_stddev=config["dec_stddev"],
        min_stddev=config["cell_min_stddev"],
    )


def state_dict(weights: Mapping[str, np.ndarray], sizes: Sizes) -> dict[str, Tensor]:
    """Return the official weights, or gradients of them, under this model's names."""
    found: dict[str, Tensor] = {}
    for name, array in weights.items():
        part, layer, leaf = name.split("/")
        make = _cell if part.startswith("cell_") else _network
        found |= make(part, layer, leaf, torch.tensor(np.asarray(array)), sizes)
    return found


def _network(part: str, layer: str, leaf: str, array: Tensor, sizes: Sizes) -> dict[str, Tensor]:
    """Return a layer of encoder or decoder."""
    kind = "weight" if leaf == "kernel" else "bias"
    if part == "decoder":
        if layer == "h1":
            return {f"decoder.dense.{kind}": array.T if leaf == "kernel" else array}
        number = {"h2": 0, "h3": 1, "h4": 2, "out": 3}[layer]
        # (height, width, out, in) becomes (in, out, height, width).
        value = array.permute(3, 2, 0, 1) if leaf == "kernel" else array
        return {f"decoder.convolutions.{number}.{kind}": value}
    number = int(re.sub(r"\D", "", layer)) - 1
    if number < len(sizes.filters):
        value = array.permute(3, 2, 0, 1) if leaf == "kernel" else array
        return {f"encoder.convolutions.{number}.{kind}": value}
    stack, place = divmod(number - len(sizes.filters), sizes.dense_layers)
    value = array.T if leaf == "kernel" else array
    return {f"encoder.stacks.{stack}.{place}.{kind}": value}


def _cell(part: str, layer: str, leaf: str, array: Tensor, sizes: Sizes) -> dict[str, Tensor]:
    """Return a layer of a cell."""
    level = f"levels.{part.removeprefix('cell_')}"
    if layer == "gru":
        return {f"{level}.memory.{name}": value for name, value in _gru(leaf, array).items()}
    if layer in _SPLIT:
        first, second = _SPLIT[layer]
        if leaf == "bias":
            return {f"{level}.{second}.bias": array}
        rows = sizes.stoch if first == "stoch_in" else sizes.deter
        return {
            f"{level}.{first}.weight": array[:rows].T,
            f"{level}.{second}.weight": array[rows:].T,
        }
    kind = "weight" if leaf == "kernel" else "bias"
    value = array.T if leaf == "kernel" else array
    return {f"{level}.{_LAYERS[layer]}.{kind}": value}


def _gru(leaf: str, array: Tensor) -> dict[str, Tensor]:
    """Return a leaf of the memory, its columns in PyTorch's order: reset, update, candidate."""
    update, reset, candidate = array.chunk(3, -1)
    ordered = torch.cat([reset, update, candidate], -1)
    if leaf == "bias":
        return {"bias_ih": ordered[0], "bias_hh": ordered[1]}
    return {"weight_ih" if leaf == "kernel" else "weight_hh": ordered.T}
