"""What a command does to start soon, in a process that is its own."""

import gc
import os
import sys
from importlib.util import find_spec
from pathlib import Path

__all__ = ["collect_seldom", "compile_for_this_platform", "remember_compilations"]

_OPTIMISATION = "xla_backend_optimization_level"


def collect_seldom() -> None:
    """Look for cycles of garbage once in a hundred thousand new objects rather than in 700.

    Imports and tracing make a million objects that live on, and each look goes through them: a
    tenth of the time to the first step.
    """
    gc.set_threshold(100_000, *gc.get_threshold()[1:])


def compile_for_this_platform() -> None:
    """Let XLA compile in three quarters of its time where only a CPU can be meant.

    On a CPU, level 1 of its optimisations drops what makes no step faster. What it does on an
    accelerator has not been measured. The user's own level in XLA_FLAGS stays, and so do the flags
    of a program that has imported JAX: it reads them once.
    """
    flags = os.environ.get("XLA_FLAGS", "")
    if "jax" not in sys.modules and _OPTIMISATION not in flags and not _accelerated():
        os.environ["XLA_FLAGS"] = f"{flags} --{_OPTIMISATION}=1".strip()


def remember_compilations() -> None:
    """Let JAX keep what it compiles for the next start, unless the environment names a folder."""
    if "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # A relative path there is to be ignored, and so is an empty one, by its specification.
    home = given if given.is_absolute() else Path("~/.cache")
    try:
        folder = home.expanduser() / "cwvae" / "compilations"
    except RuntimeError:  # There is no home folder, and everything is compiled anew.
        return
    import jax

    jax.config.update("jax_compilation_cache_dir", str(folder))
    # Those that take a moment as well: there are a hundred of them before the first step.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)


def _accelerated() -> bool:
    """Whether JAX may find an accelerator here: by what is installed for it."""
    if os.environ.get("JAX_PLATFORMS") == "cpu":
        return False
    return any(find_spec(name) is not None for name in ("jax_plugins", "libtpu"))
