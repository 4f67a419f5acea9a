"""A stream that looks ahead has, of every level, the posterior given the frames so far."""

import jax.numpy as jnp
import numpy as np
import pytest
from models import plain
from reference import assert_alike
from streams import FRAMES, KEY, batch, cut, follow, imagine_on, inputs, levels_of, row, some

from cwvae.clock import Clock

# Laws of the stream and not of the cells: the paper's cell, and one with every input there is.
few = pytest.mark.parametrize("kind", ["rssm", "all_at_once"])


@few
def test_the_top_is_the_batch_computation_given_the_frames_so_far(kind):
    model, (video, durations, actions) = some(kind, lookahead=True), inputs()
    top = levels_of(model, follow(model, inputs()))[-1]
    for frame in range(FRAMES):
        # An empty frame has features of zeros, which are neutral, as no action is.
        came = jnp.asarray(np.arange(FRAMES) <= frame, dtype=float)
        so_far = video * came[:, None, None, None], durations, actions * came[:, None]
        assert_alike(row(top, frame), row(batch(model, *so_far)[-1], frame))


@few
def test_the_top_is_the_batch_computation_where_its_window_is_complete(kind):
    model = some(kind, lookahead=True)
    ours, theirs = levels_of(model, follow(model, inputs()))[-1], batch(model, *inputs())[-1]
    frames = np.arange(1, FRAMES + 1)
    complete = (frames % model.hierarchy.clock.slowest == 0) | (frames == FRAMES)
    assert_alike(row(ours, complete), row(theirs, complete))


@pytest.mark.parametrize(("clock", "kind"), [(Clock(1), "all_at_once"), (Clock(2, 1), "rssm")])
def test_where_no_window_is_longer_than_a_frame_it_is_the_batch_computation(clock, kind):
    model = plain(clock, kind=kind)
    assert_alike(levels_of(model, follow(model, inputs())), batch(model, *inputs()))


def test_below_a_blind_top_it_is_the_batch_computation():
    # A blind top does not look ahead, so the context of the level below is that of the batch.
    model, seeing = plain(Clock(2, 3), blind={1}), plain(Clock(2, 3))
    steps = levels_of(model, follow(model, inputs()))
    assert_alike(steps, batch(model, *inputs()))
    other = levels_of(seeing, follow(seeing, inputs()))
    assert np.any(steps[1][0].stoch != other[1][0].stoch)


@pytest.mark.parametrize("observes", [False, True])
def test_the_actions_of_frames_that_a_level_does_not_observe_are_inputs(observes):
    model = plain(Clock(2, 3), kind="all_at_once", blind=() if observes else {1})
    video, durations, actions = cut(inputs(), 3)
    if observes:  # the first frame, and of the others the actions alone
        stream, _ = follow(model, cut((video, durations, actions), 1))[-1]
        stream = imagine_on(model, stream, durations[1:], actions[1:])[-1]
        video = video.at[1:].set(0)  # frames whose features are zeros
    else:
        stream, _ = follow(model, (video, durations, actions))[-1]
    conditioning = model.hierarchy.conditioning(3, times=np.cumsum(durations), actions=actions)
    states, _ = model.infer(video, model.hierarchy.noise(3, key=KEY), conditioning)
    ours, theirs = stream.states[1], states[1]
    assert_alike((ours.stoch, ours.deter), (theirs.stoch, theirs.deter))
