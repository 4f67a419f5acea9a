"""A recurrence is a scan, in its values and gradients, whose loops do not carry weights."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxprs import equations
from models import ACTION, CELLS, FEATURE, OUTPUT, STOCH, draw, made

from cwvae.cells import Conditioning, observe_level
from cwvae.cells.recurrence import recur

TICKS, SIZE, INPUT = 6, 3, 2


def step(weights, state, inputs):
    """Update one of two states, of which one is held where nothing is observed."""
    drawn, observed = inputs
    # Weights alone, in every tick: what a linear map has of them does not vary.
    kernel = jnp.concatenate([weights["kernel"], weights["kernel"] ** 2], axis=1)
    first, second = jnp.split(jnp.concatenate([*state, drawn]) @ kernel + weights["bias"], 2)
    moved = jnp.where(observed, jnp.tanh(first), state[0]), jnp.sin(second)
    return moved, {"product": moved[0] * state[1], "count": weights["count"] + 1}


def ours(weights, state, inputs):
    return recur(step, weights, state, inputs)


def plain(weights, state, inputs):
    """The same by a scan alone."""

    def tick(state, inputs):
        state, other = step(weights, state, inputs)
        return state, (state, other)

    return jax.lax.scan(tick, state, inputs)


def problem(ticks: int = TICKS, seed: int = 0):
    """Draw weights, the first state, and the inputs of all ticks, not all of them numbers."""
    kernel, bias = draw(seed, 2 * SIZE + INPUT, SIZE), draw(seed + 1, 2 * SIZE)
    weights = {"kernel": kernel, "bias": bias, "count": jnp.asarray(3)}
    state = draw(seed + 2, SIZE), draw(seed + 3, SIZE)
    return weights, state, (draw(seed + 4, ticks, INPUT), jnp.arange(ticks) % 3 != 1)


def scalar(function):
    """Return a function of all arguments that are numbers to one that depends on all results."""

    def value(kernel, bias, state, drawn, rest):
        weights = {"kernel": kernel, "bias": bias, "count": rest[0]}
        last, (states, other) = function(weights, state, (drawn, rest[1]))
        parts = [last, states, other["product"]]
        return sum(jnp.sum(jnp.cos(n + leaf)) for n, leaf in enumerate(jax.tree.leaves(parts)))

    return value


def arguments(**options):
    """Return what `scalar` takes: numbers, and the rest."""
    weights, state, (drawn, observed) = problem(**options)
    return (weights["kernel"], weights["bias"], state, drawn), (weights["count"], observed)


def gradient(function):
    return jax.grad(scalar(function), (0, 1, 2, 3))


def tangent(function, numbers, rest):
    return jax.jvp(lambda *numbers: scalar(function)(*numbers, rest), numbers, numbers)


def over(outer):
    """Return the gradient, by a mode, of the sum of a gradient."""

    def derivative(function, numbers, rest):
        def total(*numbers):
            leaves = jax.tree.leaves(gradient(function)(*numbers, rest))
            return sum(jnp.sum(jnp.sin(leaf)) for leaf in leaves)

        return outer(total, numbers)

    return derivative


WAYS = {
    "values": lambda f, numbers, rest: scalar(f)(*numbers, rest),
    "reverse": lambda f, numbers, rest: gradient(f)(*numbers, rest),
    "forward": tangent,
    "forward over reverse": over(lambda f, numbers: jax.jvp(f, numbers, numbers)),
    "reverse over reverse": over(lambda f, numbers: jax.grad(f, (0, 1, 2, 3))(*numbers)),
}


def assert_near(found, expected):
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("ticks", [0, 1, TICKS])
def test_values_and_derivatives_of_all_modes_are_those_of_a_scan(way, ticks):
    with jax.enable_x64(True):
        both = jax.jit(lambda *of: [WAYS[way](function, *of) for function in (ours, plain)])
        assert_near(*both(*arguments(ticks=ticks)))


@pytest.mark.parametrize("axes", [(None, None, 0, 0, None), (0, None, 0, None, None)])
def test_in_a_batch_too(axes):
    with jax.enable_x64(True):
        batch = [arguments(seed=seed)[0] for seed in (0, 9)]
        stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *batch)
        chosen = [
            one if axis is None else many
            for axis, one, many in zip(axes[:4], batch[0], stacked, strict=True)
        ]

        @jax.jit
        def both(rest):
            return [jax.vmap(gradient(f), axes)(*chosen, rest) for f in (ours, plain)]

        assert_near(*both(arguments()[1]))


# One is observed without a loop; the solver of the other has a rule for reverse mode alone.
@pytest.mark.parametrize("kind", sorted(set(CELLS) - {"min_gru", "flow"}))
def test_no_loop_over_the_ticks_of_a_gradient_adds_up_weights(kind):
    cell, ticks = made(CELLS[kind], context_size=OUTPUT), 11
    widths = cell.context_size, FEATURE, STOCH
    above, features, noise = (draw(n, ticks, width) for n, width in enumerate(widths))
    known = Conditioning(jnp.arange(1.0, ticks + 1), draw(4, ticks, ACTION), jnp.arange(ticks) == 2)

    def total(cell):
        return observe_level(cell, cell.init(), above, features, noise, known)[1].output.sum()

    loops = [
        equation
        for equation in equations(eqx.filter_grad(total), cell)
        if equation.primitive.name == "scan" and equation.params["length"] == ticks
    ]
    assert len(loops) >= 2
    shapes = {leaf.shape for leaf in jax.tree.leaves(cell) if leaf.ndim == 2}
    for loop in loops:
        assert shapes.isdisjoint(variable.aval.shape for variable in loop.outvars)
        given = {variable.aval.shape for variable in loop.invars}
        assert given.isdisjoint((ticks, *shape) for shape in shapes)


def test_a_step_may_close_over_what_is_differentiated():
    numbers, rest = arguments()

    def value(run):
        def total(factor, kernel):
            def scaled(weights, state, inputs):
                moved, other = step(weights, state, inputs)
                return jax.tree.map(lambda part: factor * part, moved), other

            weights = {"kernel": kernel, "bias": numbers[1], "count": rest[0]}
            return jnp.sum(run(scaled, weights, numbers[2], (numbers[3], rest[1]))[1][0][1])

        return jax.jit(jax.grad(total, (0, 1)))(0.5, numbers[0])

    def scanned(function, weights, state, inputs):
        def tick(state, inputs):
            state, other = function(weights, state, inputs)
            return state, (state, other)

        return jax.lax.scan(tick, state, inputs)

    for found, expected in zip(value(recur), value(scanned), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5)


@jax.custom_vjp
def identity(array):
    return array


identity.defvjp(lambda array: (array, None), lambda _, cotangent: (2 * cotangent,))


def in_a_loop(array):
    return jax.lax.fori_loop(0, 1, lambda _, array: identity(array), array)


def called_back(array):
    shape = jax.ShapeDtypeStruct(array.shape, array.dtype)
    return array + jax.pure_callback(np.zeros_like, shape, jax.lax.stop_gradient(array))


@pytest.mark.parametrize("inner", [identity, in_a_loop, called_back])
def test_a_step_that_has_to_be_taken_in_turn_is_scanned(inner):
    def total(weight, state):
        def one(weight, state, drawn):
            state = jnp.tanh(weight * inner(state) + drawn)
            return state, None

        return jnp.sum(recur(one, weight, state, draw(1, TICKS, SIZE))[0])

    batch = jnp.stack([draw(2, SIZE), draw(3, SIZE)])
    if inner is called_back:
        assert np.all(jax.grad(total, 1)(jnp.asarray(0.5), batch[0]) != 0)
    else:
        mapped = jax.jit(jax.grad(lambda w: jax.vmap(total, (None, 0))(w, batch).sum()))
        assert mapped(jnp.asarray(0.5)) != 0


def test_a_check_in_a_step_is_made_of_the_ticks_that_there_are():
    def checked(weight, state, time):
        state = eqx.error_if(weight * state / time, time <= 0, "no time passes")
        return state, None

    times = jnp.arange(1.0, TICKS + 1)
    found = jax.grad(lambda w: recur(checked, w, jnp.asarray(1.0), times)[0])(jnp.asarray(2.0))
    assert found == pytest.approx(TICKS * 2.0 ** (TICKS - 1) / math.factorial(TICKS))


def test_a_state_of_a_weak_type_is_promoted_as_a_scan_does():
    def last(weight):
        weak = jnp.asarray(1.0)  # as of a number of Python
        return recur(lambda w, s, x: (w * s + x, None), weight, weak, jnp.ones(3, "bfloat16"))[0]

    weight = jnp.asarray(0.5, "bfloat16")
    assert last(weight).dtype == jnp.bfloat16
    assert float(jax.grad(last)(weight)) == pytest.approx(3 * 0.25 + 2 * 0.5 + 1, rel=0.02)


def test_what_a_cell_prints_comes_once_a_tick(capsys):
    def loud(weights, state, inputs):
        jax.debug.print("ticked {}", state[0][0])
        return step(weights, state, inputs)

    numbers, rest = arguments()
    jax.block_until_ready(gradient(lambda *of: recur(loud, *of))(*numbers, rest))
    jax.effects_barrier()
    assert capsys.readouterr().out.count("ticked") == TICKS
