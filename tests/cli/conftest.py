import inspect
import json
from collections.abc import Callable
from pathlib import Path

import hook
import pytest

from cwvae.cli import main

STEPS = 120
TRAIN = ("train", "--preset", "debug", "--steps", str(STEPS), "--log-every", "1")
TRAIN += ("--checkpoint-every", "20", "--forecast-every", str(STEPS), "--decay", "0.5")


@pytest.fixture(autouse=True)
def as_users_start(request: pytest.FixtureRequest, as_users_call: None):
    """Where a command is to fail, let wrong values through to the error that users see."""
    if "== 2" in inspect.getsource(request.function):
        hook.enabled = False


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the debug preset that nothing interrupted."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    assert main([*TRAIN, "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="session")
def train_arguments() -> tuple[str, ...]:
    return TRAIN


@pytest.fixture(scope="session")
def metrics() -> Callable[[Path], list[dict]]:
    """Read the metrics of a run, without how fast they came."""

    def read(folder: Path) -> list[dict]:
        lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        return [{k: v for k, v in line.items() if k != "frames_per_second"} for line in lines]

    return read
