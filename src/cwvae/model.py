"""The four parts of a Clockwork VAE as one pytree."""

from collections.abc import Collection
from dataclasses import replace

import equinox as eqx
import jax
from jaxtyping import Array, Float

from cwvae.encoder import Encoder
from cwvae.hierarchy import Hierarchy
from cwvae.likelihoods import AbstractLikelihood
from cwvae.shapes import Video, checked
from cwvae.vision import FrameDecoder

__all__ = ["CWVAE"]


class CWVAE(eqx.Module):
    """A Clockwork Variational Autoencoder (Saxena et al. 2021).

    **Arguments:**

    - `encoder`: frames to features per level.
    - `hierarchy`: the levels' cells and their clock.
    - `decoder`: the output of the lowest level to the parameters of a frame.
    - `likelihood`: the distribution of a frame given the decoder's answer.

    `cwvae.build` makes one from a `ModelConfig`.
    """

    encoder: Encoder
    hierarchy: Hierarchy
    decoder: FrameDecoder
    likelihood: AbstractLikelihood

    @checked
    def decode(self, outputs: Float[Array, "frames output"]) -> Video:
        """Return what the decoder makes of the lowest level's outputs, frame by frame."""
        with jax.named_scope("decode"):
            return jax.vmap(self.decoder)(outputs)

    @checked
    def render(self, outputs: Float[Array, "frames output"]) -> Video:
        """Return the expected frames given the lowest level's outputs."""
        return jax.vmap(self.likelihood.mean)(self.decode(outputs))

    def blinded(self, levels: Collection[int]) -> "CWVAE":
        """Return this model with those levels (0 is the fastest) not hearing the frames.

        They imagine while the others observe (the official `use_obs`). Raises `ValueError` for a
        level that the model does not have.
        """
        return replace(self, hierarchy=replace(self.hierarchy, blind=frozenset(levels)))
