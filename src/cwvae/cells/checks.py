"""Checks of what a level is run with, so that an argument is named and not the inside of a scan.

`of` is the part of a message that names the level, such as " of level 1".
"""

from cwvae.arguments import check_shape
from cwvae.cells.base import AbstractCell, Conditioning, State

__all__ = ["check_conditioning", "check_state"]


def check_state(cell: AbstractCell, state: State, of: str = "") -> None:
    """Raise `ValueError` for a state of other sizes than the cell's."""
    remedy = "begin with cell.init(), or go on from a state that observing returned"
    check_shape(f"the state's stoch{of}", state.stoch, (cell.stoch_size,), remedy)
    check_shape(f"the state's deter{of}", state.deter, (cell.deter_size,), remedy)
    check_shape(f"the state's time{of}", state.time, (), remedy)


def check_conditioning(
    cell: AbstractCell, conditioning: Conditioning, ticks: int, of: str = ""
) -> None:
    """Raise `ValueError` for known inputs of other ticks, or without the actions needed."""
    remedy = "make it with hierarchy.conditioning(frames, times=..., actions=...)"
    action, size = conditioning.action, cell.action_size
    if size and action.shape[-1:] == (0,):
        raise ValueError(f"the cell{of} needs actions of {size} numbers, got none; {remedy}")
    # A cell without actions ignores those of the others.
    check_shape(f"the conditioning's action{of}", action, (ticks, size or "action"), remedy)
    check_shape(f"the conditioning's time{of}", conditioning.time, (ticks,), remedy)
    check_shape(f"the conditioning's boundary{of}", conditioning.boundary, (ticks,), remedy)
    if conditioning.observed is not None:
        check_shape(f"the conditioning's observed{of}", conditioning.observed, (ticks,), remedy)
