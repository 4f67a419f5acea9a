"""Saving and restoring training, atomically, with the last few checkpoints kept."""

import logging
import math
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jaxtyping import PyTree

from cwvae._extras import extra
from cwvae.training.average import model_names, state_names
from cwvae.training.digests import UncheckedWarning, changed_file, has_digests, write_digests
from cwvae.training.disk import check_space, first_line, stored, writing
from cwvae.training.named_arrays import check_fit, check_rest, filled, named_arrays, oversized
from cwvae.training.processes import gathered, is_first, wait
from cwvae.training.step import TrainState
from cwvae.video_model import AbstractVideoModel

with extra("train"):
    import orbax.checkpoint as ocp

__all__ = ["Checkpoints"]

# Orbax logs at length what it does; what matters comes as an exception.
logging.getLogger("absl").setLevel(logging.CRITICAL)


class _DamagedError(Exception):
    """A checkpoint cannot be read."""


class Checkpoints:
    """The checkpoints of one run: the training state and the place in the data.

    A context manager, which closes it. Of several processes all must do what one does, in a folder
    that all of them see.

    **Arguments:**

    - `folder`: made when it does not exist, unless `read_only`.
    - `keep`: how many of the latest stay, at least 1.
    - `read_only`: leave the folder as it is; nothing can be saved.
    - `digests`: whether checkpoints are saved with digests of their files, as since version 0.2;
      reading one without them then gives an `UncheckedWarning`.
    """

    def __init__(
        self, folder: Path, *, keep: int = 3, read_only: bool = False, digests: bool = True
    ):
        """Open the folder, and remove what a process that was killed left half saved."""
        options = ocp.CheckpointManagerOptions(
            max_to_keep=None if read_only else keep,
            create=not read_only,
            read_only=read_only,
            cleanup_tmp_directories=not read_only,
            enable_async_checkpointing=False,
        )
        self.folder, self._digests = Path(folder), digests
        handlers = {"state": ocp.StandardCheckpointHandler(), "data": ocp.JsonCheckpointHandler()}
        self._manager = ocp.CheckpointManager(
            self.folder.resolve(), options=options, item_handlers=handlers
        )

    def __enter__(self) -> "Checkpoints":
        """Return itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close it."""
        self.close()

    @property
    def steps(self) -> list[int]:
        """The steps of all checkpoints, in order."""
        return sorted(self._manager.all_steps())

    @property
    def latest(self) -> int | None:
        """The step of the latest checkpoint, None without one."""
        return max(self.steps, default=None)

    def save(self, state: TrainState, data: dict[str, Any]) -> None:
        """Save the state, and the place in the data (values that JSON can hold).

        A checkpoint that is there already for this step stays as it is. Raises `OSError` when the
        disk is full or cannot be written.
        """
        step = int(state.step)
        if step in self.steps:
            return
        arrays = jax.tree.map(gathered, named_arrays(state))
        check_space(self.folder, sum(array.nbytes for array in arrays.values()))
        items = ocp.args.Composite(
            state=ocp.args.StandardSave(arrays), data=ocp.args.JsonSave(data)
        )
        with writing(self.folder / str(step)):
            self._manager.save(step, args=items)
            self._manager.wait_until_finished()
        if is_first():
            write_digests(self.folder / str(step))
        wait("checkpoint")

    def load(
        self, like: TrainState, *, step: int | None = None
    ) -> tuple[TrainState, dict[str, Any]]:
        """Restore a checkpoint, by default the latest: the state, and the place in the data.

        **Arguments:** `like`, a state, or the shapes of one, of which the structure is taken;
        `step`, that of a checkpoint.

        An average of the weights that the checkpoint lacks begins with the weights, and one that
        `like` lacks is left out.

        Raises `FileNotFoundError` without such a checkpoint, and `ValueError` that names the arrays
        which do not fit the model, or the checkpoint that is damaged and an earlier one that is
        not.
        """
        sources = partial(state_names, averaged=like.average is not None)
        state, place, _ = self._load(like, "", sources, step)
        return state, place

    def load_model(
        self, like: AbstractVideoModel, *, step: int | None = None
    ) -> tuple[AbstractVideoModel, int]:
        """Restore the model of a checkpoint alone, and return the step of the checkpoint too.

        As `load`, whatever optimiser the model was trained with; with the average of the weights
        where the checkpoint has one.
        """
        model, _, found = self._load(like, "model.", model_names, step)
        return model, found

    def discard_after(self, step: int) -> None:
        """Delete the checkpoints of later steps."""
        for later in self.steps:
            if later > step:
                self._manager.delete(later)

    def damaged(self, step: int, reason: str) -> ValueError:
        """Return the error for a checkpoint that cannot be used, with an earlier one that can."""
        whole = next((s for s in reversed(self.steps) if s < step and self._is_whole(s)), None)
        remedy = (
            "no earlier one is whole, so train again"
            if whole is None
            else f"that of step {whole} is whole: resume from it with --resume --from-step {whole},"
            f" or read it with --step {whole}"
        )
        return ValueError(
            f"the checkpoint {self.folder / str(step)} is damaged ({reason}); {remedy}"
        )

    def close(self) -> None:
        """Release what the manager holds."""
        self._manager.close()

    def _load(
        self,
        like: PyTree,
        prefix: str,
        sources: Callable[[Iterable[str]], dict[str, str]],
        step: int | None,
    ) -> tuple[Any, Any, int]:
        """Restore arrays, the place, and the step.

        `prefix` begins the names of the arrays of `like`; `sources` maps them to those in the
        checkpoint.
        """
        found = self._find(step)
        if self._digests and not has_digests(self.folder / str(found)):
            place = f"the checkpoint {self.folder / str(found)} has no digests of its files"
            unknown = f"{place}, so that whether they are as they were saved is not known"
            warnings.warn(unknown, UncheckedWarning, stacklevel=3)
        try:
            saved = self._metadata(found)
            names = sources(saved)
            mine = {name: saved[source] for name, source in names.items()}
            check_fit(mine, named_arrays(like, prefix))
            check_rest(saved, mine)
            restored = self._restore(found, saved)
        except _DamagedError as error:
            raise self.damaged(found, str(error)) from error
        except ValueError as error:
            raise ValueError(f"the checkpoint {self.folder / str(found)} {error}") from error
        # Copies, since an average may begin with the arrays of the weights; made on the host, where
        # nothing is compiled.
        arrays = {n: jax.device_put(np.array(restored["state"][s])) for n, s in names.items()}
        return filled(like, arrays, prefix), restored["data"], found

    def _find(self, step: int | None) -> int:
        """Return the step of a checkpoint that exists, or raise `FileNotFoundError`."""
        if self.latest is None:
            raise FileNotFoundError(f"no checkpoint in {self.folder}; train first")
        if step is not None and step not in self.steps:
            raise FileNotFoundError(
                f"no checkpoint of step {step} in {self.folder}, which holds those of "
                f"{', '.join(map(str, self.steps))}; choose one of these, or none for the latest"
            )
        return self.latest if step is None else step

    def _is_whole(self, step: int) -> bool:
        """Return whether the files of a checkpoint are as they were saved, else can be read."""
        folder = self.folder / str(step)
        try:
            saved = self._metadata(step)
            if has_digests(folder):
                return True
            if oversized(saved, stored(folder)):
                return False
            self._restore(step, saved)
        except _DamagedError:
            return False
        return True

    def _metadata(self, step: int) -> dict[str, jax.ShapeDtypeStruct]:
        """Return the shapes of the arrays of a checkpoint, whose files are checked."""
        try:
            changed = changed_file(self.folder / str(step))
            if changed is not None:
                raise _DamagedError(f"{changed} is not as it was saved")
            metadata = self._manager.item_metadata(step)["state"]
            for name, array in metadata.items():
                _check_parts(name, array)
            return {n: jax.ShapeDtypeStruct(a.shape, a.dtype) for n, a in metadata.items()}
        except _DamagedError:
            raise
        # Whatever Orbax and what it is built on raise for files that are cut off or missing.
        except Exception as error:
            raise _DamagedError(first_line(error)[:200]) from error

    def _restore(self, step: int, saved: dict[str, jax.ShapeDtypeStruct]) -> Any:
        """Return the arrays of a checkpoint and the place in the data."""
        items = ocp.args.Composite(
            state=ocp.args.StandardRestore(saved), data=ocp.args.JsonRestore()
        )
        try:
            return self._manager.restore(step, args=items)
        except Exception as error:
            raise _DamagedError(first_line(error)[:200]) from error


def _check_parts(name: str, array: Any) -> None:
    """Raise `_DamagedError` for an array in parts that would unpack to more than all of it."""
    part = array.storage.chunk_shape if array.storage else None
    if part is not None and math.prod(part) > max(1, math.prod(array.shape)):
        raise _DamagedError(f"{name} of shape {array.shape} is stored in parts of {part}")
