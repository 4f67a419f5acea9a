"""How many numbers a training step of an `SVGConfig` keeps of its videos, about."""

from cwvae.baselines.svg.config import SVGConfig

__all__ = ["svg_kept"]

# Numbers kept of each number that a convolution returns: before, and after, its normalisation.
_COPIES = 3
_MEMORIES = 4  # LSTMs, each with four gates, a cell and an output


def svg_kept(config: SVGConfig, batch: int, frames: int) -> int:
    """Return how many numbers are kept of a batch of videos of so many frames.

    What the convolutions of encoder and decoder return, of which the decoder's are about twice the
    encoder's since it reads the skip features too, and the vectors of the memories.
    """
    edge, encoded = config.size, config.size**2 * config.channels
    deep = 1 if config.network == "dcgan" else 3
    for width in config.widths:
        # VGG's convolutions are at the resolution of their stage, DCGAN's at half of it.
        edge = edge if config.network == "vgg" else edge // 2
        encoded += deep * edge**2 * width
        edge = edge // 2 if config.network == "vgg" else edge
    return batch * frames * (_COPIES * 3 * encoded + _MEMORIES * 6 * config.memory_size)
