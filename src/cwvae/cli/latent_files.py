"""The latents of `cwvae encode` as files: NumPy's, a table in Parquet, or a folder of Zarr."""

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from cwvae._extras import extra
from cwvae.files import replacing

__all__ = ["WRITERS", "Level"]

Level = Mapping[str, np.ndarray]
"""The columns of a level by name, a row a tick: video (a number), frame, stoch, deter, ..."""


def _write_npz(path: Path, videos: Sequence[str], levels: Sequence[Level]) -> None:
    """Write arrays level_0/frame and so on, and the names of the videos."""
    arrays: dict[str, Any] = {
        f"level_{number}/{name}": rows
        for number, level in enumerate(levels)
        for name, rows in level.items()
    }
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, videos=np.array(videos), **arrays)


def _write_parquet(path: Path, videos: Sequence[str], levels: Sequence[Level]) -> None:
    """Write one table, a row a tick of a level: vectors are lists, as long as the level has them.

    The levels are row groups of their own, so that one is read without the others.
    """
    with extra("latents"):
        import pyarrow as pa
        import pyarrow.parquet as pq

    def column(rows: np.ndarray) -> Any:
        if rows.ndim == 1:
            return pa.array(rows)
        ends = np.arange(len(rows) + 1, dtype=np.int32) * rows.shape[1]
        return pa.ListArray.from_arrays(pa.array(ends), pa.array(rows.reshape(-1)))

    def table(number: int, level: Level) -> Any:
        columns = {"video": pa.array([videos[row] for row in level["video"]], pa.string())}
        columns["level"] = pa.array(np.full(len(level["video"]), number, np.int8))
        columns |= {name: column(rows) for name, rows in level.items() if name != "video"}
        return pa.table(columns)

    tables = [table(number, level) for number, level in enumerate(levels)]
    with replacing(path) as temporary, pq.ParquetWriter(temporary, tables[0].schema) as writer:
        for each in tables:
            writer.write_table(each)


def _write_zarr(path: Path, videos: Sequence[str], levels: Sequence[Level]) -> None:
    """Write a group for each level with its columns as arrays; `videos` is an attribute.

    Raises `FileExistsError` where something lies already.
    """
    with extra("latents"):
        import zarr

    if path.exists():
        raise FileExistsError(f"{path} is there already; delete it, or name another folder")
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as temporary:
        folder = Path(temporary) / path.name
        root = zarr.open_group(folder, mode="w", attributes={"videos": list(videos)})
        for number, level in enumerate(levels):
            group = root.create_group(f"level_{number}")
            for name, rows in level.items():
                group.create_array(name, data=rows)
        # It appears only when it is complete.
        os.replace(folder, path)


WRITERS: Mapping[str, Callable[[Path, Sequence[str], Sequence[Level]], None]] = MappingProxyType(
    {".npz": _write_npz, ".parquet": _write_parquet, ".zarr": _write_zarr}
)
"""How the name of a file ends -> the function that writes it."""
