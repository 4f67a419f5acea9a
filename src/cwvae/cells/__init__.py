"""What a level is, and the cells that can be one."""

from cwvae.cells.base import AbstractCell, State, Trace, imagine_level, observe_level
from cwvae.cells.rssm import RSSMCell

__all__ = ["AbstractCell", "RSSMCell", "State", "Trace", "imagine_level", "observe_level"]
