"""How the suite compiles: fast, and, where a law is about it, as users do."""

import os
from functools import partial

import equinox as eqx
import jax

# JAX 0.11 has the newer way to write loops alone, and ends a process that is given the choice.
_CHOICE = jax.__version_info__ < (0, 11)
_FAST = "--xla_cpu_use_fusion_emitters=false" if _CHOICE else ""

# The jit of laws that hold for what users run: beside the fixture `optimised`.
jit_as_users = partial(
    eqx.filter_jit,
    compiler_options={"xla_cpu_use_fusion_emitters": True} if _CHOICE else None,
)


def compile_fast() -> None:
    """Let this process, and those that it starts, compile fast what runs a few times.

    XLA's older way to write loops takes a third of the time of the one that users get. What is
    compiled is kept in the folder of compilations, where there is one, however short it took: files
    of tests, runs of a command and other processes compile the same small programs again and again.
    """
    # Without a space before or after, which XLA takes for the name of a file.
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {_FAST}".strip()
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    if not _CHOICE:
        # As `batch_mesh` has it for users; tests make meshes of their own, too.
        os.environ["JAX_USE_SHARDY_PARTITIONER"] = "false"


def environment_of_users() -> dict[str, str]:
    """Return the environment for a process that compiles as users do."""
    return os.environ | {"XLA_FLAGS": os.environ["XLA_FLAGS"].replace(_FAST, "").strip()}


class Programs:
    """A count of what this process compiles, or reads from the folder of compilations."""

    def __init__(self):
        self.count = 0
        jax.monitoring.register_event_duration_secs_listener(self._listen)

    def _listen(self, event: str, seconds: float, **_: object) -> None:
        self.count += event.endswith("backend_compile_duration")
