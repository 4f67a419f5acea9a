"""The cases that other implementations are compared on, in small, as a user starts them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "peer_cases.py"


# What takes the time of a tiny case is compiling it.
VARIABLES = os.environ | {"JAX_DISABLE_MOST_OPTIMIZATIONS": "true"}


def start(*words: str) -> subprocess.CompletedProcess:
    command = [sys.executable, SCRIPT, *words]
    return subprocess.run(command, env=VARIABLES, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("case", "rounds", "lengths"),
    [("train", 0, {"frames": 8}), ("open_loop", 2, {"context": 4, "horizon": 8})],
)
def test_a_case_prints_one_line(case, rounds, lengths):
    done = start("--case", case, "--batch=2", "--size=debug", f"--rounds={rounds}")
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert found.items() >= ({"case": case, "batch": 2} | lengths).items()
    assert found.get("seconds", {}).get("rounds", 0) == rounds
    # At least what jax alone takes, and less than any machine has.
    assert 2**27 < found["peak_rss_bytes"] < 2**36
    assert found["seconds_to_first_step"] > 0
    assert found["value"]
