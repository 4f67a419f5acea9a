"""Result files: parts of a run, and files that are none."""

import pytest
from made_results import case, keep, run
from report import main
from results import read_folder


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "results").mkdir()
    return tmp_path


def test_files_that_agree_are_parts_of_one_run(folder):
    left_out = [{"case": "train[8]", "why": "another reason"}]
    keep(folder, "b", run(case("train", "1"), case("train", "2")))
    again = case("train", "1", value={"loss": 1.0})
    keep(folder, "a", run(case("levels", "1"), again, date="2026-11-25", left_out=left_out))
    keep(folder, "c", run(case("train", "3"), date="2026-11-23", git_commit="older"))
    ((found,), _) = read_folder(folder / "results")
    assert [one["name"] for one in found["cases"]] == ["train[1]", "train[2]", "levels[1]"]
    assert found["cases"][0] == again
    assert [part["file"] for part in found["parts"]] == ["b.json", "a.json"]
    assert found["left_out"] == left_out
    keep(folder, "d", run(case("train", "4"), date="2026-11-26", versions={"jax": "another"}))
    ((found,), _) = read_folder(folder / "results")
    assert [one["name"] for one in found["cases"]] == ["train[4]"]


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
