"""A recurrence of which all gradients but those of the states are taken at all ticks at once.

Reverse mode through `jax.lax.scan` adds up the gradient of every weight tick by tick, in as many
small products as there are ticks. Only the gradients of the states have to be taken back one by
one: those of weights and inputs follow from them in one product each.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.extend.core as jex
import jax.numpy as jnp

__all__ = ["recur"]

# (weights, state, inputs of a tick) -> the next state, and what else comes of the tick.
_Step = Callable[[Any, Any, Any], tuple[Any, Any]]
# What varies of a tick's linear map -> the map: d state -> d next state, d what else.
_Maps = Callable[[Sequence[Any]], Callable[[Any], tuple[Any, Any]]]


def recur(step: _Step, weights: Any, state: Any, inputs: Any) -> tuple[Any, tuple[Any, Any]]:
    """Return the last state, and of all ticks the states and what else came of them.

    It has the values of a `jax.lax.scan`, and its derivatives in all modes, in the memory of
    reverse mode. `weights`, `state` and `inputs` are pytrees of arrays, `inputs` with a leading
    axis of ticks. It is that scan itself for a step that has to be taken tick by tick: one with
    effects, as `jax.debug.print`, which would come more than once a tick; one with a callback or a
    rule for reverse mode alone (`jax.custom_vjp`, as in a solver of differential equations), whose
    derivative along all ticks at once JAX may not have; and one after which the state is of
    another type.
    """
    program, result = jax.make_jaxpr(step, return_shape=True)(weights, state, _first_tick(inputs))
    if program.effects or _in_turn(program.jaxpr) or not _of_types(state, result[0]):
        return _scan(step, weights, state, inputs)
    structure = jax.tree.structure(result)

    def traced(weights: Any, state: Any, inputs: Any) -> tuple[Any, Any]:
        # Traced once, for all that follows; what the step closes over is among the weights.
        closed_over, weights = weights
        run = jex.jaxpr_as_fun(jex.ClosedJaxpr(program.jaxpr, closed_over))
        return structure.unflatten(run(*jax.tree.leaves((weights, state, inputs))))

    return _recur(traced, (program.consts, weights), state, inputs)


def _scan(step: _Step, weights: Any, state: Any, inputs: Any) -> tuple[Any, tuple[Any, Any]]:
    """Return what `recur` does."""

    def tick(state: Any, inputs: Any) -> tuple[Any, tuple[Any, Any]]:
        state, other = step(weights, state, inputs)
        return state, (state, other)

    return jax.lax.scan(tick, state, inputs)


_recur = jax.custom_jvp(_scan, nondiff_argnums=(0,))


@_recur.defjvp
def _recur_jvp(step: _Step, primals: Any, tangents: Any) -> tuple[Any, Any]:
    """Linearise all ticks at once, where they are known; what recurs is the linear map alone."""
    weights, state, inputs = primals
    d_weights, d_state, d_inputs = tangents
    last, ticks = _scan(step, weights, state, inputs)
    before = jax.tree.map(_before, state, ticks[0])

    def held(weights: Any, inputs: Any) -> tuple[Any, Any]:
        return jax.vmap(lambda *of_tick: step(weights, *of_tick))(before, inputs)

    _, d_held = jax.jvp(held, (weights, inputs), (d_weights, d_inputs))
    varying, maps = _linear_maps(step, weights, before, inputs)

    def move(d_state: Any, of_tick: tuple[Any, Any]) -> tuple[Any, tuple[Any, Any]]:
        varying, d_held = of_tick
        moved = jax.tree.map(_added, maps(varying)(d_state), d_held)
        return moved[0], moved

    d_last, d_ticks = jax.lax.scan(move, d_state, (varying, d_held))
    return (last, ticks), (d_last, d_ticks)


def _linear_maps(step: _Step, weights: Any, before: Any, inputs: Any) -> tuple[list[Any], _Maps]:
    """Return of what every tick's map from its state is made, and how.

    What of it depends on weights alone is there once, and does not pass through a loop.
    """

    def linearise(state: Any, inputs: Any) -> Any:
        # The map is a pytree, of the arrays that it was linearised at.
        return jax.linearize(lambda state: step(weights, state, inputs), state)[1]

    first_tick = _first_tick(before), _first_tick(inputs)
    program, shape = jax.make_jaxpr(linearise, return_shape=True)(*first_tick)
    run, structure = jex.jaxpr_as_fun(program), jax.tree.structure(shape)
    varies = _varying(program.jaxpr)

    def chosen(of_tick: Any, *, varying: bool) -> list[Any]:
        leaves = zip(run(*jax.tree.leaves(of_tick)), varies, strict=True)
        return [leaf for leaf, does in leaves if does == varying]

    fixed = chosen(first_tick, varying=False)

    def maps(varying: Sequence[Any]) -> Callable[[Any], tuple[Any, Any]]:
        parts = iter(varying), iter(fixed)
        return structure.unflatten(next(parts[not does]) for does in varies)

    return jax.vmap(partial(chosen, varying=True))((before, inputs)), maps


def _varying(program: jex.Jaxpr) -> list[bool]:
    """Return which outputs of a program depend on its inputs, not on its constants alone."""
    varying = set(program.invars)

    def any_of(variables: Sequence[Any]) -> bool:
        return any(isinstance(one, jex.Var) and one in varying for one in variables)

    for equation in program.eqns:
        if any_of(equation.invars):
            varying.update(equation.outvars)
    return [any_of([variable]) for variable in program.outvars]


def _in_turn(program: jex.Jaxpr) -> bool:
    """Whether a program has a callback or a rule for reverse mode alone, wherever in it."""
    for equation in program.eqns:
        parts = (getattr(part, "jaxpr", part) for part in jax.tree.leaves(equation.params))
        inner = (part for part in parts if isinstance(part, jex.Jaxpr))
        named = equation.primitive.name.startswith(("custom_vjp", "pure_callback"))
        if named or any(map(_in_turn, inner)):
            return True
    return False


def _of_types(state: Any, after: Any) -> bool:
    """Whether the state after a tick has the types of that before, which a scan might promote."""
    pairs = zip(jax.tree.leaves(state), jax.tree.leaves(after), strict=True)
    return all(jnp.result_type(one) == other.dtype for one, other in pairs)


def _first_tick(arrays: Any) -> Any:
    """Return what the first tick has, or would have if there were one."""

    def one(array: Any) -> Any:
        return array[0] if len(array) else jnp.zeros(array.shape[1:], array.dtype)

    return jax.tree.map(one, arrays)


def _before(first: Any, states: Any) -> Any:
    """Return the state before each tick."""
    return jnp.concatenate([first[None], states])[:-1]


def _added(one: Any, other: Any) -> Any:
    """Return the sum of two tangents; of what is no number, the one that there is."""
    return one if one.dtype == jax.dtypes.float0 else one + other
