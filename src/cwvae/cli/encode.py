"""`cwvae encode`: the latents of every level for videos of the user's own."""

from collections.abc import Iterator

import equinox as eqx
import jax
import numpy as np
from jaxtyping import UInt8

from cwvae.analysis.latents import LevelLatents, follow
from cwvae.cli.folder import check_writable
from cwvae.cli.latent_files import WRITERS, Level
from cwvae.cli.loading import load_model, with_levels
from cwvae.cli.options import Encode
from cwvae.data.frame_bytes import from_bytes
from cwvae.data.pixels import to_channels
from cwvae.data.progress import Progress
from cwvae.data.videos import check_frames, read_video
from cwvae.model import CWVAE
from cwvae.training.settings import Settings

__all__ = ["encode"]

_follow = eqx.filter_jit(follow)


def encode(options: Encode) -> int:
    """Encode, write the latents, and return the exit status."""
    run = load_model(options.run, step=options.step, trust=options.trust)
    model = with_levels(run, "cwvae encode")
    if options.out.is_dir():
        raise ValueError(f"--out must be new or a file, got the folder {options.out}; name another")
    check_writable(options.out.parent)
    videos = enumerate(_videos(options, run.settings))
    levels = _joined([_levels(model, video, number) for number, video in videos])
    names = [str(path) for path in options.videos]
    WRITERS[options.out.suffix.lower()](options.out, names, levels)
    ticks = ", ".join(
        f"{len(level['frame'])} ticks of level {number}" for number, level in enumerate(levels)
    )
    count = "1 video" if len(names) == 1 else f"{len(names)} videos"
    print(f"{count} encoded, {ticks}: {options.out}")
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


def _levels(
    model: CWVAE, video: UInt8[np.ndarray, "frames height width channels"], number: int
) -> list[Level]:
    """Return the columns of each level, a row a tick."""
    noise = model.hierarchy.zero_noise(len(video))
    latents: tuple[LevelLatents, ...] = _follow(model, from_bytes(video), noise)
    return [
        {
            "video": np.full(len(found.frames), number, np.int32),
            "frame": found.frames.astype(np.int32),
            "stoch": found.stoch,
            "deter": found.deter,
            "kl": found.kl,
            "entropy": found.entropy,
        }
        for found in jax.tree.map(np.asarray, latents)
    ]


def _joined(videos: list[list[Level]]) -> list[Level]:
    """Return the columns of each level, those of all videos one after the other."""
    return [
        {name: np.concatenate([level[name] for level in parts]) for name in parts[0]}
        for parts in zip(*videos, strict=True)
    ]
