"""Wrong calls of metrics and scores."""

from functools import partial

import jax.numpy as jnp
import numpy as np

from cwvae.evaluation import (
    best_of,
    digit_distances,
    frechet_distance,
    kernel_distance,
    mass_ratio,
    motion_energy,
    ms_ssim,
    psnr,
    reader_features,
    score,
    sharpness,
    ssim,
    ssim_gaussian,
)

FRAME, ONE = jnp.zeros((8, 8, 1)), jnp.ones(3)
LARGE, VIDEOS = jnp.zeros((64, 32, 1)), np.zeros((2, 16, 32, 32, 1), np.float32)

CALLS = {
    **{
        f"{metric.__name__} with a range of {wrong}": (
            partial(metric, FRAME, FRAME, data_range=wrong),
            f"finite data_range, got {wrong}; use 1.0",
        )
        for metric in (psnr, ssim, ssim_gaussian, ms_ssim)
        for wrong in (0.0, -1, float("nan"), float("inf"))
    },
    **{
        f"{metric.__name__} of {name}": (partial(metric, FRAME, wrong), "'target' must be .*got")
        for metric in (psnr, ssim)
        for name, wrong in {
            "frames of two sizes": jnp.zeros((9, 8, 1)),
            "a frame without channels": jnp.zeros((8, 8)),
            "bytes": jnp.zeros((8, 8, 1), "uint8"),
        }.items()
    },
    **{
        f"ssim of frames of shape {shape}": (
            partial(ssim, jnp.zeros(shape), jnp.zeros(shape)),
            r"expected frames \(height, width, channels\) .* got shape .*; use larger frames",
        )
        for shape in ((8, 8), (9,), (2, 8, 8, 1), (6, 7, 1))
    },
    **{
        f"{metric.__name__} of frames of shape {shape}": (
            partial(metric, jnp.zeros(shape), jnp.zeros(shape)),
            r"frames \(height, width, channels\) of at least 11x11 .* got shape .*; use larger",
        )
        for metric in (ssim_gaussian, ms_ssim)
        for shape in ((16, 16), (2, 16, 16, 1), (10, 16, 1))
    },
    "ms_ssim of frames too small for five scales": (
        partial(ms_ssim, LARGE, LARGE),
        r"at most 2 scales for frames of 64 x 32 pixels, got 5: .*; use scales=2",
    ),
    "ms_ssim of no scales": (partial(ms_ssim, LARGE, LARGE, scales=0), "scales must be .*got 0"),
    **{
        f"{metric.__name__} of shape {shape}": (
            partial(metric, jnp.zeros(shape), jnp.zeros(shape)),
            r"videos \(frames, height, width, channels\) of at least .* got shape .*; give more",
        )
        for metric, shape in (
            (sharpness, (3, 8, 8)),
            (sharpness, (3, 8, 1, 1)),
            (mass_ratio, (2, 3, 8, 8, 1)),
            (mass_ratio, (0, 8, 8, 1)),
            (motion_energy, (1, 8, 8, 1)),
        )
    },
    "sharpness of videos of two lengths": (
        partial(sharpness, np.zeros((3, 8, 8, 1)), np.zeros((4, 8, 8, 1))),
        "'truth' must be .*got float64.4,8,8,1.",
    ),
    **{
        f"{metric.__name__} of {name}": (partial(metric, wrong, np.zeros((3, 4))), message)
        for metric in (frechet_distance, kernel_distance)
        for name, wrong, message in (
            ("one row", np.zeros((1, 4)), r"features must have at least two rows .*got shape \(1,"),
            ("infinities", np.full((2, 4), np.inf), "must be finite, got 8 values .*; leave out"),
            ("other features", np.zeros((3, 5)), "'others' must be .*got float64.3,4."),
        )
    },
    "digit distances of other windows": (
        partial(digit_distances, VIDEOS[:, :10], VIDEOS[:, :10], 1),
        "windows of 16 frames, got 10; cut them",
    ),
    "digit distances of one video": (
        partial(digit_distances, VIDEOS[:1], VIDEOS, 1),
        "at least two rows .*; give more videos",
    ),
    "features of three digits": (partial(reader_features, VIDEOS, 3), "must be 1 or 2, got 3"),
    "features of no video": (partial(reader_features, VIDEOS[:0], 1), "with frames, got shape"),
    "features of oblong frames": (
        partial(reader_features, VIDEOS[:, :, :16], 1),
        "must be square, got 16 x 32 pixels; resize",
    ),
    "scores of videos of two lengths": (
        lambda: score(np.zeros((3, 8, 8, 1)), np.zeros((4, 8, 8, 1))),
        "'truth' must be .*got float64.4,8,8,1.",
    ),
    "the best of one sample": (
        lambda: best_of({"ssim": ONE}),
        r"axes \(samples, horizon\), got shape \(3,\) of ssim; stack",
    ),
    "an unknown metric": (
        lambda: score(np.zeros((3, 8, 8, 1)), np.zeros((3, 8, 8, 1)), metrics=("sim",)),
        "metrics must be among ssim, psnr, .*, got 'sim'; use these",
    ),
    "motion from nowhere": (
        lambda: score(np.zeros((3, 8, 8, 1)), np.zeros((3, 8, 8, 1)), metrics=("motion",)),
        "must have the frame before the first one, got none; give before=",
    ),
}
