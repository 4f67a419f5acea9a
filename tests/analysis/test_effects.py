"""What forecasts keep, of forecasts made by hand."""

import jax.numpy as jnp
import numpy as np
import pytest
from bouncing import CONTEXT, bouncing

from cwvae.analysis.effects import kept, level_sets
from cwvae.analysis.experiments import DigitVideos
from cwvae.evaluation.reader import load_reader

VIDEOS, AFTER = 8, 12


@pytest.fixture(scope="module", params=[1, 2], ids=["one digit", "two digits"])
def videos(request):
    made = bouncing(VIDEOS, CONTEXT + AFTER, digits=request.param, seed=3)
    return DigitVideos(*made, context=CONTEXT)


def after(videos):
    return jnp.asarray(videos.frames[:, CONTEXT:])


def test_the_truth_keeps_everything(videos):
    found = videos.kept_in(after(videos))
    assert found.identity.mean() >= 7 / 8
    assert found.position.all()
    assert found.errors.max() < 2


def test_the_forecasts_of_others_keep_nothing(videos):
    found = videos.kept_in(jnp.roll(after(videos), 1, 0))
    assert found.identity.mean() <= 1 / 2
    assert found.position.mean() <= 1 / 4
    # And are right for those whose forecasts they are.
    assert videos.rolled().kept_in(jnp.roll(after(videos), 1, 0)).position.all()


def test_a_blank_keeps_no_digit(videos):
    assert not videos.kept_in(jnp.zeros(after(videos).shape)).identity.any()


def test_a_digit_that_stands_still_keeps_its_class_and_not_its_way():
    videos = DigitVideos(*bouncing(VIDEOS, CONTEXT + AFTER, seed=3), context=CONTEXT)
    still = jnp.broadcast_to(videos.frames[:, CONTEXT - 1 : CONTEXT], after(videos).shape)
    found = videos.kept_in(still)
    assert found.identity.mean() >= 7 / 8
    assert found.position.mean() <= 1 / 4


def test_only_ten_frames_are_read(videos):
    changed = after(videos).at[:, 10:].set(0)
    assert np.array_equal(videos.kept_in(changed).errors, videos.kept_in(after(videos)).errors)


def test_too_few_frames_are_an_error():
    frames, labels, positions = bouncing(2, CONTEXT + AFTER)
    with pytest.raises(ValueError, match="at least 10 frames to be read, got 9"):
        kept(load_reader(32), frames[:, :9], labels, positions[:, :9], np.ones(2))
    with pytest.raises(ValueError, match="at least 10 frames after the context, got 9"):
        DigitVideos(frames[:, : CONTEXT + 9], labels, positions[:, : CONTEXT + 9], CONTEXT)


def test_videos_that_do_not_fit_what_is_true_of_them_are_an_error():
    frames, labels, positions = bouncing(2, CONTEXT + AFTER)
    with pytest.raises(ValueError, match="of the same videos"):
        DigitVideos(frames, labels[:1], positions, CONTEXT)
    with pytest.raises(ValueError, match="context must be at least 1 frame, got 0"):
        DigitVideos(frames, labels, positions, 0)


def test_all_sets_of_levels_come_in_order():
    assert level_sets(2) == [(), (0,), (1,), (0, 1)]
    assert len(level_sets(3)) == 8
