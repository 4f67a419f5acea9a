"""The four parts of a Clockwork VAE as one pytree."""

from collections.abc import Callable, Collection
from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from jax.typing import DTypeLike
from jaxtyping import Array, Float, PyTree

from cwvae.cells.base import Conditioning, State, Trace
from cwvae.hierarchy import Hierarchy
from cwvae.likelihoods import AbstractLikelihood
from cwvae.nn.frame_networks import log_prob_sum, map_frames
from cwvae.shapes import LevelFeatures, LevelNoise, Video, checked

__all__ = ["CWVAE"]


class CWVAE(eqx.Module):
    """A Clockwork Variational Autoencoder (Saxena et al. 2021).

    **Arguments:**

    - `encoder`: a module that turns one frame into a vector for each level.
    - `hierarchy`: the levels' cells and their clock.
    - `decoder`: a module that turns the output of the lowest level into the parameters of a
      frame's distribution.
    - `likelihood`: the distribution of a frame given the decoder's answer.
    - `compute_dtype`: the floating point type in which encoder and decoder compute, such as
      "bfloat16"; by default that of the frames. Cells, beliefs and likelihoods keep theirs.

    A frame is an array of any shape that the four agree on. `cwvae.build` makes a model from a
    `ModelConfig`.
    """

    encoder: Callable[[Array], tuple[Array, ...]]
    hierarchy: Hierarchy
    decoder: Callable[[Array], Array]
    likelihood: AbstractLikelihood
    compute_dtype: str | None = eqx.field(static=True, default=None)

    def __check_init__(self) -> None:
        """Refuse a precision that is none."""
        known = ("float16", "bfloat16", "float32", "float64")
        if self.compute_dtype not in (None, *known):
            raise ValueError(
                f"compute_dtype must be {', '.join(known)} or None, got {self.compute_dtype!r}"
            )

    @checked
    def encode(self, frames: Video) -> LevelFeatures:
        """Return what the encoder makes of every frame for each level, (frames, feature)."""
        if frames.shape[0] < 1:
            raise ValueError("a video needs at least 1 frame, got none")
        levels = self.hierarchy.clock.levels
        with jax.named_scope("encode"):
            features = self._rounded(self.encoder, jnp.asarray(frames))
        if not isinstance(features, tuple):
            raise ValueError(
                "the encoder must return a tuple, a vector for each level; wrap what encodes "
                "one frame in cwvae.nn.encoder.Encoder(frame, stacks)"
            )
        if len(features) != levels:
            raise ValueError(
                f"{levels} levels need an encoder with features for each, "
                f"got features for {len(features)}"
            )
        return features

    @checked
    def features(self, video: Video) -> LevelFeatures:
        """Return each level's features, (ticks, feature), summed over its clock's windows."""
        return self.pool(self.encode(video))

    def pool(self, features: LevelFeatures) -> LevelFeatures:
        """Sum what the encoder made of a video's frames over the windows of each level's clock."""
        return tuple(self.hierarchy.clock.windows(f, level) for level, f in enumerate(features))

    @checked
    def infer(
        self, video: Video, noise: LevelNoise, conditioning: tuple[Conditioning, ...] | None = None
    ) -> tuple[tuple[State, ...], tuple[Trace, ...]]:
        """Observe a whole video; return every level's last state and the record of its ticks.

        `noise` and `conditioning` are the hierarchy's for the video's frames; without
        `conditioning` the frames come at times 0, 1, 2, ... without actions.
        """
        return self.observe(self.features(video), noise, conditioning)

    def observe(
        self,
        features: LevelFeatures,
        noise: LevelNoise,
        conditioning: tuple[Conditioning, ...] | None = None,
    ) -> tuple[tuple[State, ...], tuple[Trace, ...]]:
        """Return what `infer` does of a video of which `hear` returned the features."""
        frames = len(features[0])
        if len(noise) and len(noise[0]) != frames:
            raise ValueError(
                f"the noise is for {len(noise[0])} frames, the video has {frames}; make it "
                f"with model.hierarchy.noise({frames}, key=...)"
            )
        if conditioning is None:
            conditioning = self.hierarchy.conditioning(frames)
        return self.hierarchy.observe(self.hierarchy.init(), features, noise, conditioning)

    @checked
    def decode(self, outputs: Float[Array, "frames output"]) -> Float[Array, " frames *decoded"]:
        """Return what the decoder makes of the lowest level's outputs, frame by frame."""
        with jax.named_scope("decode"):
            return self._rounded(self.decoder, outputs)

    @checked
    def log_likelihood(
        self,
        outputs: Float[Array, "frames output"],
        frames: Float[Array | np.ndarray, " frames *frame"],
    ) -> Float[Array, ""]:
        """Return log p(frames) given the lowest level's outputs, in nats, summed over all frames.

        For the value of each frame, `decode` and ask the likelihood. A decoder that is an
        `AbstractFrameDecoder` may forget each frame here, also where gradients are taken.
        """
        score = Partial(_log_prob, self.likelihood, outputs.dtype)
        rounded = outputs if self.compute_dtype is None else outputs.astype(self.compute_dtype)
        with jax.named_scope("decode"):
            return log_prob_sum(self.decoder, score, rounded, jnp.asarray(frames))

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

    def _rounded(self, network: Callable[[Array], PyTree[Array]], frames: Array) -> PyTree[Array]:
        """Apply a network to every frame in the model's precision, and return to that of frames."""
        if self.compute_dtype is None:
            return map_frames(network, frames)
        answers = map_frames(network, frames.astype(self.compute_dtype))
        return jax.tree.map(lambda answer: answer.astype(frames.dtype), answers)


def _log_prob(
    likelihood: AbstractLikelihood, dtype: DTypeLike, decoded: Array, frame: Array
) -> Float[Array, ""]:
    """Return the log-likelihood of a frame, in that precision whatever the decoder's."""
    return likelihood.log_prob(decoded.astype(dtype), frame)
