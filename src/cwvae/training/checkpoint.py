"""Saving and restoring training, atomically, with the last few checkpoints kept."""

import logging
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from cwvae._extras import extra
from cwvae.training.step import TrainState

with extra("train"):
    import orbax.checkpoint as ocp

__all__ = ["Checkpoints"]

# Orbax tells at length what it does; what matters comes as an exception.
logging.getLogger("absl").setLevel(logging.ERROR)


class Checkpoints:
    """The checkpoints of one run: the training state and the place in the data.

    **Arguments:** `folder`, made when it does not exist; `keep`, how many of the latest stay.
    """

    def __init__(self, folder: Path, *, keep: int = 3):
        """Open the folder."""
        options = ocp.CheckpointManagerOptions(
            max_to_keep=keep, create=True, enable_async_checkpointing=False
        )
        self.folder = Path(folder)
        handlers = {"state": ocp.StandardCheckpointHandler(), "data": ocp.JsonCheckpointHandler()}
        self._manager = ocp.CheckpointManager(
            self.folder.resolve(), options=options, item_handlers=handlers
        )

    @property
    def latest(self) -> int | None:
        """The step of the latest checkpoint, None without one."""
        return self._manager.latest_step()

    def save(self, state: TrainState, data: dict[str, Any]) -> None:
        """Save the state, and the place in the data (values that JSON can hold).

        A checkpoint that is there already for this step stays as it is.
        """
        step = int(state.step)
        if step == self.latest:
            return
        arrays = jax.tree.map(np.asarray, _named_arrays(state))
        items = ocp.args.Composite(
            state=ocp.args.StandardSave(arrays), data=ocp.args.JsonSave(data)
        )
        self._manager.save(step, args=items)
        self._manager.wait_until_finished()

    def load(self, like: TrainState) -> tuple[TrainState, dict[str, Any]]:
        """Restore the latest checkpoint; `like` gives the structure, its arrays' values go unused.

        Raises `FileNotFoundError` without a checkpoint, `ValueError` that names the arrays which
        do not fit the model, or the checkpoint that is damaged.
        """
        step = self.latest
        if step is None:
            raise FileNotFoundError(f"no checkpoint in {self.folder}; train first")
        restored = self._restore(step, _named_arrays(like))
        values = {name: jnp.asarray(array) for name, array in restored["state"].items()}
        state = jax.tree_util.tree_map_with_path(
            lambda path, leaf: values.get(_name(path), _empty(leaf)), like, is_leaf=_is_array
        )
        return state, restored["data"]

    def close(self) -> None:
        """Release what the manager holds."""
        self._manager.close()

    def _restore(self, step: int, expected: dict[str, Array]) -> Any:
        """Read a checkpoint, or raise `ValueError` when it is damaged or of another model."""
        target = jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype), expected)
        items = ocp.args.Composite(
            state=ocp.args.StandardRestore(target), data=ocp.args.JsonRestore()
        )
        try:
            metadata = self._manager.item_metadata(step)["state"]
            saved = {name: tuple(array.shape) for name, array in metadata.items()}
        # Whatever Orbax and what it is built on raise for files that are cut off or missing.
        except (ValueError, LookupError, OSError, RuntimeError, AttributeError, TypeError) as error:
            raise self._damaged(step, error) from error
        self._check(saved, expected)
        try:
            return self._manager.restore(step, args=items)
        except (ValueError, LookupError, OSError, RuntimeError, TypeError) as error:
            raise self._damaged(step, error) from error

    def _damaged(self, step: int, error: Exception) -> ValueError:
        """Return the error that names a checkpoint which cannot be read."""
        earlier = [s for s in self._manager.all_steps() if s < step]
        remedy = f"to go on from step {max(earlier)}" if earlier else "and train again"
        reason = str(error).partition("\n")[0][:200]
        return ValueError(
            f"the checkpoint {self.folder / str(step)} is damaged ({reason}); delete that folder "
            + remedy
        )

    def _check(self, saved: dict[str, tuple[int, ...]], expected: dict[str, Array]) -> None:
        """Refuse a checkpoint whose arrays are not those of the model."""
        ours = {name: tuple(array.shape) for name, array in expected.items()}
        differ = sorted(n for n in saved.keys() | ours.keys() if saved.get(n) != ours.get(n))
        if differ:
            name = differ[0]
            raise ValueError(
                f"the checkpoint in {self.folder} does not fit the model: {name} is "
                f"{saved.get(name, 'missing')} in the checkpoint and "
                f"{ours.get(name, 'missing')} in the model ({len(differ)} arrays differ); "
                "load it with the configuration that it was made with"
            )


def _is_array(leaf: Any) -> bool:
    """Say whether a leaf is an array, or stands for one."""
    return eqx.is_array(leaf) or isinstance(leaf, jax.ShapeDtypeStruct)


def _empty(leaf: Any) -> Any:
    """Return what is not in a checkpoint: arrays of size 0, which Orbax refuses, and non-arrays."""
    return jnp.zeros(leaf.shape, leaf.dtype) if _is_array(leaf) else leaf


def _name(path: Any) -> str:
    """Return the path of a leaf as text."""
    return jax.tree_util.keystr(path).lstrip(".")


def _named_arrays(state: TrainState) -> dict[str, Array]:
    """Map the path of every array in the state to it, but for those of size 0."""
    leaves = jax.tree_util.tree_leaves_with_path(eqx.filter(state, _is_array))
    return {_name(path): leaf for path, leaf in leaves if leaf.size}
