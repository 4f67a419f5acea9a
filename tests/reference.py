"""Obviously right and slow: a hierarchy ticked frame by frame, and float64 formulas.

Nothing here uses `cwvae.clock`, `cwvae.hierarchy` or a scan.
"""

import math
from collections.abc import Collection, Mapping, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from cwvae.beliefs import AbstractBelief, Gaussian
from cwvae.cells.base import AbstractCell, Conditioning, State, Trace


@eqx.filter_jit
def _tick(cell, state, top_down, feature, noise, conditioning):
    """Let one level tick once; without a feature it imagines."""
    deter = cell.advance(state, cell.prepare_context(top_down, conditioning))
    prior = cell.prior(deter)
    imagined = feature is None
    posterior = prior if imagined else cell.posterior(deter, cell.prepare_evidence(feature))
    state = State(posterior.sample(noise), deter, conditioning.time)
    return Trace(state, cell.output(state), prior, posterior)


def frame_by_frame(
    cells: Sequence[AbstractCell],
    factors: Sequence[int],
    frames: int,
    noise: Sequence[np.ndarray],
    conditioning: Sequence[Conditioning],
    *,
    features: Sequence[np.ndarray] | None = None,
    blind: Collection[int] = (),
    states: Sequence[State] | None = None,
) -> tuple[list[State], list[Trace]]:
    """Walk through the frames t = 1, 2, ...; level l ticks at those with (t-1) mod period = 0.

    Without features every level imagines. Returns each level's last state and the record of its
    ticks, the fastest level first.
    """
    levels = len(cells)
    states = [cell.init() for cell in cells] if states is None else list(states)
    outputs = [jnp.zeros(0)] * (levels + 1)  # each level's last; the top has nothing above it
    records: list[list[Trace]] = [[] for _ in cells]
    for t in range(1, frames + 1):
        for level in reversed(range(levels)):
            period = math.prod(factors[:level])
            if (t - 1) % period != 0:
                continue
            tick = len(records[level])
            observed = features is not None and level not in blind
            feature = features[level][tick] if observed else None
            known = noise[level][tick], jax.tree.map(lambda a, n=tick: a[n], conditioning[level])
            record = _tick(cells[level], states[level], outputs[level + 1], feature, *known)
            states[level], outputs[level] = record.states, record.output
            records[level].append(record)
    traces = [jax.tree.map(lambda *ticks: np.stack(ticks), *record) for record in records]
    return states, traces


def windows(video: np.ndarray, factors: Sequence[int]) -> list[np.ndarray]:
    """Return the plain model's features: every level's sums of the frames of its windows."""
    frames = np.asarray(video).reshape(len(video), -1)
    periods = [math.prod(factors[:level]) for level in range(len(factors) + 1)]
    return [
        np.stack([frames[t : t + period].sum(0) for t in range(0, len(frames), period)])
        for period in periods
    ]


def rendered(model, output) -> np.ndarray:
    """Return the plain model's frames in float64."""
    return (np.float64(output) @ np.float64(model.decoder.kernel)).reshape(-1, 1, 2, 1)


def assert_alike(ours, theirs, tolerance: float = 1e-5) -> None:
    """Assert that two pytrees agree, relative to the largest magnitude of each array."""
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    for our, their in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        assert np.shape(our) == np.shape(their)
        largest = np.max(np.abs(their), initial=0.0)
        np.testing.assert_allclose(our, their, rtol=tolerance, atol=tolerance * max(1.0, largest))


def gaussian_log_prob(x, mean, stddev) -> np.ndarray:
    """Return log N(x; mean, stddev) summed over the last axis, in nats."""
    x, mean, stddev = (np.asarray(a, dtype=np.float64) for a in (x, mean, stddev))
    log_densities = -((x - mean) ** 2) / (2 * stddev**2) - np.log(stddev * math.sqrt(2 * math.pi))
    return log_densities.sum(-1)


def gaussian_entropy(stddev) -> np.ndarray:
    """Return the entropy of a diagonal Gaussian, in nats."""
    stddev = np.asarray(stddev, dtype=np.float64)
    return np.log(stddev * math.sqrt(2 * math.pi * math.e)).sum(-1)


def gaussian_kl(mean, stddev, other_mean, other_stddev) -> np.ndarray:
    """Return KL(N(mean, stddev) || N(other_mean, other_stddev)), in nats."""
    arrays = (mean, stddev, other_mean, other_stddev)
    mean, stddev, other_mean, other_stddev = (np.asarray(a, dtype=np.float64) for a in arrays)
    variance, other_variance = stddev**2, other_stddev**2
    quadratic = (variance + (mean - other_mean) ** 2) / (2 * other_variance)
    return (np.log(other_stddev / stddev) + quadratic - 0.5).sum(-1)


def belief_log_prob(belief: AbstractBelief, stoch) -> np.ndarray:
    """Return the log-density of a belief's latent vectors, in nats."""
    if isinstance(belief, Gaussian):
        return gaussian_log_prob(stoch, belief.mean, belief.stddev)
    log_probs = np.float64(belief.log_probs)
    return (np.float64(stoch).reshape(log_probs.shape) * log_probs).sum((-2, -1))


def belief_kl(belief: AbstractBelief, other: AbstractBelief) -> np.ndarray:
    """Return the KL between two beliefs of one family, in nats."""
    if isinstance(belief, Gaussian):
        return gaussian_kl(belief.mean, belief.stddev, other.mean, other.stddev)
    q, p = np.float64(belief.log_probs), np.float64(other.log_probs)
    return (np.exp(q) * (q - p)).sum((-2, -1))


def frame_log_likelihood(frames, decoded, stddev: float) -> np.ndarray:
    """Return log N(frame; decoded, stddev) of every frame, (..., height, width, channels)."""
    frames, decoded = (np.asarray(a, dtype=np.float64) for a in (frames, decoded))
    pixels = frames.reshape(*frames.shape[:-3], -1)
    return gaussian_log_prob(pixels, decoded.reshape(pixels.shape), stddev)


def dense(weights: Mapping[str, np.ndarray], name: str, x: np.ndarray) -> np.ndarray:
    """Apply the dense layer of that name."""
    return x @ weights[f"{name}/kernel"] + weights[f"{name}/bias"]


def gru(weights: Mapping[str, np.ndarray], name: str, x: np.ndarray, h: np.ndarray) -> np.ndarray:
    """Apply Keras's GRU cell with reset_after=True; columns stand in the order z, r, h."""
    bias = weights[f"{name}/bias"]
    xz, xr, xh = np.split(x @ weights[f"{name}/kernel"] + bias[0], 3)
    hz, hr, hh = np.split(h @ weights[f"{name}/recurrent_kernel"] + bias[1], 3)
    z, r = sigmoid(xz + hz), sigmoid(xr + hr)
    return z * h + (1 - z) * np.tanh(xh + r * hh)


def rssm_advance(weights, stoch, deter, top_down) -> np.ndarray:
    """Return the official cell's new deterministic state."""
    hidden = relu(dense(weights, "prior_h1_dense", np.concatenate([stoch, top_down])))
    return gru(weights, "gru", hidden, deter)


def rssm_prior(weights, deter, min_stddev: float = 1e-4) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of the official cell's prior."""
    hidden = relu(dense(weights, "prior_h2_dense", deter))
    return gaussian_head(weights, "prior", hidden, min_stddev)


def rssm_posterior(
    weights, deter, feature, min_stddev: float = 1e-4
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of the official cell's posterior."""
    hidden = relu(dense(weights, "posterior_h1_dense", np.concatenate([deter, feature])))
    hidden = relu(dense(weights, "posterior_h2_dense", hidden))
    return gaussian_head(weights, "posterior", hidden, min_stddev)


def gaussian_head(
    weights, belief: str, hidden, min_stddev: float = 1e-4
) -> tuple[np.ndarray, np.ndarray]:
    """Return a belief's mean and standard deviation from its last hidden vector."""
    mean = dense(weights, f"{belief}_mean_dense", hidden)
    stddev = np.log1p(np.exp(dense(weights, f"{belief}_stddev_dense", hidden + 0.54)))
    return mean, stddev + min_stddev


def relu(x: np.ndarray) -> np.ndarray:
    """Return max(x, 0)."""
    return np.maximum(x, 0)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-x))
