"""The fault campaign: what it starts, kills and watches."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from faults import run, training_kills
from faults.training_kills import logged

BENCHMARKS = Path(run.__file__).parents[1]
# Forked from a process that has computed nothing, which that of the tests has.
KILLED = """
import os, sys, time
from pathlib import Path
from faults.starting import fork

folder = Path(sys.argv[1])
ends = fork(lambda: 3, folder / "ends")
assert not ends.wait() and ends.status == 3 and not ends.kill()

def sleeps():
    print("here", flush=True)
    time.sleep(60)
    return 0

killed = fork(sleeps, folder / "sleeps")
assert killed.wait(lambda: killed.said() == "here\\n")
assert killed.kill() and killed.status == -9

def fails():
    raise KeyError("broken")

failed = fork(fails, folder / "fails")
failed.wait()
assert failed.status == 1 and "KeyError: 'broken'" in failed.said()
slow = fork(sleeps, folder / "slow")
try:
    slow.wait(seconds=0.2)
except TimeoutError:
    print("all as it should be")
"""
LONG = """
import json, sys
from pathlib import Path
from faults.long_run import long_training
from faults.starting import prepare

prepare()
print(json.dumps(long_training(Path(sys.argv[1]), steps=2000, every=0.1)))
"""


def output(code: str, folder: Path) -> str:
    command = [sys.executable, "-c", code, str(folder)]
    return subprocess.run(
        command, cwd=BENCHMARKS, capture_output=True, text=True, check=True
    ).stdout


def test_processes_are_killed_and_their_ends_are_known(tmp_path):
    assert output(KILLED, tmp_path) == "all as it should be\n"


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")
def test_a_long_training_holds_no_more_at_its_end_than_at_its_beginning(tmp_path):
    found = json.loads(output(LONG, tmp_path))
    assert (found["steps"], found["exit status"]) == (2000, 0)
    # What is compiled with the first checkpoint and forecast is there after the first tenths; in
    # the last the process closes what it holds.
    early, late = found["tenths"][2], found["tenths"][-2]
    assert late["open files"] <= early["open files"] + 1
    # A pool starts another thread whenever all that it has are busy, which is chance; what is left
    # behind with a checkpoint or a forecast would be there six times more.
    assert late["threads"] < early["threads"] + 6 / 2
    assert late["memory in MiB"] < early["memory in MiB"] + 30


def test_the_last_whole_line_is_the_last_step(tmp_path):
    path = tmp_path / "metrics.jsonl"
    assert logged(tmp_path) == 0
    path.write_text('{"step": 1}\n{"step": 2}\n{"st')
    assert logged(tmp_path) == 2
    path.write_text('{"st')
    assert logged(tmp_path) == 0


def test_every_part_is_named_in_the_help():
    assert all(re.search(rf"\b{name} \(", run.__doc__) for name in run.PARTS)


def test_kept_results_have_no_faults_and_no_places_of_a_machine():
    text = run.RESULTS.read_text()
    known = json.loads(text)
    assert [*known] == [*run.PARTS]
    assert not any(part.get("faults") for part in known.values())
    assert not re.search(r"/(tmp|home|root|work|usr)/", text)
    for training in [known["training"]]:
        assert training["runs that end bit for bit equal"] == training["runs"]
        assert training["logs that end equal"] == training["runs"]
        assert training["kills"] >= 100
        assert training["while saving"] >= 20


def test_the_kept_long_run_holds_no_more_at_its_end_than_at_its_beginning():
    found = json.loads(run.RESULTS.read_text())["long"]
    assert (found["steps"], found["exit status"]) == (100_000, 0)
    early, late = found["tenths"][2], found["tenths"][-2]
    assert late["open files"] <= early["open files"]
    assert late["memory in MiB"] < early["memory in MiB"] + 10
    assert late["processor ms a step"] < 1.25 * early["processor ms a step"]


def test_checkpoints_under_their_names_are_whole_and_others_half(tmp_path):
    (tmp_path / "checkpoints" / "10").mkdir(parents=True)
    assert not training_kills._half_saved(tmp_path)
    (tmp_path / "checkpoints" / "20.orbax-checkpoint-tmp").mkdir()
    assert training_kills._saved(tmp_path) == [10]
    assert training_kills._half_saved(tmp_path)
