"""Options, the cases of the set that was asked for, and the result file of a session."""

import os
import time
from pathlib import Path
from typing import Any

import jax
import machine
import pytest
from cases import SETS
from results import Run, named

from cwvae.files import write_json
from cwvae.provenance import environment, memory

HERE = Path(__file__).parent
RECORD = pytest.StashKey[Run]()
START = time.monotonic()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the set to run, and where the results go."""
    group = parser.getgroup("cwvae")
    path = "file, or existing folder, for the results (default: in benchmarks/results)"
    one_set: dict[str, Any] = {"dest": "set", "action": "store_const"}
    group.addoption("--full", **one_set, const="full", help="all cases, hours on a small machine")
    group.addoption("--gpu", **one_set, const="gpu", help="what a GPU is cited for, in minutes")
    group.addoption("--quick", **one_set, const="quick", help="tiny cases")
    late = "cases that would begin later than this are left out"
    group.addoption("--seconds", type=float, default=float("inf"), metavar="N", help=late)
    group.addoption("--results", type=Path, metavar="PATH", help=path)
    group.addoption("--command", metavar="TEXT", help="the command that the results name")


def pytest_configure(config: pytest.Config) -> None:
    """Start what a result file holds; compile everything anew, since that is measured too."""
    chosen = config.getoption("set")
    jax.config.update("jax_enable_compilation_cache", False)
    if chosen == "quick":
        # What takes the time of tiny cases is compiling them; a process that they start does too.
        jax.config.update("jax_disable_most_optimizations", True)
        os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "true"
    elif config.getoption("keyword") and not config.getoption("results"):
        raise pytest.UsageError("a part of the set (-k) needs a file of its own: add --results")
    typed = f"pytest benchmarks --{chosen}" if chosen else "pytest benchmarks"
    config.stash[RECORD] = environment() | {
        "command": config.getoption("command") or typed,
        "set": chosen or "default",
        "kind": "cpu" if jax.default_backend() == "cpu" else "gpu",
        "memory_bytes": machine.counted().get("bytes_limit") or memory(),
        "left_out": [],
        "cases": [],
    }


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of every case of the set."""
    entries = SETS[metafunc.config.stash[RECORD]["set"]]
    metafunc.parametrize("entry", entries, ids=[entry.name for entry in entries])


@pytest.fixture
def record(request) -> Run:
    """Return what the result file will hold, to which every case adds itself."""
    return request.config.stash[RECORD]


@pytest.fixture
def in_time(request) -> bool:
    """Return whether a case may begin."""
    return time.monotonic() - START < request.config.getoption("seconds")


def pytest_terminal_summary(terminalreporter, exitstatus: int, config: pytest.Config) -> None:
    """Write the results of a session that came to its end.

    What tiny cases took is nobody's to cite, and not kept unless a file is named.
    """
    run, path = config.stash[RECORD], config.getoption("results")
    ended = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    if ended and run["cases"] and (path or run["set"] != "quick"):
        if path is None or path.is_dir():
            path = (path or HERE / "results") / named(run, f"{run['date'][:10]}.json")
        write_json(path, run)
        terminalreporter.line(f"{len(run['cases'])} cases in {path}")
