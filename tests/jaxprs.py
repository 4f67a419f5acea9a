"""Programs as they are traced, before any compiler: what is in them, and what a gradient keeps."""

import math
from collections import Counter
from collections.abc import Iterator
from functools import partial

import equinox as eqx
import jax
from jax import lax


def equations(function, *arguments) -> Iterator:
    """Yield every equation of a program, those of loops and branches included."""

    def inside(jaxpr) -> Iterator:
        for equation in jaxpr.eqns:
            yield equation
            parts = jax.tree.leaves(equation.params)
            if equation.primitive.name.startswith("cwvae_"):  # which holds a program of ours
                shapes = (jax.ShapeDtypeStruct(v.aval.shape, v.aval.dtype) for v in equation.invars)
                run = partial(equation.primitive.impl, **equation.params)
                parts = [jax.make_jaxpr(run)(*shapes)]
            for part in (getattr(part, "jaxpr", part) for part in parts):
                yield from inside(part) if hasattr(part, "eqns") else ()

    # Parts of a program that were traced before, maybe for another platform, are traced again.
    jax.clear_caches()
    return inside(eqx.filter_make_jaxpr(function)(*arguments)[0].jaxpr)


def primitives(function, *arguments) -> Counter[str]:
    """Count what a program is made of, by name."""
    return Counter(equation.primitive.name for equation in equations(function, *arguments))


def choose(monkeypatch, platform: str) -> None:
    """Let programs be those of a platform, which need not be here."""

    def branch(*operands, default, **platforms):
        return platforms.get(platform, default)(*operands)

    monkeypatch.setattr(lax, "platform_dependent", branch)


def kept(function, first, *others) -> int:
    """Count the numbers that a function keeps for its gradient in the first argument."""
    weights, rest = eqx.partition(first, eqx.is_inexact_array)

    def pullback(weights, *others):
        return jax.vjp(lambda weights: function(eqx.combine(weights, rest), *others), weights)[1]

    residuals = jax.tree.leaves(jax.eval_shape(pullback, weights, *others))
    return sum(math.prod(leaf.shape) for leaf in residuals)
