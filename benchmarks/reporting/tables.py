"""One table for each group of cases, with the columns that mean something there."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from reporting import derived
from reporting.formatting import memory, number, percent, seconds, table, times, values
from reporting.reading import Case

__all__ = ["TABLES", "cases_table"]


class Column(NamedTuple):
    """A title and what it says of a case, "" for nothing."""

    title: str
    cell: Callable[[Case], str]


class Table(NamedTuple):
    """What the table of a group is called, and its columns beside those of every table."""

    title: str
    columns: tuple[Column, ...]


COMPILE = Column("trace + compile", lambda case: seconds(derived.compile_seconds(case)))
TIMES = (
    Column("min", lambda case: seconds(case.seconds.min)),
    Column("median", lambda case: seconds(case.seconds.median)),
    Column("IQR", lambda case: seconds(case.seconds.q3 - case.seconds.q1)),
)
FRAMES = Column("frames/s", lambda case: number(derived.frames_per_second(case)))
TICK = Column("per tick", lambda case: seconds(derived.tick_seconds(case)))
KERNELS = Column("kernels per tick", lambda case: number(case.kernels_per_tick))
SHARES = (
    *(
        Column(f"of the {title}", lambda case, rate=rate: percent(derived.share(case, rate)))
        for rate, title in derived.MATRIX_RATES.items()
    ),
    Column("same, XLA's FLOPs", lambda case: percent(derived.xla_share(case))),
)
COPY = Column("of the copy bandwidth", lambda case: percent(derived.copy_share(case)))
MEMORY = (
    Column("temporaries", lambda case: memory(case.memory.get("temporaries"))),
    Column("peak memory", lambda case: memory(derived.peak_memory(case))),
)
WAITING = Column("waiting for data", lambda case: percent(case.value.get("waiting_share")))
VALUE = Column("value computed", lambda case: values(case.value))

_SCAN = (FRAMES, TICK, KERNELS, *SHARES, COPY, *MEMORY)
_WORK = (FRAMES, *SHARES, COPY, *MEMORY)

# By group; growth has tables and plots of its own.
TABLES = {
    "train": Table("Training step", _WORK),
    "forecast": Table("Forecast of 1000 frames, context included", _SCAN),
    "levels": Table("One level's scan", _SCAN),
    "hierarchy": Table("Hierarchy", _SCAN),
    "vision": Table("Frame encoder and decoder", _WORK),
    "stream": Table("Streaming step", (FRAMES, KERNELS, *MEMORY)),
    "data": Table("Data pipeline", (WAITING, FRAMES, MEMORY[1])),
    "start": Table("Start", (MEMORY[1],)),
}


def cases_table(cases: Sequence[Case]) -> str:
    """Write the table of the cases of one group; columns that say nothing are left out."""
    columns = (
        *_parameters(cases),
        COMPILE,
        *TIMES,
        *_references(cases),
        *TABLES[cases[0].group].columns,
        VALUE,
    )
    rows = [[column.cell(case) for column in columns] for case in cases]
    kept = [place for place in range(len(columns)) if any(row[place] for row in rows)]
    head = [columns[place].title for place in kept]
    return table(head, [[row[place] for place in kept] for row in rows])


def _parameters(cases: Sequence[Case]) -> list[Column]:
    """Return a column for every parameter, and the name where they do not tell cases apart."""
    names = list(dict.fromkeys(name for case in cases for name in case.parameters))
    columns = [
        Column(name.replace("_", " "), lambda case, name=name: _plain(case.parameters.get(name)))
        for name in names
    ]
    told = {tuple(column.cell(case) for column in columns) for case in cases}
    if len(told) < len(cases):
        columns.insert(0, Column("case", lambda case: f"`{case.name}`"))
    return columns


def _references(cases: Sequence[Case]) -> list[Column]:
    """Return a column for everything that bounds one of the cases, the time as its multiple."""
    names = dict.fromkeys(name for case in cases for name in derived.references(case))
    return [
        Column(
            f"times {name.replace('_', ' ')}",
            lambda case, name=name: times(derived.references(case).get(name)),
        )
        for name in names
    ]


def _plain(value: Any) -> str:
    """Write a parameter."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
