"""A run that `cwvae train` made: its configuration, its model, its training state."""

import dataclasses
import functools
from pathlib import Path
from typing import Any

import equinox as eqx
import jax.random as jr

from cwvae.training.carry import expected_at
from cwvae.training.custom_build import builder
from cwvae.training.settings import FIRST_VERSION, Settings, read_settings
from cwvae.training.step import TrainState, init_train_state
from cwvae.video_model import AbstractVideoModel

__all__ = ["Run", "checkpoint_folder", "load_run", "model_shapes", "trained_steps"]


@dataclasses.dataclass(frozen=True)
class Run:
    """A run at one of its checkpoints, as `load_run` returns it.

    **Arguments:**

    - `folder`: where it lies.
    - `settings`: its configuration; `settings.model`, `settings.train` and `settings.data` are
      those that `cwvae.build`, `cwvae.train_step` and the data sets take.
    - `model`: the model after so many steps, a `cwvae.CWVAE` or that of another method, with the
      moving average of its weights where the run
      keeps one; `state.model` has the weights themselves.
    - `step`: the number of steps that it is trained for.
    """

    folder: Path
    settings: Settings
    model: Any
    step: int

    @functools.cached_property
    def state(self) -> TrainState:
        """The training state, read when it is first asked for: a forecast needs the model alone.

        Raises `ValueError` when it is that of another optimiser, as in runs of version 0.1.
        """
        from cwvae.training.checkpoint import Checkpoints

        def fresh(model: AbstractVideoModel) -> TrainState:
            return init_train_state(model, self.settings.train)

        digests = self.settings.version != FIRST_VERSION
        folder = checkpoint_folder(self.folder)
        with Checkpoints(folder, read_only=True, digests=digests) as saved:
            like = eqx.filter_eval_shape(fresh, self.model)
            like = expected_at(like, self.step, self.settings.train)
            return saved.load(like, step=self.step)[0]


def load_run(path: str | Path, *, step: int | None = None, trust: bool = False) -> Run:
    """Load a run from its folder.

    A custom model's source, which the folder keeps, is executed only if this user made the run, or
    with `trust`; nothing else in it ever is. Runs of version 0.1 can be loaded too.

    **Arguments:** `path`, the folder that `cwvae train --out` was given; `step`, of the checkpoint
    to load, by default the latest; `trust`, whether code of other users may be executed.

    Raises `FileNotFoundError` for a folder without a run or without that checkpoint, and
    `ValueError` for a configuration that is wrong, a checkpoint that is damaged, or a custom model
    that others made.
    """
    # Here, since orbax takes seconds to import, which nothing else should.
    from cwvae.training.checkpoint import Checkpoints

    if step is not None and not isinstance(step, int):
        raise ValueError(f"step must be a whole number or None, got {step!r}; leave it out")
    folder = Path(path).expanduser()
    settings = read_settings(folder, trust=trust)
    shapes = model_shapes(settings)
    if not checkpoint_folder(folder).is_dir():
        raise FileNotFoundError(f"{folder} has no checkpoint yet; train it longer")
    digests = settings.version != FIRST_VERSION
    with Checkpoints(checkpoint_folder(folder), read_only=True, digests=digests) as saved:
        model, found = saved.load_model(shapes, step=step)
    return Run(folder, settings, model, found)


def checkpoint_folder(folder: Path) -> Path:
    """Return the folder of a run's checkpoints."""
    return folder / "checkpoints"


def model_shapes(settings: Settings) -> AbstractVideoModel:
    """Return the model of a run with the shapes of its weights in the place of their values.

    Raises `ValueError` for a custom model that cannot be built.
    """
    return eqx.filter_eval_shape(builder(settings.custom), settings.model, key=jr.key(0))


def trained_steps(folder: Path) -> int:
    """Return how many steps a run's latest checkpoint is trained for, 0 without one."""
    if not checkpoint_folder(folder).is_dir():
        return 0
    from cwvae.training.checkpoint import Checkpoints

    with Checkpoints(checkpoint_folder(folder), read_only=True) as saved:
        return saved.latest or 0
