"""Run exported programs in a process where this package cannot be imported.

    python program_alone.py FOLDER

FOLDER has forecast.jax, step.jax and inputs.npz; what they give is written to outputs.npz.
"""

import sys
from pathlib import Path

import jax
import jax.export
import numpy as np

HIDDEN = ("cwvae", "equinox", "jaxtyping")


class NotInstalled:
    """A finder for which some packages are not installed."""

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in HIDDEN:
            raise ModuleNotFoundError(f"{name} is hidden", name=name)


def loaded(path: Path) -> jax.export.Exported:
    """Return the program of a file."""
    return jax.export.deserialize(bytearray(path.read_bytes()))


def follow(step: jax.export.Exported, videos: np.ndarray, seed: np.uint32) -> list[np.ndarray]:
    """Return what is expected of the frames of videos, and the outputs, from states of zeros on."""
    state = [np.zeros((len(videos), *a.shape[1:]), a.dtype) for a in step.in_avals[:-2]]
    found = []
    for frames in videos.swapaxes(0, 1):
        state, *results = step.call(state, frames, seed)
        found.append(results)
    return [np.stack(results, axis=1) for results in zip(*found, strict=True)]


def main(folder: Path) -> None:
    given = np.load(folder / "inputs.npz")
    videos, seed, context = given["videos"], np.uint32(given["seed"]), int(given["context"])
    futures = loaded(folder / "forecast.jax").call(videos[:, :context], seed)
    expected, outputs = follow(loaded(folder / "step.jax"), videos, seed)
    np.savez(folder / "outputs.npz", futures=futures, expected=expected, outputs=outputs)


if __name__ == "__main__":
    sys.meta_path.insert(0, NotInstalled())  # pyright: ignore[reportArgumentType]
    main(Path(sys.argv[1]))
    assert not [name for name in sys.modules if name.split(".")[0] in HIDDEN]
