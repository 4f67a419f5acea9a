"""The site has all pages, and its links lead to what is there."""

import re
from pathlib import Path

import make_site
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    make_site.assemble(folder)
    return folder


def test_every_page_is_listed_once_under_a_name_of_its_own():
    pages = make_site.pages()
    written = {path.relative_to(ROOT) for path in (ROOT / "docs").rglob("*.md")}
    assert written <= pages.keys()
    assert len(set(pages.values())) == len(pages)
    assert all((ROOT / file).is_file() for file in pages)


def test_the_first_page_lists_the_others(site):
    text = (site / "index.md").read_text()
    listed = "".join(re.findall(r"```{toctree}(.*?)```", text, flags=re.DOTALL)).split("\n")
    others = [name for name in make_site.pages().values() if name != "index"]
    assert [line for line in listed if line in others] == others


def test_links_lead_to_pages_and_to_copies_of_files(site):
    assert (site / "conf.py").is_file()
    for page in site.glob("*.md"):
        links = [match[2] for match in make_site.LINK.finditer(page.read_text())]
        assert [link for link in links if not (site / link).is_file()] == []
    assert "(scikit_learn.md)" in (site / "python.md").read_text()
    assert "(knows.md#interventions)" in (site / "python.md").read_text()
    assert "(speed.md#read-the-shares)" in (site / "benchmark.md").read_text()
    assert (site / "files" / "benchmarks" / "plots" / "levels.png").stat().st_size > 1000


@pytest.mark.parametrize("link", ["missing.md", "../../outside.md", "../docs"])
def test_a_link_that_leads_nowhere_is_an_error(link, tmp_path, monkeypatch):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "page.md").write_text(f"[there]({link}) [here](#a-heading)")
    monkeypatch.setattr(make_site, "ROOT", tmp_path)
    with pytest.raises(ValueError, match=f"docs/page.md: expected a link to a file.* {link}"):
        make_site.linked(Path("docs/page.md"), tmp_path / "site")


def test_links_to_other_sites_and_within_a_page_stay(tmp_path, monkeypatch):
    text = "[a](https://example.org/x.md) [b](#b) [c](mailto:a@b.c)"
    (tmp_path / "page.md").write_text(text)
    monkeypatch.setattr(make_site, "ROOT", tmp_path)
    assert make_site.linked(Path("page.md"), tmp_path / "site") == text
