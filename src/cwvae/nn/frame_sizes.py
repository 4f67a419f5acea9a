"""The sizes of frames and of their convolutions, in plain numbers, which need no JAX."""

__all__ = ["SIZES", "feature_size", "filters"]

SIZES = (32, 64, 128, 256)
"""Heights, and widths, of frames in pixels."""


def filters(size: int, multiplier: float) -> tuple[int, ...]:
    """Return the channels of each convolution: 32, 64, 128, 256, 256, 256 times the multiplier.

    Raises `ValueError` for a size that is not a power of two from 32 to 256, or a multiplier
    that leaves no channel.
    """
    if size not in SIZES:
        raise ValueError(
            f"size must be 32, 64, 128 or 256 pixels, got {size}; choose one of these and "
            "resize the video to it"
        )
    stages = size.bit_length() - 3
    counts = tuple(int(min(32 * 2**stage, 256) * multiplier) for stage in range(stages))
    if counts[0] < 1:
        raise ValueError(
            f"channel multiplier {multiplier} leaves no channel; it must be at least 1/32"
        )
    return counts


def feature_size(size: int, multiplier: float) -> int:
    """Return the length of the vector that a frame becomes: 2 x 2 x the last channels."""
    return 4 * filters(size, multiplier)[-1]
