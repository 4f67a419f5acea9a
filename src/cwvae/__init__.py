"""Clockwork Variational Autoencoders: temporally hierarchical latent video models in JAX.

The core is functional and unbatched: pure level cells, a clocked hierarchy of scans, arrays with
named axes, noise as an argument. `jax.vmap` adds a batch, `eqx.filter_jit` compiles.

A name that needs a package which is not installed is neither in `__all__` nor in `dir(cwvae)`;
asking for it, by `hasattr` too, raises an `ImportError` with the command that installs it.
"""

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

from cwvae._lazy import finder
from cwvae._version import __version__ as __version__

if TYPE_CHECKING:
    from cwvae.analysis.sizes import summary
    from cwvae.beliefs import Categorical, Gaussian
    from cwvae.cells import (
        AbstractCell,
        Conditioned,
        Conditioning,
        FlowCell,
        Resetting,
        Residual,
        RSSMCell,
    )
    from cwvae.clock import Clock
    from cwvae.hierarchy import Hierarchy
    from cwvae.model import CWVAE
    from cwvae.objective import elbo, importance_weighted_bound, loss
    from cwvae.pretrained import load_pretrained
    from cwvae.rollout import forecast, latents, predict_one_step, reconstruct, sample
    from cwvae.training.build import build
    from cwvae.training.config import ModelConfig, TrainConfig
    from cwvae.training.presets import PRESETS
    from cwvae.training.run import Run, load_run
    from cwvae.training.step import init_train_state, train_step

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
    "Residual",
    "Run",
    "TrainConfig",
    "build",
    "elbo",
    "forecast",
    "importance_weighted_bound",
    "init_train_state",
    "latents",
    "load_pretrained",
    "load_run",
    "loss",
    "predict_one_step",
    "reconstruct",
    "sample",
    "summary",
    "train_step",
]

# Where the names are, which are imported when they are first used: the command line ends on Ctrl-C
# from its start, while importing all of this takes seconds, and some needs more than the core.
_HOMES = {
    "analysis.sizes": ("summary",),
    "beliefs": ("Categorical", "Gaussian"),
    "cells": (
        *("AbstractCell", "Conditioned", "Conditioning"),
        *("FlowCell", "RSSMCell", "Resetting", "Residual"),
    ),
    "clock": ("Clock",),
    "hierarchy": ("Hierarchy",),
    "model": ("CWVAE",),
    "objective": ("elbo", "importance_weighted_bound", "loss"),
    "pretrained": ("load_pretrained",),
    "rollout": ("forecast", "latents", "predict_one_step", "reconstruct", "sample"),
    "training.build": ("build",),
    "training.config": ("ModelConfig", "TrainConfig"),
    "training.presets": ("PRESETS",),
    "training.run": ("Run", "load_run"),
    "training.step": ("init_train_state", "train_step"),
}
# Modules that users reach through the package; the others are imported by their full names.
_MODULES = (
    *("analysis", "cells", "data", "evaluation", "kernels", "likelihoods"),
    *("nn", "official", "pretrained", "shapes", "streaming", "training"),
)
_find = finder(__name__, _HOMES)
# What needs more than the core, the extras `train` and `pretrained`, which a star import leaves out
# where it is not installed.
_OPTIONAL = {"pretrained": "safetensors", "training.run": "optax", "training.step": "optax"}
_MISSING = {
    home for home, package in _OPTIONAL.items() if importlib.util.find_spec(package) is None
}
_ABSENT = {name for home in _MISSING for name in _HOMES[home]}
__all__[:] = [name for name in __all__ if name not in _ABSENT]


def __getattr__(name: str) -> Any:
    """Import a public name, or raise an `ImportError` with the remedy where more is needed."""
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    return _find(name)


def __dir__() -> list[str]:
    """Return what is public and can be imported, imported or not."""
    return sorted({*globals(), *__all__, *_MODULES} - _MISSING)
