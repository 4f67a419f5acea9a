"""What a command imports before it works: help and lists come at once, without JAX."""

import subprocess
import sys

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
