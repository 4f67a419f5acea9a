"""Cases that rivals are compared on, in small, as `run.py` starts them; and what that keeps."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rivals import run

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "rivals" / "our_case.py"


# What takes the time of a tiny case is compiling it.
VARIABLES = os.environ | {"JAX_DISABLE_MOST_OPTIMIZATIONS": "true"}


def start(*words: str) -> subprocess.CompletedProcess:
    command = [sys.executable, SCRIPT, *words]
    return subprocess.run(command, env=VARIABLES, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("case", "rounds", "lengths"),
    [("train", 0, {"frames": 8}), ("latents", 2, {"context": 4, "horizon": 8})],
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


def test_implementations_run_in_turn_and_cases_keep_their_place(tmp_path, monkeypatch):
    started = []

    def answer(command):
        started.append(command)
        return json.dumps({"seconds": {"min": float(len(started))}})

    monkeypatch.setattr(run, "last_line", answer)
    out = tmp_path / "rivals.json"
    words = ["--turns", "2", "--torch", "other-python", "--out", str(out)]
    assert run.main(["--cases", "latents-8", *words]) == 0
    ours, plain, compiled = started[:3]
    assert started == [ours, plain, compiled] * 2
    assert ours[0] == sys.executable
    assert plain == ["other-python", *compiled[1:-1]]
    assert compiled[-1] == "--compile"
    assert ours[2:] == plain[2:]
    run.main(["--cases", "train-1", *words])
    found = json.loads(out.read_text())["cases"]
    assert [case["seconds"]["min"] for case in found["latents-8"]["turns"]["PyTorch"]] == [2, 5]
    assert found["train-1"]["turns"].keys() == {run.OURS, run.PLAIN, run.COMPILED}


def test_a_rival_that_fails_leaves_the_others_and_ours_must_not(tmp_path, monkeypatch):
    def answer(command, failing):
        if failing in command:
            raise subprocess.CalledProcessError(3, command)
        return json.dumps({"seconds": {"min": 1.0}})

    out = tmp_path / "rivals.json"
    words = ["--cases", "train-1", "--turns", "2", "--out", str(out)]
    monkeypatch.setattr(run, "last_line", lambda command: answer(command, "--compile"))
    assert run.main(words) == 0
    found = json.loads(out.read_text())["cases"]["train-1"]
    assert found["failed"] == {run.COMPILED: 3}
    assert {name: len(runs) for name, runs in found["turns"].items()} == {run.OURS: 2, run.PLAIN: 2}
    monkeypatch.setattr(run, "last_line", lambda command: answer(command, sys.executable))
    with pytest.raises(subprocess.CalledProcessError):
        run.main([*words, "--torch", "other-python"])
    monkeypatch.setattr(run, "last_line", lambda command: answer(command, "other-python"))
    with pytest.raises(RuntimeError, match="no rival ran"):
        run.main([*words, "--torch", "other-python"])
