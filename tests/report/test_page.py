"""A page: all that it shows is inside, every text is escaped, every picture described."""

import re
from html.parser import HTMLParser

import pytest
from made_reports import analysis, evaluation, pictures, read, results

from cwvae.report.analysis_page import analysis_page
from cwvae.report.compare_page import compare_page
from cwvae.report.page import Page, Section, page_html, write_page
from cwvae.report.tables import Table

WRONG = "<img src=x onerror=alert(1)>&\"'</script>"


class Elements(HTMLParser):
    """The elements of a page, with their attributes, and whether they nest."""

    EMPTY = ("meta", "link", "img", "br")

    def __init__(self, text: str):
        super().__init__()
        self.found, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def of(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture(scope="module")
def whole():
    """The page of an analysis with everything in it."""
    return page_html(analysis_page(analysis(), pictures()))


def test_a_page_nests_and_has_every_section(whole):
    elements = Elements(whole)
    assert elements.open == []
    assert elements.of("html") == [{"lang": "en"}]
    done = ("Blind", "Reset", "Resample")
    titles = re.findall(r"<h2 id=.*?>(.*?)</h2>", whole)
    assert titles == ["Nats", "Readouts", *done, "Swap", "Speed", "Clock", "A long forecast"]
    links = [a["href"].removeprefix("#") for a in elements.of("a")]
    assert set(links) <= {section["id"] for section in elements.of("section")}


def test_nothing_comes_from_elsewhere(whole):
    elements = Elements(whole)
    addresses = [a[name] for _, a in elements.found for name in ("src", "href") if name in a]
    assert {re.split(r"[:#]", address)[0] for address in addresses} == {"data", ""}
    (policy,) = [m["content"] for m in elements.of("meta") if "http-equiv" in m]
    assert "default-src 'none'" in policy
    assert whole.count("plotly.js v") == 1


def test_pictures_and_plots_are_described_and_have_sizes(whole):
    elements = Elements(whole)
    assert len(elements.of("img")) == 4
    for picture in elements.of("img"):
        assert len(picture["alt"]) > 20
        assert int(picture["width"]) > 0 < int(picture["height"])
    assert all(figure["aria-label"] for figure in elements.of("figure") if "role" in figure)


def test_verdicts_come_first_with_their_number(whole):
    first = whole.index("<strong>")
    assert first < whole.index("<section")
    assert whole[first:].startswith("<strong>6.0</strong> of 10.0 nats")


def test_every_text_is_escaped():
    probes = [{WRONG: read(0.9, 0.1, kind="classes", unit=WRONG)}] * 2
    report = analysis(WRONG, probes=probes, unread=WRONG)
    table = Table([WRONG], [[WRONG]], title=WRONG)
    section = Section(title=WRONG, verdicts=[WRONG], text=WRONG, notes=[WRONG], parts=[table])
    pages = [
        analysis_page(report, {}),
        compare_page([results(WRONG, facts={WRONG: WRONG}, missing=[WRONG]), results("b")]),
        Page(title=WRONG, sections=[section], facts={WRONG: WRONG}),
    ]
    for page in pages:
        text = page_html(page)
        plain = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
        assert "<img src=x" not in plain
        assert "&lt;img src=x onerror=alert(1)&gt;&amp;" in plain
        # In the data of plots, too, no tag is one.
        scripts = re.findall(r"<script.*?</script>", text, flags=re.DOTALL)[1:]
        assert not any("<img" in script for script in scripts)
        assert Elements(plain).open == []


def test_an_analysis_without_a_reader_or_a_second_video_has_what_there_is():
    report = analysis(unread="only digits are read")
    for name in ("probes", "blind", "reset", "resample", "swap", "speed", "clock"):
        del report[name]
    shown = {name: pictures()[name] for name in ("blind", "forecast")}
    page = analysis_page(report, shown)
    assert [section.title for section in page.sections] == ["Nats", "Blind", "A long forecast"]
    assert page.facts["not read"] == "only digits are read"


def test_a_comparison_has_its_curves_and_what_is_missing():
    bare = evaluation()
    del bare["identity"]
    page = compare_page([results("a"), results("b", evaluation=bare, missing=["it: do this"])])
    titles = [section.title for section in page.sections]
    assert titles[:3] == ["Side by side", "What is missing", "Identity"]
    assert titles[3:] == ["Metrics of frames", "Nats per level", "Speed and memory"]
    text = page_html(page)
    assert "it: do this" in text
    # One section with verdicts needs no list of them above it.
    assert "<nav" not in text


def test_a_page_without_plots_is_small(tmp_path):
    write_page(tmp_path / "new" / "page.html", Page(title="é", sections=[]))
    text = (tmp_path / "new" / "page.html").read_text(encoding="utf-8")
    assert "<h1>é</h1>" in text
    assert len(text) < 10_000
