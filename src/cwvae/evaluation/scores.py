"""How good forecasts are: frame by frame against the truth, and beside naive ones."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from cwvae.evaluation.metrics import psnr, ssim
from cwvae.shapes import Video, checked

__all__ = ["Scores", "best_of", "score"]

BEST_PSNR = 100.0  # dB; frames that agree in every pixel would have an infinite one
OFFICIAL_RANGE = 2.0  # scikit-image 0.18.1 takes it for float frames when it is told nothing


class Scores(eqx.Module):
    """Metrics of every predicted frame; arrays are (..., horizon).

    **Arguments:** `ssim` with data range 1; `psnr` in dB with range 1, at most 100;
    `ssim_official` with the data range 2 of the official evaluation, which puts it higher.
    """

    ssim: Float[Array, "*samples horizon"]
    psnr: Float[Array, "*samples horizon"]
    ssim_official: Float[Array, "*samples horizon"]


@checked
def score(prediction: Video, truth: Video) -> Scores:
    """Return the metrics of every frame; predictions are not clipped, as in the official code."""

    def frame(pair: tuple[Array, Array]) -> Scores:
        return Scores(
            ssim=ssim(*pair),
            psnr=jnp.minimum(psnr(*pair), BEST_PSNR),
            ssim_official=ssim(*pair, data_range=OFFICIAL_RANGE),
        )

    # In batches, so that memory does not grow with the horizon.
    return jax.lax.map(frame, (jnp.asarray(prediction), jnp.asarray(truth)), batch_size=64)


def best_of(scores: Scores) -> Scores:
    """Choose, for each metric on its own, the sample that is best on average over frames.

    (samples, horizon) to (horizon,), as the official eval.py does.
    """
    return jax.tree.map(lambda metric: metric[jnp.argmax(metric.mean(-1))], scores)
