"""Result files: parts that become a whole, and files that are none."""

import pytest
from made_results import case, keep, run
from report import main
from results import merged, read_run


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "results").mkdir()
    return tmp_path


def test_parts_are_put_together(folder):
    parts = [
        run(case("train", "1"), case("train", "2")),
        run(case("levels", "1"), date="2026-11-25"),
    ]
    paths = [keep(folder, f"part {place}", part) for place, part in enumerate(parts)]
    whole = folder / "whole.json"
    assert main(["--merge", str(whole), *paths]) == 0
    found = read_run(whole)
    assert [one["name"] for one in found["cases"]] == ["levels[1]", "train[1]", "train[2]"]
    assert found["date"] == parts[0]["date"]
    with pytest.raises(ValueError, match="must agree in device"):
        merged([parts[0], parts[1] | {"device": "another"}])
    with pytest.raises(ValueError, match=r"one part only, got train\[1\]"):
        merged([parts[0], run(case("train", "1"))])


@pytest.mark.parametrize("text", ["{", '{"cases": [], "date": "2026-11-24"}'])
def test_a_bad_file_is_an_error_in_one_line_that_names_it(folder, capsys, text):
    path = folder / "results" / "bad.json"
    path.write_text(text)
    assert main(["--compare", str(path), str(path)]) == 2
    (error,) = capsys.readouterr().err.splitlines()
    assert "bad.json: expected" in error


def test_results_of_the_quick_set_are_not_shown(folder, capsys):
    keep(folder, "bad", run(set="quick"))
    assert main(["--folder", str(folder)]) == 2
    assert "bad.json: set must not be 'quick'" in capsys.readouterr().err
