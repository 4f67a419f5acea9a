"""Does information move up when the video slows down? The levels' nats at several speeds."""

from collections.abc import Mapping

import equinox as eqx
import jax
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from scipy.stats import rankdata

from cwvae.model import CWVAE
from cwvae.shapes import Video, checked

__all__ = ["SpeedNats", "nats_at_speeds"]


class SpeedNats(eqx.Module):
    """The KL of every level at several speeds of the video.

    **Arguments:** the `speeds`, in ascending order; `nats`, the KL of all ticks of a level
    together, the mean over videos, the fastest level first.
    """

    speeds: Float[np.ndarray, " speeds"]
    nats: Float[np.ndarray, "speeds levels"]

    @property
    def shares(self) -> Float[np.ndarray, "speeds levels"]:
        """Each level's share of the nats of all levels, 0 where there are none."""
        whole = self.nats.sum(1, keepdims=True)
        return self.nats / np.where(whole > 0, whole, 1)

    @property
    def correlations(self) -> Float[np.ndarray, " levels"]:
        """Spearman's rank correlation of each level's share with the speed, in [-1, 1].

        It is negative where the level takes a larger share of slower videos, and NaN of a share
        that never changes.
        """
        ranks = rankdata(self.shares, axis=0)
        speeds = rankdata(self.speeds)
        centred = ranks - ranks.mean(0), speeds - speeds.mean()
        scale = np.sqrt((centred[0] ** 2).sum(0) * (centred[1] ** 2).sum())
        return centred[1] @ centred[0] / np.where(scale > 0, scale, np.nan)


@checked
def nats_at_speeds(
    model: CWVAE,
    videos: Mapping[float, Float[Array | np.ndarray, "videos frames *frame"]],
    *,
    key: PRNGKeyArray,
) -> SpeedNats:
    """Measure the KL of every level on videos of several speeds.

    **Arguments:** `videos` by their speed, in any unit; of one shape, nothing is compiled twice.

    Raises `ValueError` for fewer than two speeds.
    """
    if len(videos) < 2:
        raise ValueError(f"videos must be of at least 2 speeds, got {len(videos)}; add some")
    speeds = sorted(videos)
    nats = [np.asarray(_nats(model, videos[speed], key), dtype=float) for speed in speeds]
    return SpeedNats(np.array(speeds, dtype=float), np.stack(nats))


@eqx.filter_jit
def _nats(
    model: CWVAE, videos: Float[Array | np.ndarray, "videos frames *frame"], key: PRNGKeyArray
) -> Float[Array, " levels"]:
    """Return the KL of every level, the mean over videos."""

    def one(video: Video, key: PRNGKeyArray) -> Float[Array, " levels"]:
        _, traces = model.infer(video, model.hierarchy.noise(video.shape[0], key=key))
        return jax.numpy.stack([t.posterior.kl_parts(t.prior).sum() for t in traces])

    return jax.vmap(one)(videos, jr.split(key, len(videos))).mean(0)
