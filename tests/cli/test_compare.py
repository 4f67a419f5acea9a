"""`cwvae compare`: several runs on one page, and one clear line for what cannot be compared."""

import json
import shutil

import pytest
from made_reports import analysis, evaluation

from cwvae.cli import main
from cwvae.files import write_json


@pytest.fixture
def runs(run, tmp_path):
    """Two runs that are measured; one has a name that would be a tag."""
    folders = tmp_path / "<b>first", tmp_path / "second"
    for folder, identity in zip(folders, (0.9, 0.5), strict=True):
        folder.mkdir()
        for name in ("config.json", "metrics.jsonl", "environment.json"):
            shutil.copy(run / name, folder / name)
        write_json(folder / "evaluation" / "metrics.json", evaluation(identity))
        write_json(folder / "analysis" / "analysis.json", analysis(str(folder)))
    return folders


def compare(*words: object) -> int:
    return main(["compare", *map(str, words)])


def test_runs_stand_side_by_side_and_differences_are_judged(runs, tmp_path, capsys):
    out = tmp_path / "new" / "page.html"
    assert compare(*runs, "--out", out) == 0
    printed = capsys.readouterr().out
    first, second = map(str, runs)
    assert "0.40 more identity at frame 7, beyond the spread" in printed
    assert "0.000 more SSIM, within the spread" in printed
    assert "memory of a training step (GiB)" in printed
    assert "missing" not in printed
    assert printed.endswith(f"results in {out}: open it in a browser\n")
    text = out.read_text()
    assert "<strong>0.40</strong> more identity at frame 7, beyond" in text
    assert second in text
    assert "<b>first" not in text
    assert "&lt;b&gt;first" in text
    assert first in printed


def test_what_is_missing_is_named_with_its_command(runs, run, tmp_path, capsys):
    first, second = runs
    shutil.rmtree(second / "evaluation")
    (second / "metrics.jsonl").unlink()
    out = tmp_path / "page.html"
    assert compare(first, second, "pretrained:pocket", "--out", out) == 0
    printed = capsys.readouterr().out
    for words in (
        f"missing: identity, SSIM, PSNR and nats of {second}: run cwvae evaluate {second}",
        f"missing: training speed of {second}",
        "missing: readouts of pretrained:pocket: run cwvae analyse pretrained:pocket",
    ):
        assert words in printed
        assert words.removeprefix("missing: ") in out.read_text()
    # What its card has stands beside the others.
    assert "identity 9" in out.read_text()


def test_runs_of_different_data_are_not_compared(runs, tmp_path, capsys):
    write_json(runs[1] / "evaluation" / "metrics.json", evaluation(0.5, data="gqn_mazes:/data"))
    out = tmp_path / "page.html"
    assert compare(*runs, "--out", out) == 0
    printed = capsys.readouterr().out
    assert "2 different kinds of test videos, so that" in printed
    assert "gqn_mazes:/data" in printed
    assert "more identity" not in printed
    assert "2</strong> different kinds of test videos" in out.read_text()


def test_blind_levels_make_another_kind_of_test(runs, tmp_path, capsys):
    write_json(runs[1] / "evaluation" / "metrics.json", evaluation(0.5, blind=[0]))
    assert compare(*runs, "--out", tmp_path / "page.html") == 0
    assert "levels [0] blind" in capsys.readouterr().out


def test_one_run_is_too_few(run, capsys):
    assert compare(run) == 2
    assert "give at least two runs to compare, got 1" in capsys.readouterr().err


def test_a_run_twice_is_an_error(runs, capsys):
    assert compare(runs[0], runs[1], f"{runs[0]}/../{runs[0].name}") == 2
    line = capsys.readouterr().err
    assert "RUN must be different ones, got " in line
    assert line.count("\n") == 1


def test_runs_without_any_results_are_an_error_with_the_command(runs, capsys):
    for folder in runs:
        shutil.rmtree(folder / "evaluation")
        shutil.rmtree(folder / "analysis")
    assert compare(*runs) == 2
    line = capsys.readouterr().err
    assert "RUN must be measured, got none that is; run cwvae evaluate '" in line
    assert line.count("\n") == 1


def test_a_folder_without_a_run_is_an_error(run, tmp_path, capsys):
    assert compare(run, tmp_path) == 2
    assert "holds no run" in capsys.readouterr().err


@pytest.mark.parametrize("out", ["page.png", "page"])
def test_the_page_ends_in_html(runs, out, capsys):
    assert compare(*runs, "--out", out) == 2
    assert f"--out must end in .html, got {out}" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [{"summary": {}}, {"elbo": 3}, {"identity": [1]}, {"step": None}])
def test_results_that_no_command_writes_are_an_error(runs, wrong, tmp_path, capsys):
    write_json(runs[1] / "evaluation" / "metrics.json", evaluation() | wrong)
    assert compare(*runs, "--out", tmp_path / "page.html") == 2
    line = capsys.readouterr().err
    assert "expected what cwvae evaluate and cwvae analyse write" in line
    assert line.count("\n") == 1


def test_a_report_of_something_else_is_an_error(runs, tmp_path, capsys):
    write_json(runs[1] / "evaluation" / "metrics.json", {"a": 1})
    assert compare(*runs, "--out", tmp_path / "page.html") == 2
    assert "expected what cwvae evaluate and cwvae analyse write" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["[]", "{", "NaN"])
def test_a_damaged_report_is_named(runs, text, capsys):
    path = runs[0] / "analysis" / "analysis.json"
    path.write_text(text)
    assert compare(*runs) == 2
    assert str(path) in capsys.readouterr().err


def test_what_evaluate_writes_is_compared(run, tmp_path, capsys):
    shutil.copytree(run, tmp_path / "a")
    arguments = ["evaluate", str(tmp_path / "a"), "--num-examples", "3", "--horizon", "12"]
    assert main(arguments) == 0
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert compare(tmp_path / "a", tmp_path / "b", "--out", tmp_path / "page.html") == 0
    printed = capsys.readouterr().out
    for words in ("identity at frame", "SSIM, within the spread", "ELBO (nats), within the spread"):
        assert words in printed
    report = json.loads((tmp_path / "a" / "evaluation" / "metrics.json").read_text())
    for score in report["summary"]["model, mean"].values():
        low, high = score["interval"]
        assert low <= score["mean"] <= high
    low, high = report["elbo"]["interval"]
    assert low <= report["elbo"]["value"] <= high
