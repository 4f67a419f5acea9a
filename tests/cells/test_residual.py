"""A cell whose latent vector changes from its last value."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given as draws
from hypothesis import strategies as st
from models import FEATURE, OUTPUT, STOCH, draw, made, rssm, some_state
from reference import assert_alike

from cwvae.cells import Conditioning, Residual, imagine_level, observe_level

seeds = st.integers(0, 2**31)
TICKS = 4


def pair(seed: int = 0):
    """Return a cell and the residual one made from it."""
    inner = made(rssm, context_size=OUTPUT, seed=seed)
    return inner, Residual(inner)


def advanced(cell, state, seed: int):
    """Return h_t."""
    known = Conditioning(jnp.ones(()), jnp.zeros(0), jnp.asarray(False))
    return cell.advance(state, cell.prepare_context(draw(seed + 9, OUTPUT), known))


def inner_state(cell, state):
    """Return the state of the cell that is wrapped."""
    return eqx.tree_at(lambda s: s.deter, state, state.deter[: cell.deter_size])


@draws(seeds)
def test_both_beliefs_are_the_cells_moved_by_the_last_sample(seed):
    inner, cell = pair(seed)
    state = some_state(cell, seed)
    deter, theirs = advanced(cell, state, seed), advanced(inner, inner_state(inner, state), seed)
    evidence = cell.prepare_evidence(draw(seed + 3, FEATURE))
    beliefs = cell.prior(deter), cell.posterior(deter, evidence)
    expected = inner.prior(theirs), inner.posterior(theirs, evidence)
    for belief, plain in zip(beliefs, expected, strict=True):
        assert_alike(belief.mean, state.stoch + plain.mean)
        assert_alike(belief.stddev, plain.stddev)
    # The move is in both, so it costs nothing.
    ours, plain = beliefs[1].kl(beliefs[0]), expected[1].kl(expected[0])
    np.testing.assert_allclose(ours, plain, rtol=1e-4, atol=1e-5)


def test_a_cell_whose_means_are_0_holds_its_sample():
    _, cell = pair()
    heads = lambda c: (c.cell.prior_head.mean, c.cell.posterior_head.mean)  # noqa: E731
    still = eqx.tree_at(heads, cell, jax.tree.map(jnp.zeros_like, heads(cell)))
    state, top_down = some_state(still), draw(1, TICKS, OUTPUT)
    noise = jnp.zeros((TICKS, STOCH))
    _, imagined = imagine_level(still, state, top_down, noise)
    _, observed = observe_level(still, state, top_down, draw(2, TICKS, FEATURE), noise)
    for trace in (imagined, observed):
        assert np.array_equal(trace.states.stoch, np.broadcast_to(state.stoch, (TICKS, STOCH)))


def test_the_memory_carries_the_last_sample_and_the_output_does_not():
    inner, cell = pair()
    _, trace = imagine_level(cell, cell.init(), draw(1, TICKS, OUTPUT), draw(2, TICKS, STOCH))
    last = trace.states.deter[:, inner.deter_size :]
    assert np.array_equal(last, [cell.init().stoch, *trace.states.stoch[:-1]])
    assert (cell.output_size, trace.output.shape[1]) == (OUTPUT, OUTPUT)
