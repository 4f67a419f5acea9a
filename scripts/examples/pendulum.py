"""A continuous-time hierarchy on a damped pendulum seen at irregular times (about two minutes).

python scripts/examples/pendulum.py --out pendulum.png
"""

from functools import partial

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import matplotlib.pyplot as plt
import tyro

from cwvae import CWVAE, Clock, FlowCell, Hierarchy, RSSMCell, TrainConfig, forecast
from cwvae.likelihoods import LearnedNormal
from cwvae.nn.encoder import Encoder
from cwvae.nn.layers import DenseStack
from cwvae.training.step import init_train_state, train_step

CONTEXT, FRAMES = 16, 48


def swing(times, key):
    """Simulate a pendulum; return where its bob is at the times, (frames, 2)."""
    start = jr.uniform(key, (2,), minval=jnp.array([0.5, -1.0]), maxval=jnp.array([2.0, 1.0]))
    term = diffrax.ODETerm(lambda t, y, _: jnp.stack([y[1], -jnp.sin(y[0]) - 0.1 * y[1]]))
    rest = diffrax.Tsit5(), 0.0, times[-1], 0.05, start
    path = diffrax.diffeqsolve(term, *rest, saveat=diffrax.SaveAt(ts=times)).ys
    return jnp.stack([jnp.sin(jnp.asarray(path)[:, 0]), -jnp.cos(jnp.asarray(path)[:, 0])], axis=-1)


def make(key) -> CWVAE:
    """Make two levels, factor 4, whose memories flow between the ticks."""
    keys = jr.split(key, 7)
    cell = partial(RSSMCell, stoch_size=4, deter_size=64, hidden_size=64, feature_size=16)
    fast_to_train = {"adjoint": diffrax.DirectAdjoint(), "first_step": 0.5, "max_steps": 2}
    steady = {"solver": diffrax.Midpoint(), "controller": diffrax.ConstantStepSize()}
    flow = partial(FlowCell, hidden_size=64, rate=2.0, **steady, **fast_to_train)
    slow = flow(cell(context_size=0, key=keys[0]), key=keys[1])
    fast = flow(cell(context_size=slow.output_size, key=keys[2]), key=keys[3])
    stack = partial(DenseStack, hidden_size=64, depth=2)
    encoder = Encoder(stack(2, 16, key=keys[4]), (stack(16, 16, key=keys[5]),))
    decoder = stack(fast.output_size, 2, key=keys[6])
    return CWVAE(encoder, Hierarchy((fast, slow), Clock(2, 4)), decoder, LearnedNormal(0.3))


def main(out: str = "pendulum.png", steps: int = 700) -> None:
    """Train, forecast, draw."""
    config = TrainConfig(steps=steps, learning_rate=3e-3, decay=0.8, clip_norm=100.0)
    state, step = init_train_state(make(jr.key(0)), config), eqx.filter_jit(train_step)

    @jax.jit
    def scenes(key):
        times = jnp.cumsum(jr.uniform(key, (16, FRAMES), minval=0.1, maxval=0.7), axis=1)
        given = jax.vmap(partial(state.model.hierarchy.conditioning, FRAMES))(times=times)
        return times, jax.vmap(swing)(times, jr.split(key, 16)), given

    for key in jr.split(jr.key(1), steps):
        _, paths, given = scenes(key)
        state, _ = step(state, paths, config, given)
    ahead = partial(forecast, state.model, horizon=FRAMES - CONTEXT, key=jr.key(3), samples=8)
    predict = eqx.filter_vmap(lambda path, given: ahead(path, conditioning=given))
    times, paths, given = scenes(jr.key(2))
    futures = eqx.filter_jit(predict)(paths[:, :CONTEXT], given)
    truth, last = paths[:, CONTEXT:], paths[:, CONTEXT - 1 : CONTEXT]
    ours, copied = (jnp.sqrt(jnp.mean((g - truth) ** 2)) for g in (futures.mean(1), last))
    print(f"RMSE of the forecasts' mean {ours:.3f}, of the last value {copied:.3f}; see {out}")
    figure, axes = plt.subplots(3, 1, figsize=(9, 7), layout="constrained")
    for row, axis in enumerate(axes):
        axis.plot(times[row, CONTEXT:], futures[row, ..., 0].T, color="tab:orange", alpha=0.5)
        axis.plot(times[row], paths[row, :, 0], ".-", color="black")
        axis.plot(times[row, :CONTEXT], paths[row, :CONTEXT, 0], "o")
    figure.suptitle("horizontal place of the bob; seen (blue), true (black), 8 forecasts (orange)")
    figure.savefig(out)


if __name__ == "__main__":
    tyro.cli(main)
