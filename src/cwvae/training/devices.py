"""Training on several devices: the rows of a batch are shared out, the weights are on every one.

    mesh = devices.batch_mesh()
    state = devices.shard_state(init_train_state(model, config), mesh)
    for batch in batches:
        videos = devices.shard_batch(batch["video"], mesh)
        state, record = train_in_place(videos, state, config)

It is one program for all devices, whose results are those of one device to rounding: the batch is
the global one, its noise and its means are those of all rows, and XLA adds up the gradients. Every
other compiled function of a sharded batch, of your own loop too, runs on all devices as well. A
mesh of one device changes nothing.
"""

from dataclasses import replace
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, PyTree, Shaped

from cwvae.kernels.sharding import AXIS
from cwvae.training.step import TrainState

__all__ = ["batch_mesh", "check_batch", "on_first", "replicate", "shard_batch", "shard_state"]


def batch_mesh(count: int | Literal["auto"] = "auto") -> Mesh:
    """Return devices in a row, which share batches: so many of this machine's, or all of them.

    Of several processes (`jax.distributed`) it is so many of each, those of the first one first.
    With JAX 0.11 programs for several devices are shared out by its older partitioner from here on.
    Raises `ValueError` for more than there are, and for processes with other numbers of devices.
    """
    found = [jax.local_devices(process_index=n) for n in range(jax.process_count())]
    own = found[jax.process_index()]
    chosen = len(own) if count == "auto" else count
    if not 1 <= chosen <= len(own):
        raise ValueError(
            f"devices must be from 1 to {len(own)}, those that JAX finds here "
            f"({own[0].platform}), got {count}; give fewer, or auto for all"
        )
    if count == "auto" and len({len(devices) for devices in found}) > 1:
        raise ValueError(
            "all processes must have as many devices to share batches evenly, got "
            f"{', '.join(str(len(devices)) for devices in found)}; give a number that all have"
        )
    chosen_of_all = [device for devices in found for device in devices[:chosen]]
    if len(chosen_of_all) > 1 and jax.__version_info__ >= (0, 11):
        # Its newer one ends the process over the gradient of sharded rows (seen with 0.11.2).
        jax.config.update("jax_use_shardy_partitioner", False)
    return Mesh(np.array(chosen_of_all), (AXIS,), axis_types=(AxisType.Auto,))


def check_batch(size: int, devices: int) -> None:
    """Raise `ValueError` for a batch of so many rows that the devices cannot share evenly."""
    if size % devices == 0:
        return
    below, above = size // devices * devices, -(-size // devices) * devices
    fewer = max(number for number in range(1, devices) if size % number == 0)
    nearest = " or ".join(str(number) for number in (below, above) if number)
    raise ValueError(
        f"a batch must be a multiple of the {devices} devices that share it, got {size}; use a "
        f"batch size of {nearest}, or {fewer} of the devices"
    )


def replicate(tree: PyTree, mesh: Mesh) -> PyTree:
    """Return a tree whose arrays are on every device, such as a model, or a state of your own."""
    return _placed(tree, mesh, PartitionSpec())


def shard_state(state: TrainState, mesh: Mesh) -> TrainState:
    """Return a training state on every device; the past of its videos is shared out as they are."""
    past = _placed(state.past, mesh, PartitionSpec(AXIS))
    return replace(replicate(replace(state, past=None), mesh), past=past)


def shard_batch(rows: PyTree[Shaped[Array | np.ndarray, "rows ..."]], mesh: Mesh) -> PyTree:
    """Return the arrays of a batch, keys too, each with its rows shared out over the devices.

    Of several processes each gives its own rows, as many as the others: those of the first one come
    first. Raises `ValueError` for rows that the devices cannot share evenly.
    """
    sharding = NamedSharding(mesh, PartitionSpec(AXIS))

    def one(rows: Any) -> Array:
        if jnp.issubdtype(rows.dtype, jax.dtypes.prng_key):
            return jr.wrap_key_data(one(jr.key_data(rows)), impl=jr.key_impl(rows))
        whole = (rows.shape[0] * jax.process_count(), *rows.shape[1:])
        check_batch(whole[0], mesh.size)
        # Of its own accord JAX might take what one process has for the whole batch.
        return jax.make_array_from_process_local_data(sharding, np.asarray(rows), whole)

    return jax.tree.map(jnp.asarray if mesh.size == 1 else one, rows)


def on_first(tree: PyTree) -> PyTree:
    """Return what `replicate` made as it is on this process's first device, to go on there."""

    def one(leaf: Any) -> Any:
        several = eqx.is_array(leaf) and len(leaf.sharding.device_set) > 1
        return leaf.addressable_data(0) if several else leaf

    return jax.tree.map(one, tree)


def _placed(tree: PyTree, mesh: Mesh, spec: PartitionSpec) -> PyTree:
    """Return a tree with its arrays on the devices; for one device it is the tree itself.

    An array that is placed, even where it is already, is compiled for as another program.
    """
    if mesh.size == 1:
        return tree
    arrays, rest = eqx.partition(tree, eqx.is_array)
    return eqx.combine(jax.device_put(arrays, NamedSharding(mesh, spec)), rest)
