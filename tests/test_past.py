"""Pieces of a video, each going on from the past of the one before, are the whole video."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from models import conditioning, noise, plain, plain_video, stacked, tiny
from reference import assert_alike

from cwvae.clock import Clock
from cwvae.clockwork import Past
from cwvae.objective import Elbo, elbo, loss

ROWS, PIECE = 2, 6
FRAMES = 2 * PIECE
CLOCKS = pytest.mark.parametrize(
    "clock", [Clock(3, (2, 3)), Clock(3, (2, 3), lookahead=False)], ids=["look-ahead", "causal"]
)

bound = eqx.filter_jit(elbo)
training_loss = eqx.filter_jit(loss)


def piece(arrays, clock: Clock, number: int):
    """Cut every level's entries for one of the pieces."""
    start, stop = number * PIECE, (number + 1) * PIECE
    windows = [slice(*ends) for ends in zip(clock.ticks(start), clock.ticks(stop), strict=True)]
    each = zip(arrays, windows, strict=True)
    return tuple(jax.tree.map(lambda a, w=window: a[w], level) for level, window in each)


def joined(*bounds: Elbo) -> Elbo:
    """Return the bound of pieces one after the other."""
    kl = zip(*(b.kl for b in bounds), strict=True)
    likelihoods = jnp.concatenate([b.log_likelihood for b in bounds])
    return Elbo(likelihoods, tuple(map(jnp.concatenate, kl)), bounds[-1].past)


# That any cell may be cut is a law of hierarchies.
@pytest.mark.parametrize("kind", ["rssm", "all_at_once"])
@CLOCKS
def test_two_pieces_are_the_whole_video(kind, clock):
    model, video = plain(clock, kind=kind), plain_video(FRAMES)
    noises, known = (draw(model.hierarchy, FRAMES) for draw in (noise, conditioning))
    cut = [[piece(arrays, clock, number) for arrays in (noises, known)] for number in range(2)]
    first = bound(model, video[:PIECE], *cut[0])
    second = bound(model, video[PIECE:], *cut[1], past=first.past)
    assert_alike(joined(first, second), bound(model, video, noises, known))
    anew = bound(model, video[PIECE:], *cut[1])
    assert np.all(np.abs(anew.log_likelihood[0] - second.log_likelihood[0]) > 1e-4)


@CLOCKS
def test_without_times_a_piece_goes_on_at_those_of_the_whole_video(clock):
    model, video = plain(clock, kind="flow", blind={1}), plain_video(FRAMES)
    noises = noise(model.hierarchy, FRAMES)
    first = bound(model, video[:PIECE], piece(noises, clock, 0))
    second = bound(model, video[PIECE:], piece(noises, clock, 1), past=first.past)
    whole = bound(model, video, noises)
    assert_alike(joined(first, second), whole)
    assert [float(state.time) for state in second.past.states] == [
        FRAMES - period for period in clock.periods
    ]


@CLOCKS
def test_inferring_two_pieces_is_inferring_the_whole_video(clock):
    model, video = plain(clock), plain_video(FRAMES)
    noises = noise(model.hierarchy, FRAMES)
    infer = eqx.filter_jit(model.infer)
    states, _ = infer(video[:PIECE], piece(noises, clock, 0))
    past = eqx.filter_jit(lambda frames: model.past(model.encode(frames), states))(video[:PIECE])
    last, traces = infer(video[PIECE:], piece(noises, clock, 1), None, past)
    expected, whole = infer(video, noises)
    assert_alike(last, expected)
    assert_alike(traces, piece(whole, clock, 1))


def test_the_networks_of_a_batch_see_the_frames_before_through_the_past_alone():
    model = tiny(lookahead=False, factors=3)
    videos = jax.nn.sigmoid(stacked([plain_frames(row) for row in range(ROWS)]))
    noises = stacked([noise(model.hierarchy, FRAMES, seed=row) for row in range(ROWS)])
    first, second = (jax.tree.map(lambda a, n=n: jnp.split(a, 2, 1)[n], noises) for n in range(2))
    one = training_loss(model, videos[:, :PIECE], first)
    two = training_loss(model, videos[:, PIECE:], second, past=one.past)
    whole = training_loss(model, videos, noises)
    assert_alike((one.total + two.total) / 2, whole.total)
    assert_alike((one.kl + two.kl) / 2, whole.kl)
    assert_alike(two.past, whole.past)


def plain_frames(seed: int) -> jax.Array:
    """Draw frames for the tiny model."""
    return jnp.asarray(np.random.default_rng(seed).standard_normal((FRAMES, 32, 32, 1)), float)


def test_a_level_that_ticks_once_a_piece_knows_the_pieces_before_through_the_past_alone():
    clock = Clock(2, PIECE)
    model = plain(clock)
    noises, after = noise(model.hierarchy, PIECE), plain_video(PIECE, seed=9)

    def prior_mean(before, carried: bool):
        first = bound(model, before, noises)
        known = model.hierarchy.conditioning(PIECE)
        past = first.past if carried else None
        _, traces = eqx.filter_jit(model.infer)(after, noises, known, past)
        return traces[1].prior.mean[0]

    one, other = plain_video(PIECE), plain_video(PIECE, seed=1)
    assert np.all(np.abs(prior_mean(one, True) - prior_mean(other, True)) > 1e-6)
    np.testing.assert_array_equal(prior_mean(one, False), prior_mean(other, False))


def test_a_causal_piece_needs_the_windows_that_are_open():
    model = plain(Clock(2, 3, lookahead=False))
    noises, video = noise(model.hierarchy, 3), plain_video(3)
    states, _ = model.infer(video, noises)
    with pytest.raises(ValueError, match=r"must have 2 windows, .* got 0; make it with model.past"):
        model.infer(video, noises, None, Past(states))
