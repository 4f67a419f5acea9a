"""Distances of windows along the forecast from those of the truth."""

import numpy as np
import pytest
from bouncing import CONTEXT as SEEN
from bouncing import bouncing
from shown_videos import CONTEXT, shown, videos

from cwvae.evaluation.scores import BEST, MEAN
from cwvae.measures import distances
from cwvae.measures.distances import Distances
from cwvae.measures.kept_features import KeptFeatures, place_of
from cwvae.measures.windows import cut, first_and_last, starts


@pytest.fixture
def means(monkeypatch) -> list[int]:
    """Put the means of windows in the place of I3D's features, and count the windows."""
    counts = []

    def features(windows):
        counts.append(len(windows))
        return windows.mean((2, 3))[..., 0]

    monkeypatch.setattr(distances, "video_features", features)
    return counts


def measured(path, count=6):
    """Return the report on the truth, and something else, as two samples of forecasts."""
    measure = Distances(
        ("fvd",), context=CONTEXT, horizon=36, num_digits=1, kept=KeptFeatures(path)
    )
    observed = []
    for number, video in enumerate(videos(count, 40)):
        truth = video[CONTEXT:]
        made = shown(video, truth / 2, truth, number=number, random_video=1 - truth)
        observed.append(measure.observe(made))
    return measure.report(observed)["distances"]


def test_the_truth_is_at_no_distance_and_is_the_best_sample(means, tmp_path):
    found = measured(tmp_path / "kept.npz")
    assert found["windows"] == [[5, 20], [25, 40]]
    assert found["videos"] == 6
    rows = {row: of["fvd"] for row, of in found["rows"].items()}
    assert list(rows) == [BEST, MEAN, "copy last frame", "random training video"]
    assert np.allclose(rows[BEST]["value"], 0, atol=1e-6)
    assert all(value > 0.1 for value in rows[MEAN]["value"])
    for values in rows.values():
        assert all(low <= high for low, high in zip(values["low"], values["high"], strict=True))


def test_windows_are_clipped_however_far_a_model_overshoots():
    far = 4 * videos(2, 40) - 2
    windows = cut(far, CONTEXT)
    assert windows.shape == (4, 16, 16, 16, 1)
    assert np.array_equal(windows[3], np.clip(far[1, 24:], 0, 1))


def test_what_needs_no_model_is_computed_once(means, tmp_path):
    path = tmp_path / "folder" / "kept.npz"
    first = measured(path)
    # Of each video two windows of the truth, two samples, a copy and a training video.
    assert means == [10] * 6
    means.clear()
    assert measured(path) == first
    assert means == [4] * 6
    means.clear()
    measured(path, count=7)
    assert means == [4] * 6 + [10]
    means.clear()
    measured(path, count=7)
    assert means == [4] * 7


def test_a_file_that_is_damaged_or_cannot_be_written_costs_time_alone(means, tmp_path):
    whole = measured(tmp_path / "kept.npz")
    (tmp_path / "damaged.npz").write_bytes((tmp_path / "kept.npz").read_bytes()[:100])
    (tmp_path / "file").write_text("where a folder would have to be")
    assert measured(tmp_path / "damaged.npz") == whole
    assert measured(tmp_path / "file" / "kept.npz") == whole
    assert measured(None) == whole
    assert means == [10] * 24


def test_other_videos_are_kept_in_another_file():
    assert place_of("a", 1) == place_of("a", 1) != place_of("a", 2)


def test_digits_of_the_truth_are_nearer_than_other_videos():
    digits = bouncing(6, 84)
    measure = Distances(
        ("fdd", "kdd"),
        context=SEEN,
        horizon=48,
        num_digits=1,
        kept=KeptFeatures(None),
    )
    observed = []
    for number, video in enumerate(digits.frames):
        made = shown(video, video[SEEN:])._replace(context=SEEN, futures=video[np.newaxis, SEEN:])
        noise = np.random.default_rng(number).random(made.truth.shape).astype(np.float32)
        observed.append(measure.observe(made._replace(number=number, random_video=noise)))
    rows = measure.report(observed)["distances"]["rows"]
    for name in ("fdd", "kdd"):
        model, noise = (rows[row][name]["value"] for row in (MEAN, "random training video"))
        assert all(near < far for near, far in zip(model, noise, strict=True))
    assert np.allclose(rows[BEST]["fdd"]["value"], 0, atol=1e-2)


@pytest.mark.parametrize(
    ("context", "horizon", "found"),
    [
        (4, 16, (0,)),
        (4, 20, (0, 4)),
        (36, 264, (0, 248)),
        (36, 964, (0, 248, 948)),
        (4, 290, (0, 274)),
        (4, 400, (0, 280, 384)),
        (290, 400, (0, 384)),
    ],
)
def test_windows_begin_after_the_context_end_with_the_forecast_and_at_frame_300(
    context, horizon, found
):
    assert starts(context, horizon) == found
    assert first_and_last(context, horizon)[0] == [context + 1, context + 16]
    assert first_and_last(context, horizon)[-1][1] == context + horizon
