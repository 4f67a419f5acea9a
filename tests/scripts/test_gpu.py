"""The script for a GPU looks at its arguments before it begins."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "gpu.sh"


def run(*words: str, **variables: str) -> subprocess.CompletedProcess:
    environment = os.environ | variables
    return subprocess.run(
        ["bash", str(SCRIPT), *words], env=environment, capture_output=True, text=True
    )


def test_help_has_every_piece():
    done = run("--help")
    assert done.returncode == 0
    for piece in ("rollouts", "golden", "train", "unroll", "benchmarks"):
        assert f"    {piece} " in done.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["fly"], "unknown word 'fly'"),
        (["--minutes"], "--minutes needs a value"),
        (["--minutes", "0"], "--minutes must be a positive whole number, got '0'"),
        (["--digits", "3"], "--digits must be 1 or 2, got '3'"),
    ],
)
def test_wrong_words_are_errors(words, message, tmp_path):
    done = run("--out", str(tmp_path), *words)
    assert done.returncode == 2
    assert message in done.stderr


def test_a_python_or_wheels_that_are_not_there_are_errors(tmp_path):
    for name in ("PYTHON", "WHEELS"):
        done = run("--out", str(tmp_path), **{name: str(tmp_path / "none")})
        assert done.returncode == 2
        assert f"{name} names no" in done.stderr


def test_a_training_that_is_there_is_kept(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "mine.txt").write_text("mine")
    done = run("--out", str(tmp_path), "--minutes", "1", "train", DEVICE="cpu")
    assert done.returncode == 1
    assert "holds a train or train_short already" in done.stdout
    assert (tmp_path / "train" / "mine.txt").read_text() == "mine"
