"""Ctrl-C and SIGTERM, whatever the main thread is doing."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from cwvae.cli import main
from cwvae.cli.interrupts import Interrupts, Watch

# A program that swallows KeyboardInterrupt, as imports of libraries do.
DEAF = """
import signal
import time
from cwvae.cli.interrupts import Interrupts, Watch

signal.signal(signal.SIGINT, lambda number, frame: None)
with Watch():
    print("ready", flush=True)
    time.sleep(120)
"""
# The same while training, where the first signal is only noted.
GENTLE = DEAF.replace("with Watch():", "with Watch(), Interrupts():")


def start(code: str) -> subprocess.Popen:
    command = [sys.executable, "-c", code]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_program_that_is_deaf_to_ctrl_c_ends_with_one_line():
    process = start(DEAF)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT
    assert said.split() == ["cwvae:", "interrupted"]


def test_while_training_it_takes_two():
    process = start(GENTLE)
    process.send_signal(signal.SIGINT)
    assert process.stderr.readline() == "\n"
    assert "stopping after this step" in process.stderr.readline()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=3)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT
    assert said.split() == ["cwvae:", "interrupted"]


def test_a_program_that_ends_by_itself_is_left_alone():
    outer = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(outer)

    def work() -> None:
        with Watch():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(60)

    # Where the tests run in the background of a shell, Python starts with the signal ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            work()
    finally:
        signal.signal(signal.SIGINT, before)
    assert signal.set_wakeup_fd(outer) == outer
    assert Watch.current is None


def test_a_model_that_raises_it_is_interrupted_in_one_line(tmp_path, capsys):
    model = tmp_path / "model.py"
    model.write_text("def build(config, *, key):\n    raise KeyboardInterrupt\n")
    arguments = ["train", "--preset", "debug", "--out", str(tmp_path / "run")]
    assert main([*arguments, "--model", f"{model}:build"]) == 128 + signal.SIGINT
    assert capsys.readouterr().err.split() == ["cwvae:", "interrupted"]
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_acts(number):
    before = signal.getsignal(number)
    with Interrupts() as interrupts:
        os.kill(os.getpid(), number)
        assert interrupts.received == number
        assert signal.getsignal(number) is before
    assert signal.getsignal(number) is before


def test_off_the_main_thread_signals_are_left_alone():
    found = []

    def work() -> None:
        with Watch(), Interrupts() as interrupts:
            found.append((signal.getsignal(signal.SIGINT), interrupts.received))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [(before, None)]
