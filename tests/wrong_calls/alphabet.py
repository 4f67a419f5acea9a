"""Wrong calls of clocks, beliefs and likelihoods."""

import jax.numpy as jnp

from cwvae.beliefs import Categorical, Gaussian, balanced_kl, kl
from cwvae.clock import Clock, hold, pool
from cwvae.likelihoods import (
    Bernoulli,
    CalibratedNormal,
    DiscretisedLogistic,
    FixedNormal,
    LearnedNormal,
)

CLOCK = Clock(2, 3)


def zeros(*shape: int, dtype=float):
    return jnp.zeros(shape, dtype)


CLOCKS = {
    "a clock of no level": (lambda: Clock(0), "levels must be .* at least 1, got 0"),
    "a clock of a billion levels": (
        lambda: Clock(10**9),
        "levels must be at most 100, got 10{9}; use",
    ),
    "a clock of half a level": (
        lambda: Clock(2.5),
        "'levels' must be a whole number, got 2.5; give",
    ),
    "a factor below 1": (lambda: Clock(2, 0), "factors must be at least 1, got 0; use 1"),
    "too few factors": (lambda: Clock(3, (2,)), "3 levels need 2 .* factors.*got 1"),
    "a factor that is a word": (
        lambda: Clock(2, "two"),
        "factors must be whole numbers, got two|'factors' must be",
    ),
    "lookahead that is a number": (
        lambda: Clock(2, lookahead=3),
        "'lookahead' must be bool, got 3",
    ),
    "ticks of fewer than no frames": (
        lambda: CLOCK.ticks(-1),
        "frames must be .* at least 0, got -1",
    ),
    "ticks of a level too many": (lambda: CLOCK.active(2, 6), "level must be at most 1, .*got 2"),
    "windows of a level too many": (
        lambda: CLOCK.windows(zeros(6, 2), 5),
        "level must be at most 1, .*got 5",
    ),
    "windows of a number": (lambda: CLOCK.windows(zeros(), 0), "'values' must be .*got float32"),
    "pooling by 0": (lambda: pool(zeros(4, 2), 0), "factor must be .* at least 1, got 0"),
    "pooling by a half": (
        lambda: pool(zeros(4, 2), 0.5),
        "'factor' must be a whole number, got 0.5",
    ),
    "pooling a list": (lambda: pool([1, 2], 2), r"'features' must be .*got \(1, 2\)"),
    "holding too few": (
        lambda: hold(zeros(1, 2), 3, 5),
        "are 2 ticks, got 1 values .*; cut or make",
    ),
    "holding by 0": (lambda: hold(zeros(4, 2), 0, 4), "factor must be .* at least 1, got 0"),
}

GAUSSIAN, CLASSES = Gaussian(zeros(3), jnp.ones(3)), Categorical(zeros(2, 3))
BELIEFS = {
    "a mean and a stddev of different shapes": (
        lambda: Gaussian(zeros(3), zeros(2)),
        r"stddev must have shape \(3,\), got \(2,\); give it the shape of the mean",
    ),
    "log-probabilities without groups": (
        lambda: Categorical(zeros(3)),
        r"log_probs must have shape \(..., groups, classes\), got \(3,\); give",
    ),
    "noise of another width": (
        lambda: GAUSSIAN.sample(zeros(2)),
        r"noise must have shape \(3,\), got \(2,\); `jax.vmap` maps",
    ),
    "noise of whole numbers": (
        lambda: GAUSSIAN.sample(zeros(3, dtype=int)),
        "'noise' must be floats .*got int32.3.; convert it to floats",
    ),
    "a latent of another width": (
        lambda: GAUSSIAN.log_prob(zeros(4)),
        r"stoch must have shape \(3,\), got \(4,\)",
    ),
    "noise of other classes": (
        lambda: CLASSES.sample(zeros(5)),
        r"noise must have shape \(6,\), got \(5,\)",
    ),
    "a latent of other classes": (
        lambda: CLASSES.log_prob(zeros(2, 3)),
        r"stoch must have shape \(6,\), got \(2, 3\)",
    ),
    "a KL between families": (
        lambda: kl(GAUSSIAN, CLASSES),
        "must be to a Gaussian, got Categ.*; let",
    ),
    "a KL to no belief": (lambda: kl(GAUSSIAN, 3), "'prior' must be AbstractBelief, got 3"),
    "a KL between widths": (
        lambda: kl(GAUSSIAN, Gaussian(zeros(2), jnp.ones(2))),
        r"the other mean must have shape \(3,\), got \(2,\)",
    ),
    "a KL between classes": (
        lambda: kl(CLASSES, Categorical(zeros(3, 2))),
        r"the other log_probs must have shape \(2, 3\), got \(3, 2\)",
    ),
    "a balance above 1": (
        lambda: balanced_kl(GAUSSIAN, GAUSSIAN, kl_balance=1.5),
        r"kl_balance must be in \[0, 1\], got 1.5",
    ),
}

FRAME = zeros(5, 4, 3)
LIKELIHOODS = {
    "a stddev of 0": (lambda: FixedNormal(0), "stddev must be positive and finite, got 0"),
    "a stddev that is a word": (
        lambda: FixedNormal("1"),
        "stddev must be positive and finite, got 1",
    ),
    "a calibrated stddev far beyond the pixels": (
        lambda: CalibratedNormal(100.0),
        "must start at 10 at most, got 100; pixels lie in",
    ),
    "a stddev to start from below 0": (
        lambda: LearnedNormal(-1.0),
        "stddev must be positive and finite, got -1",
    ),
    "a floor of 0": (
        lambda: CalibratedNormal(1.0, floor=0.0),
        "floor must be positive and finite, got 0.0",
    ),
    "a warm-up of half a step": (
        lambda: CalibratedNormal(1.0, warmup=0.5),
        "warmup must be a whole number of at least 0, got 0.5",
    ),
    "an error of a batch that is a word": (
        lambda: CalibratedNormal(1.0).calibrate("large", 4),
        "'log_prob' must be floats .*got 'large'",
    ),
    "pixels of one level": (lambda: DiscretisedLogistic(1), "levels must be .* at least 2, got 1"),
    "pixels of half a level": (
        lambda: DiscretisedLogistic(2.5),
        "levels must be a whole number of at least 2, got 2.5",
    ),
    "an output of another shape": (
        lambda: Bernoulli().log_prob(zeros(5, 4, 2), FRAME),
        r"decoded must have shape \(5, 4, 3\), got \(5, 4, 2\); frames of shape .*need a decoder",
    ),
    "an output without scales": (
        lambda: DiscretisedLogistic().mean(FRAME),
        r"a mean and a log-scale for every channel, got shape \(5, 4, 3\); make it",
    ),
    "a frame of bytes": (
        lambda: FixedNormal(0.5).log_prob(FRAME, FRAME.astype("uint8")),
        "'frame' must be floats .*got uint8.5,4,3.; convert it to floats, bytes by dividing",
    ),
    "a frame that is a number": (
        lambda: FixedNormal(0.5).log_prob(zeros(), zeros()),
        "a frame must have at least one axis, got",
    ),
}

CALLS = CLOCKS | BELIEFS | LIKELIHOODS
