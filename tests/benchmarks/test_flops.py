"""Operations counted by hand agree with XLA's count where that is exact, and with known totals."""

import equinox as eqx
import flops
import jax
import jax.numpy as jnp
import jax.random as jr
import pytest

from cwvae import PRESETS, build
from cwvae.cells.base import Conditioning

MOVING_MNIST, DEBUG = PRESETS["moving_mnist"].model, PRESETS["debug"].model


def counted(function, *arguments) -> float:
    """XLA's count of what is left after its optimisation."""
    return eqx.filter_jit(function).lower(*arguments).compile().compiled.cost_analysis()["flops"]


def test_a_dense_layer():
    assert counted(jnp.matmul, jnp.ones(30), jnp.ones((30, 70))) == flops.dense(30, 70)


@pytest.mark.parametrize(("edge", "kernel", "ins", "outs"), [(31, 4, 32, 64), (64, 4, 1, 32)])
def test_a_convolution(edge, kernel, ins, outs):
    def convolve(image, kernel):
        axes = ("NHWC", "HWIO", "NHWC")
        return jax.lax.conv_general_dilated(image, kernel, (2, 2), "VALID", dimension_numbers=axes)

    image, weights = jnp.ones((1, edge, edge, ins)), jnp.ones((kernel, kernel, ins, outs))
    positions = ((edge - kernel) // 2 + 1) ** 2
    assert counted(convolve, image, weights) == flops.convolution(positions, kernel, ins, outs)


@pytest.mark.parametrize(("edge", "kernel", "ins", "outs"), [(5, 5, 128, 64), (13, 6, 64, 32)])
def test_a_transposed_convolution(edge, kernel, ins, outs):
    def spread(image, weights):
        windows = image.reshape(edge**2, ins) @ weights.reshape(ins, kernel**2 * outs)
        return windows.reshape(edge, edge, kernel, kernel, outs)

    image, weights = jnp.ones((edge, edge, ins)), jnp.ones((ins, kernel, kernel, outs))
    assert counted(spread, image, weights) == flops.convolution(edge**2, kernel, ins, outs)


@pytest.mark.parametrize("level", range(MOVING_MNIST.levels))
def test_a_tick_of_a_cell(level):
    cell = build(MOVING_MNIST, key=jr.key(0)).hierarchy.cells[level]

    def tick(cell, state, top_down, feature):
        conditioning = Conditioning(jnp.zeros(()), jnp.zeros(0), jnp.asarray(False))
        deter = cell.advance(state, cell.prepare_context(top_down, conditioning))
        return cell.prior(deter), cell.posterior(deter, cell.prepare_evidence(feature))

    arguments = cell, cell.init(), jnp.ones(cell.context_size), jnp.ones(cell.feature_size)
    by_hand = flops.advance(MOVING_MNIST, level)
    by_hand += flops.prior(MOVING_MNIST) + flops.posterior(MOVING_MNIST)
    # Biases, gates and activations are what is left out.
    assert by_hand < counted(tick, *arguments) < 1.02 * by_hand


def test_the_totals_of_moving_mnist():
    frame = flops.forward(MOVING_MNIST, 3600) / 3600
    assert frame == pytest.approx(85e6, rel=0.01)
    assert flops.frame_encoder(MOVING_MNIST) == pytest.approx(27e6, rel=0.02)
    assert flops.dense_stacks(MOVING_MNIST) == pytest.approx(12e6, rel=0.02)
    assert flops.frame_decoder(MOVING_MNIST) == pytest.approx(44e6, rel=0.01)
    assert flops.training_step(MOVING_MNIST, 8, 100) == pytest.approx(204e9, rel=0.01)


def test_the_decoder_ends_at_the_frame():
    decoder = build(DEBUG, key=jr.key(0)).decoder
    state = jnp.ones(DEBUG.stoch_size + DEBUG.deter_size)
    # XLA counts the additions of `fold` as well.
    assert flops.frame_decoder(DEBUG) <= counted(type(decoder).__call__, decoder, state)
    assert decoder(state).shape == (DEBUG.size, DEBUG.size, DEBUG.channels)


def test_a_forecast_costs_what_its_parts_do():
    alone = flops.latents(MOVING_MNIST, 36, 964)
    decoding = flops.forecast(MOVING_MNIST, 36, 964) - alone
    assert decoding == 964 * flops.frame_decoder(MOVING_MNIST)
    heard = flops.latents(MOVING_MNIST, 36, 964) - flops.imagine(MOVING_MNIST, 964)
    assert heard < flops.forward(MOVING_MNIST, 36)


@pytest.mark.parametrize(("factor", "ticks"), [(1, 300), (2, 175), (4, 132), (6, 120), (8, 115)])
def test_temporal_abstraction_means_fewer_ticks(factor, ticks):
    config = type(MOVING_MNIST)(factors=factor)
    assert flops.ticks(config, 100) == ticks
