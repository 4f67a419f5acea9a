"""The identity protocol, with forecasts made by hand of which the scores are known."""

import json

import numpy as np
import pytest
from bouncing import CONTEXT, bouncing

from cwvae.evaluation.identity import as_json, measure

FRAMES = 510
TIMES = (50, 100, 200, 300, 500)


def scored(forecasts, videos, **options):
    return measure(forecasts, videos.frames, videos.labels, videos.positions, **options)


@pytest.fixture(scope="module")
def videos():
    return bouncing(6, FRAMES)


@pytest.fixture(scope="module")
def perfect(videos):
    return scored(videos.after, videos, reconstructions=videos.frames)


def test_a_forecast_that_is_not_finite_has_lost_the_place():
    videos = bouncing(2, 60)
    lost = np.full_like(videos.after, np.nan)
    row = measure(lost, videos.frames, videos.labels, videos.positions).rows["model"]
    assert row.lost_at == 37
    assert np.isfinite(row.position_error).all()
    assert (row.accuracy.mean == 0).all()


def test_the_truth_scores_its_ceiling(perfect):
    model, truth = perfect.rows["model"], perfect.rows["truth"]
    assert perfect.frames == TIMES
    assert np.array_equal(model.accuracy.mean, truth.accuracy.mean)
    assert np.array_equal(perfect.rows["reconstruction"].recall.mean, truth.accuracy.mean)
    assert truth.accuracy.mean.min() >= 5 / 6
    assert model.lost_at is None
    assert model.position_error.max() < 1


def test_another_video_has_its_own_digits_and_places(perfect):
    other = perfect.rows["another video"]
    assert other.accuracy.mean.max() <= 0.5
    assert other.legible.mean.min() >= 5 / 6
    assert other.lost_at == CONTEXT + 1


def test_a_frozen_copy_keeps_identity_and_loses_the_place(videos, perfect):
    frozen = np.broadcast_to(
        videos.frames[:, np.newaxis, CONTEXT - 1 : CONTEXT], videos.after.shape
    )
    identity = scored(frozen, videos)
    model, copy = identity.rows["model"], identity.rows["copy of the last frame"]
    assert model.accuracy.mean.min() >= 5 / 6
    assert model.lost_at == copy.lost_at
    # Digits move by 1 to 3 pixels a frame, and a quarter of a digit is 3.5.
    assert CONTEXT + 2 <= model.lost_at <= CONTEXT + 6
    for name in ("accuracy", "recall", "consistent", "legible"):
        assert np.array_equal(vars(model)[name].mean, vars(copy)[name].mean)


def test_a_digit_that_changes_at_frame_400_is_wrong_from_there_on(videos, perfect):
    changed = videos.after.copy()
    changed[:, :, 400 - CONTEXT :] = np.roll(videos.after, 1, axis=0)[:, :, 400 - CONTEXT :]
    model, truth = scored(changed, videos).rows["model"], perfect.rows["truth"]
    for name in ("accuracy", "recall", "consistent"):
        before, after = np.split(vars(model)[name].mean, [4])
        assert np.array_equal(before, vars(truth)[name].mean[:4])
        assert after.max() <= 0.5


def smeared(videos):
    """All frames of all videos on one another, with the mass of each video."""
    smear = videos.frames.mean((0, 1), keepdims=True)
    mass = videos.frames.sum((2, 3, 4), keepdims=True).mean(1, keepdims=True) / smear.sum()
    return np.broadcast_to((smear * mass)[:, np.newaxis], videos.after.shape)


@pytest.mark.parametrize("kind", ["blank", "smear", "doubled"])
def test_what_cannot_be_read_is_wrong(videos, kind):
    forecasts = {
        "blank": lambda: np.zeros_like(videos.after),
        "smear": lambda: smeared(videos),
        # The same digits a second time, elsewhere.
        "doubled": lambda: np.maximum(videos.after, videos.after[..., ::-1, :, :]),
    }[kind]()
    model = scored(forecasts, videos).rows["model"]
    for name in ("accuracy", "recall", "consistent", "legible"):
        # A digit and its mirror image may meet in the middle.
        assert vars(model)[name].mean.mean() <= (0.1 if kind == "doubled" else 0)


def test_of_two_digits_one_that_changes_is_half_right():
    one, other, third = (bouncing(4, 100, seed=seed) for seed in (1, 2, 3))
    frames = np.maximum(one.frames, other.frames)
    labels = np.concatenate([one.labels, other.labels], axis=1)
    positions = np.concatenate([one.positions, other.positions], axis=2)
    half = np.maximum(one.after, third.after)
    kept = measure(np.maximum(one.after, other.after), frames, labels, positions)
    changed = measure(half, frames, labels, positions).rows["model"]
    swapped = measure(half, frames, labels[:, ::-1], positions[:, :, ::-1]).rows["model"]
    assert kept.num_digits == 2
    assert kept.rows["model"].accuracy.mean.mean() >= 0.7
    assert 0.3 <= changed.recall.mean.mean() <= 0.7
    assert changed.accuracy.mean.mean() <= 0.3
    assert np.array_equal(changed.recall.mean, swapped.recall.mean)
    assert np.allclose(changed.position_error, swapped.position_error)


def test_samples_count_alike_and_none_is_chosen(videos):
    few, after = videos.frames[:2, :110], videos.after[:2, :, : 110 - CONTEXT]
    arguments = (few, videos.labels[:2], videos.positions[:2, :110])
    both = measure(np.concatenate([after, np.zeros_like(after)], axis=1), *arguments)
    alone = measure(after, *arguments)
    halved = alone.rows["model"].accuracy.mean / 2
    assert both.samples == 2
    assert np.array_equal(both.rows["model"].accuracy.mean, halved)


def test_short_forecasts_are_read_where_they_end(videos):
    identity = measure(
        videos.after[:1, :, :10],
        videos.frames[:1, :46],
        videos.labels[:1],
        videos.positions[:1, :46],
    )
    assert identity.frames == (46,)
    assert "another video" not in identity.rows


def test_the_record_becomes_plain_json(perfect):
    numbers = json.loads(json.dumps(as_json(perfect)))
    assert numbers["frames"] == list(TIMES)
    for name in ("accuracy", "ceiling", "legible", "recall", "consistent"):
        assert len(numbers[name]) == len(TIMES)
        assert all(0 <= share <= 1 for share in numbers[name])
    assert numbers["position_lost_at"] is None
    assert numbers["quarter_digit"] == 3.5
    assert len(numbers["rows"]["model"]["position_error"]) == FRAMES - CONTEXT
    interval = numbers["rows"]["truth"]["accuracy"]
    for low, mean, high in zip(interval["low"], interval["mean"], interval["high"], strict=True):
        assert low <= mean <= high
