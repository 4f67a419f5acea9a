"""Normal pixels whose variance is the decoder's own error: the optimal sigma-VAE.

With D numbers a frame, and m the mean squared error of a batch, the log-likelihood of its frames
is on average

    log p = -D/2 (log(2 pi v) + m / v),

largest where the variance v is m (Rybkin et al. 2021, Simple and Effective VAE Training with
Calibrated Decoders). Read the other way it gives m from the log-likelihood under any v, so a batch
goes through the decoder once, and not one pixel needs to be kept.
"""

import math

import equinox as eqx
import jax.numpy as jnp
from jax.lax import stop_gradient
from jaxtyping import Array, Float

from cwvae.arguments import check_positive, whole_number
from cwvae.likelihoods.base import AbstractLikelihood, check_decoded
from cwvae.shapes import Frame, checked

__all__ = ["CalibratedNormal"]

# Pixels lie in [0, 1]. Under a variance far beyond their own a float32 holds no error of them.
_MOST = 10.0
# The batches over which the variance that is kept is averaged, about: that of one batch differs
# from the next one's by some percent, which costs a nat a frame where the other is measured.
_BATCHES = 100


class CalibratedNormal(AbstractLikelihood):
    """Independent normal pixels around the decoder's output, their one variance its squared error.

    In the loss of a batch the variance is the batch's own mean squared error, but at least that of
    a falling standard deviation, which ends at a floor (`calibrate`). The variance that the model
    keeps is a running mean of these over batches (`follow`): evaluations, streams and checkpoints
    use it. No gradient reaches it, so no optimiser trains it.

    **Arguments:**

    - `stddev`: the standard deviation to start from, at most 10.
    - `floor`: the least one. Without it sharp frames would be worth any number of nats.
    - `warmup`: the steps in which the least standard deviation falls from `stddev` to the floor,
      by the same factor in every step. Early on, what is learned is then what a fixed one learns.

    Raises `ValueError` for a standard deviation that is not positive and finite, and a warm-up that
    is not a whole number of steps.
    """

    variance: Float[Array, ""]
    least: Float[Array, ""]
    floor: float = eqx.field(static=True)
    fall: float = eqx.field(static=True)

    def __init__(self, stddev: float = 1.0, *, floor: float = 0.05, warmup: int = 1000):
        """Start from a standard deviation."""
        check_positive("the likelihood's stddev", stddev)
        check_positive("the likelihood's floor", floor)
        if max(stddev, floor) > _MOST:
            raise ValueError(
                f"a calibrated standard deviation must start at {_MOST:g} at most, got "
                f"{max(stddev, floor):g}; pixels lie in [0, 1], so use 1 or less"
            )
        whole_number("warmup", warmup, least=0)
        start = max(stddev, floor) if warmup else floor
        self.floor, self.fall = float(floor), float((floor / start) ** (2 / max(warmup, 1)))
        self.variance = jnp.asarray(stddev**2, dtype=float)
        self.least = jnp.asarray(start**2, dtype=float)

    @property
    def stddev(self) -> Float[Array, ""]:
        """The standard deviation of a pixel that the model keeps."""
        return jnp.sqrt(self.variance)

    @checked
    def log_prob(self, decoded: Float[Array, "*decoded"], frame: Frame) -> Float[Array, ""]:
        """Return sum log Normal(frame; decoded, stddev), constants included, in nats."""
        check_decoded(self, decoded, frame)
        variance = stop_gradient(self.variance)
        squares = jnp.sum((frame - decoded) ** 2) / variance
        return -0.5 * (squares + frame.size * jnp.log(2 * math.pi * variance))

    @checked
    def mean(self, decoded: Float[Array, "*decoded"]) -> Frame:
        """Return the decoder's output itself."""
        return decoded

    @checked
    def calibrate(
        self, log_prob: Float[Array, ""], size: int
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """Return a batch's log-likelihood under the standard deviation that it sets, and that.

        -D/2 (log(2 pi v) + m / v) with v = max(m, least), where m is the batch's mean squared
        error: where m is more than the least, -D/2 log(2 pi e m).

        **Arguments:** `log_prob`, the mean log-likelihood of the batch's frames under the variance
        that is kept, in nats; `size`, D, how many numbers a frame is.
        """
        kept = stop_gradient(self.variance)
        error = -kept * (2 * log_prob / size + jnp.log(2 * math.pi * kept))
        # The derivative by v is 0 at v = m, and v is constant elsewhere, so stop_gradient round v
        # would change no gradient; it is left out since it would change the second derivatives.
        variance = jnp.maximum(error, stop_gradient(self.least))
        calibrated = -0.5 * size * (jnp.log(2 * math.pi * variance) + error / variance)
        return calibrated, jnp.sqrt(variance)

    @checked
    def follow(self, stddev: Float[Array, ""] | None) -> "CalibratedNormal":
        """Return the likelihood after a step on a batch that set that standard deviation.

        Without one it is the likelihood itself.
        """
        if stddev is None:
            return self
        variance = self.variance + (stddev**2 - self.variance) / _BATCHES
        least = jnp.maximum(self.least * self.fall, self.floor**2)
        return eqx.tree_at(lambda normal: (normal.variance, normal.least), self, (variance, least))
