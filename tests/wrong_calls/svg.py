"""Wrong calls of SVG-LP."""

from functools import partial

import jax.numpy as jnp
import jax.random as jr
from svg_models import TINY, drawn

from cwvae.baselines.svg import build_svg
from cwvae.video_model import LossInputs, PlainLoss

VIDEOS, KEYS = jnp.zeros((2, 3, 32, 32, 1)), jr.split(jr.key(0), 2)


def loss(videos=VIDEOS, **inputs):
    return drawn(TINY).loss(videos, LossInputs(**inputs), key=jr.key(0))


def forecasts(contexts=VIDEOS, horizon=1, **options):
    return drawn(TINY).forecasts(contexts, horizon, keys=KEYS, **options)


CALLS = {
    **{
        f"a loss with {name}": (partial(loss, **{name: value}), f"no use for {name}, got .*default")
        for name, value in {
            "free_nats": 1.0,
            "tick_free_nats": (0.0, 1.0),
            "kl_balance": 0.5,
            "hide": 0.1,
            "compute_dtype": "bfloat16",
            "past": VIDEOS,
            "conditioning": VIDEOS,
        }.items()
    },
    "a loss with two betas": (partial(loss, beta=(1.0, 2.0)), "beta must be one number or 1"),
    "a loss of one video": (partial(loss, VIDEOS[:1]), "at least 2 videos, got 1; train on larger"),
    "a loss of one frame": (partial(loss, VIDEOS[:, :1]), "at least 2 frames, got 1; use longer"),
    "a loss of larger frames": (
        partial(loss, jnp.zeros((2, 3, 64, 64, 1))),
        r"\(32, 32, 1\), got \(64, 64, 1\); resize",
    ),
    "forecasts of one video without batch": (partial(forecasts, VIDEOS[0]), "frames of|'contexts'"),
    "a horizon of 0": (partial(forecasts, horizon=0), "horizon .* at least 1, got 0"),
    "no samples": (partial(forecasts, samples=0), "samples .* at least 1, got 0"),
    "keys of another batch": (partial(forecasts, VIDEOS[:1]), "'keys'"),
    "after a step of another method": (
        lambda: drawn(TINY).after_step(PlainLoss(jnp.zeros(()))),
        "must be an SVGLoss, got PlainLoss; give it what its own loss returned",
    ),
    "unknown kernels": (partial(build_svg, TINY, kernels="gemm", key=jr.key(0)), "kernels"),
}
