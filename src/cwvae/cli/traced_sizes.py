"""What a model is made of, found by tracing how it is built, which makes no weights."""

from typing import Any, cast

import equinox as eqx
import jax.random as jr

from cwvae.analysis.sizes import part_sizes, summary
from cwvae.model import CWVAE
from cwvae.training.methods import method_of
from cwvae.video_model import AbstractVideoModel

__all__ = ["size_lines", "traced_sizes"]


def traced_sizes(config: Any) -> str:
    """Return what a configuration is a model of, in a line, and its table below."""
    method = method_of(config)
    frame = f"{config.size} x {config.size} x {config.channels}"
    model = eqx.filter_eval_shape(method.build, config, key=jr.key(0))
    return f"{method.described(config)}; frames {frame}\n\n{size_lines(model)}"


def size_lines(model: AbstractVideoModel) -> str:
    """Return the table of a model's levels, or of its parts where it has none."""
    return str(summary(cast("CWVAE", model))) if model.has_levels else part_sizes(model)
