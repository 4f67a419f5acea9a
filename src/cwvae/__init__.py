"""Clockwork Variational Autoencoders: temporally hierarchical latent video models in JAX.

The core is functional and unbatched: pure level cells, a clocked hierarchy of scans, arrays with
named axes, noise as an argument. `jax.vmap` adds a batch, `eqx.filter_jit` compiles.
"""

from cwvae.analysis.sizes import summary
from cwvae.beliefs import Categorical, Gaussian
from cwvae.cells import AbstractCell, Conditioned, FlowCell, Resetting, RSSMCell
from cwvae.clock import Clock
from cwvae.hierarchy import Hierarchy
from cwvae.model import CWVAE
from cwvae.objective import elbo, importance_weighted_bound, loss
from cwvae.rollout import forecast, predict_one_step, reconstruct
from cwvae.training.build import build
from cwvae.training.config import ModelConfig, TrainConfig
from cwvae.training.presets import PRESETS

__all__ = [
    "CWVAE",
    "PRESETS",
    "AbstractCell",
    "Categorical",
    "Clock",
    "Conditioned",
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
    "loss",
    "predict_one_step",
    "reconstruct",
    "summary",
]
