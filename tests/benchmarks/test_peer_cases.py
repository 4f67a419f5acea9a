"""The cases that other implementations are compared on, in small, as a user starts them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "peer_cases.py"


def start(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, SCRIPT, *words], capture_output=True, text=True)


@pytest.mark.parametrize("case", ["train", "open_loop"])
def test_a_case_prints_one_line(case):
    sizes = ("--size=debug", "--frames=8", "--context=4", "--horizon=8", "--rounds=2")
    done = start("--case", case, "--batch", "2", *sizes)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    said = json.loads(line)
    assert (said["case"], said["batch"]) == (case, 2)
    assert said["frames"] == {"train": 8, "open_loop": 12}[case]
    assert 0 < said["seconds"]["min"] <= said["seconds"]["median"] < 5
    assert said["cpu_seconds"] > 0
    # At least what jax alone takes, and less than any machine has.
    assert 2**27 < said["peak_rss_bytes"] < 2**36
    assert said["seconds_to_first_step"] > said["seconds"]["min"]
    assert said["value"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--case", "train"), "--case needs --batch N"),
        (("--case", "train", "--batch", "0"), "expected a whole number of at least 1, got '0'"),
        (("--case", "dream", "--batch", "1"), "invalid choice: 'dream'"),
        (("--all",), "--all and --out belong together"),
        ((), "one of the arguments --case --all is required"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(words, said):
    done = start(*words)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert said in line
