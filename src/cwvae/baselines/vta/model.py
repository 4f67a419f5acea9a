"""VTA as a method of predicting videos: its loss, forecasts, reconstructions and bound."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, Key, PRNGKeyArray

from cwvae.baselines.inputs import check_inputs
from cwvae.baselines.vta.boundaries import temperature
from cwvae.baselines.vta.checks import check_frames
from cwvae.baselines.vta.config import VTAConfig
from cwvae.baselines.vta.generating import imagined
from cwvae.baselines.vta.norm import BatchNorm
from cwvae.baselines.vta.objective import exact_boundary_nats, log_likelihood, terms
from cwvae.baselines.vta.passing import Networks, Noise, Pass, Statistics, draw_noise, passed
from cwvae.baselines.vta.pixels import LOG_VOLUME, dequantised, shown
from cwvae.level_kl import per_level
from cwvae.shapes import checked
from cwvae.video_model import AbstractLoss, AbstractVideoModel, Bounds, LossInputs

__all__ = ["VTA", "VTALoss", "jumpy_forecasts"]

_Videos = Float[Array | np.ndarray, "batch frames height width channels"]
_Inner = Float[Array, "batch frames height width channels"]


class VTALoss(AbstractLoss):
    """The loss of VTA, in nats per frame.

    **Arguments:** `value`, what is minimised; `parts` of it by name; `statistics`, the moments of
    the batch in all normalisations, which `VTA.after_step` takes.
    """

    value: Float[Array, ""]
    parts: dict[str, Float[Array, ""]]
    statistics: Statistics
    past: None = None

    @property
    def total(self) -> Float[Array, ""]:
        """What is minimised."""
        return self.value

    @property
    def scalars(self) -> dict[str, Float[Array, ""]]:
        """Negative log-likelihood and KL, nats per frame, and how often segments begin."""
        return dict(self.parts)


class VTA(AbstractVideoModel):
    """Variational Temporal Abstraction (Kim, Ahn and Bengio 2019).

    It learns from frames of 5 bits, with noise in their last one, in [-1, 1]; all methods take and
    return frames in [0, 1].
    """

    networks: Networks
    config: VTAConfig = eqx.field(static=True)

    def loss(self, videos: _Videos, inputs: LossInputs, *, key: PRNGKeyArray) -> VTALoss:
        """Return the loss of a batch, a mean over videos and the frames that count.

        These are all but the first and the last `edge_frames`. It is the negative log-likelihood
        plus the KL of the slow state where a segment begins, that of the fast state, and the
        log-ratio of posterior and prior at the boundary of the next frame (the authors' code;
        constants included). `inputs.beta` weighs the KL: one number, or one each for the fast
        state, the slow state and the boundary. Batch normalisation is by all frames of the batch.

        Raises `ValueError` for inputs that VTA has no use for, frames of another size, and too few
        frames.
        """
        check_inputs("VTA", inputs)
        init = self.config.edge_frames
        check_frames(videos, self.config, least=2 * init + 1)
        batch, frames = videos.shape[:2]
        frame_key, latent_key = jr.split(key)
        targets = self._dequantised(videos, jr.uniform(frame_key, videos.shape))
        noise = draw_noise(self.config, batch, frames, frames - 2 * init, key=latent_key)
        return self.loss_of(targets, noise, inputs)

    def loss_of(self, targets: _Inner, noise: Noise, inputs: LossInputs) -> VTALoss:
        """Return the loss of dequantised frames in [-1, 1], all noise given."""
        tau, init = temperature(self.config, inputs.step), self.config.edge_frames
        done = passed(self.networks, targets, noise, tau, init=init, after=init, running=False)
        found = terms(done, targets[:, init : targets.shape[1] - init], tau, self.config)
        nll, fast, slow, boundary = (jnp.mean(term) for term in found)
        betas = per_level("beta", inputs.beta, 3)
        value = nll + betas[0] * fast + betas[1] * slow + betas[2] * boundary
        share = jnp.mean(jax.lax.stop_gradient(done.read))
        parts = {
            "nll": nll,
            "kl_observation": fast,
            "kl_abstract": slow,
            "kl_boundary": boundary,
            "read_rate": share,
            # The first frame that counts begins a segment, so that there is one.
            "segment_length": 1 / share,
        }
        return VTALoss(value=value, parts=parts, statistics=jax.lax.stop_gradient(done.statistics))

    def forecasts(
        self,
        contexts: _Videos,
        horizon: int,
        *,
        keys: Key[Array, " batch"],
        samples: int = 1,
    ) -> Float[Array, "batch samples horizon height width channels"]:
        """Return how videos go on after their context, frames in [0, 1].

        As in the authors' code a segment begins where the prior makes it more probable than not:
        only the states are random, and there are no limits of segments. Normalisation is by the
        running statistics, so that no forecast depends on the other videos.

        Raises `ValueError` for frames of another size, or a context without frames.
        """
        return self.imagined(contexts, horizon, samples, keys=keys, jumpy=False)

    def imagined(
        self,
        contexts: _Videos,
        horizon: int,
        samples: int,
        *,
        keys: Key[Array, " batch"],
        jumpy: bool,
    ) -> Float[Array, "batch samples horizon height width channels"]:
        """Return `forecasts`, or with `jumpy` those of `jumpy_forecasts`."""
        check_frames(contexts, self.config)
        middle = self._dequantised(contexts, jnp.full(contexts.shape, 0.5))
        frames = imagined(self.networks, middle, horizon, samples, keys=keys, jumpy=jumpy)
        return self._shown(frames)

    def reconstructions(
        self, videos: _Videos, *, keys: Key[Array, " batch"]
    ) -> Float[Array, "batch frames height width channels"]:
        """Return videos as the decoder shows them given the posterior, its boundaries the mode.

        Since VTA learns from frames with `edge_frames` others on either side, the first and the
        last frame stand in for these. Raises `ValueError` for frames of another size.
        """
        init = self.config.edge_frames
        ends = [(0, 0), (init, init), (0, 0), (0, 0), (0, 0)]
        done, _ = self._observed(jnp.pad(jnp.asarray(videos), ends, mode="edge"), init, keys)
        return self._shown(done.frames)

    def bounds(self, videos: _Videos, *, keys: Key[Array, " batch"]) -> Bounds:
        """Return a bound on the log-probability of videos; its KL is of s, of z and of boundaries.

        The log-likelihood is a density of frames of 5 bits in [0, 1]: log 2 more for every number
        than in [-1, 1]. Boundaries are the posterior's mode, and cost what the prior, without
        limits, makes of them. The first frame begins a segment with nothing known before it, which
        VTA has not learned: the bound is loose there.

        Raises `ValueError` for frames of another size.
        """
        done, targets = self._observed(videos, 0, keys)
        fast = done.fast_posterior.kl(done.fast_prior)
        slow = done.slow_posterior.kl(done.slow_prior) * done.read
        kl = jnp.stack([part.sum(1) for part in (fast, slow, exact_boundary_nats(done))], axis=1)
        more = math.prod(videos.shape[2:]) * LOG_VOLUME
        return Bounds(log_likelihood(done, targets, self.config) + more, kl)

    def after_step(self, loss: AbstractLoss) -> "VTA":
        """Return the model, its running statistics moved towards those of the batch of a loss."""
        if not isinstance(loss, VTALoss):
            raise ValueError(f"loss must be a VTALoss, got {type(loss).__name__}; give one of VTA")
        statistics = [found for network in loss.statistics for found in network]
        moved = [
            norm.following(found) for norm, found in zip(_norms(self), statistics, strict=True)
        ]
        return eqx.tree_at(_norms, self, moved)

    @property
    def latents(self) -> int:
        """Three: the fast state, the slow state and the boundary."""
        return 3

    @property
    def fewest_frames(self) -> int:
        """One that counts, with the known ones on either side."""
        return 2 * self.config.edge_frames + 1

    @property
    def num_parameters(self) -> int:
        """The number of weights, running statistics not among them."""
        leaves = [leaf for leaf in jax.tree.leaves(self) if hasattr(leaf, "dtype")]
        running = [leaf for norm in _norms(self) for leaf in (norm.mean, norm.variance)]
        return sum(math.prod(a.shape) for a in leaves) - sum(math.prod(a.shape) for a in running)

    def _observed(
        self, videos: _Videos, around: int, keys: Key[Array, " batch"]
    ) -> tuple[Pass, Float[Array, "batch counted height width channels"]]:
        """Infer videos with that many frames around those that count; return these besides."""
        check_frames(videos, self.config)
        batch, frames = videos.shape[:2]
        shape = (frames - 2 * around, self.config.state_size)
        slow, fast = jnp.moveaxis(jax.vmap(lambda key: jr.normal(key, (2, *shape)))(keys), 1, 0)
        noise = Noise(jnp.zeros((batch, frames, 2)), slow, fast)
        middle = self._dequantised(videos, jnp.full(videos.shape, 0.5))
        tau = jnp.ones(())  # of no account for the mode
        done = passed(self.networks, middle, noise, tau, init=around, after=around, running=True)
        return done, middle[:, around : frames - around]

    def _dequantised(self, videos: _Videos, noise: _Inner) -> _Inner:
        """Return the frames of all videos in [-1, 1]."""
        return dequantised(jnp.asarray(videos), noise)

    def _shown(self, frames: Array) -> Array:
        """Return frames in [0, 1]."""
        return shown(frames, requantise=self.config.requantise)


def _norms(model: VTA) -> list[BatchNorm]:
    """Return all normalisations, in the order of `Statistics`."""
    networks = model.networks
    parts = (networks.encoder, networks.detector, networks.decoder)
    return [norm for part in parts for norm in part.norms]


@checked
def jumpy_forecasts(
    model: VTA,
    contexts: Float[Array | np.ndarray, "batch frames height width channels"],
    segments: int,
    *,
    keys: Key[Array, " batch"],
    samples: int = 1,
) -> Float[Array, "batch samples segments height width channels"]:
    """Return the first frame of each of the segments to come, frames in [0, 1].

    The slow level alone goes on, a segment a step, so that far ahead is few steps away ("jumpy"
    imagination, Kim et al. 2019, section 3.4). **Arguments:** `contexts`, in [0, 1]; `segments`,
    how many; `keys`, one for each video; `samples`, of each.

    Raises `ValueError` for frames of another size, or a context without frames.
    """
    return model.imagined(contexts, segments, samples, keys=keys, jumpy=True)
