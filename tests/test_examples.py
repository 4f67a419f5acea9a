"""The example programs run, are short, and draw their pictures."""

import runpy
from pathlib import Path

import pytest
from PIL import Image

EXAMPLES = Path(__file__).parents[1] / "scripts" / "examples"


@pytest.mark.parametrize("name", ["heterogeneous", "pendulum", "follow_video"])
def test_an_example_runs_and_draws(name, tmp_path, capsys):
    picture = tmp_path / "picture.png"
    runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"](picture, steps=2)
    assert str(picture) in capsys.readouterr().out
    with Image.open(picture) as image:
        assert min(image.size) > 100


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_is_short(path):
    assert len(path.read_text().splitlines()) <= 80
