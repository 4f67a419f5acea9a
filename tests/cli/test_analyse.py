"""`cwvae analyse`: every finding is printed and written."""

import pytest

from cwvae.cli import main
from cwvae.cli.findings import findings, tables


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
    assert [*report["swap"]] == ["0", "1", "2", "0 1", "0 2", "1 2"]
    assert report["blind"]["none"] == report["reset"]["none"]
    assert "jax" in report["environment"]["versions"]


def test_findings_have_their_numbers(analysed):
    _, report = analysed
    report = report | {
        "blind": {
            "none": {"identity": 0.9, "position": 1.0, "error": 0.5},
            "0": {"identity": 0.8, "position": 0.1, "error": 9.0},
            "1": {"identity": 0.05, "position": 0.9, "error": 0.6},
            "0 1": {"identity": 0.0, "position": 0.0, "error": 9.0},
        },
        "swap": {"0": {"success": 0.0}, "1": {"success": 0.85}},
    }
    text = "\n".join(findings(report))
    assert "digits are lost most without what level 1 observes, kept in 0.05" in text
    assert "the way is lost most without what level 0 observes, kept in 0.10" in text
    assert "with level 1 of another video" in text
    assert "in 0.85 of the pairs" in text


def test_an_effect_that_is_not_there_is_not_named(analysed):
    _, report = analysed
    flat = {"identity": 0.02, "position": 0.03, "error": 9.0}
    report = report | {
        "blind": dict.fromkeys(("none", "0", "1", "0 1"), flat),
        "swap": {"0": {"success": 0.01}},
    }
    text = "\n".join(findings(report))
    assert "digits are kept in 0.02 of the videos, and hardly less" in text
    assert "no set of levels" in text
    assert "lost most" not in text


def test_what_cannot_be_read_has_its_reason(analysed):
    _, report = analysed
    unread = {name: report[name] for name in ("levels", "periods", "context")}
    unread |= {"unread": "identity: only digits drawn on the fly can be read"}
    assert len(findings(unread)) == 1
    assert tables(unread)[-1] == unread["unread"]


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
