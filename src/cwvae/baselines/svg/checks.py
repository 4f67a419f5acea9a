"""What SVG-LP is given: as many videos and frames as its statistics and predictions need."""

from typing import Any

from cwvae.baselines.inputs import check_frame_size
from cwvae.baselines.svg.config import SVGConfig

__all__ = ["check_frames"]


def check_frames(
    videos: Any, config: SVGConfig, *, least_batch: int = 1, least_frames: int = 1
) -> None:
    """Raise `ValueError` for frames of another size, and too few videos or frames."""
    check_frame_size(videos, config)
    if videos.shape[0] < least_batch:
        raise ValueError(
            f"batch statistics need at least {least_batch} videos, got {videos.shape[0]}; "
            "train on larger batches"
        )
    if videos.shape[1] < least_frames:
        raise ValueError(
            f"a prediction needs at least {least_frames} frames, got {videos.shape[1]}; "
            "use longer videos"
        )
