"""From a random-access source of sequences to batches, prepared ahead in the background."""

from collections.abc import Iterator
from typing import Any, Protocol

import grain
import numpy as np
from jaxtyping import UInt8

__all__ = ["BatchIterator", "batches"]


class BatchIterator(Protocol):
    """An endless iterator of batches whose place can be saved and restored."""

    def __iter__(self) -> Iterator[UInt8[np.ndarray, "batch frames height width channels"]]:
        """Return itself."""
        ...

    def __next__(self) -> UInt8[np.ndarray, "batch frames height width channels"]:
        """Return the next batch."""
        ...

    def get_state(self) -> dict[str, Any]:
        """Return the place as values that JSON can hold."""
        ...

    def set_state(self, state: dict[str, Any]) -> None:
        """Go to a place that `get_state` returned."""
        ...


def batches(source: Any, *, batch_size: int, seed: int) -> BatchIterator:
    """Shuffle a source without end and return its batches of videos.

    **Arguments:** `source`, with a length and items `source[index]["video"]`, uint8 (frames,
    height, width, channels); `batch_size`, at least 1; `seed`, of the order, at least 0.

    Raises `ValueError` when the source holds fewer sequences than a batch.
    """
    if len(source) < batch_size:
        raise ValueError(
            f"a batch of {batch_size} needs as many sequences, got {len(source)}; "
            "use a smaller batch size or more data"
        )
    dataset = (
        grain.MapDataset.source(source)
        .shuffle(seed=seed)
        .map(lambda item: item["video"])
        .repeat()
        .batch(batch_size)
    )
    # Two threads are enough to stay ahead of a training step, and leave the cores to it.
    ahead = grain.ReadOptions(num_threads=2, prefetch_buffer_size=4)
    return iter(dataset.to_iter_dataset(ahead))
