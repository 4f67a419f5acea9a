"""The pages of the API have every name with an example that runs (`tests/test_docs.py` runs it)."""

import re
from pathlib import Path

import pytest
from blocks import blocks
from house import public

import cwvae

DOCS = Path(__file__).parents[1] / "docs"
BASIC, ADVANCED = ((DOCS / f"api_{name}.md").read_text() for name in ("basic", "advanced"))
MODULES = re.findall(r"^<!-- names: ([\w.]+) -->$", ADVANCED, flags=re.MULTILINE)
# Of the packages that `cwvae` offers, those whose names stand on other pages or in the whole list.
ELSEWHERE = {"kernels", "nn", "shapes", "training"}
# Whose examples need a download of weights with pip, and their page.
PERCEPTUAL = ("fvd", "fvd_windows", "lpips", "video_features", "window_features")


def section(name: str) -> str:
    """Return what stands on the basic page below the heading of a name."""
    (found,) = re.findall(rf"^### `{name}`\n(.*?)(?=^##|\Z)", BASIC, flags=re.DOTALL | re.MULTILINE)
    return found


@pytest.mark.parametrize("name", cwvae.__all__)
def test_a_name_of_the_package_has_its_signature_and_an_example(name):
    text = section(name)
    example = "".join(blocks("python", text))
    assert f"cwvae.{name}" in example
    if name != "PRESETS":
        assert f"<!-- api: {name} -->\n\n```py\n{name}(" in text


def test_the_basic_page_has_no_other_names():
    assert sorted(re.findall(r"^### `(\w+)`$", BASIC, flags=re.MULTILINE)) == sorted(cwvae.__all__)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_of_the_advanced_page_has_an_example_of_every_name(module):
    code = "\n".join(blocks("python", ADVANCED))
    page = (DOCS / "perceptual.md").read_text()
    absent = [name for name in public(module) if not re.search(rf"\b{name}\b", code)]
    assert [name for name in absent if name not in PERCEPTUAL] == []
    assert all(f"`{name}`" in ADVANCED and name in page for name in absent)


def test_the_packages_that_are_offered_have_their_place():
    offered = {name for name in cwvae._MODULES if name not in ELSEWHERE}
    assert offered <= {name.split(".")[0] for name in MODULES}
