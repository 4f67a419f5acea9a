"""The values by which LPIPS and FVD are known to be right, as `docs/perceptual.md` has them."""

import re
from pathlib import Path

import hook
import numpy as np
import pytest

PAGE = Path(__file__).parents[3] / "docs" / "perceptual.md"
# What TensorFlow Hub's module gives for 15 black frames, the first and the last three.
LOGITS = [0.7422105, 2.829727, 0.39993525, -0.38092658, 0.65539014, -1.4021297]


@pytest.fixture(scope="module")
def names():
    """The names that the page's block leaves."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    found: dict = {}
    hook.enabled = False
    exec(compile(code, PAGE.name, "exec"), found)
    return found


def test_i3d_has_the_published_logits(names):
    np.testing.assert_allclose(names["logits"], LOGITS, atol=1e-4)


def test_black_and_white_are_as_far_apart_as_they_should_be(names):
    assert names["fvd"] == pytest.approx(133.9, abs=0.5)
    assert names["same"] == pytest.approx(0, abs=1e-6)
    assert names["alex"] == pytest.approx(0.8140, abs=1e-3)
    assert names["vgg"] == pytest.approx(0.4538, abs=1e-3)


def test_the_page_states_them():
    text = PAGE.read_text()
    assert ", ".join(f"{value:.5f}" for value in LOGITS) in text
    assert all(value in text for value in ("133.9", "0.8140", "0.4538"))
