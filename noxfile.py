"""The project's sessions: `nox` runs what CI runs, `nox -l` lists all."""

import shlex
import shutil
from pathlib import Path

import nox

# What miniworld (software OpenGL) and the stand-in `blocks` need.
SYSTEM = ["libegl1", "libegl-mesa0", "libgl1-mesa-dri", "libglu1-mesa", "minetest", "xvfb"]
# The browser that opens pages, and what drives it.
BROWSER = ["chromium", "chromium-driver"]
# What stands for the whole when the whole suite would take too long.
CROSS_SECTION = ("test_extras.py", "test_golden.py", "test_hierarchy.py", "test_objective.py")
CROSS_SECTION += ("cells", "nn", "training", "data", "report", "cli/test_train.py")

ROOT = Path(__file__).parent
PROJECT = nox.project.load_toml("pyproject.toml")

nox.options.sessions = ["lint", "types", "tests", "wheel", "docs"]
# uv installs in seconds what pip installs in minutes; without it the sessions are the same.
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False


def _install(session: nox.Session, group: str, *more: str, extra: str = "all") -> None:
    """Install the package, as everybody gets it, and one of its dependency groups."""
    session.install(f".[{extra}]", *nox.project.dependency_groups(PROJECT, group), *more)


def _test(session: nox.Session, *arguments: str) -> None:
    """Run pytest in a folder of its own, where only the installed package can be imported."""
    folder = Path(session.create_tmp()).resolve()
    # What one test compiled another need not, nor a process that a test starts; and each of those
    # that run beside each other has one core, for which threads of OpenBLAS would wait.
    settled = {
        "JAX_COMPILATION_CACHE_DIR": str(folder / "compilations"),
        "OPENBLAS_NUM_THREADS": "1",
    }
    settings = ("-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT))
    # One process a core: what takes the time is compiling, which uses one. In the order that
    # tests/conftest.py puts the files in.
    workers = ("-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder")
    session.chdir(folder)
    session.run("pytest", *settings, *workers, *arguments, env=settled)


def _tests(session: nox.Session, *names: str) -> list[str]:
    """Return what to test: what follows `--`, else these files and folders of tests."""
    paths = [str(ROOT / "tests" / name) for name in names]
    given = [str(ROOT / a) if (ROOT / a.split("::")[0]).exists() else a for a in session.posargs]
    return [*given, *([] if any(Path(a.split("::")[0]).exists() for a in given) else paths)]


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    session.install(*nox.project.dependency_groups(PROJECT, "lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, of the package and of all that is around it."""
    _install(session, "types")
    session.run("pyright")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests on the installed package; arguments go to pytest."""
    _install(session, "tests")
    _test(session, *_tests(session, ""))


@nox.session(python=["3.12", "3.13"])
def pythons(session: nox.Session) -> None:
    """Run the tests with newer Pythons, where they are installed."""
    _install(session, "tests")
    _test(session, *_tests(session, ""))


@nox.session
def lowest(session: nox.Session) -> None:
    """Run a cross-section of the tests with the lowest version of everything that is required."""
    extras = PROJECT["project"]["optional-dependencies"]
    simulators = ("rooms", "crafter", "humans", "all")
    stated = [line for name in extras if name not in simulators for line in extras[name]]
    stated += PROJECT["project"]["dependencies"]
    pinned = [line.replace(">=", "==") for line in stated if not line.startswith("cwvae")]
    _install(session, "tests", *pinned)
    _test(session, *_tests(session, *CROSS_SECTION))


@nox.session
def wheel(session: nox.Session) -> None:
    """Build the wheel from the source distribution, and try its core alone, elsewhere."""
    folder = Path(session.create_tmp()).resolve()
    session.install("build")
    session.run("python", "-m", "build", "--outdir", str(folder), str(ROOT))
    # What was built last: the folder may be an old one.
    wheels = sorted(folder.glob("*.whl"), key=lambda path: path.stat().st_mtime)
    session.install(str(wheels[-1]))
    session.chdir(folder)
    session.run("python", str(ROOT / "tests" / "core_alone.py"))


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site from the pages, into the folder that it prints; warnings are errors."""
    folder = Path(session.create_tmp()).resolve()
    pages, site = folder / "pages", folder / "site"
    # Pages that are gone would stay.
    for old in (pages, site):
        shutil.rmtree(old, ignore_errors=True)
    session.install(".", *nox.project.dependency_groups(PROJECT, "docs"))
    session.run("python", "scripts/make_site.py", str(pages))
    session.run("sphinx-build", "--fail-on-warning", "--keep-going", str(pages), str(site))


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Measure speed and memory, `-- --full` for all cases; arguments go to pytest."""
    _install(session, "benchmarks")
    words = ["nox", "-s", "benchmarks", *(["--"] if session.posargs else []), *session.posargs]
    session.run("pytest", "benchmarks", "--command", shlex.join(words), *session.posargs)


@nox.session
def rivals(session: nox.Session) -> None:
    """Hold the model in PyTorch to the official numbers, then time it and this package in turn."""
    folder = Path("benchmarks") / "rivals"
    session.install(".[train,data]", "-r", str(folder / "requirements.txt"))
    golden = [str(path) for path in sorted(Path("tests/golden").glob("*.npz"))]
    session.run("python", str(folder / "check.py"), *golden)
    session.run("python", str(folder / "run.py"), *session.posargs)


@nox.session
def faults(session: nox.Session) -> None:
    """Break trainings, readers and writers on purpose, about an hour; arguments name parts."""
    _install(session, "benchmarks")
    session.install("crafter>=1.8.3")
    # What is compiled once need not be at each of hundreds of starts.
    compilations = {"JAX_COMPILATION_CACHE_DIR": str(Path(session.create_tmp()).resolve())}
    session.chdir("benchmarks")
    session.run("python", "-m", "faults.run", *session.posargs, env=compilations)


@nox.session
def simulators(session: nox.Session) -> None:
    """Test the simulators that need more than pip, on Debian what SYSTEM lists."""
    session.log(f"needs: apt install {' '.join(SYSTEM)}")
    _install(session, "tests", extra="all,rooms")
    session.run("pytest", "-m", "simulator", *session.posargs)


@nox.session
def browser(session: nox.Session) -> None:
    """Open the pages in a real browser, on Debian what BROWSER lists."""
    session.log(f"needs: apt install {' '.join(BROWSER)}")
    _install(session, "browser")
    session.run("pytest", "-m", "browser", *session.posargs)
