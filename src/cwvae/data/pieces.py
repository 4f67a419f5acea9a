"""Sequences in consecutive pieces: batches whose rows are all at the same piece of theirs."""

from typing import Any, NamedTuple, Protocol, SupportsIndex, runtime_checkable

import numpy as np

__all__ = ["Cuttable", "Drawn", "PieceBatches"]

_KEPT = ("video", "actions")


@runtime_checkable
class Cuttable(Protocol):
    """A source that makes some frames of a sequence without the others."""

    frames: int

    def cut(
        self, index: SupportsIndex, start: SupportsIndex, stop: SupportsIndex
    ) -> dict[str, np.ndarray]:
        """Return the sequence of an index from frame `start` up to `stop`, which is left out."""
        ...


class Drawn(NamedTuple):
    """A sequence in the order of training: its number, and whether it is mirrored."""

    number: int
    mirrored: bool = False


class PieceBatches:
    """Batches of sequences, each in consecutive pieces: the second pieces follow the first.

    A random-access source of batches: entry n holds piece n modulo `pieces` of the sequences of
    batch n // `pieces`. So the place in the data is known from the number of batches that came.

    **Arguments:** `source`, whose items hold `video` and perhaps `actions`; from one that is
    `Cuttable` no more is made than the frames of a piece. `order`, with a length and items
    that are `Drawn`: the sequences to come. `batch_size` and `pieces`, at least 1. `rows`, those of
    a batch that are made, by default all.

    Raises `ValueError` for pieces that do not divide the first sequence.
    """

    def __init__(
        self,
        source: Any,
        order: Any,
        *,
        batch_size: int,
        pieces: int = 1,
        rows: range | None = None,
    ):
        """Make nothing yet but the length of the first sequence, where it is to be divided."""
        self.source, self.order = source, order
        self.batch_size, self.pieces = batch_size, pieces
        self.rows = range(batch_size) if rows is None else rows
        self._frames = None if pieces == 1 else _frames_of_piece(source, pieces)

    def __len__(self) -> int:
        """Count the batches."""
        return len(self.order) // self.batch_size * self.pieces

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        """Return a batch."""
        batch, piece = divmod(index, self.pieces)
        first = batch * self.batch_size
        rows = [self._row(self.order[first + n], piece) for n in self.rows]
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}

    def _row(self, drawn: Drawn, piece: int) -> dict[str, np.ndarray]:
        """Return one piece of a sequence, with what a batch is made of."""
        item = self._piece(drawn.number, piece)
        row = {name: item[name] for name in _KEPT if name in item}
        return row | {"video": row["video"][:, :, ::-1]} if drawn.mirrored else row

    def _piece(self, number: int, piece: int) -> dict[str, np.ndarray]:
        """Return one piece of the sequence of a number, or all of it if there is one piece."""
        if self._frames is None:
            return self.source[number]
        start, stop = piece * self._frames, (piece + 1) * self._frames
        if isinstance(self.source, Cuttable):
            return self.source.cut(number, start, stop)
        item = self.source[number]
        return {name: item[name][start:stop] for name in _KEPT if name in item}


def _frames_of_piece(source: Any, pieces: int) -> int:
    """Return how many frames a piece has, or raise `ValueError` where that is not whole."""
    frames = source.frames if isinstance(source, Cuttable) else len(source[0]["video"])
    if frames % pieces:
        raise ValueError(
            f"sequences must be a multiple of {pieces} pieces long, got {frames} frames; use "
            f"{max(frames // pieces, 1) * pieces}"
        )
    return frames // pieces
