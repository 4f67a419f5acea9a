"""The figures of the pages are what code and committed results give, and are drawn as stated."""

import json
import re
import xml.etree.ElementTree as ElementTree

import figures
import pytest
import start_gif
from PIL import Image
from svg import Drawing

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", sorted(figures.FIGURES))
def test_a_committed_figure_is_current(name):
    text = (figures.FOLDER / f"{name}.svg").read_text()
    assert text == figures.FIGURES[name](), "run `python scripts/figures.py`"
    assert ElementTree.fromstring(text).find(f"{SVG}title").text


def test_the_check_finds_a_figure_that_is_not(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(figures, "FOLDER", tmp_path)
    monkeypatch.setattr("sys.argv", ["figures.py"])
    assert figures.main() == 0
    monkeypatch.setattr("sys.argv", ["figures.py", "--check"])
    assert figures.main() == 0
    (tmp_path / "results.svg").write_text("<svg/>")
    assert figures.main() == 1
    assert "results.svg is not what code and results give" in capsys.readouterr().err


def test_the_architecture_has_the_ticks_of_the_clock():
    found = ElementTree.fromstring(figures.architecture())
    words = [text.text for text in found.iter(f"{SVG}text")]
    assert (words.count("q"), words.count("p")) == (7, 7)
    assert len(list(found.iter(f"{SVG}circle"))) == sum(figures.CLOCK.ticks(figures.FRAMES))


def test_the_results_are_the_numbers_of_the_files():
    text = figures.results()
    found = json.loads((figures.RESULTS / "levels.json").read_text())["blind"]
    shown = re.findall(r">([01]\.\d\d)</text>", text)
    expected = [
        f"{found[level][kind]:.2f}"
        for level in ("none", "0", "1", "2")
        for kind in ("identity", "position")
    ]
    assert shown == expected


def test_a_drawing_escapes_its_words():
    drawing = Drawing(10, 10, "a < b")
    drawing.words((5, 5), "x & y")
    assert "a &lt; b" in drawing.text()
    assert "x &amp; y" in drawing.text()


def test_the_film_of_the_first_page_has_the_frames_that_are_stated():
    film = start_gif.film(total=40, shown=(30, 35, 36, 39))
    assert film.shape[0] == 4
    with Image.open(figures.FOLDER / "forecast.gif") as committed:
        assert committed.n_frames == len(start_gif.SHOWN)
        assert committed.size == (film.shape[2], film.shape[1])
