"""What a model is made of, in numbers: its levels, their inputs, its parameters."""

import dataclasses
from dataclasses import fields
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from cwvae.analysis.size_table import size_table
from cwvae.cells.base import AbstractCell
from cwvae.cells.heads import AbstractHead
from cwvae.model import CWVAE
from cwvae.nn.layers import Dense, DenseStack, SplitDense
from cwvae.video_model import AbstractVideoModel

__all__ = ["Level", "Summary", "part_sizes", "summary"]

# A cell is not known by these: every cell has some, and what a head makes is the belief.
_PLAIN = (Dense, DenseStack, SplitDense, AbstractHead)


@dataclasses.dataclass(frozen=True)
class Level:
    """One level of a hierarchy.

    **Arguments:**

    - `cell`: the names of its classes; `belief`, that of its beliefs.
    - `stoch_size`, `deter_size`: sizes of its state.
    - `period`: in frames; `ticks`: in 100 frames.
    - `feature_size`, `context_size`, `action_size`: the lengths of its inputs at a tick, from the
      encoder (0 for a blind level), from the level above, and of the action.
    - `parameters`: of its cell.
    """

    cell: str
    belief: str
    stoch_size: int
    deter_size: int
    period: int
    ticks: int
    feature_size: int
    context_size: int
    action_size: int
    parameters: int


@dataclasses.dataclass(frozen=True)
class Summary:
    """A model in plain numbers; `str` makes a table of it.

    **Arguments:** `levels`, the fastest first; `lookahead`, whether the input of a tick is the
    frames up to the next (else the model is causal); the parameters of the model's four parts.
    """

    levels: tuple[Level, ...]
    lookahead: bool
    encoder: int
    hierarchy: int
    decoder: int
    likelihood: int

    @property
    def parameters(self) -> int:
        """The parameters of the whole model."""
        return self.encoder + self.hierarchy + self.decoder + self.likelihood

    def __str__(self) -> str:
        """Return the levels as a table, a row each, and the totals below it."""
        return size_table(dataclasses.asdict(self))


def summary(model: CWVAE) -> Summary:
    """Return what a model is made of; its arrays may be `jax.ShapeDtypeStruct`s."""
    return Summary(
        levels=tuple(_level(model, level) for level in range(model.hierarchy.clock.levels)),
        lookahead=model.hierarchy.clock.lookahead,
        encoder=_parameters(model.encoder),
        hierarchy=_parameters(model.hierarchy),
        decoder=_parameters(model.decoder),
        likelihood=_parameters(model.likelihood),
    )


def part_sizes(model: AbstractVideoModel) -> str:
    """Return the numbers in every part of a model without levels, a line each, and its parameters.

    Running statistics are among the numbers of a part, but no parameters; a line counts them. Of a
    model whose only part has several of its own these are shown.

    **Arguments:** `model`, whose arrays may be `jax.ShapeDtypeStruct`s.
    """
    parts = _parts(model)
    if len(parts) == 1 and len(inner := _parts(*parts.values())) > 1:
        parts = inner
    counts = {name: _parameters(part) for name, part in parts.items()}
    statistics = sum(counts.values()) - model.num_parameters
    counts |= {"less running statistics": statistics} if statistics else {}
    counts["parameters"] = model.num_parameters
    return "\n".join(f"{name:24}{count:>12,}" for name, count in counts.items())


def _parts(whole: Any) -> dict[str, Any]:
    """Return the fields of a module that hold numbers."""
    names = (field.name for field in fields(whole)) if isinstance(whole, eqx.Module) else ()
    return {name: part for name in names if _parameters(part := getattr(whole, name))}


def _level(model: CWVAE, level: int) -> Level:
    """Return the sizes of one level."""
    hierarchy = model.hierarchy
    cell, clock = hierarchy.cells[level], hierarchy.clock
    return Level(
        cell=_name(cell),
        belief=_belief(cell),
        stoch_size=cell.stoch_size,
        deter_size=cell.deter_size,
        period=clock.periods[level],
        ticks=clock.ticks(100)[level],
        feature_size=0 if level in hierarchy.blind else cell.feature_size,
        context_size=cell.context_size,
        action_size=cell.action_size,
        parameters=_parameters(cell),
    )


def _name(cell: AbstractCell) -> str:
    """Return the name of a cell's class and, in brackets, of what it is made from.

    That is the cells that it wraps, and its modules with parameters that are not plain layers,
    such as its memory.
    """
    fields = [getattr(cell, field.name, None) for field in dataclasses.fields(cell)]
    parts = jax.tree.leaves(fields, is_leaf=lambda part: isinstance(part, eqx.Module))
    inner = [
        _name(part) if isinstance(part, AbstractCell) else type(part).__name__
        for part in parts
        if isinstance(part, eqx.Module) and _parameters(part) and not isinstance(part, _PLAIN)
    ]
    name = type(cell).__name__
    return f"{name}({', '.join(dict.fromkeys(inner))})" if inner else name


def _belief(cell: AbstractCell) -> str:
    """Return the family of a cell's beliefs, without computing one."""
    prior = eqx.filter_eval_shape(lambda cell: cell.prior(cell.init().deter), cell)
    return type(prior).__name__


def _parameters(part: Any) -> int:
    """Count what training changes: the numbers in arrays of floats."""
    arrays = (leaf for leaf in jax.tree.leaves(part) if hasattr(leaf, "dtype"))
    return sum(a.size for a in arrays if jnp.issubdtype(a.dtype, jnp.inexact))
