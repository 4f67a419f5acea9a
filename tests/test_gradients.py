"""The gradients of the loss: how exact they are, whom they train, and that they compose."""

import dataclasses
import functools

import equinox as eqx
import jax
import numpy as np
import pytest
from bounds import BATCH, CLOCK, FRAMES, batch, beliefs, kinds, row_of
from models import (
    CELLS,
    OUTPUT,
    STRAIGHT_THROUGH,
    conditioning,
    draw,
    made,
    noise,
    plain,
    stacked,
    tiny,
)
from readers_cell import ReadersCell
from reference import (
    assert_alike,
)

from cwvae.clock import Clock
from cwvae.hierarchy import Hierarchy
from cwvae.model import CWVAE
from cwvae.objective import loss

# Gradients.


loss_of = eqx.filter_jit(loss)


@eqx.filter_jit
def gradients(model, inputs, part, **options):
    """Return the gradient of one part of the loss."""
    return eqx.filter_grad(lambda m: getattr(loss(m, *inputs, **options), part))(model)


def weighted(parts):
    """Add pytrees up, each times its weight."""
    weights, trees = zip(*parts, strict=True)
    return jax.tree.map(
        lambda *leaves: sum(w * leaf for w, leaf in zip(weights, leaves, strict=True)), *trees
    )


@pytest.fixture(scope="module")
def of_share():
    """The penalty's gradients of one level, plain (None) and balanced, and what they are of."""
    model = plain(Clock(1))
    inputs = batch(model, 3)
    shares = (None, 0.0, 0.8, 1.0)
    of = {s: gradients(model, inputs, "penalty", kl_balance=s) for s in shares}
    return (model, *inputs), of


def test_balancing_shares_the_kls_gradient_out(of_share):
    _, of = of_share
    assert_alike(of[0.8], weighted([(0.8, of[1.0]), (0.2, of[0.0])]))
    assert_alike(of[None], weighted([(1.0, of[1.0]), (1.0, of[0.0])]))


def test_balancing_leaves_the_loss(of_share):
    inputs, _ = of_share
    values = [loss_of(*inputs, kl_balance=share) for share in (0.8, None)]
    assert_alike(*values, 1e-6)


def test_the_whole_share_for_the_posterior_leaves_the_prior_untrained(of_share):
    cell = of_share[1][1.0].hierarchy.cells[0]
    assert all(np.all(leaf == 0) for leaf in jax.tree.leaves(cell.prior_head))
    assert all(np.any(leaf != 0) for leaf in jax.tree.leaves(cell.posterior_head))


@beliefs
def test_the_whole_share_for_the_prior_leaves_the_posterior_untrained(kind):
    # One frame, since a later prior depends on what the posterior sampled.
    model = plain(Clock(1), kind=kind)
    gradient = gradients(model, batch(model, 1), "penalty", kl_balance=0.0)
    cell = gradient.hierarchy.cells[0]
    assert all(np.all(leaf == 0) for leaf in jax.tree.leaves(cell.posterior_head))
    assert all(np.any(leaf != 0) for leaf in jax.tree.leaves(cell.prior_head))


@pytest.mark.parametrize("option", ["free_nats", "tick_free_nats"])
def test_kl_below_its_free_nats_trains_nothing(option):
    model = plain(Clock(1))
    gradient = gradients(model, batch(model, 3), "penalty", **{option: 1e6})
    assert all(np.all(leaf == 0) for leaf in jax.tree.leaves(gradient))


class Slope:
    """The loss of a model on one video as a function of its weights, and its gradient, in float64.

    The video comes from a batch, at irregular times and with actions.
    """

    def __init__(self, model: CWVAE, inputs):
        self.inputs = inputs
        self.weights, static = eqx.partition(model, eqx.is_inexact_array)

        def value(weights, inputs):
            row = jax.tree.map(lambda array: array[None], inputs)
            return loss(eqx.combine(weights, static), *row, beta=0.7, free_nats=0.1).total

        self.function = jax.jit(jax.value_and_grad(value))

    def __call__(self, weights, row: int = 0):
        """Return value and gradient for one row of the batch."""
        return self.function(weights, row_of(self.inputs, row))


@functools.cache
def slope_of(kind: str) -> Slope:
    """Return that of a kind of cell below a simple one, or of the tiny model with its networks."""
    with jax.enable_x64(True):
        if kind in CELLS:
            cells = made(CELLS[kind], context_size=OUTPUT), made(ReadersCell, context_size=0)
            model = dataclasses.replace(plain(CLOCK), hierarchy=Hierarchy(cells, CLOCK))
            return Slope(model, batch(model))
        model, video = tiny(), jax.nn.sigmoid(draw(1, FRAMES, 32, 32, 1))
        row = video, noise(model.hierarchy, FRAMES), conditioning(model.hierarchy, FRAMES)
        return Slope(model, stacked([row]))


NETWORKS = "networks"


@pytest.mark.parametrize("kind", [NETWORKS, *(k for k in CELLS if k not in STRAIGHT_THROUGH)])
def test_the_gradient_agrees_with_finite_differences(kind):
    slope, step = slope_of(kind), 1e-6
    leaves, structure = jax.tree.flatten(slope.weights)
    with jax.enable_x64(True):
        along = [np.asarray(draw(seed, *leaf.shape)) for seed, leaf in enumerate(leaves)]

        def value(step):
            moved = [np.asarray(w) + step * d for w, d in zip(leaves, along, strict=True)]
            return slope(jax.tree.unflatten(structure, moved))[0]

        gradient = jax.device_get(jax.tree.leaves(slope(slope.weights)[1]))
        expected = sum(float(np.vdot(g, d)) for g, d in zip(gradient, along, strict=True))
        assert (value(step) - value(-step)) / (2 * step) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("kind", [NETWORKS, *CELLS])
def test_the_gradient_flows_to_every_parameter(kind):
    slope = slope_of(kind)
    with jax.enable_x64(True):
        leaves = jax.tree_util.tree_leaves_with_path(jax.device_get(slope(slope.weights)[1]))
        assert all(np.all(np.isfinite(leaf)) for _, leaf in leaves)
        untrained = [path for path, leaf in leaves if leaf.size and not np.any(leaf != 0)]
    assert [jax.tree_util.keystr(path) for path in untrained] == []


@kinds
def test_jit_vmap_grad_and_scan_compose(kind):
    slope, steps = slope_of(kind), 3

    def moved(weights, gradients):
        return jax.tree.map(lambda w, g: w - 1e-4 * g.mean(0), weights, gradients)

    def step(weights, _):
        rows = jax.vmap(slope.function, in_axes=(None, 0))(weights, slope.inputs)
        return moved(weights, rows[1]), rows

    with jax.enable_x64(True):
        run = eqx.filter_jit(lambda weights: jax.lax.scan(step, weights, length=steps))
        last, records = run(slope.weights)
        weights = slope.weights
        for number in range(steps):
            rows = [slope(weights, row) for row in range(BATCH)]
            alone = jax.tree.map(lambda *arrays: np.stack(arrays), *rows)
            assert_alike(row_of(records, number), alone, 1e-9)
            weights = moved(weights, alone[1])
        assert_alike(last, weights, 1e-9)
