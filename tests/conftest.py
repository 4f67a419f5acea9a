"""Settings of the whole suite: strict promotion, full precision, few and repeatable examples."""

import jax
from hypothesis import HealthCheck, settings

jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")
# On an accelerator the default precision of a product would be far below float32.
jax.config.update("jax_default_matmul_precision", "highest")

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
