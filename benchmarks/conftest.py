"""Options, the fixture that measures, and the result file of a session of benchmarks."""

import importlib.util
import os
from pathlib import Path

import admission
import jax
import machine
import pytest
import results
import sets
from measuring import Measurement

CASES = pytest.StashKey[list[dict]]()
LEFT_OUT = pytest.StashKey[list[dict]]()
WRITTEN = pytest.StashKey[Path]()
QUICK_ROUNDS = 1


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say which set to run, and where the results go."""
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
    if config.getoption("full") and config.getoption("quick"):
        raise pytest.UsageError("--full and --quick exclude each other; give one of them")
    if config.getoption("keyword") and not (
        config.getoption("results") or config.getoption("quick")
    ):
        raise pytest.UsageError(
            "a part of the set (-k) needs a file of its own: add --results FILE"
        )
    config.stash[CASES], config.stash[LEFT_OUT] = [], []
    jax.config.update("jax_enable_compilation_cache", False)
    if config.getoption("quick"):
        # What takes the time of tiny cases is compiling them; a process that they start does too.
        jax.config.update("jax_disable_most_optimizations", True)
        os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "true"


def chosen(config: pytest.Config) -> str:
    """Return the name of the set that was asked for."""
    return next((name for name in ("full", "quick") if config.getoption(name)), "default")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the cases of the set."""
    kept = sets.members(items, chosen(config))
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def name_of(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Return a test's group, which is its file, and its name, `group[what-parameters]`."""
    group = request.path.stem.removeprefix("test_")
    call = getattr(request.node, "callspec", None)
    what = request.node.originalname.removeprefix("test_")
    parts = [*([what] if what != group else []), *([call.id] if call else [])]
    return group, f"{group}[{'-'.join(parts)}]"


@pytest.fixture
def leave_out(request):
    """Return a function that ends the test and lists it as left out, with the reason."""
    _, name = name_of(request)

    def leave(why: str) -> None:
        request.config.stash[LEFT_OUT].append({"case": name, "why": why})
        pytest.skip(why)

    return leave


@pytest.fixture(autouse=True)
def needed_packages(request, leave_out):
    """Leave out a case marked `needs` whose packages are not all installed."""
    marker = request.node.get_closest_marker("needs")
    missing = [n for n in marker.args if importlib.util.find_spec(n) is None] if marker else []
    if missing:
        leave_out(f"needs packages that are not installed: {', '.join(missing)}")


@pytest.fixture
def measure(request, benchmark, leave_out):
    """Return what measures a case; its record is the `extra_info` of the benchmark."""
    group, name = name_of(request)
    call = getattr(request.node, "callspec", None)
    parameters = dict(call.params) if call else {}
    tiny = request.config.getoption("quick")
    yield Measurement(
        benchmark=benchmark,
        probe=machine.QUICK if tiny else machine.PROBES[machine.this_machine().kind],
        rounds=QUICK_ROUNDS if tiny else None,
        leave_out=leave_out,
        identity={"group": group, "name": name, "parameters": parameters},
    )
    if benchmark.extra_info:
        request.config.stash[CASES].append(dict(benchmark.extra_info))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """List a case that failed with those that were left out."""
    report = yield
    if report.failed:
        item.config.stash[LEFT_OUT].append({"case": item.nodeid, "why": "it failed"})
    return report


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the results of a session that came to its end."""
    config = session.config
    ended = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    # What tiny cases took is nobody's to cite.
    wanted = config.getoption("results") or not config.getoption("quick")
    if not (ended and wanted and config.stash[CASES]):
        return
    flags = "".join(f" --{name}" for name in ("full", "quick") if config.getoption(name))
    path = results.path_of(machine.this_machine(), config.getoption("results"))
    content = results.document(
        cases=config.stash[CASES],
        left_out=config.stash[LEFT_OUT],
        chosen=chosen(config),
        command=config.getoption("command") or f"pytest benchmarks{flags}",
    )
    results.write(path, content)
    config.stash[WRITTEN] = path


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    """Say what was left out, by which rule, and where the results are."""
    if config.stash[LEFT_OUT]:
        terminalreporter.section("left out")
        terminalreporter.line(f"The rule: {admission.RULE}.")
        for case in config.stash[LEFT_OUT]:
            terminalreporter.line(f"{case['case']}: {case['why']}")
    if WRITTEN in config.stash:
        terminalreporter.section("results")
        terminalreporter.line(f"{len(config.stash[CASES])} cases in {config.stash[WRITTEN]}")
