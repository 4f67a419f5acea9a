"""What a command imports before it works: help and lists come at once, without JAX."""

import subprocess
import sys

HEAVY = ("jax", "equinox", "beartype", "optax", "orbax", "safetensors", "av", "PIL", "matplotlib")
PROGRAM = f"""
import contextlib, sys
from cwvae.cli import main

for arguments in (["--help"], ["train", "--help"], ["info", "--help"], ["data", "list"]):
    with contextlib.suppress(SystemExit):
        main(arguments)
print(*(name for name in {HEAVY} if name in sys.modules), file=sys.stderr)
"""


def test_help_and_the_list_of_data_sets_import_no_jax():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert "--learning-rate" in done.stdout
    assert "gqn_mazes" in done.stdout
    assert done.stderr.split() == []
