"""Level cells: pure, unbatched transitions that a hierarchy is composed of."""

from cwvae.cells.base import AbstractCell, Conditioning, LevelConditioning, State, Trace
from cwvae.cells.flow import FlowCell
from cwvae.cells.heads import AbstractHead, CategoricalHead, GaussianHead
from cwvae.cells.min_gru import MinGRUCell
from cwvae.cells.residual import Residual
from cwvae.cells.rssm import RSSMCell
from cwvae.cells.scan import imagine_level, observe_level
from cwvae.cells.wrapper_base import AbstractWrapper
from cwvae.cells.wrappers import Conditioned, PassingContext, Resetting

__all__ = [
    "AbstractCell",
    "AbstractHead",
    "AbstractWrapper",
    "CategoricalHead",
    "Conditioned",
    "Conditioning",
    "FlowCell",
    "GaussianHead",
    "LevelConditioning",
    "MinGRUCell",
    "PassingContext",
    "RSSMCell",
    "Resetting",
    "Residual",
    "State",
    "Trace",
    "imagine_level",
    "observe_level",
]
