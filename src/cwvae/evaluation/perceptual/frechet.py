"""FVD: how far the distribution of some videos is from that of others."""

from collections.abc import Iterable, Sequence
from typing import Any, SupportsIndex

import numpy as np
from jaxtyping import Float

from cwvae.evaluation.distances import frechet_distance
from cwvae.evaluation.perceptual.features import video_features, window_features
from cwvae.shapes import checked

__all__ = ["fvd", "fvd_windows"]


@checked
def fvd(videos: Iterable[Any], others: Iterable[Any], *, chunk: SupportsIndex = 64) -> float:
    """Return the Frechet video distance between two sets of videos; smaller is better.

    Unterthiner et al. 2018, arXiv:1812.01717: the Frechet distance between the features of
    `video_features`, whose docstring has what is done to frames. All frames count, context frames
    too where they are given. Numbers compare only between sets of as many videos with as many
    frames: with few videos the distance comes out too large, for there are 400 features (256
    videos are customary for forecasts, 2048 for samples). State both, and beside it the distance
    between true videos of training and test, what independent videos come to. It is no limit for
    forecasts: they follow the very videos they are compared with.

    **Arguments:** `videos` and `others`, two sets as in `video_features`, at least 2 videos each;
    `chunk` as there. The order of the sets does not matter.

    Raises as `video_features` and `frechet_distance`.
    """
    return frechet_distance(
        video_features(videos, chunk=chunk), video_features(others, chunk=chunk)
    )


@checked
def fvd_windows(
    videos: Iterable[Any],
    others: Iterable[Any],
    starts: Sequence[SupportsIndex],
    *,
    window: SupportsIndex = 16,
    chunk: SupportsIndex = 64,
) -> Float[np.ndarray, " windows"]:
    """Return the Frechet video distance of some windows: how forecasts decay with time.

    Window by window that of `fvd`, where one number for a whole forecast mixes its good beginning
    with what follows. Of 1000 frames whose first 36 were context, `starts=(36, 284, 984)` are the
    beginning, the end of 300 frames and the end; of the forecast alone, (0, 248, 948).

    **Arguments:** `videos` and `others` as in `fvd`; `starts`, the frame with which each window
    begins, the same in both sets; `window`, frames in one, at least 9; `chunk` as in
    `video_features`.

    Raises as `window_features` and `frechet_distance`.
    """
    sets = (window_features(v, starts, window=window, chunk=chunk) for v in (videos, others))
    return np.array([frechet_distance(*pair) for pair in zip(*sets, strict=True)])
