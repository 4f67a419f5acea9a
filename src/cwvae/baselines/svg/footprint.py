"""How many numbers a training step of an `SVGConfig` keeps of a batch, about."""

from cwvae.baselines.svg.config import SVGConfig

__all__ = ["numbers_kept"]


def numbers_kept(sizes: SVGConfig, batch: int, frames: int) -> int:
    """Return how many numbers are kept of a batch of videos of so many frames.

    Of every layer what goes into its normalisation and what comes out of its activation, and what
    becomes of skip features, with its gradient; in the decoder about as much as in the encoder. XLA
    plans 0.9 to 1.3 times as much (jax 0.10.2, both networks, 120 to 750 frames).
    """
    kept = 3 * sizes.size**2 * sizes.channels
    for stage, width in enumerate(sizes.widths):
        pixels = (sizes.size // 2 ** (stage + (sizes.network == "dcgan"))) ** 2
        # Layers of the encoder's stage.
        layers = 1 if sizes.network == "dcgan" else 2 if stage < 2 else 3
        kept += pixels * width * (5 * layers + 3)
    return batch * frames * kept
