"""The README's code runs, its commands are right; so are the tables of presets."""

import dataclasses
import re
import runpy
from pathlib import Path

import equinox as eqx
import jax.random as jr
import pytest
from blocks import blocks

from cwvae import PRESETS
from cwvae.cli.parsing import parse
from cwvae.training.config import ModelConfig
from cwvae.training.methods import build_any, method_of
from cwvae.training.preset import Preset

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
TABLES = (ROOT / "docs" / "presets.md").read_text()


def parameters(preset: Preset) -> int:
    return eqx.filter_eval_shape(build_any, preset.model, key=jr.key(0)).num_parameters


@pytest.mark.parametrize("code", blocks("python", README))
def test_every_block_of_python_runs(code, capsys):
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out


def test_the_first_block_of_python_prints_what_it_should(capsys):
    code = blocks("python", README)[0]
    assert sum(bool(line.strip()) for line in code.splitlines()) <= 15
    exec(compile(code, "README.md", "exec"), {})
    said = capsys.readouterr().out
    assert "level 2: KL" in said
    assert "(2, 20, 32, 32, 1)" in said


def test_every_command_is_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    commands = [
        line.split("#")[0] for block in blocks("bash", README) for line in block.splitlines()
    ]
    found = [re.search(r"\bcwvae (.*)", command) for command in commands]
    arguments = [match.group(1).split() for match in found if match]
    assert arguments
    for words in arguments:
        parse(words)


def test_the_readme_leads_to_every_page_of_results_and_of_beginnings():
    sections = runpy.run_path(str(ROOT / "scripts" / "make_site.py"))["SECTIONS"]
    names = ("Start", "Tutorials", "How to", "Results")
    files = [file for name in names for file in sections[name].values()]
    assert [file for file in files if file.startswith("docs/") and f"({file})" not in README] == []


OF_LEVELS = [name for name, preset in PRESETS.items() if isinstance(preset.model, ModelConfig)]


@pytest.mark.parametrize("name", sorted(set(PRESETS) - set(OF_LEVELS)))
def test_the_table_of_rivals_is_right(name):
    preset = PRESETS[name]
    (row,) = re.findall(rf"^\| `{name}` \|(.*)\|$", TABLES, flags=re.MULTILINE)
    method, frame, count = (cell.strip() for cell in row.split("|"))
    model = preset.model
    assert method == method_of(model).described(model)
    assert frame == f"{model.size} x {model.size} x {model.channels}"
    assert count == f"{parameters(preset):,}"


@pytest.mark.parametrize("name", OF_LEVELS)
def test_the_table_of_presets_is_right(name):
    preset = PRESETS[name]
    (row,) = re.findall(rf"^\| `{name}` \|(.*)\|$", TABLES, flags=re.MULTILINE)
    _, levels, sizes, frame, count = (cell.strip() for cell in row.split("|"))
    model = dataclasses.asdict(preset.model)
    assert levels == f"{model['levels']}, {model['factors']}"
    assert sizes == f"{model['stoch_size']} / {model['deter_size']} / {model['hidden_size']}"
    assert frame == f"{model['size']} x {model['size']} x {model['channels']}"
    assert count == f"{parameters(preset):,}"


def test_the_commands_of_the_first_screen_stand_there():
    first = README.split("## ")[0]
    assert "pip install '.[all]' && cwvae demo --out demo" in first
    assert "nox -s tests" in first


def test_the_links_of_the_readme_lead_somewhere():
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert len(links) > 30
    assert [link for link in links if not (ROOT / link).exists()] == []
