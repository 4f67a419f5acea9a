"""Simulators that make stand-ins for the paper's data sets, with ground truth."""

from collections.abc import Mapping
from types import MappingProxyType

from cwvae.data.simulators.base import Simulator
from cwvae.data.simulators.blocks import BLOCKS
from cwvae.data.simulators.collect import Collection, collect
from cwvae.data.simulators.crafter import CRAFTER
from cwvae.data.simulators.humans import HUMANS
from cwvae.data.simulators.rooms import ROOMS

__all__ = ["SIMULATORS", "Collection", "Simulator", "collect"]

SIMULATORS: Mapping[str, Simulator] = MappingProxyType(
    {simulator.name: simulator for simulator in (ROOMS, BLOCKS, CRAFTER, HUMANS)}
)
"""Name -> simulator, for `cwvae data make NAME`."""
