"""Options, the cases of the set that was asked for, and the result file of a session."""

import os
from pathlib import Path
from typing import Any

import jax
import machine
import pytest
from cases import SETS
from measuring import RULE
from results import Run, named

from cwvae.files import write_json
from cwvae.provenance import environment

HERE = Path(__file__).parent
RECORD = pytest.StashKey[dict[str, list]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the set to run, and where the results go."""
    group = parser.getgroup("cwvae")
    for name, what in (("full", "all cases, hours on a small machine"), ("quick", "tiny cases")):
        group.addoption(
            f"--{name}", dest="set", action="store_const", const=name, help=f"run {what}"
        )
    group.addoption(
        "--results",
        type=Path,
        metavar="PATH",
        help="file, or existing folder, for the results (default: in benchmarks/results)",
    )
    group.addoption("--command", metavar="TEXT", help="the command that the results name")


def pytest_configure(config: pytest.Config) -> None:
    """Start the record; compile everything anew, since that is measured too."""
    config.stash[RECORD] = {"left_out": [], "cases": []}
    jax.config.update("jax_enable_compilation_cache", False)
    if config.getoption("set") == "quick":
        # What takes the time of tiny cases is compiling them; a process that they start does too.
        jax.config.update("jax_disable_most_optimizations", True)
        os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "true"
    elif config.getoption("keyword") and not config.getoption("results"):
        raise pytest.UsageError("a part of the set (-k) needs a file of its own: add --results")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of every case of the set."""
    entries = SETS[metafunc.config.getoption("set") or "default"]
    metafunc.parametrize("entry", entries, ids=[entry.name for entry in entries])


@pytest.fixture
def record(request) -> dict[str, list]:
    """Return what a result file holds of the cases, which each of them adds to."""
    return request.config.stash[RECORD]


def pytest_terminal_summary(terminalreporter, exitstatus: int, config: pytest.Config) -> None:
    """Write the results of a session that came to its end, and by which rule cases were left out.

    What tiny cases took is nobody's to cite, and not kept unless a file is named.
    """
    record, path = config.stash[RECORD], config.getoption("results")
    ended = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    if record["left_out"]:
        terminalreporter.line(f"The rule: {RULE}.")
    if ended and record["cases"] and (path or config.getoption("set") != "quick"):
        run = run_of(config) | record
        if path is None or path.is_dir():
            path = (path or HERE / "results") / named(run, f"{run['date'][:10]}.json")
        write_json(path, run)
        terminalreporter.line(f"{len(record['cases'])} cases in {path}")


def run_of(config: pytest.Config) -> Run:
    """Return where a set is measured, and the command that one types to measure it again."""
    chosen = config.getoption("set")
    typed = f"pytest benchmarks --{chosen}" if chosen else "pytest benchmarks"
    known: dict[str, Any] = environment()
    del known["memory"]  # The process's; that of the device is recorded.
    return known | {
        "command": config.getoption("command") or typed,
        "set": chosen or "default",
        "kind": "cpu" if jax.default_backend() == "cpu" else "gpu",
        "memory_bytes": machine.total_memory(),
    }
