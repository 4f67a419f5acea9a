"""The pages below docs/ run from their first line to their last; their tables are right."""

import json
import re
import runpy
from pathlib import Path

import hook
import pytest

from cwvae.cli.parsing import parse

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def blocks(language: str, page: Path) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), flags=re.DOTALL)


def run(page: Path) -> dict:
    """Run a page's blocks of Python, one after another; return the names that they leave."""
    names: dict = {"__name__": page.stem}
    for number, code in enumerate(blocks("python", page)):
        exec(compile(code, f"{page.name}, block {number}", "exec"), names)
    return names


@pages
def test_links_between_pages_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.fixture
def as_users_run(monkeypatch, tmp_path):
    """Run in a folder of its own, without the suite's import hook."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(hook, "enabled", False)


@pages
def test_every_command_is_one(page, as_users_run):
    lines = [line.split("#")[0] for block in blocks("bash", page) for line in block.splitlines()]
    for words in (line.split() for line in lines if line.startswith("cwvae ")):
        parse(words[1:])


def test_the_guide_runs_from_its_first_line_to_its_last(capsys, as_users_run):
    names = run(ROOT / "docs" / "guide.md")
    printed = capsys.readouterr().out
    assert "LeakyCell" in printed
    assert "periods (1, 2, 8)" in printed
    assert "(1, 8, 3)" in printed
    assert int(names["now"].frame) == 24


def test_the_page_for_python_runs_from_its_first_line_to_its_last(capsys, as_users_run):
    names = run(ROOT / "docs" / "python.md")
    printed = capsys.readouterr().out
    assert "(2, 8, 32, 32, 1)" in printed
    assert int(names["state"].step) > int(names["run"].state.step) > 0


def test_the_page_of_devices_runs_from_its_first_line_to_its_last(capsys, as_users_run):
    names = run(ROOT / "docs" / "devices.md")
    assert capsys.readouterr().out.count("nats per frame") == 2
    assert names["alone"].num_parameters == names["model"].num_parameters


def test_a_cell_of_ones_own_is_at_most_25_lines():
    code = "".join(blocks("python", ROOT / "docs" / "guide.md"))
    cell = code[code.index("class ") : code.index("from functools")]
    assert sum(bool(line.strip()) for line in cell.splitlines()) <= 25


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("frame_rate", "docs/guide.md"),
        ("frame_metrics", "docs/guide.md"),
        ("precision", "benchmarks/README.md"),
    ],
)
def test_the_table_of_a_script_is_that_of_its_committed_results(name, page):
    report = json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text())
    table = runpy.run_path(str(ROOT / "scripts" / f"{name}.py"))["table"](report)
    assert table in (ROOT / page).read_text()
