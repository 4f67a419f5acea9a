"""The steps of a training, each on the next batch, which the devices share."""

from typing import Any

from jax.sharding import Mesh

from cwvae.cli.times import Times
from cwvae.data.pipeline import BatchIterator
from cwvae.training.carry import begin_videos
from cwvae.training.config import TrainConfig
from cwvae.training.devices import shard_batch
from cwvae.training.step import StepRecord, TrainState, train_in_place

__all__ = ["Steps"]


class Steps:
    """What every step of a start takes besides the state.

    **Arguments:** `config`; `iterator` of batches, at its place; `mesh` of the devices; `times`,
    which count how long it takes.
    """

    def __init__(self, config: TrainConfig, iterator: BatchIterator, mesh: Mesh, times: Times):
        """Take no step yet."""
        self.config, self.iterator, self.mesh, self.times = config, iterator, mesh, times

    def take(self, step: int, state: TrainState) -> tuple[TrainState, StepRecord]:
        """Take a step, after `step` others, on the next batch."""
        with self.times.of("data"):
            videos = shard_batch(next(self.iterator)["video"], self.mesh)
        with self.times.of("steps"):
            state, record = train_in_place(videos, state, self.config)
            return begin_videos(state, step + 1, self.config), record

    @property
    def place(self) -> dict[str, Any]:
        """The place in the data, for the step that comes next."""
        return self.iterator.get_state()

    def __str__(self) -> str:
        """Describe how the devices share a batch."""
        each = self.config.batch_size // self.mesh.size
        return f"{self.mesh.size} devices, {each} of the {self.config.batch_size} videos on each"
