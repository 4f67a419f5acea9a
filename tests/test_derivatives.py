"""Derivatives of the bound and of the loss, forward and reverse and one over the other.

With 20 frames there is more than a chunk, with 4 there is none.
"""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from models import TINY, draw, made, noise, stacked

from cwvae.objective import elbo, loss
from cwvae.training.build import build

STEP = 1e-7  # larger steps cross corners of the ReLUs


def along(tree, direction):
    """Return the inner product of a gradient with a direction."""
    pairs = zip(jax.tree.leaves(tree), jax.tree.leaves(direction), strict=True)
    return sum(jnp.vdot(one, other) for one, other in pairs)


def problem(kernels: str, frames: int, objective: str):
    """Return the objective as a function of the weights, the weights, and a direction."""
    model = made(build, dataclasses.replace(TINY, levels=1), kernels=kernels)
    video, noises = jax.nn.sigmoid(draw(1, frames, 32, 32, 1)), noise(model.hierarchy, frames)
    weights, rest = eqx.partition(model, eqx.is_inexact_array)
    # As two videos the loss flattens them.
    batch = stacked([(video, noises)] * 2)

    def value(weights):
        model = eqx.combine(weights, rest)
        if objective == "elbo":
            return elbo(model, video, noises).value
        return loss(model, *batch).total

    leaves, structure = jax.tree.flatten(weights)
    drawn = [draw(seed, *leaf.shape) for seed, leaf in enumerate(leaves)]
    return value, weights, jax.tree.unflatten(structure, drawn)


WAYS = {
    "jvp": lambda f, w, d: jax.jvp(f, (w,), (d,))[1],
    "linearize": lambda f, w, d: jax.linearize(f, w)[1](d),
    "vjp": lambda f, w, d: along(jax.grad(f)(w), d),
    "jvp of vjp": lambda f, w, d: along(jax.jvp(jax.grad(f), (w,), (d,))[1], d),
    "vjp of vjp": lambda f, w, d: along(jax.grad(lambda w: along(jax.grad(f)(w), d))(w), d),
}
FORWARD = ("jvp", "linearize")


@pytest.mark.parametrize(
    ("kernels", "frames", "objective"),
    [
        ("xla", 4, "elbo"),
        ("xla", 4, "loss"),
        ("xla", 20, "elbo"),
        ("xla", 20, "loss"),
        ("auto", 20, "elbo"),
        ("auto", 20, "loss"),
    ],
)
def test_all_ways_agree_with_finite_differences(kernels, frames, objective):
    with jax.enable_x64(True):
        value, weights, direction = problem(kernels, frames, objective)
        without = FORWARD if kernels == "auto" and frames > 16 else ()
        ways = {name: way for name, way in WAYS.items() if name not in without}

        @jax.jit
        def derivatives(weights):
            found = {name: way(value, weights, direction) for name, way in ways.items()}
            return found | {"value": value(weights)}

        def moved(step):
            return derivatives(jax.tree.map(lambda w, d: w + step * d, weights, direction))

        above, below, found = moved(STEP), moved(-STEP), derivatives(weights)
        of_order = [float(above[n] - below[n]) / (2 * STEP) for n in ("value", "vjp")]
    expected = {name: of_order["of" in name] for name in ways}
    assert {name: float(found[name]) for name in ways} == pytest.approx(expected, rel=1e-6)


def test_where_forward_mode_is_not_there_the_error_names_the_switch():
    value, weights, direction = problem("auto", 20, "loss")
    with pytest.raises(TypeError, match='build the model with kernels="xla", or set CWVAE_KERNELS'):
        jax.jit(lambda w: jax.jvp(value, (w,), (direction,)))(weights)


def test_frames_are_differentiated_forward_whatever_the_formulation():
    def tangent(kernels):
        model = made(build, TINY, kernels=kernels)
        outputs = draw(0, 20, model.hierarchy.cells[0].output_size)
        return jax.jit(lambda o: jax.jvp(model.render, (o,), (jnp.ones_like(o),))[1])(outputs)

    expected = tangent("xla")
    assert float(jnp.max(jnp.abs(expected))) > 0.1
    for kernels in ("auto", "im2col", "winograd"):
        np.testing.assert_allclose(tangent(kernels), expected, atol=1e-5)
