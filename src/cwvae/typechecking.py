"""Check a public function's arguments against its annotations, with an error for users."""

import functools
import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, SupportsIndex, TypeVar

import jax.numpy as jnp
import jaxtyping
import numpy as np
from beartype import BeartypeConf
from beartype.door import is_bearable
from jaxtyping import PRNGKeyArray, jaxtyped

from cwvae.arguments import described

__all__ = ["TypeCheckError", "checked"]

_F = TypeVar("_F", bound=Callable[..., Any])

# Where a float is asked for, an int will do.
_CONF = BeartypeConf(is_pep484_tower=True)
_KINDS = {"Float": "floats", "Real": "numbers", "Bool": "booleans", "Int": "integers"}


class TypeCheckError(jaxtyping.TypeCheckError):
    """A `TypeError`: an argument has axes or a dtype other than its annotation's."""


def checked(function: _F) -> _F:
    """Check the shapes and dtypes of a function's arguments when it is called or traced.

    Arguments are compared with their annotations, in order, an axis name standing for one
    length. Raises `TypeCheckError`, which names the argument, what was expected, what was got and
    a remedy, and `TypeError` for a missing argument or one too many. jaxtyping's switch turns the
    checks off: `JAXTYPING_DISABLE=1`.
    """
    signature = inspect.signature(function)
    hints: dict[str, Any] = {}

    @functools.wraps(function)
    def checking(*args: Any, **kwargs: Any) -> Any:
        if jaxtyping.config.jaxtyping_disable:
            return function(*args, **kwargs)
        if not hints:  # at the first call, when all names in annotations are defined
            hints.update(typing.get_type_hints(function, include_extras=True))
        values = _bound(function, signature, args, kwargs)
        typed = [name for name in values if name in hints]
        with jaxtyped("context"):
            for index, name in enumerate(typed):
                if not _fits(values[name], hints[name]):
                    raise _violation(function, typed[: index + 1], values, hints)
            result = function(*args, **kwargs)
            if "return" in hints and not _fits(result, hints["return"]):
                raise TypeCheckError(
                    f"{function.__qualname__} must return {_expected(hints['return'])}, "
                    f"got {described(result)}; mend the module that it calls"
                )
        return result

    return typing.cast(_F, checking)


def _bound(
    function: Callable[..., Any],
    signature: inspect.Signature,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
) -> Mapping[str, Any]:
    """Return arguments by name, or raise `TypeError` with the name of the one that is amiss."""
    try:
        return signature.bind(*args, **kwargs).arguments
    except TypeError as error:
        name = _name(function)
        bare = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
        own = [parameter for parameter in bare if parameter.name != "self"]
        call = inspect.Signature(own)
        raise TypeError(
            f"{name} {_amiss(signature, args, kwargs, error)}; call it as {name}{call}"
        ) from None


def _amiss(
    signature: inspect.Signature,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    error: TypeError,
) -> str:
    """Return what is amiss with arguments that do not fit a signature."""
    parameters = signature.parameters
    unknown = [name for name in kwargs if name not in parameters]
    if unknown:
        return f"has no argument {unknown[0]}"
    try:
        given = signature.bind_partial(*args, **kwargs).arguments
    except TypeError:
        places = [n for n, p in parameters.items() if p.kind is not p.KEYWORD_ONLY]
        if len(args) <= len(places):
            return f"does not take its arguments so: {error}"
        unseen = int(places[:1] == ["self"])
        most, got = len(places) - unseen, len(args) - unseen
        return f"takes {most} argument{'s' * (most != 1)} without names, got {got}"
    needed = [n for n, p in parameters.items() if p.default is p.empty and n not in given]
    return f"needs the argument {needed[0]}"


def _name(function: Callable[..., Any]) -> str:
    """Return the name by which users call a function."""
    return function.__qualname__.removesuffix(".__init__")


# An import hook that checked this function too would give it a memory of axes of its own.
@typing.no_type_check
def _fits(value: Any, hint: Any) -> bool:
    """Return whether a value is what an annotation promises, binding the axes in it."""
    if value is None:  # any `PyTree` has None among its instances
        return hint in (None, NoneType, Any) or NoneType in typing.get_args(hint)
    return bool(is_bearable(value, hint, conf=_CONF))


def _fit_together(*pairs: tuple[Any, Any]) -> bool:
    """Return whether values fit their annotations with one length for every axis name."""
    with jaxtyped("context"):
        return all(_fits(value, hint) for value, hint in pairs)


def _violation(
    function: Callable[..., Any],
    names: Sequence[str],
    values: Mapping[str, Any],
    hints: Mapping[str, Any],
) -> TypeCheckError:
    """Describe the last of the named arguments, which does not fit."""
    *before, name = names
    pairs = {one: (values[one], hints[one]) for one in names}
    wrong, fine = pairs[name], [o for o in before if _fit_together(pairs[o])]
    others = [o for o in fine if _fit_together(wrong) and not _fit_together(pairs[o], wrong)]
    if others:
        level, (got, beside) = _first_wrong(wrong, pairs[others[0]])
        remedy = f"its axes must agree with those of '{others[0]}', {described(beside)}"
    else:
        level, (got,) = _first_wrong(wrong)
        remedy = _remedy(got, hints[name])
    return TypeCheckError(
        f"{_name(function)}: parameter '{name}' must be "
        f"{_expected(hints[name])}, got {described(got)}{level}; {remedy}"
    )


def _first_wrong(*pairs: tuple[Any, Any]) -> tuple[str, list[Any]]:
    """Return values; where they are tuples, those of the first level that does not fit."""
    values = [value for value, _ in pairs]
    if all(isinstance(value, tuple) for value in values):
        for level, entries in enumerate(zip(*values, strict=False)):
            ones = [((entry,), hint) for entry, (_, hint) in zip(entries, pairs, strict=True)]
            if not _fit_together(*ones):
                return f" at level {level}", list(entries)
    return "", values


def _remedy(value: Any, hint: Any) -> str:
    """Return what to do about an argument that does not fit, whatever the others are."""
    expected = _expected(hint)
    if hint == PRNGKeyArray:
        return "make one with jax.random.key(seed)"
    if expected.startswith("a whole number"):
        return "give an int"
    kind = getattr(getattr(value, "dtype", None), "kind", "f")
    if "floats" in expected and kind in "biu":
        return "convert it to floats" + ", bytes by dividing them by 255" * (kind == "u")
    if isinstance(value, np.ndarray) and _fit_together((jnp.asarray(value), hint)):
        return "convert it with jnp.asarray"
    if "each level" in expected and not hasattr(value, "dtype"):
        return "model.hierarchy makes it: see its methods noise and conditioning"
    if "axes" in expected:
        return "cwvae.shapes explains the axes, and jax.vmap adds one for a batch"
    return "check the order of the arguments"


def _expected(hint: Any) -> str:
    """Describe an annotation."""
    if hint == PRNGKeyArray:
        return "a random key"
    if isinstance(hint, UnionType) or typing.get_origin(hint) is typing.Union:
        return " or ".join(dict.fromkeys(_expected(part) for part in typing.get_args(hint)))
    if typing.get_origin(hint) is tuple:
        parts = [_expected(part) for part in typing.get_args(hint) if part is not ...]
        return f"a tuple of {' and '.join(parts)}"
    if hint in (NoneType, SupportsIndex):
        return "None" if hint is NoneType else "a whole number"
    if hasattr(hint, "dim_str"):
        kind = _KINDS.get(hint.dtype.__name__, "an array")
        return f"{kind} with axes ({', '.join(hint.dim_str.replace('?', '').split())})"
    if hasattr(hint, "leaftype"):
        each = "an array for each level, " if getattr(hint, "structure", None) else "arrays, "
        return f"a tuple with {each}{_expected(hint.leaftype)}"
    return getattr(hint, "__name__", str(hint))
