"""Clockwork Variational Autoencoders: temporally hierarchical latent video models in JAX.

The core is functional and unbatched: pure level cells, a clocked hierarchy of scans, arrays with
named axes, noise as an argument. `jax.vmap` adds a batch, `eqx.filter_jit` compiles.
"""

import importlib
from typing import TYPE_CHECKING, Any

from cwvae.analysis.sizes import summary
from cwvae.beliefs import Categorical, Gaussian
from cwvae.cells import AbstractCell, Conditioned, Conditioning, FlowCell, Resetting, RSSMCell
from cwvae.clock import Clock
from cwvae.hierarchy import Hierarchy
from cwvae.model import CWVAE
from cwvae.objective import elbo, importance_weighted_bound, loss
from cwvae.rollout import forecast, latents, predict_one_step, reconstruct, sample
from cwvae.training.build import build
from cwvae.training.config import ModelConfig, TrainConfig
from cwvae.training.presets import PRESETS

if TYPE_CHECKING:
    from cwvae.training.run import load_run
    from cwvae.training.step import init_train_state, train_step

__version__ = "0.2.0"

__all__ = [
    "CWVAE",
    "PRESETS",
    "AbstractCell",
    "Categorical",
    "Clock",
    "Conditioned",
    "Conditioning",
    "FlowCell",
    "Gaussian",
    "Hierarchy",
    "ModelConfig",
    "RSSMCell",
    "Resetting",
    "TrainConfig",
    "build",
    "elbo",
    "forecast",
    "importance_weighted_bound",
    "init_train_state",
    "latents",
    "load_run",
    "loss",
    "predict_one_step",
    "reconstruct",
    "sample",
    "summary",
    "train_step",
]

# Where the names are that need more than the core: they are imported when they are first used.
_LATER = {
    "init_train_state": "cwvae.training.step",
    "load_run": "cwvae.training.run",
    "train_step": "cwvae.training.step",
}


def __getattr__(name: str) -> Any:
    """Import a name that needs more than the core, or raise an `ImportError` with the remedy."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_LATER[name]), name)
    return value


def __dir__() -> list[str]:
    """Return what is public, imported or not."""
    return sorted({*globals(), *__all__})
