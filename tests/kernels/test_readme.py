"""The README of the kernels beside what was measured."""

import importlib.util
import json
from pathlib import Path

import cwvae.kernels

ROOT = Path(__file__).parents[2]
README = (Path(cwvae.kernels.__file__).parent / "README.md").read_text()
RESULT = json.loads((ROOT / "benchmarks" / "results" / "kernels.json").read_text())


def script():
    """The measuring script as a module."""
    spec = importlib.util.spec_from_file_location(
        "measure_kernels", ROOT / "scripts" / "kernels.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_is_that_of_the_committed_result():
    assert script().table(RESULT) in README
    assert script().source(RESULT) in README


def test_the_table_shows_ratios_of_the_fastest_calls():
    seconds = {"step": {"xla": [9.0, 4.0], "im2col": [2.0, 3.0], "auto": [1.0, 8.0]}}
    result = {"preset": "p", "videos": 8, "frames": 2, "seconds": seconds}
    assert script().table(result).splitlines()[-1] == "| step | 1.0 | 2.0 | 4.0 |"


def test_every_choice_is_explained():
    for name in ("auto", "xla", "im2col", "winograd"):
        assert f'| `"{name}"` |' in README
