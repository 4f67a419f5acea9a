"""The numbers of a summary: counted by hand from sizes, and from the arrays themselves."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import pytest
from models import ACTION, DETER, FEATURE, OUTPUT, STOCH, TINY, plain, tiny

from cwvae import PRESETS, Clock, Hierarchy, build, summary
from cwvae.likelihoods import LearnedNormal

NAMES = {
    "rssm": ("RSSMCell(GRU)", "Gaussian"),
    "lstm": ("RSSMCell(LSTM)", "Gaussian"),
    "categorical": ("RSSMCell(GRU)", "Categorical"),
    "flow": ("FlowCell(RSSMCell(GRU))", "Gaussian"),
    "resetting": ("Resetting(RSSMCell(GRU))", "Gaussian"),
    "residual": ("Residual(RSSMCell(GRU))", "Gaussian"),
    "conditioned": ("Conditioned(RSSMCell(GRU))", "Gaussian"),
    "all_at_once": ("Conditioned(Resetting(RSSMCell(LSTM)))", "Categorical"),
    "readers_own": ("ReadersCell", "Gaussian"),
}


def size(part) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(eqx.filter(part, eqx.is_inexact_array)))


def rssm_size(stoch: int, deter: int, hidden: int, feature: int, context: int) -> int:
    def dense(i: int, o: int) -> int:
        return i * o + o

    gru = 3 * deter * (hidden + deter + 2)
    prior = dense(stoch + context, hidden) + gru + dense(deter, hidden)
    posterior = dense(deter + feature, hidden) + dense(hidden, hidden)
    return prior + posterior + 4 * dense(hidden, stoch)


@pytest.mark.parametrize("name", NAMES)
def test_every_cell_is_named_and_counted(name):
    model = plain(Clock(3, (2, 3)), kind=name)
    levels = summary(model).levels
    assert [(level.cell, level.belief) for level in levels] == [NAMES[name]] * 3
    assert [level.parameters for level in levels] == [size(c) for c in model.hierarchy.cells]
    assert [level.period for level in levels] == [1, 2, 6]
    assert [level.ticks for level in levels] == [100, 50, 17]
    assert [level.context_size for level in levels] == [OUTPUT, OUTPUT, 0]
    action = ACTION if name in ("conditioned", "all_at_once") else 0
    memory = 2 * DETER if "LSTM" in NAMES[name][0] else DETER
    memory += STOCH * (name == "residual")  # with the last sample
    for level in levels:
        assert (level.stoch_size, level.deter_size, level.feature_size) == (STOCH, memory, FEATURE)
        assert level.action_size == action


def test_the_parameters_are_those_counted_by_hand():
    made = summary(tiny())
    sizes = (TINY.stoch_size, TINY.deter_size, TINY.hidden_size, 16)
    expected = rssm_size(*sizes, TINY.stoch_size + TINY.deter_size), rssm_size(*sizes, 0)
    assert tuple(level.parameters for level in made.levels) == expected
    assert made.hierarchy == sum(expected)
    # Three convolutions of 1, 2 and 4 filters; one stack of 16 -> 4 -> 16.
    assert made.encoder == 16 * (1 * 1 + 1 * 2 + 2 * 4) + 1 + 2 + 4 + 16 * 4 + 4 + 4 * 16 + 16
    assert made.likelihood == 0
    assert made.parameters == size(tiny())


def test_the_four_parts_are_counted_apart():
    model = dataclasses.replace(tiny(), likelihood=LearnedNormal())
    made = summary(model)
    for part in ("encoder", "hierarchy", "decoder", "likelihood"):
        assert getattr(made, part) == size(getattr(model, part))
    assert made.likelihood == 1
    assert made.parameters == size(model)


def test_shapes_will_do_for_arrays():
    model = eqx.filter_eval_shape(build, PRESETS["moving_mnist"].model, key=jr.key(0))
    assert summary(model).parameters == 12_422_817


def test_what_is_not_trained_is_no_parameter():
    class Counting(eqx.Module):
        encoder: eqx.Module
        count: jax.Array
        scale: float

        def __call__(self, frame):
            return self.encoder(frame)

    model = tiny()
    counting = dataclasses.replace(model, encoder=Counting(model.encoder, jnp.arange(5), 2.0))
    assert summary(counting) == summary(model)


def test_levels_may_differ_and_be_blind():
    slow = plain(Clock(1), kind="all_at_once").hierarchy.cells[0]
    fast = plain(Clock(2, 4), kind="readers_own").hierarchy.cells[0]
    model = plain(Clock(1))
    clock = Clock(2, 4, lookahead=False)
    made = summary(dataclasses.replace(model, hierarchy=Hierarchy((fast, slow), clock, {1})))
    assert [level.cell for level in made.levels] == ["ReadersCell", NAMES["all_at_once"][0]]
    assert [level.feature_size for level in made.levels] == [FEATURE, 0]
    assert not made.lookahead
