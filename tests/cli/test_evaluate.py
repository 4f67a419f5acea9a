import json

import numpy as np
import pytest
from PIL import Image

from cwvae.cli import main
from cwvae.cli.measure import measure
from cwvae.training.run import load_run


@pytest.fixture(scope="module")
def report(run, tmp_path_factory):
    out = tmp_path_factory.mktemp("evaluation")
    arguments = ["evaluate", str(run), "--out", str(out), "--num-examples", "3"]
    assert main([*arguments, "--num-samples", "2", "--horizon", "9"]) == 0
    return json.loads((out / "metrics.json").read_text()), out


def test_the_report_holds_curves_and_summary_of_every_method(report):
    numbers, out = report
    methods = ["model, best", "model, mean", "copy last frame", "random training frame"]
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
    result = measure(model, settings, num_examples=2, num_samples=1, seed=0)
    truth = result.strip["truth"].astype(float) / 255
    error = (truth[settings.context :] - truth[settings.context - 1]) ** 2
    psnr = -10 * np.log10(error.mean((1, 2, 3)))
    assert result.scores["copy last frame"].psnr[0] == pytest.approx(psnr, rel=1e-4)
    # With one sample the best is the mean.
    best, mean = result.scores["model, best"], result.scores["model, mean"]
    assert best.ssim == pytest.approx(mean.ssim)


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
    assert "1,000,000,000 of 1,000,000 frames, which take" in line
    assert line.count("\n") == 1
