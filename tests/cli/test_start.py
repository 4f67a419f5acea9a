"""How a command starts: help and lists come at once, without JAX; the others compile quickly."""

import gc
import os
import subprocess
import sys

import pytest

from cwvae.cli import main
from cwvae.cli.starting import compile_for_this_platform

HEAVY = ("jax", "equinox", "beartype", "optax", "orbax", "safetensors", "av", "PIL", "matplotlib")
PROGRAM = f"""
import contextlib, sys
from cwvae.cli import main

for arguments in (["--help"], ["train", "--help"], ["info", "--help"], ["data", "list"],
                  ["info", "--preset", "moving_mnist"]):
    with contextlib.suppress(SystemExit):
        main(arguments)
print(*(name for name in {HEAVY} if name in sys.modules), file=sys.stderr)
"""


def test_help_lists_and_the_sizes_of_presets_import_no_jax():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert "--learning-rate" in done.stdout
    assert "gqn_mazes" in done.stdout
    assert "preset moving_mnist: 3 levels" in done.stdout
    assert done.stderr.split() == []


def test_a_process_of_its_own_collects_garbage_seldom():
    program = "import gc; from cwvae.cli import main; main(); print(gc.get_threshold()[0])"
    command = [sys.executable, "-c", program, "data", "list"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout.splitlines()[-1]) == 100_000


def test_the_garbage_of_another_program_is_left_to_it():
    before = gc.get_threshold()
    main(["data", "list"])
    assert gc.get_threshold() == before


@pytest.fixture
def without_jax(monkeypatch):
    """A process that has not imported JAX yet, in an environment that says nothing of XLA."""
    monkeypatch.delitem(sys.modules, "jax")
    for name in ("XLA_FLAGS", "JAX_PLATFORMS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("cwvae.cli.starting.find_spec", lambda name: None)


@pytest.fixture
def with_plugins(without_jax, monkeypatch):
    """The same, with what JAX is given for an accelerator."""
    monkeypatch.setattr("cwvae.cli.starting.find_spec", lambda name: name == "jax_plugins" or None)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", "--xla_backend_optimization_level=1"),
        ("--xla_dump_to=x", "--xla_dump_to=x --xla_backend_optimization_level=1"),
        ("--xla_backend_optimization_level=3", "--xla_backend_optimization_level=3"),
    ],
)
def test_a_cpu_compiles_with_fewer_optimisations_unless_it_is_given_others(
    given, expected, without_jax, monkeypatch
):
    monkeypatch.setenv("XLA_FLAGS", given)
    compile_for_this_platform()
    assert os.environ["XLA_FLAGS"] == expected


def test_an_accelerator_compiles_as_before(with_plugins):
    compile_for_this_platform()
    assert "XLA_FLAGS" not in os.environ


def test_a_cpu_that_is_asked_for_beside_an_accelerator_is_one(with_plugins, monkeypatch):
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    compile_for_this_platform()
    assert "level=1" in os.environ["XLA_FLAGS"]


def test_the_flags_of_a_program_that_runs_jax_are_left_to_it(without_jax, monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    compile_for_this_platform()
    assert "XLA_FLAGS" not in os.environ


def test_xla_takes_the_flags():
    program = (
        "from cwvae.cli.starting import compile_for_this_platform as quickly; quickly();"
        "import jax; print(jax.jit(lambda x: x + 1)(1))"
    )
    environment = {name: text for name, text in os.environ.items() if name != "XLA_FLAGS"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.stdout == "2\n", done.stderr
