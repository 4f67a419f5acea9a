"""A cell as a reader of the README writes one; the laws hold it to the same as ours."""

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr

from cwvae import Gaussian
from cwvae.cells import AbstractCell
from cwvae.nn.layers import Dense


class ReadersCell(AbstractCell):
    """A leaky memory of its own, its beliefs of unit width."""

    memory: Dense
    expect: Dense
    believe: Dense
    context_size: int = eqx.field(static=True)
    stoch_size: int = eqx.field(static=True, default=4)
    deter_size: int = eqx.field(static=True, default=5)
    feature_size: int = eqx.field(static=True, default=2)

    def __init__(self, *, context_size, key):
        keys = jr.split(key, 3)
        self.context_size = context_size
        self.memory = Dense(
            self.stoch_size + self.deter_size + context_size, self.deter_size, key=keys[0]
        )
        self.expect = Dense(self.deter_size, self.stoch_size, key=keys[1])
        self.believe = Dense(self.deter_size + self.feature_size, self.stoch_size, key=keys[2])

    def advance(self, state, context):
        inputs = jnp.concatenate([state.stoch, state.deter, context])
        return 0.5 * state.deter + 0.5 * jnp.tanh(self.memory(inputs))

    def prior(self, deter):
        return Gaussian(self.expect(deter), jnp.ones(self.stoch_size))

    def posterior(self, deter, evidence):
        return Gaussian(self.believe(jnp.concatenate([deter, evidence])), jnp.ones(self.stoch_size))
