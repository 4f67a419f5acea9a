"""Wrong calls of FVD and LPIPS."""

from functools import partial

import numpy as np

from cwvae.evaluation import (
    frechet_distance,
    fvd,
    fvd_windows,
    lpips,
    video_features,
    window_features,
)
from cwvae.evaluation.perceptual.resize import resize

VIDEOS = np.zeros((2, 9, 8, 8, 1), np.uint8)
FRAMES = np.zeros((2, 32, 32, 1))

CALLS = {
    **{
        f"features of {name}": (partial(video_features, wrong), message)
        for name, wrong, message in (
            ("no videos", [], "videos must be at least one, got none"),
            ("one video", VIDEOS[0], r"every video must have axes \(frames, .*got uint8.8,8,1."),
            ("8 frames", VIDEOS[:, :8], "at least 9 frames for I3D, got 8; 16 are customary"),
            ("two channels", VIDEOS.repeat(2, -1), "with 1 or 3 channels, got uint8.9,8,8,2."),
            ("lists", [[0.0]], r"must have axes .*got \(0\.0\); add axes"),
            ("integers", VIDEOS.astype(int), "must be bytes or floats .*got int64.*; convert it"),
            ("floats up to 255", VIDEOS + 255.0, "values in .0, 1., got 255 to 255; rescale"),
            ("floats from -1", VIDEOS - 1.0, "values in .0, 1., got -1 to -1; rescale"),
            ("NaN", VIDEOS + np.nan, "values in .0, 1., got nan to nan; rescale"),
            ("a number", 3, "parameter 'videos' must be"),
        )
    },
    "a chunk of 0": (partial(video_features, VIDEOS, chunk=0), "chunk must be .*got 0"),
    "fvd of short videos": (partial(fvd, VIDEOS[:, :3], VIDEOS), "at least 9 frames .*got 3"),
    "windows beyond the end": (
        partial(window_features, VIDEOS, (0, 1), window=9),
        "must have the 10 frames that the last window needs, got 9; count starts",
    ),
    "no windows": (partial(fvd_windows, VIDEOS, VIDEOS, ()), "starts must be at least one"),
    "a window before the first frame": (
        partial(fvd_windows, VIDEOS, VIDEOS, (-1,)),
        "starts must be .*at least 0, got -1",
    ),
    "windows of 8 frames": (
        partial(window_features, VIDEOS, (0,), window=8),
        "window must be a whole number of at least 9, got 8",
    ),
    "the distance of other features": (
        partial(frechet_distance, np.zeros((2, 4)), np.zeros((2, 5))),
        "'others' must be .*got float64.2,5.; its axes must agree",
    ),
    "another network": (
        partial(lpips, FRAMES, FRAMES, network="squeeze"),
        r"network must be one of \('alex', 'vgg'\), got 'squeeze'; use 'alex'",
    ),
    "frames of two shapes": (
        partial(lpips, FRAMES, FRAMES[:1]),
        "'others' must be .*its axes must agree with those of 'frames'",
    ),
    "frames of 31 pixels": (
        partial(lpips, FRAMES[:, 1:], FRAMES[:, 1:]),
        "at least 32 x 32 pixels for LPIPS, got 31 x 32; enlarge them",
    ),
    "frames in [-1, 1]": (partial(lpips, FRAMES - 1, FRAMES), "frames must have values in .0, 1."),
    "no frames": (partial(lpips, FRAMES[:0], FRAMES[:0]), "frames must have axes .*got float64.0,"),
    "frames resized to nothing": (
        partial(resize, FRAMES, 0),
        "size must be a whole number of at least 1, got 0",
    ),
}
