"""What VTA is given: as many frames as it looks at."""

from typing import Any

from cwvae.baselines.inputs import check_frame_size
from cwvae.baselines.vta.config import VTAConfig

__all__ = ["check_frames"]


def check_frames(videos: Any, config: VTAConfig, *, least: int = 1) -> None:
    """Raise `ValueError` for frames of another size, and fewer than so many."""
    check_frame_size(videos, config)
    if videos.shape[1] < least:
        raise ValueError(
            f"VTA needs at least {least} frames here, got {videos.shape[1]}; use longer videos"
        )
