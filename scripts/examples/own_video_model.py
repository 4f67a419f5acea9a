"""A video model of your own in a page: a dense network that predicts each frame from the last two.

    cwvae train --preset debug --model scripts/examples/own_video_model.py:build --out runs/own

trains it, and `cwvae evaluate runs/own` measures it beside copying the last frame.
"""

import equinox as eqx
import jax
import jax.numpy as jnp

from cwvae.video_model import AbstractVideoModel, LossInputs, PlainLoss


class NextFrame(AbstractVideoModel):
    """Each frame from the two before it."""

    network: eqx.nn.MLP

    def loss(self, videos, inputs: LossInputs, *, key) -> PlainLoss:
        """Return the squared error of every frame but the first two, summed over its pixels."""
        videos = jnp.asarray(videos)
        predicted = jax.vmap(jax.vmap(self._next))(videos[:, :-2], videos[:, 1:-1])
        error = jnp.square(predicted - videos[:, 2:]).sum((2, 3, 4)).mean()
        return PlainLoss(value=error, parts={"squared_error": error})

    def forecasts(self, contexts, horizon: int, *, keys, samples: int = 1):
        """Return the only forecast there is, `samples` times."""

        def one(context):
            def step(pair, _):
                following = self._next(*pair)
                return (pair[1], following), following

            return jax.lax.scan(step, (context[-2], context[-1]), length=horizon)[1]

        future = jax.vmap(one)(jnp.asarray(contexts))
        return jnp.repeat(future[:, None], samples, axis=1)

    @property
    def fewest_frames(self) -> int:
        """A frame to predict, and two before it."""
        return 3

    def _next(self, before, last):
        """Return the frame that follows two."""
        inputs = jnp.concatenate([before.reshape(-1), last.reshape(-1)])
        return jax.nn.sigmoid(self.network(inputs)).reshape(last.shape)


def build(config, *, key) -> NextFrame:
    """Make the model for frames of the configuration's size."""
    pixels = config.size**2 * config.channels
    return NextFrame(eqx.nn.MLP(2 * pixels, pixels, width_size=64, depth=1, key=key))
