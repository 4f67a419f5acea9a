"""What a scan is held against: one written by hand, and the products of its ticks alone."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from flops import Work
from inputs import moments, normal, seeded_model
from jaxtyping import Array
from measuring import Program

from cwvae import PRESETS
from cwvae.cells.heads import STDDEV_SHIFT
from cwvae.cells.scan import imagine_level, observe_level
from cwvae.training.config import ModelConfig


def level(verb: str, preset: str, batch: int, ticks: int) -> Program:
    """Return the scan of the lowest level of a preset, below another, beside that by hand."""
    config, observing = PRESETS[preset].model, verb == "observe"
    scan: Any = observe_level if observing else imagine_level
    work = Work(config)

    def arguments() -> tuple:
        cell = seeded_model(config).hierarchy.cells[0]
        features = [normal(batch, ticks, cell.feature_size, seed=1)] if observing else []
        noise = normal(batch, ticks, cell.stoch_size, seed=1 + observing)
        return cell, normal(batch, ticks, cell.context_size), noise, *features

    def time_major() -> tuple:
        cell, *arrays = arguments()
        return cell, *(jnp.swapaxes(array, 0, 1) for array in arrays)

    def ours(cell, *arrays):
        return jax.vmap(
            lambda above, noise, *seen: scan(cell, cell.init(), above, *seen, noise)[1]
        )(*arrays)

    return Program(
        function=eqx.filter_jit(ours),
        arguments=arguments,
        value=_compared,
        frames=batch * ticks,
        ticks=ticks,
        flops=batch * ticks * (work.advance[0] + work.prior + observing * work.posterior),
        references={"hand_written_scan": Program(eqx.filter_jit(scan_by_hand), time_major)},
    )


def scan_by_hand(
    cell: Any, top_down: Array, noise: Array, features: Array | None = None
) -> tuple[Array, ...]:
    """Tick as one would write it for sizes and a batch that are known; imagine without features.

    Arrays are (ticks, batch, size), so nothing is transposed, and what does not recur stays
    outside. Returns stoch, deter, mean and standard deviation, and those of the prior.
    """
    above = top_down @ cell.prior_in.ahead_kernel + cell.prior_in.bias
    read = cell.posterior_in
    evidence = None if features is None else features @ read.ahead_kernel + read.bias

    def prior(deter):
        return _gaussian(cell.prior_head, jax.nn.relu(_dense(cell.prior_hidden, deter)))

    def tick(carry, inputs):
        stoch, deter = carry
        above, evidence, noise = inputs
        hidden = jax.nn.relu(stoch @ cell.prior_in.recurrent_kernel + above)
        deter = _gru(cell.memory, hidden, deter)
        if evidence is None:
            mean, stddev = prior(deter)
        else:
            hidden = jax.nn.relu(deter @ read.recurrent_kernel + evidence)
            hidden = jax.nn.relu(_dense(cell.posterior_hidden, hidden))
            mean, stddev = _gaussian(cell.posterior_head, hidden)
        stoch = mean + stddev * noise
        return (stoch, deter), (stoch, deter, mean, stddev)

    start = tuple(jnp.zeros((noise.shape[1], n)) for n in (cell.stoch_size, cell.deter_size))
    _, trace = jax.lax.scan(tick, start, (above, evidence, noise))
    return *trace, *(trace[2:] if features is None else prior(trace[1]))


def _dense(layer: Any, inputs: Array) -> Array:
    return inputs @ layer.kernel + layer.bias


def _gru(memory: Any, hidden: Array, deter: Array) -> Array:
    """Return the next deterministic state."""
    known = jnp.split(_dense(memory, hidden), 3, axis=-1)
    recurrent = jnp.split(deter @ memory.recurrent_kernel + memory.recurrent_bias, 3, axis=-1)
    update, reset = (jax.nn.sigmoid(known[gate] + recurrent[gate]) for gate in (0, 1))
    return update * deter + (1 - update) * jnp.tanh(known[2] + reset * recurrent[2])


def _gaussian(head: Any, hidden: Array) -> tuple[Array, Array]:
    """Return the mean and standard deviation of a head."""
    kernel = jnp.concatenate([head.mean.kernel, head.stddev.kernel], axis=1)
    shifted = head.stddev.bias + STDDEV_SHIFT * head.stddev.kernel.sum(0)
    both = hidden @ kernel + jnp.concatenate([head.mean.bias, shifted])
    mean, stddev = jnp.split(both, 2, axis=-1)
    return mean, jax.nn.softplus(stddev) + head.min_stddev


def products(config: ModelConfig, batch: int, frames: int) -> dict[str, Program]:
    """Return the products of the ticks that predict so many frames, and nothing else.

    What no faster tick can leave out: one scan for each level, each tick with the products that
    wait for the tick before: latent to hidden, both products of the GRU, and those of the belief
    that is sampled.
    """
    stoch, deter, hidden = config.stoch_size, config.deter_size, config.hidden_size
    gates = (hidden, 3 * deter), (deter, 3 * deter)

    def arguments() -> tuple:
        shapes = [(stoch, hidden), *gates, (deter, hidden), (hidden, 2 * stoch)]
        # So small that nothing grows without activations.
        matrices = [0.01 * normal(*shape) for shape in shapes]
        return matrices, tuple(jnp.zeros((batch, size)) for size in (stoch, deter))

    def multiply(matrices, vectors):
        into, gates, recurrent, out, belief = matrices

        def tick(vectors, _):
            stoch, deter = vectors
            both = (stoch @ into) @ gates + deter @ recurrent
            # All of a product is used, and something is added, or the compiler would shorten it
            # and the numbers would become too small to be computed at full speed.
            deter = 1 + sum(jnp.split(both, 3, axis=-1))
            stoch = 1 + sum(jnp.split((deter @ out) @ belief, 2, axis=-1))
            return (stoch, deter), None

        # One after another, as the levels wait for each other, each from where the last one ended.
        for ticks in reversed(config.clock.ticks(frames)):
            vectors, _ = jax.lax.scan(tick, vectors, length=ticks)
        return vectors[0]

    return {"matrix_vector_products": Program(eqx.filter_jit(multiply), arguments)}


def _compared(trace, written: tuple[Array, ...]) -> dict[str, float]:
    """Return the values of a scan, and the largest difference from the other."""
    beliefs = (trace.posterior.mean, trace.posterior.stddev, trace.prior.mean, trace.prior.stddev)
    both = zip((trace.states.stoch, trace.states.deter, *beliefs), written, strict=True)
    largest = max(float(np.abs(np.swapaxes(mine, 0, 1) - other).max()) for mine, other in both)
    return moments(trace.output) | {"largest_difference": largest}
