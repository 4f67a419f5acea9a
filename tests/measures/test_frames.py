"""Metrics of frames, of the model and of what stands beside it."""

import numpy as np
import pytest
from shown_videos import CONTEXT, shown, videos

from cwvae.evaluation.frame_metrics import FRAME_METRICS
from cwvae.evaluation.scores import BEST, MEAN
from cwvae.measures.bound import Bound
from cwvae.measures.frames import FrameScores
from cwvae.video_model import Bounds

METRICS = ("ssim", "psnr", "mass", "motion")


@pytest.fixture(scope="module")
def report() -> dict:
    measure = FrameScores(METRICS)
    observed = []
    for video in videos(3, 12):
        truth = video[CONTEXT:]
        observed.append(measure.observe(shown(video, truth, truth / 2, random_video=truth[::-1])))
    return measure.report(observed)


def test_the_rows_are_the_model_and_forecasts_without_one(report):
    rows = [BEST, MEAN, "copy last frame", "random training video", "random training frame"]
    for section in ("summary", "curves"):
        assert list(report[section]) == rows
        assert all(list(metrics) == list(METRICS) for metrics in report[section].values())


def test_the_best_sample_is_the_truth_and_the_mean_is_of_both(report):
    best, mean = report["summary"][BEST], report["summary"][MEAN]
    assert best["psnr"]["mean"] == pytest.approx(100)
    assert best["ssim"]["mean"] == pytest.approx(1)
    assert best["mass"]["median"] == best["motion"]["median"] == pytest.approx(1)
    assert mean["mass"]["median"] == pytest.approx(0.75, rel=1e-3)
    # Half of every pixel has a quarter of the energy, but for the step out of the context.
    assert mean["motion"]["median"] == pytest.approx(0.625, rel=1e-3)
    assert 40 < mean["psnr"]["mean"] < 60


def test_of_ratios_there_are_medians_and_of_others_means(report):
    for name, metric in FRAME_METRICS.items():
        if name in METRICS:
            ratio = metric.better == "near 1"
            summary, curve = (report[s][MEAN][name] for s in ("summary", "curves"))
            assert set(summary) == ({"median"} if ratio else {"mean", "std"}) | {"interval"}
            assert set(curve) == ({"median", "low", "high"} if ratio else {"mean", "std"})
            assert {len(values) for values in curve.values()} == {8}
            low, high = summary["interval"]
            assert low <= summary["median" if ratio else "mean"] <= high


def test_a_copy_does_not_move(report):
    assert report["summary"]["copy last frame"]["motion"]["median"] < 1e-3


def test_without_a_training_video_that_is_long_enough_its_row_is_missing():
    video = videos(1, 12)[0]
    observed = FrameScores(("mass",)).observe(shown(video, video[CONTEXT:]))
    assert "random training video" not in observed


def test_every_metric_has_its_protocol():
    protocol = FrameScores(tuple(FRAME_METRICS)).protocol
    assert list(protocol) == list(FRAME_METRICS)
    assert len(set(protocol.values())) == len(protocol)


def test_the_bound_adds_up_and_a_model_without_one_has_no_section():
    video = videos(1, 12)[0]
    measure = Bound(3)
    one, two = (
        measure.observe(shown(video, video[CONTEXT:], nats=n)) for n in ((1.0, 2.0), (3.0, 4.0))
    )
    bound = measure.report([one, two])["elbo"]
    assert bound["frames"] == 3
    assert bound["log_likelihood"] == 30
    assert bound["kl_per_level"] == [2, 3]
    assert bound["value"] == 25
    assert measure.report([Bounds(np.array([np.nan]), kl=np.array([np.nan]))]) == {}
