"""Programs as they are traced, before any compiler: what is in them, and what a gradient keeps."""

import math
from collections import Counter
from collections.abc import Iterator

import equinox as eqx
import jax
from jax import lax


def equations(function, *arguments) -> Iterator:
    """Yield every equation of a program, those of loops and branches included."""

    def inside(jaxpr) -> Iterator:
        for equation in jaxpr.eqns:
            yield equation
            inner = (getattr(leaf, "jaxpr", leaf) for leaf in jax.tree.leaves(equation.params))
            for one in inner:
                yield from inside(one) if hasattr(one, "eqns") else ()

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


def kept(function, *arguments) -> int:
    """Count the numbers that a function keeps for its gradient."""
    arrays, rest = eqx.partition(arguments, eqx.is_inexact_array)

    def pullback(arrays):
        return jax.vjp(lambda arrays: function(*eqx.combine(arrays, rest)), arrays)[1]

    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(jax.eval_shape(pullback, arrays)))
