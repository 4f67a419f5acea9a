"""A recurrence of which all gradients but those of the states are taken at all ticks at once.

Reverse mode through `jax.lax.scan` adds up the gradient of every weight tick by tick, in as many
small products as there are ticks. Only the gradients of the states have to be taken back one by
one: those of weights and inputs follow from them in one product each.
"""

from collections.abc import Callable, Sequence
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

    It has the values of a `jax.lax.scan`, and its derivatives in all modes. Whatever `step`
    depends on has to be in its arguments, which are pytrees of arrays, `inputs` with a leading
    axis of ticks. A step with a rule for reverse mode alone (`jax.custom_vjp`, as in a solver of
    differential equations) cannot be linearised, and is scanned.
    """
    program, result = jax.make_jaxpr(step, return_shape=True)(weights, state, _any_tick(inputs))
    # Traced once, for all that follows.
    step = _function(program, jax.tree.structure(result))
    run = _scan if _reverse_only(program.jaxpr) else _recur
    return run(step, weights, state, inputs)


def _scan(step: _Step, weights: Any, state: Any, inputs: Any) -> tuple[Any, tuple[Any, Any]]:
    """Return what `recur` does."""

    def tick(state: Any, inputs: Any) -> tuple[Any, tuple[Any, Any]]:
        state, other = step(weights, state, inputs)
        return state, (state, other)

    return jax.lax.scan(tick, state, inputs)


_recur = jax.custom_jvp(_scan, nondiff_argnums=(0,))


@_recur.defjvp
def _recur_jvp(step: _Step, primals: Any, tangents: Any) -> tuple[Any, Any]:
    """Linearise each tick in its state as the states come, and in all else when all are known."""
    weights, state, inputs = primals
    d_weights, d_state, d_inputs = tangents
    last, ticks, maps, varying = _linearised(step, weights, state, inputs)
    before = jax.tree.map(_before, state, ticks[0])

    def held(weights: Any, inputs: Any) -> tuple[Any, Any]:
        return jax.vmap(lambda *of_tick: step(weights, *of_tick))(before, inputs)

    _, d_held = jax.jvp(held, (weights, inputs), (d_weights, d_inputs))

    def move(d_state: Any, of_tick: tuple[Any, Any]) -> tuple[Any, tuple[Any, Any]]:
        varying, d_held = of_tick
        moved = jax.tree.map(_added, maps(varying)(d_state), d_held)
        return moved[0], moved

    d_last, d_ticks = jax.lax.scan(move, d_state, (varying, d_held))
    return (last, ticks), (d_last, d_ticks)


def _linearised(
    step: _Step, weights: Any, state: Any, inputs: Any
) -> tuple[Any, tuple[Any, Any], _Maps, list[Any]]:
    """Return what `recur` does, then how to make each tick's linear map, and from what.

    The map is one in the tick's state. What of it depends on weights alone is there once, and
    does not pass through the loop.
    """

    def linearise(state: Any, inputs: Any) -> tuple[Any, Any]:
        # The map is a pytree, of the arrays that it was linearised at.
        return jax.linearize(lambda state: step(weights, state, inputs), state)

    program, shapes = jax.make_jaxpr(linearise, return_shape=True)(state, _any_tick(inputs))
    run = _function(program, jax.tree.structure(shapes))
    linear = jax.tree.structure(shapes[1])
    varies = _varying(program.jaxpr)[-linear.num_leaves :]

    def tick(state: Any, inputs: Any) -> tuple[Any, tuple[Any, list[Any]]]:
        ticked, linear = run(state, inputs)
        leaves = zip(jax.tree.leaves(linear), varies, strict=True)
        return ticked[0], (ticked, [leaf for leaf, it in leaves if it])

    fixed = jax.tree.leaves(run(state, _any_tick(inputs))[1])

    def maps(varying: Sequence[Any]) -> Callable[[Any], tuple[Any, Any]]:
        rest = iter(varying)
        leaves = zip(fixed, varies, strict=True)
        return linear.unflatten(next(rest) if it else leaf for leaf, it in leaves)

    last, (ticks, varying) = jax.lax.scan(tick, state, inputs)
    return last, ticks, maps, varying


def _varying(program: jex.Jaxpr) -> list[bool]:
    """Return which outputs of a program depend on its inputs, not on its constants alone."""
    varying = set(program.invars)

    def any_of(variables: Sequence[Any]) -> bool:
        return any(isinstance(one, jex.Var) and one in varying for one in variables)

    for equation in program.eqns:
        if any_of(equation.invars):
            varying.update(equation.outvars)
    return [any_of([variable]) for variable in program.outvars]


def _reverse_only(program: jex.Jaxpr) -> bool:
    """Whether a program has rules for its derivatives in reverse mode alone, wherever in it."""
    for equation in program.eqns:
        parts = (getattr(part, "jaxpr", part) for part in jax.tree.leaves(equation.params))
        inner = (part for part in parts if isinstance(part, jex.Jaxpr))
        if equation.primitive.name.startswith("custom_vjp") or any(map(_reverse_only, inner)):
            return True
    return False


def _function(program: jex.ClosedJaxpr, structure: Any) -> Callable[..., Any]:
    """Return a program as a function of pytrees, of results with the given structure."""
    run = jex.jaxpr_as_fun(program)
    return lambda *arguments: structure.unflatten(run(*jax.tree.leaves(arguments)))


def _any_tick(inputs: Any) -> Any:
    """Return inputs of a tick, of which there may be none."""
    return jax.tree.map(lambda array: jnp.zeros(array.shape[1:], array.dtype), inputs)


def _before(first: Any, states: Any) -> Any:
    """Return the state before each tick."""
    return jnp.concatenate([first[None], states])[:-1]


def _added(one: Any, other: Any) -> Any:
    """Return the sum of two tangents; of what is no number, the one that there is."""
    return one if one.dtype == jax.dtypes.float0 else one + other
