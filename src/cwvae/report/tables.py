"""Tables of text: for a terminal as they are, for a page as rows and cells."""

import dataclasses
from collections.abc import Sequence

__all__ = ["Table"]

_NARROWEST = 8


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of cells below their heads.

    **Arguments:** `heads`, the name of each column; `rows`, each with a cell for every head;
    `folded`, whether a page shows them only when asked to, below the `title`.

    Raises `ValueError` for a row with more or fewer cells.
    """

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    folded: bool = True
    title: str = "The numbers"

    def __post_init__(self) -> None:
        """Raise `ValueError` for rows that do not fit the heads."""
        lengths = {len(row) for row in self.rows}
        if not lengths <= {len(self.heads)}:
            raise ValueError(
                f"expected {len(self.heads)} cells in every row, one for each head, got "
                f"{sorted(lengths)}; fill empty ones with an empty text"
            )

    def __str__(self) -> str:
        """Return lines whose columns are aligned on the right."""
        lines = [self.heads, *self.rows]
        widths = [max(_NARROWEST, *map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
            for line in lines
        )
