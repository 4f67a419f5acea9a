"""How good forecasts are: frame by frame against the truth, and beside naive ones."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from cwvae.evaluation.metrics import psnr, ssim
from cwvae.shapes import Video, checked

__all__ = ["Scores", "best_of", "score"]

_BEST_PSNR = 100.0  # dB; frames that agree in every pixel would have an infinite one
_OFFICIAL_RANGE = 2.0  # the data range of float frames in scikit-image 0.18.1, if none is given


class Scores(eqx.Module):
    """Metrics of every predicted frame; arrays are (horizon,) or (samples, horizon).

    **Arguments:** `ssim` with data range 1; `psnr` in dB with range 1, at most 100;
    `ssim_official` with the data range 2 of the official evaluation, which puts it higher.
    """

    ssim: Float[Array, "*frames"]
    psnr: Float[Array, "*frames"]
    ssim_official: Float[Array, "*frames"]


@checked
def score(prediction: Video, truth: Video) -> Scores:
    """Return the metrics of every frame.

    **Arguments:** `prediction`, which is not clipped, as in the official code, and `truth`, both
    (horizon, height, width, channels), values of the truth in [0, 1].

    Raises `ValueError` for frames smaller than 7x7 pixels.
    """

    def frame(pair: tuple[Array, Array]) -> Scores:
        return Scores(
            ssim=ssim(*pair),
            psnr=jnp.minimum(psnr(*pair), _BEST_PSNR),
            ssim_official=ssim(*pair, data_range=_OFFICIAL_RANGE),
        )

    # In batches, so that memory does not grow with the horizon.
    return jax.lax.map(frame, (jnp.asarray(prediction), jnp.asarray(truth)), batch_size=64)


def best_of(scores: Scores) -> Scores:
    """Return, for each metric on its own, the sample that is best on average over frames.

    (samples, horizon) to (horizon,), as the official eval.py does.

    **Arguments:** `scores` of all samples. Raises `ValueError` for those of a single one.
    """
    if scores.ssim.ndim != 2:
        raise ValueError(
            f"expected scores with axes (samples, horizon), got shape {scores.ssim.shape}; "
            "make them with jax.vmap(score, in_axes=(0, None))"
        )
    return jax.tree.map(lambda metric: metric[jnp.argmax(metric.mean(-1))], scores)
