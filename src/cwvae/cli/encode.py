"""`cwvae encode`: the latents of every level for videos of the user's own."""

from collections.abc import Iterator
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Shaped, UInt8

from cwvae.analysis.latents import LevelLatents, follow
from cwvae.cli.folder import check_writable
from cwvae.cli.loading import load_model, with_levels
from cwvae.cli.options import Encode
from cwvae.data.frame_bytes import from_bytes
from cwvae.data.pixels import to_channels
from cwvae.data.progress import Progress
from cwvae.data.videos import check_frames, read_video
from cwvae.files import replacing
from cwvae.model import CWVAE
from cwvae.training.settings import Settings

__all__ = ["encode"]

_follow = eqx.filter_jit(follow)


def encode(options: Encode) -> int:
    """Encode, write the latents, and return the exit status."""
    run = load_model(options.run, step=options.step, trust=options.trust)
    model = with_levels(run, "cwvae encode")
    if options.out.is_dir():
        raise ValueError(f"--out must be a file, got the folder {options.out}; name a file in it")
    check_writable(options.out.parent)
    columns: dict[str, list[np.ndarray]] = {}
    for number, video in enumerate(_videos(options, run.settings)):
        for name, rows in _rows(model, video, number):
            columns.setdefault(name, []).append(rows)
    arrays: dict[str, Any] = {name: np.concatenate(parts) for name, parts in columns.items()}
    names = np.array([str(path) for path in options.videos])
    with replacing(options.out) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, videos=names, **arrays)
    ticks = ", ".join(
        f"{len(arrays[f'level_{level}/frame'])} ticks of level {level}"
        for level in range(model.hierarchy.clock.levels)
    )
    print(f"{len(names)} videos encoded, {ticks}: {options.out}")
    return 0


def _videos(
    options: Encode, settings: Settings
) -> Iterator[UInt8[np.ndarray, "frames height width channels"]]:
    """Yield the videos, or raise `ValueError` for one that does not fit the model."""
    size, channels = settings.model.size, settings.model.channels
    for path in Progress(options.videos, unit="video", desc="encode", leave=False):
        chosen = size if options.resize else None
        video = to_channels(read_video(path, size=chosen, options=options.reading), channels)
        check_frames(video, path, size=size, channels=channels, at_least=1, if_short="")
        yield video


def _rows(
    model: CWVAE, video: UInt8[np.ndarray, "frames height width channels"], number: int
) -> Iterator[tuple[str, Shaped[np.ndarray, "ticks ..."]]]:
    """Yield each column of each level, a row a tick."""
    noise = model.hierarchy.zero_noise(len(video))
    latents: tuple[LevelLatents, ...] = _follow(model, from_bytes(video), noise)
    for level, found in enumerate(jax.tree.map(np.asarray, latents)):
        columns = {
            "video": np.full(len(found.frames), number, np.int32),
            "frame": found.frames.astype(np.int32),
            "stoch": found.stoch,
            "deter": found.deter,
            "kl": found.kl,
            "entropy": found.entropy,
        }
        yield from ((f"level_{level}/{name}", rows) for name, rows in columns.items())
