import json

import numpy as np
import pytest
from PIL import Image

from cwvae.cli import main
from cwvae.cli.measure import measure
from cwvae.data import sources
from cwvae.data.frame_bytes import from_bytes
from cwvae.training.run import load_run


@pytest.fixture(scope="module")
def report(run, tmp_path_factory):
    out = tmp_path_factory.mktemp("evaluation")
    arguments = ["evaluate", str(run), "--out", str(out), "--num-examples", "3"]
    assert main([*arguments, "--num-samples", "2", "--horizon", "9"]) == 0
    return json.loads((out / "metrics.json").read_text()), out


def test_the_report_holds_curves_and_summary_of_every_method(report):
    numbers, out = report
    methods = ["model, best", "model, mean", "copy last frame"]
    methods += ["random training video", "random training frame"]
    assert list(numbers["summary"]) == methods
    for method in methods:
        curves, summary = numbers["curves"][method], numbers["summary"][method]
        assert list(curves) == ["ssim", "psnr", "ssim_official"]
        for metric, curve in curves.items():
            assert len(curve["mean"]) == len(curve["std"]) == 9
            assert np.mean(curve["mean"]) == pytest.approx(summary[metric]["mean"], rel=1e-4)
    best, mean = (numbers["summary"][f"model, {name}"] for name in ("best", "mean"))
    assert all(best[metric]["mean"] >= mean[metric]["mean"] for metric in best)
    assert all(
        np.asarray(Image.open(out / f"{name}.png")).std() > 1 for name in ("metrics", "strip")
    )


def test_the_bound_of_the_report_adds_up(report):
    bound = report[0]["elbo"]
    assert bound["frames"] == 8
    assert len(bound["kl_per_level"]) == 3
    assert bound["value"] == pytest.approx(bound["log_likelihood"] - sum(bound["kl_per_level"]))


def test_the_baselines_are_what_they_say(run):
    settings, model = load_run(run).settings, load_run(run).model
    result = measure(
        model, settings, metrics=("psnr", "motion"), num_examples=2, num_samples=1, seed=0
    )
    curves = result.sections["curves"]
    frames = settings.context + settings.horizon
    source = sources.test_source(settings, frames=frames, length=2, seed=0)
    videos = from_bytes(np.stack([source[0]["video"], source[1]["video"]]))
    seen, truth = np.split(videos, [settings.context], axis=1)
    psnr = -10 * np.log10(((truth - seen[:, -1:]) ** 2).mean((2, 3, 4)))
    assert curves["copy last frame"]["psnr"]["mean"] == pytest.approx(np.mean(psnr, 0), rel=1e-4)
    # With one sample the best is the mean.
    assert curves["model, best"] == curves["model, mean"]
    # A training video moves as the truth does, frames of many videos jump.
    video, frames = (curves[f"random training {kind}"]["motion"] for kind in ("video", "frame"))
    assert np.median(video["median"]) < np.median(frames["median"])


def test_other_metrics_are_measured_where_they_are_asked_for(run, tmp_path, capsys):
    arguments = ["evaluate", str(run), "--out", str(tmp_path), "--num-examples", "2"]
    assert main([*arguments, "--horizon", "40", "--metrics", "mass", "kdd", "identity"]) == 0
    numbers = json.loads((tmp_path / "metrics.json").read_text())
    assert list(numbers["summary"]["model, mean"]) == ["mass"]
    assert numbers["distances"]["windows"] == [[5, 20], [29, 44]]
    assert numbers["identity"]["videos"] == 2
    assert set(numbers["protocol"]) == {"elbo", "mass", "kdd", "identity"}
    assert numbers["left_out"] == {}
    printed = capsys.readouterr().out
    for words in ("KDD of 2 videos", "frames 29 to 44", "identity: 2 digits", "mass"):
        assert words in printed


def test_without_metrics_of_frames_there_is_no_picture_of_them(run, tmp_path):
    (tmp_path / "metrics.png").write_text("of an evaluation before")
    arguments = ["evaluate", str(run), "--out", str(tmp_path), "--num-examples", "2"]
    assert main([*arguments, "--horizon", "16", "--metrics", "fdd"]) == 0
    assert "curves" not in json.loads((tmp_path / "metrics.json").read_text())
    assert not (tmp_path / "metrics.png").exists()


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("rooms", "--metrics rooms does not fit: rooms: read in videos of gqn_mazes and rooms"),
        ("sim", "--metrics must be one of"),
    ],
)
def test_a_metric_that_does_not_fit_is_an_error(run, capsys, metric, words):
    assert main(["evaluate", str(run), "--num-examples", "1", "--metrics", metric]) == 2
    assert words in capsys.readouterr().err


def test_the_table_names_best_of_n_and_the_official_setting(run, capsys, tmp_path):
    arguments = ["evaluate", str(run), "--out", str(tmp_path), "--num-examples", "2"]
    assert main([*arguments, "--num-samples", "2", "--horizon", "9"]) == 0
    said = capsys.readouterr().out
    for words in ("model, best of 2", "copy last frame", "SSIM, official range 2", "KL level 0"):
        assert words in said


def test_a_context_off_the_clock_is_refused(run, capsys):
    assert main(["evaluate", str(run), "--context", "6", "--num-examples", "1"]) == 2
    assert "--context must be a multiple of the slowest period, 4 frames" in capsys.readouterr().err


def test_a_level_that_does_not_exist_cannot_be_blind(run, capsys):
    assert main(["evaluate", str(run), "--blind", "3"]) == 2
    assert "blind levels must be among [0, 1, 2]" in capsys.readouterr().err


def test_a_run_without_a_checkpoint_is_named(run, tmp_path, capsys):
    (tmp_path / "config.json").write_text((run / "config.json").read_text())
    assert main(["evaluate", str(tmp_path)]) == 2
    assert "has no checkpoint yet" in capsys.readouterr().err


def test_forecasts_that_no_machine_holds_are_an_error_before_any_work(run, capsys):
    arguments = ["evaluate", str(run), "--num-samples", "1000000000", "--horizon", "1000000"]
    assert main(arguments) == 2
    line = capsys.readouterr().err
    assert "1,000,000,000 of 1,000,000 frames after 4, which take" in line
    assert line.count("\n") == 1
