"""The page of the levels shows what was measured."""

import json

import levels


def test_an_analysis_is_kept_without_where_it_lies(tmp_path, monkeypatch):
    found = json.loads(levels.RESULT.read_text())
    found["environment"]["command"] = ["analyse", "/home/me/run"]
    (tmp_path / "analysis.json").write_text(json.dumps(found))
    (tmp_path / "nats.png").write_bytes(b"a picture")
    monkeypatch.setattr(levels, "RESULT", tmp_path / "kept.json")
    monkeypatch.setattr(levels, "PLOT", tmp_path / "kept.png")
    levels.add(tmp_path)
    assert "/home/me" not in (tmp_path / "kept.json").read_text()
    assert (tmp_path / "kept.png").read_bytes() == b"a picture"
    assert levels.page() == levels.PAGE.read_text()


def test_the_page_is_what_the_results_give():
    assert levels.PAGE.read_text() == levels.page(), "run scripts/levels.py"
