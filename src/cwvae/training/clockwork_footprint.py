"""How many numbers a training step of a `ModelConfig` keeps of a video, about."""

from cwvae.nn.frame_sizes import feature_size, filters
from cwvae.training.config import ModelConfig

__all__ = ["numbers_kept"]

_CELL = 12  # vectors of a cell's hidden size that a tick keeps for the gradient
# Of two chunks of 16 frames, the windows of the largest convolution, in answers of the first one.
_WORK = 2 * 16 * 6


def numbers_kept(sizes: ModelConfig, batch: int, frames: int) -> int:
    """Return how many numbers are kept of a batch of videos of so many frames.

    What the layers keep for the gradient: frames, what the encoder returns, every tick's vectors,
    the zeros that fill the slowest level's last window, and the work on a few frames at a time.
    """
    filling = -frames % sizes.clock.slowest
    video = frames * _kept(sizes) + filling * feature_size(sizes.size, sizes.channel_multiplier)
    return batch * video + _WORK * _first(sizes)


def _kept(sizes: ModelConfig) -> int:
    """Return how many numbers of a frame are kept for the gradient."""
    # A frame as it is encoded, as it is compared, and in chunks; of the first layer's answers some
    # are kept and some computed again.
    edge, encoded = sizes.size // 2 - 1, 3 * sizes.size**2 * sizes.channels + _first(sizes) // 2
    for channels in filters(sizes.size, sizes.channel_multiplier)[1:]:
        edge = edge // 2 - 1
        encoded += edge**2 * channels
    feature = feature_size(sizes.size, sizes.channel_multiplier)
    stack = (sizes.dense_layers - 1) * sizes.dense_hidden + feature
    ticks = sum(1 / period for period in sizes.clock.periods)
    return int(encoded + (sizes.levels - 1) * stack + ticks * _CELL * sizes.hidden_size)


def _first(sizes: ModelConfig) -> int:
    """Return how many numbers the first layer of the encoder makes of a frame."""
    return (sizes.size // 2 - 1) ** 2 * filters(sizes.size, sizes.channel_multiplier)[0]
