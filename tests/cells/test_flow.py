"""A memory that follows a differential equation between ticks."""

import sys
from functools import partial

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from models import ACTION, DETER, FEATURE, OUTPUT, STOCH, draw, made, rssm, some_state
from reference import assert_alike

from cwvae.beliefs import Gaussian
from cwvae.cells import AbstractCell, Conditioning, FlowCell, observe_level


class Still(AbstractCell):
    """A cell that does nothing at a tick, so that what a memory does between them shows."""

    stoch_size: int = eqx.field(static=True, default=STOCH)
    deter_size: int = eqx.field(static=True, default=DETER)
    context_size: int = eqx.field(static=True, default=OUTPUT)
    feature_size: int = eqx.field(static=True, default=FEATURE)

    def advance(self, state, context):
        return state.deter

    def prior(self, deter):
        return Gaussian(jnp.zeros(STOCH), jnp.ones(STOCH))

    def posterior(self, deter, evidence):
        return self.prior(deter)


STEPS = {"solver": diffrax.Midpoint(), "controller": diffrax.ConstantStepSize()}
TOLERANCES = {"fixed": 1e-4, "adaptive": 2e-3}
"""Small steps of one size, and the solver that is used when none is given."""


def flowing(cell: AbstractCell | None = None, *, how: str = "fixed", seed: int = 0, **options):
    """Make a cell flow."""
    options = ({**STEPS, "first_step": 0.02} if how == "fixed" else {}) | options
    return made(partial(FlowCell, cell or Still(), **({"hidden_size": 6} | options)), seed=seed)


def conditioning(time) -> Conditioning:
    return Conditioning(jnp.asarray(time), jnp.zeros(ACTION), jnp.asarray(False))


@eqx.filter_jit
def advance(cell, state, top_down, conditioning):
    """Return h_t."""
    return cell.advance(state, cell.prepare_context(top_down, conditioning))


def separable(how: str) -> tuple[FlowCell, np.ndarray, np.ndarray]:
    """Return a cell that flows by dh/dt = speeds tanh(slopes h), the slopes and the speeds."""
    cell, slopes = flowing(how=how, depth=1), np.random.default_rng(0).uniform(0.5, 1.5, DETER)
    kernel = np.concatenate([np.diag(slopes), np.zeros((STOCH + OUTPUT, DETER))])
    weights = jnp.asarray(kernel, dtype=float), jnp.zeros(DETER)
    cell = eqx.tree_at(lambda c: (c.field.layers[0].kernel, c.field.layers[0].bias), cell, weights)
    return cell, slopes, np.exp(np.float64(cell.log_rate))


@pytest.mark.parametrize("how", TOLERANCES)
def test_an_equation_with_a_known_solution_is_followed(how):
    cell, slopes, speeds = separable(how)
    state, top_down = some_state(cell), draw(1, OUTPUT)
    for time in (0.0, 0.3, 2.0):
        # d sinh(slope h) / dt = slope speed sinh(slope h)
        start, growth = slopes * np.float64(state.deter), np.exp(slopes * speeds * time)
        expected = np.arcsinh(np.sinh(start) * growth) / slopes
        actual = advance(cell, state, top_down, conditioning(time))
        np.testing.assert_allclose(actual, expected, atol=TOLERANCES[how])


@pytest.mark.parametrize("how", TOLERANCES)
def test_the_gradient_is_that_of_the_known_solution(how):
    cell, slopes, speeds = separable(how)
    state, time = some_state(cell), 0.7

    @eqx.filter_jit
    @eqx.filter_grad
    def gradient(deter):
        begun = eqx.tree_at(lambda s: s.deter, state, deter)
        return advance(cell, begun, draw(1, OUTPUT), conditioning(time)).sum()

    start, growth = slopes * np.float64(state.deter), np.exp(slopes * speeds * time)
    expected = growth * np.cosh(start) / np.cosh(np.arcsinh(np.sinh(start) * growth))
    np.testing.assert_allclose(gradient(state.deter), expected, atol=10 * TOLERANCES[how])


def euler(cell: FlowCell, state, top_down, time: float, steps: int) -> np.ndarray:
    """Walk along the field in float64."""
    deter = np.asarray(state.deter, np.float64)
    constant = np.asarray([*state.stoch, *top_down], np.float64)
    layers = [(np.float64(layer.kernel), np.float64(layer.bias)) for layer in cell.field.layers]
    duration = np.exp(np.float64(cell.log_rate)) * time
    for _ in range(steps):
        hidden = np.concatenate([deter, constant])
        for kernel, bias in layers[:-1]:
            hidden = np.maximum(hidden @ kernel + bias, 0)
        deter = deter + duration / steps * np.tanh(hidden @ layers[-1][0] + layers[-1][1])
    return deter


@pytest.mark.parametrize("seed", range(3))
def test_the_field_is_of_the_memory_the_sample_and_the_output_of_the_level_above(seed):
    cell = flowing(seed=seed)
    state, top_down = some_state(cell, seed), draw(seed + 1, OUTPUT)
    actual = advance(cell, state, top_down, conditioning(0.8))
    expected = euler(cell, state, top_down, 0.8, 20_000)
    np.testing.assert_allclose(actual, expected, atol=1e-3)


@pytest.mark.parametrize("how", TOLERANCES)
def test_where_no_time_passes_it_is_the_wrapped_cell(how):
    inner = made(rssm, context_size=OUTPUT)
    cell = flowing(inner, how=how)
    state = eqx.tree_at(lambda s: s.time, some_state(inner), jnp.asarray(3.5))
    arguments = state, draw(1, OUTPUT), conditioning(3.5)
    assert_alike(advance(cell, *arguments), advance(inner, *arguments))


def test_only_the_time_since_the_last_tick_matters():
    cell = flowing()
    top_down = draw(1, OUTPUT)
    one, other = (
        eqx.tree_at(lambda s: s.time, some_state(cell), jnp.asarray(time)) for time in (0.0, 64.0)
    )
    begun_later = advance(cell, other, top_down, conditioning(64.75))
    assert_alike(advance(cell, one, top_down, conditioning(0.75)), begun_later)


def test_two_flows_of_half_the_time_are_one_of_the_whole():
    cell, top_down = flowing(), draw(1, OUTPUT)
    state = some_state(cell)
    half = advance(cell, state, top_down, conditioning(0.6))
    between = eqx.tree_at(lambda s: (s.deter, s.time), state, (half, jnp.asarray(0.6)))
    whole = advance(cell, state, top_down, conditioning(1.2))
    np.testing.assert_allclose(
        advance(cell, between, top_down, conditioning(1.2)), whole, atol=1e-4
    )


def test_a_slow_video_is_not_a_fast_one():
    cell = flowing(made(rssm, context_size=OUTPUT), first_step=0.5)
    observe = eqx.filter_jit(observe_level)
    inputs = draw(0, 4, OUTPUT), draw(1, 4, FEATURE), draw(2, 4, STOCH)

    def record(times):
        known = Conditioning(times, jnp.zeros((4, 0)), jnp.zeros(4, dtype=bool))
        return observe(cell, some_state(cell), *inputs, known)[1].states.deter

    times = jnp.asarray([0.0, 1.0, 1.5, 3.0])
    slow, fast = record(2 * times), record(times)
    assert_alike(slow[0], fast[0])
    assert np.all(np.any(slow[1:] != fast[1:], axis=1))


# What the user chooses.


def test_the_solver_and_the_steps_are_those_that_were_given():
    options = {"solver": diffrax.Euler(), "controller": diffrax.ConstantStepSize()}
    for steps in (1, 2):
        cell = flowing(**options, first_step=1 / steps)
        state, top_down = some_state(cell), draw(1, OUTPUT)
        actual = advance(cell, state, top_down, conditioning(1.3))
        assert_alike(actual, euler(cell, state, top_down, 1.3, steps))


def test_the_adjoint_is_that_which_was_given():
    cell = flowing(adjoint=diffrax.ForwardMode(), first_step=0.5)
    tick = some_state(cell), draw(1, OUTPUT)

    def at(time):
        return advance(cell, *tick, conditioning(time))

    # The default adjoint knows no forward mode.
    _, slope = jax.jvp(at, (jnp.asarray(1.0),), (jnp.asarray(1.0),))
    difference = (at(jnp.asarray(1.01)) - at(jnp.asarray(0.99))) / 0.02
    np.testing.assert_allclose(slope, difference, atol=1e-3)


def test_the_default_solver_chooses_its_steps():
    cell = FlowCell(Still(), hidden_size=2, key=jr.key(0))
    assert isinstance(cell.solver, diffrax.Tsit5)
    assert isinstance(cell.controller, diffrax.PIDController)


def test_a_flow_starts_at_the_rate_that_was_given_and_learns_it():
    cell = FlowCell(Still(), hidden_size=2, rate=0.1, key=jr.key(0))
    np.testing.assert_allclose(np.exp(cell.log_rate), np.full(DETER, 0.1), rtol=1e-6)
    # Of the type that it has after a step of training, which else would be compiled twice.
    assert not cell.log_rate.weak_type
    with pytest.raises(ValueError, match="rate of a flow must be positive and finite, got 0"):
        FlowCell(Still(), hidden_size=2, rate=0.0, key=jr.key(0))


def test_without_diffrax_the_error_has_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "diffrax", None)
    with pytest.raises(ImportError, match=r"diffrax .*pip install 'cwvae\[flow\]'"):
        FlowCell(Still(), hidden_size=2, key=jr.key(0))


# What cannot be solved stops the program.


def test_too_few_steps_are_an_error_that_says_so():
    cell = flowing(how="adaptive", max_steps=2)
    with pytest.raises(eqx.EquinoxRuntimeError, match="maximum number of solver steps"):
        advance(cell, some_state(cell), draw(1, OUTPUT), conditioning(50.0))


def test_a_flow_that_is_not_finite_is_an_error_that_says_so():
    cell = flowing(first_step=0.5)
    with pytest.raises(eqx.EquinoxRuntimeError, match="flow between two ticks is not finite"):
        advance(cell, some_state(cell), draw(1, OUTPUT), conditioning(float("inf")))
