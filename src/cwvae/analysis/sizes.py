"""What a model is made of, in numbers: its levels, what feeds them, its parameters."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from cwvae.cells.base import AbstractCell
from cwvae.cells.heads import AbstractHead
from cwvae.model import CWVAE
from cwvae.nn.layers import Dense, DenseStack, SplitDense

__all__ = ["Level", "Summary", "summary"]

FRAMES = 100  # in which ticks are counted

# The columns of the table, and those of them that say what a level hears.
HEADS = {
    "cell": "cell",
    "belief": "belief",
    "stoch": "stoch",
    "deter": "deter",
    "period": "period",
    "ticks": f"ticks/{FRAMES}",
    "feature": "features",
    "top_down": "from above",
    "action": "actions",
    "parameters": "parameters",
}
HEARD = ("feature", "top_down", "action")

# A cell is not known by these: every cell has some, and what a head makes is the belief.
PLAIN = (Dense, DenseStack, SplitDense, AbstractHead)


@dataclasses.dataclass(frozen=True)
class Level:
    """One level of a hierarchy.

    **Arguments:** `cell`, the names of its classes, and `belief`, that of its beliefs; the sizes
    `stoch` and `deter` of its state; its `period` in frames and its `ticks` in 100 of them; how
    many numbers it hears at each tick from the encoder (`feature`; 0 for a blind level), from the
    level above (`top_down`) and of the action; its `parameters`.
    """

    cell: str
    belief: str
    stoch: int
    deter: int
    period: int
    ticks: int
    feature: int
    top_down: int
    action: int
    parameters: int


@dataclasses.dataclass(frozen=True)
class Summary:
    """A model in plain numbers; `str` makes a table of it.

    **Arguments:** `levels`, the fastest first; `lookahead`, whether inference at a tick hears the
    frames up to the next (else it is causal); the parameters of the model's four parts.
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
        return "\n".join([*_table(self.levels), "", *_totals(self)])


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


def _level(model: CWVAE, level: int) -> Level:
    """Describe one level."""
    hierarchy = model.hierarchy
    cell, clock = hierarchy.cells[level], hierarchy.clock
    return Level(
        cell=_name(cell),
        belief=_belief(cell),
        stoch=cell.stoch_size,
        deter=cell.deter_size,
        period=clock.periods[level],
        ticks=clock.ticks(FRAMES)[level],
        feature=0 if level in hierarchy.blind else cell.feature_size,
        top_down=cell.context_size,
        action=cell.action_size,
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
        if isinstance(part, eqx.Module) and _parameters(part) and not isinstance(part, PLAIN)
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


def _table(levels: tuple[Level, ...]) -> list[str]:
    """Return the lines of the table."""
    rows = [["level", *HEADS.values()]]
    for number, level in enumerate(levels):
        rows.append([str(number), *(_text(name, getattr(level, name)) for name in HEADS)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_aligned(row, widths)) for row in rows]


def _text(name: str, value: int | str) -> str:
    """Return a value as text, a dash where there is nothing to hear."""
    if name in HEARD and not value:
        return "-"
    return value if isinstance(value, str) else f"{value:,}"


def _aligned(row: list[str], widths: list[int]) -> list[str]:
    """Put words, the second and third column, to the left, and numbers to the right."""
    padded = enumerate(zip(row, widths, strict=True))
    return [t.ljust(w) if column in (1, 2) else t.rjust(w) for column, (t, w) in padded]


def _totals(summary: Summary) -> list[str]:
    """Return the lines below the table."""
    parts = ("encoder", "hierarchy", "decoder", "likelihood")
    counts = ", ".join(f"{part} {getattr(summary, part):,}" for part in parts)
    window = (
        "looks ahead: a level hears, at its tick, the frames up to its next"
        if summary.lookahead
        else "is causal: a level hears, at its tick, the frames since its last"
    )
    return [f"parameters: {counts}; all {summary.parameters:,}", f"inference {window}"]
