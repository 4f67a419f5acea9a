"""`cwvae analyse`: every finding is printed and written."""

import contextlib
import io
import json
import re

import numpy as np
import pytest

from cwvae.cli import main
from cwvae.report.analysis_tables import levels_table
from cwvae.report.findings import findings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def analysed(run, tmp_path_factory):
    """A small analysis of an untrained model, with truths of the user's own, and its report."""
    out, random = tmp_path_factory.mktemp("analysis"), np.random.default_rng(0)
    np.savez(out / "own.npz", side=np.arange(20) % 2, place=random.normal(size=(20, 14, 3)))
    arguments = ["analyse", str(run), "--out", str(out), "--num-examples", "20"]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert main([*arguments, "--horizon", "10", "--truth", str(out / "own.npz")]) == 0
    (out / "printed.txt").write_text(printed.getvalue())
    return out, json.loads((out / "analysis.json").read_text())


def test_the_report_has_every_experiment(analysed):
    out, report = analysed
    assert (out / "nats.png").stat().st_size > 1000
    assert (report["context"], report["horizon"], report["videos"]) == (4, 10, 20)
    assert report["periods"] == [1, 2, 4]
    assert [len(level["entropy"]) for level in report["levels"]] == [14, 7, 4]
    assert [len(level["kl"]) for level in report["levels"]] == [4, 2, 1]
    assert [*report["probes"][0]] == ["digits", "position", "velocity", "side", "place"]
    assert report["probes"][0]["velocity"]["unit"] == "px/frame"
    assert len(report["blind"]) == len(report["reset"]) == 8
    assert [*report["resample"]] == ["none", "0", "1", "2"]
    assert report["speed"]["speeds"] == [0.25, 0.5, 1, 2, 4]
    assert [x["ticks"] for x in report["clock"]][:2] == [[1000] * 3, [1000, 500, 250]]
    assert [*report["swap"]] == ["0", "1", "2", "0 1", "0 2", "1 2"]
    assert report["blind"]["none"] == report["reset"]["none"]
    assert "jax" in report["environment"]["versions"]


def test_the_page_has_every_experiment(analysed):
    out, report = analysed
    text = (out / "page.html").read_text()
    done = ("Blind", "Reset", "Resample")
    titles = re.findall(r"<h2 id=.*?>(.*?)</h2>", text)
    assert titles == ["Nats", "Readouts", *done, "Swap", "Speed", "Clock", "A long forecast"]
    assert text.count('<img src="data:image/gif') == 4
    assert text.count('"name":"frame ') == 10
    number = findings(report)[0].partition(" ")[0]
    assert f"<strong>{number}</strong>" in text


def test_digits_and_truths_of_ones_own_are_read_over_time(analysed):
    _, report = analysed
    times = report["probes_over_time"]
    assert (times["context"], times["frames"]) == (4, [0, 2, 3, 13])
    for level, over in zip(report["probes"], times["levels"], strict=True):
        assert [*level] == [*over] == ["digits", "position", "velocity", "side", "place"]
        assert [read["kind"] for read in level.values()] == [
            *("classes", "values", "values", "classes", "values"),
        ]
        assert [read["unit"] for read in level.values()] == ["", "px", "px/frame", "", ""]
        assert level["side"]["videos"] == 20
        for name, read in level.items():
            assert read["score"] == over[name]["scores"][2]
            assert None not in over[name]["scores"] + over[name]["shuffled"]
    # A level that ticks once in these frames is the same at all of them.
    slow = times["levels"][-1]["side"]
    assert slow["scores"][0] == slow["scores"][2]
    assert report["probes_left_out"] == {}
    assert "side" in levels_table(report).heads


def test_where_the_page_is_and_what_was_found_is_printed(analysed):
    out, report = analysed
    printed = (out / "printed.txt").read_text()
    for sentence in findings(report):
        assert f"\n{sentence}\n" in printed
    assert f"results in {out}: page.html (open it in a browser)" in printed


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--num-examples", "19"], "--num-examples must be at least 20, got 19"),
        (["--horizon", "1000000000000"], "--horizon must be at least 1 and at most 1,000,000"),
        (["--horizon", "9"], "--horizon must be at least 10, got 9"),
        (["--context", "3"], "context"),
    ],
)
def test_wrong_sizes_are_errors(run, tmp_path, capsys, words, message):
    assert main(["analyse", str(run), "--out", str(tmp_path), *words]) == 2
    assert message in capsys.readouterr().err
