"""The pages below docs/ run from their first line to their last; their tables are right."""

import json
import re
import runpy
from pathlib import Path

import excerpts
import hook
import jax
import pytest
from blocks import alike, blocks, run

from cwvae.cli.parse_errors import COMMANDS
from cwvae.cli.parsing import parse

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
# The check values of LPIPS and FVD take long, and have a test of their own.
ELSEWHERE = DOCS / "perceptual.md"
WITH_CODE = [p for p in PAGES if blocks("python", p.read_text()) and p != ELSEWHERE]

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


@pages
def test_links_between_pages_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.fixture
def as_users_run(monkeypatch, tmp_path):
    """Run in a folder of its own, without the suite's import hook; then forget what it compiled."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(hook, "enabled", False)
    yield
    jax.clear_caches()


@pages
def test_every_command_is_one(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = "\n".join(blocks("bash", page.read_text())).splitlines()
    commands = [line.split("#")[0] for line in lines if line.startswith("cwvae ")]
    for words in (line.split() for line in commands):
        if "--resume" not in words:
            parse(words[1:])


def test_the_page_of_commands_has_every_command():
    table = (DOCS / "howto" / "commands.md").read_text().split("## Training")[0]
    rows = "".join(re.findall(r"^\| (`.*?) \|", table, flags=re.MULTILINE))
    assert [name for name in COMMANDS if f"`{name}`" not in rows] == []


@pages
def test_a_command_given_from_python_has_to_succeed(page):
    lines = "\n".join(blocks("python", page.read_text())).splitlines()
    assert [line for line in lines if "main(" in line and "assert main(" not in line] == []


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: page.stem)
def test_a_page_runs_from_its_first_line_to_its_last(page, as_users_run):
    run(page)


def test_what_a_page_shows_is_held_to_what_it_prints(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```python\nprint('about', 2.04, 3)\n```\n\n```text\nabout 2.0 3\n```\n")
    assert run(page)["__name__"] == "page"
    for wrong in ("about 2.0 4", "about 2.4 3", "above 2.0 3", "about 2.0"):
        page.write_text(f"```python\nprint('about', 2.04, 3)\n```\n\n```text\n{wrong}\n```\n")
        with pytest.raises(AssertionError, match=r"page\.md, block 0 prints"):
            run(page)
    assert alike("a  b\nc 1e-3", "a b c 0.001")


@pages
def test_code_and_signatures_on_a_page_are_those_of_the_source(page):
    assert page.read_text() == excerpts.drawn(page), "run `python tests/pages.py`"


def test_an_excerpt_has_the_code_below_its_file_and_line():
    text = excerpts.excerpt("clock.Clock.slowest", DOCS)
    lines = (ROOT / "src" / "cwvae" / "clock.py").read_text().splitlines()
    number = int(re.search(r"line (\d+)\]", text)[1])
    assert lines[number - 1].strip() == "def slowest(self) -> int:"
    assert "(../src/cwvae/clock.py#L" in text
    assert '"""' not in text
    assert "return prod(self.factors)" in text


def test_a_cell_of_ones_own_is_at_most_25_lines():
    code = "".join(blocks("python", (DOCS / "tutorials" / "own_cell.md").read_text()))
    cell = code[code.index("class ") : code.index("from functools")]
    assert sum(bool(line.strip()) for line in cell.splitlines()) <= 25


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("frame_rate", "docs/tutorials/frame_rates.md"),
        ("frame_metrics", "docs/judging.md"),
        ("precision", "benchmarks/README.md"),
        ("devices", "docs/devices.md"),
    ],
)
def test_the_table_of_a_script_is_that_of_its_committed_results(name, page):
    report = json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text())
    table = runpy.run_path(str(ROOT / "scripts" / f"{name}.py"))["table"](report)
    assert table in (ROOT / page).read_text()
