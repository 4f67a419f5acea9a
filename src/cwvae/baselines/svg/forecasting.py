"""How videos go on after their context: z from the prior, each frame encoded for the next."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from cwvae.baselines.svg.networks import Encoded, over_steps
from cwvae.baselines.svg.norm import AnyImages, Images
from cwvae.baselines.svg.passing import Networks, Steps
from cwvae.baselines.svg.recurrence import LSTMState

__all__ = ["Context", "continued", "prepared"]


class Context(eqx.Module):
    """What all forecasts from a context have in common.

    **Arguments:** `features` of all its frames; `ahead`, what the decoder's joins add for the skip
    features that stay; `last`, its last frame.
    """

    features: Float[Array, "context batch feature"]
    ahead: tuple[AnyImages, ...]
    last: Images


class _State(eqx.Module):
    """What recurs when frames are predicted: the frame before, and the memories."""

    frame: Images
    predictor: tuple[LSTMState, LSTMState]
    prior: LSTMState


def prepared(networks: Networks, frames: Steps, *, known: int, running: bool) -> Context:
    """Encode the context; the skip features that stay are those of the frame `known` - 1."""
    encode = eqx.Partial(networks.encoder, running=running)
    features = over_steps(eqx.Partial(_features, encode), frames, kernels=networks.kernels)
    # Once more, so that the skip features of no other frame are kept.
    staying = encode(frames[known - 1]).skips
    return Context(features, networks.decoder.prepare(staying), frames[-1])


def continued(
    networks: Networks,
    context: Context,
    noise: Float[Array, "samples steps batch stoch"],
    *,
    running: bool,
) -> Float[Array, "batch samples horizon height width channels"]:
    """Return one forecast for each sample of noise, whose first steps are those of the context.

    Every sample is a pass of its own over all videos of the batch. Nothing is kept of a frame but
    the frame itself, in its place among the answers.
    """
    observed = len(context.features) - 1
    samples, steps, batch, _ = noise.shape
    channels, height, width, _ = context.last.shape
    shape = (batch, samples, steps - observed, height, width, channels)
    answers = jnp.zeros(shape, context.last.dtype)

    def sample(answers: Array, inputs: tuple[Array, Array]) -> tuple[Array, None]:
        number, own = inputs
        state = _observed(networks, context, own[:observed])

        def step(carry: tuple[_State, Array], inputs: tuple[Array, Array]):
            state, answers = carry
            time, of_step = inputs
            state = _next(networks, context, state, of_step, running=running)
            frame = jnp.transpose(state.frame, (3, 1, 2, 0))
            return (state, answers.at[:, number, time].set(frame)), None

        times = jnp.arange(steps - observed)
        (_, answers), _ = jax.lax.scan(step, (state, answers), (times, own[observed:]))
        return answers, None

    answers, _ = jax.lax.scan(sample, answers, (jnp.arange(samples), noise))
    return answers


def _observed(
    networks: Networks, context: Context, noise: Float[Array, "steps batch stoch"]
) -> _State:
    """Return the state after the context, with z sampled from the posterior."""
    before, batch = context.features[:-1], context.last.shape[-1]
    posterior, _ = networks.posterior(context.features[1:], networks.posterior.memory.first(batch))
    _, prior_state = networks.prior(before, networks.prior.memory.first(batch))
    stoch = posterior.sample(noise)
    _, predictor_state = networks.predictor(before, stoch, networks.predictor.first(batch))
    return _State(context.last, predictor_state, prior_state)


def _next(
    networks: Networks,
    context: Context,
    state: _State,
    noise: Float[Array, "batch stoch"],
    *,
    running: bool,
) -> _State:
    """Predict the next frame of every video."""
    features = networks.encoder(state.frame, running=running).features[None]
    prior, prior_state = networks.prior(features, state.prior)
    predicted, predictor_state = networks.predictor(
        features, prior.sample(noise[None]), state.predictor
    )
    decoded = networks.decoder(predicted[0], context.ahead, running=running)
    return _State(decoded.frames, predictor_state, prior_state)


def _features(encode: Callable[[Images], Encoded], frames: Images) -> Float[Array, "batch feature"]:
    """Return the features of frames and nothing else."""
    return encode(frames).features
