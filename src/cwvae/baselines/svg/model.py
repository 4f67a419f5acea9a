"""SVG-LP as a method: its loss, its forecasts, and a bound on what it gives videos."""

import math
from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, Int, Key, PRNGKeyArray

from cwvae.arguments import whole_number
from cwvae.baselines.inputs import check_inputs
from cwvae.baselines.svg.checks import check_frames
from cwvae.baselines.svg.config import SVGConfig
from cwvae.baselines.svg.forecasting import continued, prepared
from cwvae.baselines.svg.norm import Moments, all_followed, with_running, without_running
from cwvae.baselines.svg.passing import Networks, Pass, Steps, passed
from cwvae.level_kl import per_level
from cwvae.shapes import checked
from cwvae.video_model import AbstractLoss, AbstractVideoModel, Bounds, LossInputs

__all__ = ["SVG", "SVGLoss"]

_Videos = Float[Array | np.ndarray, "batch frames *frame"]

_FORECAST_BATCH = 32


class SVGLoss(AbstractLoss):
    """The loss of a batch: squared error + beta KL, each summed over the predicted frames.

    **Arguments:** `squared_error`, of each predicted frame, mean over batch and pixels; `kl`, of
    each predicted frame in nats, mean over the batch; `beta`; `encoder` and `decoder`, the running
    statistics of every layer after this batch.
    """

    squared_error: Float[Array, " predicted"]
    kl: Float[Array, " predicted"]
    beta: Float[Array, ""]
    encoder: tuple[Moments, ...]
    decoder: tuple[Moments, ...]
    past: None = None

    @property
    def total(self) -> Float[Array, ""]:
        """What is minimised."""
        return self.squared_error.sum() + self.beta * self.kl.sum()

    @property
    def scalars(self) -> dict[str, Float[Array, ""] | Int[Array, ""]]:
        """Squared error of a pixel, and nats, of a predicted frame."""
        return {"mse": self.squared_error.mean(), "kl": self.kl.mean()}


class SVG(AbstractVideoModel):
    """Stochastic video generation with a learned prior (Denton and Fergus 2018, SVG-LP).

    A frame is predicted from the features of the frame before it and a latent vector z, whose
    prior has seen the frames before, whose posterior the frame itself too. The running statistics
    of batch normalisation are arrays of the model without a gradient; they follow those of the
    batches in `after_step`.
    """

    networks: Networks
    config: SVGConfig = eqx.field(static=True)

    @checked
    def loss(self, videos: _Videos, inputs: LossInputs, *, key: PRNGKeyArray) -> SVGLoss:
        """Return the loss of the authors' training step; statistics are those of the batch.

        Of `inputs`, `beta` is used. Raises `ValueError` for others that are not at their defaults,
        for fewer than 2 videos or frames, and for frames of another size.
        """
        check_inputs("SVG-LP", inputs)
        check_frames(videos, self.config, least_batch=2, least_frames=2)
        batch, frames = videos.shape[:2]
        noise = jr.normal(key, (frames - 1, batch, self.config.stoch_size))
        beta = per_level("beta", inputs.beta, 1)[0]
        return _loss(self.networks, _steps(videos), noise, beta, self.config)

    @checked
    def forecasts(
        self,
        contexts: _Videos,
        horizon: int,
        *,
        keys: Key[Array, " batch"],
        samples: int = 1,
    ) -> Float[Array, "batch samples horizon *frame"]:
        """Return how videos go on after their context frames, open loop, each `samples` times.

        Skip features are those of the last context frame but one (or, as in the paper, the last),
        however many frames were known in training. By statistics of the batch, each sample of all
        videos is a pass of its own, and a video's forecasts depend on the other videos.

        Raises `ValueError` for frames of another size, and a horizon or samples below 1.
        """
        check_frames(contexts, self.config)
        for name, value in (("horizon", horizon), ("samples", samples)):
            whole_number(name, value)
        frames = contexts.shape[1]
        noise = _noise(keys, samples, frames - 1 + horizon, self.config.stoch_size)
        running = self._running(contexts)
        known = self.config.known(frames)
        context = prepared(self.networks, _steps(contexts), known=known, running=running)
        return continued(self.networks, context, noise, running=running)

    @checked
    def reconstructions(
        self, videos: _Videos, *, keys: Key[Array, " batch"]
    ) -> Float[Array, "batch frames *frame"]:
        """Return every frame as predicted from those before it and its own posterior.

        The first is returned as it is. Raises `ValueError` for frames of another size.
        """
        frames = jnp.asarray(videos)
        if frames.shape[1] == 1:
            return frames
        predicted = jnp.transpose(self._passed(videos, keys).frames, (4, 0, 2, 3, 1))
        return jnp.concatenate([frames[:, :1], predicted], axis=1)

    @checked
    def bounds(self, videos: _Videos, *, keys: Key[Array, " batch"]) -> Bounds:
        """Return a bound on the log-probability of each video given its first frame, in nats.

        A pixel is normal with the standard deviation sqrt(N beta / 2), for N = height x width x
        channels and `bounds_beta` of the configuration: then the loss of a video is beta times its
        negative bound, up to a constant. The first frame counts 0. Raises `ValueError` for fewer
        than 2 frames, and frames of another size.
        """
        check_frames(videos, self.config, least_frames=2)
        done = self._passed(videos, keys)
        size = math.prod(videos.shape[2:])
        variance = size * self.config.bounds_beta / 2
        squares = jnp.sum((done.frames - _steps(videos)[1:]) ** 2, axis=(1, 2, 3)).T
        likelihood = -squares / (2 * variance) - size * math.log(2 * math.pi * variance) / 2
        kl = done.posterior.kl(done.prior).sum(0)
        return Bounds(jnp.pad(likelihood, [(0, 0), (1, 0)]), kl[:, None])

    def after_step(self, loss: AbstractLoss) -> "SVG":
        """Return the model with the running statistics of the loss."""
        if not isinstance(loss, SVGLoss):
            raise ValueError(
                f"the loss must be an SVGLoss, got {type(loss).__name__}; "
                "give it what its own loss returned"
            )
        networks = self.networks
        encoder = with_running(networks.encoder, loss.encoder)
        decoder = with_running(networks.decoder, loss.decoder)
        return replace(self, networks=replace(networks, encoder=encoder, decoder=decoder))

    @property
    def fewest_frames(self) -> int:
        """How many frames a training video has at least: one is predicted from the other."""
        return 2

    @property
    def forecast_batch(self) -> int:
        """Videos that an evaluation forecasts at a time."""
        return _FORECAST_BATCH

    @property
    def num_parameters(self) -> int:
        """The number of weights, running statistics not among them."""
        weights = jax.tree.leaves(without_running(self.networks))
        return sum(math.prod(weight.shape) for weight in weights if hasattr(weight, "shape"))

    def _passed(self, videos: _Videos, keys: Key[Array, " batch"]) -> Pass:
        """Predict every frame but the first, with noise from the videos' keys."""
        check_frames(videos, self.config)
        noise = _noise(keys, 1, videos.shape[1] - 1, self.config.stoch_size)[0]
        known = self.config.known(self.config.known_frames)
        return passed(
            self.networks, _steps(videos), noise, known=known, running=self._running(videos)
        )

    def _running(self, videos: _Videos) -> bool:
        """Return whether normalisation is by running statistics: always for a single video."""
        return self.config.statistics == "running" or len(videos) == 1


def _loss(
    networks: Networks,
    frames: Steps,
    noise: Float[Array, "predicted batch stoch"],
    beta: Float[Array, ""],
    config: SVGConfig,
) -> SVGLoss:
    """Return the loss with this noise."""
    known = config.known(config.known_frames)
    done = passed(networks, frames, noise, known=known, running=False)
    # The authors encode both frames of every step, so that all but the ends are seen twice.
    seen = np.repeat(np.arange(len(frames)), 2)[1:-1]
    of_encoder = jax.tree.map(lambda moments: moments[seen], done.encoder)
    return SVGLoss(
        squared_error=jnp.mean((done.frames - frames[1:]) ** 2, axis=(1, 2, 3, 4)),
        kl=done.posterior.kl(done.prior).mean(-1),
        beta=beta,
        encoder=all_followed(networks.encoder, of_encoder),
        decoder=all_followed(networks.decoder, done.decoder),
    )


def _steps(videos: _Videos) -> Steps:
    """Return frames step by step, the axis of videos last."""
    return jnp.transpose(jnp.asarray(videos), (1, 4, 2, 3, 0))


def _noise(
    keys: Key[Array, " batch"], samples: int, steps: int, stoch: int
) -> Float[Array, "samples steps batch stoch"]:
    """Draw the noise of every video from its own key."""
    drawn = jax.vmap(lambda key: jr.normal(key, (samples, steps, stoch)))(keys)
    return jnp.moveaxis(drawn, 0, 2)
