"""The official model in float64 NumPy, from weights under their official names.

Written from the official cnns.py, cells.py and cwvae.py; nothing here uses `cwvae`.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from reference import (
    dense,
    frame_log_likelihood,
    gaussian_kl,
    relu,
    rssm_advance,
    rssm_posterior,
    rssm_prior,
)

Weights = Mapping[str, np.ndarray]


class Record(NamedTuple):
    """Beliefs, outputs and KL of each level's ticks; means and log-likelihood of each frame."""

    prior_means: list[np.ndarray]
    posterior_means: list[np.ndarray]
    outputs: list[np.ndarray]
    kl: list[np.ndarray]
    decoded: np.ndarray
    log_likelihood: np.ndarray


def shapes(config: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Return the shape of every official weight."""
    stoch, deter, embed = (config[f"cell_{part}_size"] for part in ("stoch", "deter", "embed"))
    filters = [int(n * config["channels_mult"]) for n in (32, 64, 128, 256)]
    feature, levels = 4 * filters[-1], config["levels"]
    found: dict[str, tuple[int, ...]] = {}

    def layer(name: str, *kernel: int, out: int) -> None:
        found[f"{name}/kernel"], found[f"{name}/bias"] = kernel, (out,)

    for number, (i, o) in enumerate(zip([config["channels"], *filters], filters, strict=False), 1):
        layer(f"encoder/h{number}_conv", 4, 4, i, o, out=o)
    number = len(filters)
    for _ in range(levels - 1):
        sizes = [feature, *(config["enc_dense_layers"] - 1) * [config["enc_dense_embed_size"]]]
        for i, o in zip(sizes, [*sizes[1:], feature], strict=True):
            number += 1
            layer(f"encoder/h{number}_dense", i, o, out=o)
    for cell in (f"cell_{level}" for level in range(levels)):
        layer(f"{cell}/prior_h1_dense", stoch + stoch + deter, embed, out=embed)
        layer(f"{cell}/gru", embed, 3 * deter, out=3 * deter)
        found[f"{cell}/gru/recurrent_kernel"] = (deter, 3 * deter)
        found[f"{cell}/gru/bias"] = (2, 3 * deter)
        layer(f"{cell}/prior_h2_dense", deter, embed, out=embed)
        layer(f"{cell}/posterior_h1_dense", deter + feature, embed, out=embed)
        layer(f"{cell}/posterior_h2_dense", embed, embed, out=embed)
        for head in (f"{b}_{p}" for b in ("prior", "posterior") for p in ("mean", "stddev")):
            layer(f"{cell}/{head}_dense", embed, stoch, out=stoch)
    layer("decoder/h1", stoch + deter, feature, out=feature)
    outs = [*filters[-2::-1], config["channels"]]
    names = ("h2", "h3", "h4", "out")
    for name, size, i, o in zip(names, (5, 5, 6, 6), [feature, *outs], outs, strict=False):
        layer(f"decoder/{name}", size, size, o, i, out=o)
    return found


def draw(config: Mapping[str, Any], seed: int) -> dict[str, np.ndarray]:
    """Draw weights that keep signals at about their size, in float32."""
    random = np.random.default_rng(seed)

    def weight(name: str, shape: tuple[int, ...]) -> np.ndarray:
        scale = 0.2 if "bias" in name else (2 / np.prod(shape[:-1])) ** 0.5
        return (scale * random.standard_normal(shape)).astype(np.float32)

    return {name: weight(name, shape) for name, shape in shapes(config).items()}


def observe(
    weights: Weights,
    config: Mapping[str, Any],
    video: np.ndarray,
    noise: Sequence[np.ndarray],
    blind: Collection[int] = (),
) -> Record:
    """Infer the states of a video and decode them; blind levels sample from their prior."""
    weights = {name: np.asarray(array, np.float64) for name, array in weights.items()}
    levels, factor = config["levels"], config["tmp_abs_factor"]
    features = encode(weights, config, video)
    width = config["cell_stoch_size"] + config["cell_deter_size"]
    above = np.zeros((len(video), width))  # the top level's context is zeros
    ticks: list[list[tuple]] = [[] for _ in range(levels)]
    for level in reversed(range(levels)):
        cell = {
            name.removeprefix(f"cell_{level}/"): array
            for name, array in weights.items()
            if name.startswith(f"cell_{level}/")
        }
        stoch, deter = np.zeros(config["cell_stoch_size"]), np.zeros(config["cell_deter_size"])
        period, outputs = factor**level, []
        for tick, start in enumerate(range(0, len(video), period)):
            deter = rssm_advance(cell, stoch, deter, above[start])
            prior = rssm_prior(cell, deter, config["cell_min_stddev"])
            feature = features[level][start : start + period].sum(0)
            seen = rssm_posterior(cell, deter, feature, config["cell_min_stddev"])
            posterior = prior if level in blind else seen
            stoch = posterior[0] + posterior[1] * noise[level][tick]
            outputs.append(np.concatenate([stoch, deter]))
            nats = gaussian_kl(*posterior, *prior)
            ticks[level].append((prior[0], posterior[0], outputs[-1], nats))
        above = np.repeat(outputs, period, axis=0)[: len(video)]
    columns = [[np.stack(column) for column in zip(*level, strict=True)] for level in ticks]
    decoded = decode(weights, columns[0][2])
    score = frame_log_likelihood(video, decoded, config["dec_stddev"])
    return Record(*map(list, zip(*columns, strict=True)), decoded, score)


def encode(weights: Weights, config: Mapping[str, Any], video: np.ndarray) -> list[np.ndarray]:
    """Return every frame's features for each level."""
    images = np.asarray(video, np.float64)
    for number in range(1, 5):
        kernel = weights[f"encoder/h{number}_conv/kernel"]
        edge = (images.shape[1] - 4) // 2 + 1
        rows = [slice(i, i + 2 * edge, 2) for i in range(4)]
        images = leaky_relu(
            sum(images[:, rows[i], rows[j]] @ kernel[i, j] for i in range(4) for j in range(4))
            + weights[f"encoder/h{number}_conv/bias"]
        )
    features, number = [images.reshape(len(video), -1)], 4
    for _ in range(config["levels"] - 1):
        hidden = features[-1]
        for layer in range(config["enc_dense_layers"]):
            number += 1
            hidden = dense(weights, f"encoder/h{number}_dense", relu(hidden) if layer else hidden)
        features.append(hidden)
    return features


def decode(weights: Weights, outputs: np.ndarray) -> np.ndarray:
    """Return the mean of every frame."""
    images = dense(weights, "decoder/h1", outputs)[:, None, None]
    for name in ("h2", "h3", "h4", "out"):
        kernel = weights[f"decoder/{name}/kernel"]
        size, edge = kernel.shape[0], images.shape[1]
        drawn = np.zeros((len(images), *2 * (2 * (edge - 1) + size,), kernel.shape[2]))
        rows = [slice(i, i + 2 * edge - 1, 2) for i in range(size)]
        for i in range(size):
            for j in range(size):
                drawn[:, rows[i], rows[j]] += images @ kernel[i, j].T
        drawn += weights[f"decoder/{name}/bias"]
        images = np.tanh(drawn) if name == "out" else leaky_relu(drawn)
    return images


def leaky_relu(x: np.ndarray) -> np.ndarray:
    """Return x, a fifth of it where it is negative."""
    return np.maximum(x, 0.2 * x)
