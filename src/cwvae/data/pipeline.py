"""From a random-access source of sequences to batches, prepared ahead in the background."""

from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

import numpy as np

from cwvae._extras import extra
from cwvae.data.pieces import Drawn, PieceBatches

with extra("data"):
    import grain

__all__ = ["Batch", "BatchIterator", "batches"]

Batch = dict[str, np.ndarray]
"""`video`, uint8 (batch, frames, height, width, channels), and `actions` if the source has them."""

# More epochs than any training has. `repeat` without a number raises OverflowError in grain 0.2.18
# as soon as batches are drawn: its length does not fit an index.
_EPOCHS = 10**9


@runtime_checkable
class BatchIterator(Protocol):
    """An endless iterator of batches whose place can be saved and restored."""

    def __iter__(self) -> Iterator[Batch]:
        """Return itself."""
        ...

    def __next__(self) -> Batch:
        """Return the next batch."""
        ...

    def get_state(self) -> dict[str, Any]:
        """Return the place as values that JSON can hold."""
        ...

    def set_state(self, state: Any) -> None:
        """Go to a place that `get_state` returned; raise `ValueError` for anything else."""
        ...


def batches(
    source: Any,
    *,
    batch_size: int,
    seed: int,
    flip: bool = False,
    shard: tuple[int, int] = (0, 1),
    pieces: int = 1,
) -> BatchIterator:
    """Shuffle a source without end and return its batches.

    **Arguments:** `source`, with a length and items that hold `video`, uint8 (frames, height,
    width, channels), and perhaps `actions`; `batch_size`, at least 1; `seed`, of the order, at
    least 0; `flip`, whether each sequence is mirrored, left for right, in half of the epochs, drawn
    from the seed; `shard`, this process's number and how many processes there are: each gets its
    own rows of every batch, which stays what it is for one process; `pieces`, how many consecutive
    batches go through a batch of sequences, a piece of each at a time.

    Every epoch has another order. Raises `ValueError` for fewer sequences than a batch, for a batch
    that the processes cannot share evenly, when sequences with actions, which would no longer be
    true of what is seen, are to be flipped, or when the first sequence cannot be divided into so
    many pieces.
    """
    rows = _rows(source, batch_size, shard)
    if flip and "actions" in source[0]:
        raise ValueError("sequences with actions cannot be flipped; leave flip out")
    order = grain.MapDataset.range(len(source)).shuffle(seed=seed)
    order = order.map(Drawn).repeat(_EPOCHS // pieces)
    if flip:
        order = order.seed(seed).random_map(_mirrored)
    batched = PieceBatches(source, order, batch_size=batch_size, pieces=pieces, rows=rows)
    # Two threads are enough to stay ahead of a training step, and leave the cores to it.
    ahead = grain.ReadOptions(num_threads=2, prefetch_buffer_size=4)
    dataset = grain.MapDataset.source(batched)
    return _Batches(iter(dataset.to_iter_dataset(ahead)), len(batched))


class _Batches:
    """Grain's iterator, whose places are checked before it goes there."""

    def __init__(self, inner: grain.DatasetIterator, length: int):
        self.inner, self.length = inner, length

    def __iter__(self) -> "_Batches":
        return self

    def __next__(self) -> Batch:
        return next(self.inner)

    def get_state(self) -> dict[str, Any]:
        return self.inner.get_state()

    def set_state(self, state: Any) -> None:
        known = self.get_state()
        numbers = list(state.values()) if isinstance(state, dict) else []
        alike = isinstance(state, dict) and state.keys() == known.keys()
        if not (alike and all(type(n) is int and 0 <= n < self.length for n in numbers)):
            raise ValueError(
                f"expected a place in the data that get_state returned, such as {known}, got "
                f"{str(state)[:80]}; start anew without it"
            )
        self.inner.set_state(state)


def _rows(source: Any, batch_size: int, shard: tuple[int, int]) -> range:
    """Return the rows of a batch that a process makes, or raise `ValueError` where it cannot."""
    number, count = shard
    if not 0 <= number < count:
        raise ValueError(f"expected shard (number, count) with 0 <= number < count, got {shard}")
    if len(source) < batch_size:
        raise ValueError(
            f"a batch of {batch_size} needs as many sequences, got {len(source)}; use a smaller "
            "batch size or more data"
        )
    if batch_size % count:
        raise ValueError(
            f"a batch must be a multiple of the {count} processes that share it, got {batch_size}; "
            "use another batch size"
        )
    share = batch_size // count
    return range(number * share, (number + 1) * share)


def _mirrored(drawn: Drawn, generator: np.random.Generator) -> Drawn:
    """Mirror a sequence in half of the cases, drawn from the generator."""
    return Drawn(drawn.number, generator.random() < 0.5)
