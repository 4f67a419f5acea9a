"""Options, the fixture that measures, and the result file of a session of benchmarks."""

import dataclasses
import os
from pathlib import Path
from typing import Any

import jax
import memory
import pytest
from cases import Entry, chosen
from limits import TINY, probe
from measuring import RULE, LeftOutError, Meter, measured
from results import Case, LeftOut, Run, write

from cwvae.provenance import environment

HERE = Path(__file__).parent
CASES = pytest.StashKey[list[Case]]()
LEFT_OUT = pytest.StashKey[list[LeftOut]]()
WRITTEN = pytest.StashKey[Path]()
PACKAGES = ("cwvae", "jax", "jaxlib", "equinox", "optax", "numpy", "grain")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the set to run, and where the results go."""
    group = parser.getgroup("cwvae")
    group.addoption("--full", action="store_true", help="run all cases, hours on a small machine")
    group.addoption("--quick", action="store_true", help="run tiny cases, to see that they work")
    group.addoption(
        "--results",
        type=Path,
        metavar="PATH",
        help="file, or existing folder, for the results "
        "(default: benchmarks/results/<device>-<date>.json; with --quick none)",
    )
    group.addoption("--command", metavar="TEXT", help="the command that the results name")


def pytest_configure(config: pytest.Config) -> None:
    """Start the records; compile everything anew, since that is measured too."""
    quick = config.getoption("quick")
    if config.getoption("full") and quick:
        raise pytest.UsageError("--full and --quick exclude each other; give one of them")
    if config.getoption("keyword") and not (config.getoption("results") or quick):
        raise pytest.UsageError(
            "a part of the set (-k) needs a file of its own: add --results FILE"
        )
    config.stash[CASES], config.stash[LEFT_OUT] = [], []
    jax.config.update("jax_enable_compilation_cache", False)
    if quick:
        # What takes the time of tiny cases is compiling them; a process that they start does too.
        jax.config.update("jax_disable_most_optimizations", True)
        os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "true"


def set_of(config: pytest.Config) -> str:
    """Return the name of the set that was asked for."""
    return next((name for name in ("full", "quick") if config.getoption(name)), "default")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of every case of the set."""
    entries = chosen(set_of(metafunc.config))
    metafunc.parametrize("entry", entries, ids=[entry.name for entry in entries])


@pytest.fixture
def measure(request, benchmark):
    """Return what measures a case; its record is the `extra_info` of the benchmark."""
    stash, quick = request.config.stash, request.config.getoption("quick")
    meter = Meter(benchmark, TINY if quick else probe(), 1 if quick else None)

    def measure(entry: Entry) -> None:
        try:
            found = measured(entry.case(), meter)
        except LeftOutError as error:
            stash[LEFT_OUT].append(LeftOut(case=entry.name, why=str(error)))
            pytest.skip(str(error))
        except Exception:
            stash[LEFT_OUT].append(LeftOut(case=entry.name, why="it failed"))
            raise
        parameters = entry.parameters | found.pop("parameters", {})
        case = Case(group=entry.group, name=entry.name, parameters=parameters, **found)
        benchmark.extra_info.update(dataclasses.asdict(case))
        stash[CASES].append(case)

    return measure


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the results of a session that came to its end."""
    config = session.config
    ended = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    path, name = config.getoption("results"), set_of(config)
    # What tiny cases took is nobody's to cite.
    if not (ended and config.stash[CASES] and (path or name != "quick")):
        return
    flag = "" if name == "default" else f" --{name}"
    run = run_of(name, config.getoption("command") or f"pytest benchmarks{flag}", config.stash)
    if path is None or path.is_dir():
        path = (path or HERE / "results") / run.named(f"{run.date[:10]}.json")
    write(path, run)
    config.stash[WRITTEN] = path


def run_of(name: str, command: str, stash: pytest.Stash) -> Run:
    """Return the run of a set, by the command that one types to measure it again."""
    known: dict[str, Any] = environment(packages=PACKAGES, source=HERE.parent)
    del known["memory"]  # The process's; that of the device is recorded.
    known |= {"command": command, "set": name, "memory_bytes": memory.total()}
    kind = "cpu" if jax.default_backend() == "cpu" else "gpu"
    return Run(**known, kind=kind, left_out=stash[LEFT_OUT], cases=stash[CASES])


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    """Write by which rule cases were left out, which stand in pytest's list, and the file."""
    if config.stash[LEFT_OUT]:
        terminalreporter.line(f"The rule: {RULE}.")
    if WRITTEN in config.stash:
        terminalreporter.line(f"{len(config.stash[CASES])} cases in {config.stash[WRITTEN]}")
