"""How many numbers a training step of a `VTAConfig` keeps of its videos, about."""

from cwvae.baselines.vta.config import VTAConfig

__all__ = ["vta_kept"]

_COPIES = 4  # of what a convolution returns: before and after normalisation and activation
_MEMORIES = 5  # recurrent networks, each with three gates and a state for the gradient


def vta_kept(config: VTAConfig, batch: int, frames: int) -> int:
    """Return how many numbers are kept of a batch of videos of so many frames.

    What the convolutions of encoder and decoder return, and the vectors of the memories.
    """
    edges = [config.size // 2**stage for stage in range(1, config.stages + 1)]
    images = 2 * config.size**2 * config.channels
    images += 2 * _COPIES * config.filters * sum(edge**2 for edge in edges)
    return batch * frames * (images + _MEMORIES * 4 * config.belief_size)
