"""Settings of the whole suite: strict promotion, full precision, few examples, fast compilation."""

import gc
import inspect
import os
import tempfile
import time
from collections import Counter

import compiling
import hook
import jax
import pytest
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook

# The key of whoever runs the tests is left alone.
_STATE = tempfile.TemporaryDirectory()
os.environ["XDG_STATE_HOME"] = _STATE.name

# Before anything imports the package: its annotations are checked in every call that a test makes.
install_import_hook("cwvae", "hook.checked")

jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")
# On an accelerator the default precision of a product would be far below float32.
jax.config.update("jax_default_matmul_precision", "highest")
# Programs here are tiny and run a few times each, so what takes the time is compiling them.
jax.config.update("jax_disable_most_optimizations", True)
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
compiling.compile_fast()
programs = compiling.Programs()
# A program and what it was traced from take some 3 MB.
_MOST_PROGRAMS = 400

# Tracing makes garbage that counting references frees; looking for cycles in a process full of
# compiled programs takes longer than the tests.
gc.set_threshold(100_000, 50, 50)

# Values and seeds are drawn, shapes come from short lists: a new shape costs a compilation, and
# the first example of a shape pays for it.
settings.register_profile(
    "cwvae",
    deadline=None,
    derandomize=True,
    max_examples=20,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("cwvae")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long, so that no process waits for another at the end."""
    count = Counter(item.path for item in items)
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path not in slow, -count[item.path]))


def pytest_collection_finish() -> None:
    """Leave what was imported out of every later search for garbage; it lives to the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module")
def optimised():
    """Compile with the optimisations that users get, by `compiling.jit_as_users`."""
    jax.config.update("jax_disable_most_optimizations", False)
    yield
    jax.config.update("jax_disable_most_optimizations", True)


@pytest.fixture(autouse=True)
def as_users_call(request: pytest.FixtureRequest):
    """Where an error is expected, let wrong arguments through to the error that users see."""
    hook.enabled = "pytest.raises(" not in inspect.getsource(request.function)
    yield
    hook.enabled = True


@pytest.fixture
def clock_by_hand(monkeypatch):
    """The time that a process has run, in seconds, in a list: a test sets it."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


@pytest.fixture(scope="module", autouse=True)
def forget():
    """Forget what files of tests compiled before it fills the memory.

    Until then they share the small programs that all of them need.
    """
    yield
    if programs.count > _MOST_PROGRAMS:
        jax.clear_caches()
        gc.collect()
        programs.count = 0
