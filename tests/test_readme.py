"""The README's and the guide's code runs; what they say of commands and counts is so."""

import dataclasses
import json
import re
import runpy
from pathlib import Path

import equinox as eqx
import jax
import jax.random as jr
import pytest

from cwvae import PRESETS, build
from cwvae.cli.options import parse
from cwvae.training.config import Preset

README, GUIDE = ((Path(__file__).parents[1] / n).read_text() for n in ("README.md", "GUIDE.md"))


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def parameters(preset: Preset) -> int:
    model = eqx.filter_eval_shape(build, preset.model, key=jr.key(0))
    return sum(leaf.size for leaf in jax.tree.leaves(model) if hasattr(leaf, "size"))


@pytest.mark.parametrize("code", blocks("python"))
def test_every_block_of_python_runs(code, capsys):
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out


def test_the_first_block_of_python_says_what_it_should(capsys):
    code = blocks("python")[0]
    assert sum(bool(line.strip()) for line in code.splitlines()) <= 15
    exec(compile(code, "README.md", "exec"), {})
    said = capsys.readouterr().out
    assert "level 2: KL" in said
    assert "(2, 20, 32, 32, 1)" in said


def test_the_guide_runs_from_its_first_line_to_its_last(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for code in blocks("python", GUIDE):
        exec(compile(code, "GUIDE.md", "exec"), names)
    said = capsys.readouterr().out
    assert "LeakyCell" in said
    assert "periods (1, 2, 8)" in said
    assert "(1, 8, 3)" in said
    assert int(names["now"].frame) == 24


@pytest.mark.parametrize(
    ("name", "page"), [("frame_rate", "GUIDE.md"), ("precision", "benchmarks/README.md")]
)
def test_the_table_of_a_script_is_that_of_its_committed_results(name, page):
    root = Path(__file__).parents[1]
    report = json.loads((root / "benchmarks" / "results" / f"{name}.json").read_text())
    table = runpy.run_path(str(root / "scripts" / f"{name}.py"))["table"](report)
    assert table in (root / page).read_text()


def test_a_cell_of_ones_own_is_at_most_25_lines():
    (cell,) = (code for code in blocks("python", GUIDE) if "(AbstractCell)" in code)
    code = cell[cell.index("class ") :]
    assert sum(bool(line.strip()) for line in code.splitlines()) <= 25


def test_every_command_is_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    commands = [line.split("#")[0] for block in blocks("bash") for line in block.splitlines()]
    found = [re.search(r"\bcwvae (.*)", command) for command in commands]
    arguments = [match.group(1).split() for match in found if match and "--resume" not in match[0]]
    assert len(arguments) >= 4
    for words in arguments:
        parse(words)


@pytest.mark.parametrize("name", PRESETS)
def test_the_table_of_presets_is_right(name):
    preset = PRESETS[name]
    table = README.split("## Presets")[1].split("\n## ")[0]
    (row,) = re.findall(rf"^\| `{name}` \|(.*)\|$", table, flags=re.MULTILINE)
    _, levels, sizes, frame, count = (cell.strip() for cell in row.split("|"))
    model = dataclasses.asdict(preset.model)
    assert levels == f"{model['levels']}, {model['factors']}"
    assert sizes == f"{model['stoch_size']} / {model['deter_size']} / {model['hidden_size']}"
    assert frame == f"{model['size']} x {model['size']} x {model['channels']}"
    assert count == f"{parameters(preset):,}"


def test_the_commands_of_the_first_screen_stand_there():
    first = README.split("## ")[0]
    assert "pip install . && cwvae demo --out demo" in first
    assert "nox -s tests" in first
