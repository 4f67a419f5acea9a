"""The project's sessions: `nox -s tests` is what CI runs, `nox -l` lists all."""

import shlex
from pathlib import Path

import nox

# What miniworld (software OpenGL) and the stand-in `blocks` need.
SYSTEM = ["libegl1", "libegl-mesa0", "libgl1-mesa-dri", "libglu1-mesa", "minetest", "xvfb"]

nox.options.sessions = ["lint", "types", "tests"]
PROJECT = nox.project.load_toml("pyproject.toml")


def _install(session: nox.Session, group: str) -> None:
    """Install the package and one of its dependency groups."""
    session.install(".", *nox.project.dependency_groups(PROJECT, group))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    session.install(*nox.project.dependency_groups(PROJECT, "lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types."""
    _install(session, "types")
    session.run("pyright")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests; arguments go to pytest."""
    _install(session, "tests")
    # What one test compiled another need not, nor a process that a test starts.
    compilations = {"JAX_COMPILATION_CACHE_DIR": str(Path(session.create_tmp()).resolve())}
    # One process a core: what takes the time is compiling, which uses one.
    workers = ("-n", "auto", "--dist", "loadfile")
    session.run("pytest", *workers, *session.posargs, env=compilations)


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Measure speed and memory, `-- --full` for all cases; arguments go to pytest."""
    _install(session, "benchmarks")
    words = ["nox", "-s", "benchmarks", *(["--"] if session.posargs else []), *session.posargs]
    session.run("pytest", "benchmarks", "--command", shlex.join(words), *session.posargs)


@nox.session
def simulators(session: nox.Session) -> None:
    """Test the simulators that need more than pip, on Debian what SYSTEM says."""
    session.log(f"needs: apt install {' '.join(SYSTEM)}")
    _install(session, "tests")
    session.install(".[rooms]")
    session.run("pytest", "-m", "simulator", *session.posargs)


@nox.session
def wheel(session: nox.Session) -> None:
    """Build the wheel, install it alone, and run the README's tests away from the source."""
    session.install("build", *nox.project.dependency_groups(PROJECT, "tests"))
    folder = str(Path(session.create_tmp()).resolve())
    session.run("python", "-m", "build", "--wheel", "--outdir", folder)
    session.install(*map(str, Path(folder).glob("*.whl")))
    root = session.invoked_from
    session.chdir(folder)
    session.run("pytest", "--rootdir", folder, "-c", "/dev/null", f"{root}/tests/test_readme.py")
