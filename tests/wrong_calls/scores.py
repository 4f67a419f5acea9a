"""Wrong calls of metrics and scores."""

from functools import partial

import jax.numpy as jnp
import numpy as np

from cwvae.evaluation import Scores, best_of, psnr, score, ssim

FRAME, ONE = jnp.zeros((8, 8, 1)), jnp.ones(3)

CALLS = {
    **{
        f"{metric.__name__} with a range of {wrong}": (
            partial(metric, FRAME, FRAME, data_range=wrong),
            f"finite data_range, got {wrong}; use 1.0",
        )
        for metric in (psnr, ssim)
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
    "scores of videos of two lengths": (
        lambda: score(np.zeros((3, 8, 8, 1)), np.zeros((4, 8, 8, 1))),
        "'truth' must be .*got float64.4,8,8,1.",
    ),
    "the best of one sample": (
        lambda: best_of(Scores(ssim=ONE, psnr=ONE, ssim_official=ONE)),
        r"axes \(samples, horizon\), got shape \(3,\); make them with",
    ),
}
