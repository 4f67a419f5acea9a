"""The page of the levels shows what was measured."""

import json

import levels
import pytest

WALKS = {
    "sequences": ["stays", "goes out", "comes back"],
    "videos": 120,
    "frames": 216,
    "shares": [0.34, 0.33, 0.33],
    "contexts": [],
}


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Folders of this test, with the results of the repository."""
    shown = levels.PAGE.read_text()
    for path in [*levels.RESULTS.glob("levels*.json"), *levels.RESULTS.glob("sweep_*.json")]:
        (tmp_path / path.name).write_text(path.read_text())
    monkeypatch.setattr(levels, "RESULTS", tmp_path)
    monkeypatch.setattr(levels, "PLOTS", tmp_path)
    monkeypatch.setattr(levels, "PAGE", tmp_path / "levels.md")
    levels.PAGE.write_text(shown)
    return tmp_path


@pytest.fixture
def analysis(tmp_path):
    """The folder of an analysis somewhere on a machine."""
    folder = tmp_path / "analysis"
    folder.mkdir()
    (folder / "nats.png").write_bytes(b"a picture")

    def write(**changes):
        found = json.loads((levels.RESULTS / "levels.json").read_text()) | changes
        found["environment"]["command"] = ["analyse", "/home/me/run"]
        (folder / "analysis.json").write_text(json.dumps(found))
        return folder

    return write


def test_an_analysis_is_kept_without_where_it_lies(places, analysis):
    shown = levels.PAGE.read_text()
    levels.add("pocket", analysis())
    assert "/home/me" not in (places / "levels.json").read_text()
    assert (places / "levels.png").read_bytes() == b"a picture"
    assert levels.page() == shown


def test_other_models_have_places_of_their_own(places, analysis):
    levels.add("mine", analysis(run="/home/me/run", step=77, rooms=WALKS))
    assert "/home/me" not in (places / "levels_mine.json").read_text()
    before = levels.PAGE.read_text()
    place = "<!-- levels.py: mine -->\n<!-- end: levels.py -->"
    levels.PAGE.write_text(before + place)
    made = levels.page()
    assert made.startswith(before + "<!-- levels.py: mine -->\n")
    assert "`cwvae analyse runs/mine`" in made
    assert "true frames" in made
    levels.PAGE.write_text(made)
    assert levels.page() == made


def test_the_page_is_what_the_results_give():
    assert levels.PAGE.read_text() == levels.page(), "run scripts/levels.py"
