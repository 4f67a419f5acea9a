"""Level cells: pure, unbatched transitions that a hierarchy is composed of."""

from cwvae.cells.base import (
    AbstractCell,
    AbstractWrapper,
    Given,
    State,
    Trace,
    imagine_level,
    observe_level,
)
from cwvae.cells.flow import FlowCell
from cwvae.cells.heads import AbstractHead, CategoricalHead, GaussianHead
from cwvae.cells.rssm import RSSMCell
from cwvae.cells.wrappers import Conditioned, Resetting

__all__ = [
    "AbstractCell",
    "AbstractHead",
    "AbstractWrapper",
    "CategoricalHead",
    "Conditioned",
    "FlowCell",
    "GaussianHead",
    "Given",
    "RSSMCell",
    "Resetting",
    "State",
    "Trace",
    "imagine_level",
    "observe_level",
]
