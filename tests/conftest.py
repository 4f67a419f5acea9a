"""Settings of the whole suite: strict promotion, full precision, few examples, fast compilation."""

import jax
import pytest
from hypothesis import HealthCheck, settings

jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")
# On an accelerator the default precision of a product would be far below float32.
jax.config.update("jax_default_matmul_precision", "highest")
# Programs here are tiny and run a few times each, so what takes the time is compiling them.
jax.config.update("jax_disable_most_optimizations", True)

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


@pytest.fixture(scope="module")
def optimised():
    """Compile as users do."""
    jax.config.update("jax_disable_most_optimizations", False)
    yield
    jax.config.update("jax_disable_most_optimizations", True)
