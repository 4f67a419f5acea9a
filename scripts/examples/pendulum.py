"""A continuous-time hierarchy on a damped pendulum, seen at irregular times.

    python scripts/examples/pendulum.py --out pendulum.png

Takes about two minutes on two CPU cores. Prints the error of the forecasts beside repeating the
last value, and draws some, at times that are denser than those that training saw.
"""

import argparse
from functools import partial

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import matplotlib.pyplot as plt

from cwvae import CWVAE, Clock, FlowCell, Hierarchy, RSSMCell, TrainConfig, forecast
from cwvae.encoder import Encoder
from cwvae.layers import DenseStack
from cwvae.likelihoods import LearnedNormal
from cwvae.train import init_train_state, train_step

CONTEXT, HORIZON, DENSE = 16, 24, 0.1
MIDPOINT = {"solver": diffrax.Midpoint(), "controller": diffrax.ConstantStepSize()}


def swing(times, key):
    """Simulate a damped pendulum; return the place of its bob at the times, (frames, 2)."""
    angle, speed = jr.uniform(
        key, (2,), minval=jnp.array([0.5, -1.0]), maxval=jnp.array([2.0, 1.0])
    )
    term = diffrax.ODETerm(lambda t, y, _: jnp.stack([y[1], -jnp.sin(y[0]) - 0.1 * y[1]]))
    options = {"saveat": diffrax.SaveAt(ts=times), "max_steps": None}
    start = jnp.stack([angle, speed])
    path = diffrax.diffeqsolve(term, diffrax.Tsit5(), 0.0, times[-1], 0.02, start, **options)
    return jnp.stack([jnp.sin(path.ys[:, 0]), -jnp.cos(path.ys[:, 0])], axis=-1)


def make(*, key) -> CWVAE:
    """Make two levels, factor 4, whose memories flow between the ticks."""
    keys = jr.split(key, 7)
    cell = partial(RSSMCell, stoch=4, deter=32, hidden=32, feature=16)
    slow = FlowCell(cell(top_down=0, key=keys[0]), hidden=64, **MIDPOINT, key=keys[1])
    fast = cell(top_down=slow.output_size, key=keys[2])
    fast = FlowCell(fast, hidden=64, **MIDPOINT, key=keys[3])
    stack = partial(DenseStack, hidden=64, depth=2)
    return CWVAE(
        encoder=Encoder(stack(2, 16, key=keys[4]), (stack(16, 16, key=keys[5]),)),
        hierarchy=Hierarchy((fast, slow), Clock(2, 4)),
        decoder=stack(fast.output_size, 2, key=keys[6]),
        likelihood=LearnedNormal(0.3),
    )


def scenes(hierarchy: Hierarchy, times, key):
    """Simulate a row for each row of times; return the paths and what is given."""
    paths = jax.vmap(swing)(times, jr.split(key, len(times)))
    return paths, jax.vmap(lambda row: hierarchy.given(len(row), times=row))(times)


def main() -> None:
    """Train, forecast, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="pendulum.png", help="picture to draw")
    parser.add_argument("--steps", type=int, default=800, help="training steps")
    options = parser.parse_args()
    config = TrainConfig(steps=options.steps, learning_rate=3e-3, decay=0.7, clip_norm=100.0)
    state = init_train_state(make(key=jr.key(0)), config)
    draw = partial(jr.uniform, shape=(16, CONTEXT + HORIZON), minval=0.1, maxval=0.7)
    simulate = eqx.filter_jit(partial(scenes, state.model.hierarchy))
    step = eqx.filter_jit(train_step)
    for key in jr.split(jr.key(1), config.steps):
        paths, given = simulate(jnp.cumsum(draw(key), axis=1), key)
        state, record = step(state, paths, config, given)
    print(f"{config.steps} steps, loss {float(record.loss.total):.2f} nats per frame")

    seen = jnp.cumsum(draw(jr.key(2)), axis=1)[:, :CONTEXT]
    dense = seen[:, -1:] + DENSE * jnp.arange(1, 101)
    times = jnp.concatenate([seen, dense], axis=1)
    paths, given = simulate(times, jr.key(3))

    def predict(model, path, known):
        return forecast(model, path, 100, key=jr.key(4), samples=8, given=known)

    futures = eqx.filter_jit(jax.vmap(predict, in_axes=(None, 0, 0)))(
        state.model, paths[:, :CONTEXT], given
    )
    truth, last = paths[:, CONTEXT:], paths[:, CONTEXT - 1 : CONTEXT]
    ours, copied = (jnp.sqrt(jnp.mean((g - truth) ** 2)) for g in (futures.mean(1), last))
    print(f"RMSE over 10 units of time: forecast {ours:.3f}, last value {copied:.3f}")
    figure, axes = plt.subplots(3, 1, figsize=(9, 7), layout="constrained")
    for row, axis in enumerate(axes):
        axis.plot(dense[row], futures[row, ..., 0].T, color="tab:orange", alpha=0.5)
        axis.plot(times[row], paths[row, :, 0], color="black", label="truth")
        axis.plot(seen[row], paths[row, :CONTEXT, 0], "o", label="what the model saw")
    axes[0].set_title("horizontal place of the bob; 8 forecasts each in orange")
    axes[0].legend(loc="upper right")
    axes[-1].set_xlabel("time")
    figure.savefig(options.out)
    print(f"forecasts: {options.out}")


if __name__ == "__main__":
    main()
