"""The way of a video: encoded, observed by the levels, decoded, and scored."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cwvae.cells.base import Conditioning, State, Trace
from cwvae.conditioning import following, without_hidden
from cwvae.hierarchy import Hierarchy
from cwvae.hierarchy_checks import check_states
from cwvae.likelihoods import AbstractLikelihood
from cwvae.nn.frame_networks import log_probs, map_frames, map_videos
from cwvae.shapes import (
    BatchFeatures,
    FrameFeatures,
    LevelFeatures,
    LevelNoise,
    Video,
    checked,
)
from cwvae.video_model import AbstractVideoModel

__all__ = ["AbstractClockwork", "Past"]

_Clockwork = TypeVar("_Clockwork", bound="AbstractClockwork")


class Past(eqx.Module):
    """What the frames of a video leave to those that go on after them.

    **Arguments:**

    - `states`: every level's last state, at the end of frames that are a multiple of the slowest
      period.
    - `windows`: of a causal clock, every level's features of the frames since its last tick,
      summed, for the window of its next tick; of one that looks ahead nothing is left open.

    `AbstractClockwork.past` makes it.
    """

    states: tuple[State, ...]
    windows: tuple[Float[Array, "*batch _"], ...] = ()


class AbstractClockwork(AbstractVideoModel):
    """The way of a video through encoder, hierarchy, decoder and likelihood: see `cwvae.CWVAE`."""

    encoder: eqx.AbstractVar[Callable[[Array], tuple[Array, ...]]]
    hierarchy: eqx.AbstractVar[Hierarchy]
    decoder: eqx.AbstractVar[Callable[[Array], Array]]
    likelihood: eqx.AbstractVar[AbstractLikelihood]

    @checked
    def encode(self, frames: Video) -> FrameFeatures:
        """Return the encoder's features of every frame for each level, (frames, feature).

        Raises `ValueError` for a video without frames and for an encoder of other levels.
        """
        if frames.shape[0] < 1:
            raise ValueError("a video needs at least 1 frame, got none")
        with jax.named_scope("encode"):
            features = map_frames(self.encoder, jnp.asarray(frames))
        self._check_features(features)
        return features

    @checked
    def encode_videos(
        self, videos: Float[Array | np.ndarray, "batch frames *frame"]
    ) -> BatchFeatures:
        """Return the encoder's features of every frame of whole videos, for each level.

        As `encode` of each video, but an encoder may leave zeros for frames that no tick of a
        static level reads. Raises `ValueError` as `encode` does.
        """
        if videos.shape[1] < 1:
            raise ValueError("a video needs at least 1 frame, got none")
        clock = self.hierarchy.clock
        read = None if clock.static_window is None else clock.tick_frames[-1]
        with jax.named_scope("encode"):
            features = map_videos(self.encoder, jnp.asarray(videos), read)
        self._check_features(features)
        return features

    def _check_features(self, features: Any) -> None:
        """Raise `ValueError` unless there are features for each level."""
        levels = self.hierarchy.clock.levels
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

    def pool(self, features: FrameFeatures, past: Past | None = None) -> LevelFeatures:
        """Return the features of each level's ticks: the sums over its clock's windows.

        `past`, if the frames do not begin a video, is what those before them left. Raises
        `ValueError` for that of a model with another clock.
        """
        clock = self.hierarchy.clock
        before: list[Array | None] = [None] * clock.levels
        if past is not None:
            expected = 0 if clock.lookahead else clock.levels
            if len(past.windows) != expected:
                raise ValueError(
                    f"the past must have {expected} windows, those that this model's clock leaves "
                    f"open, got {len(past.windows)}; make it with model.past(features, states)"
                )
            before[:expected] = past.windows
        pooled = tuple(
            clock.windows(feature, level, first)
            for level, (feature, first) in enumerate(zip(features, before, strict=True))
        )
        if past is None or clock.static_window is None:
            return pooled
        return (*pooled[:-1], pooled[-1][:0])  # a static level ticks where a video begins

    def past(self, features: FrameFeatures, states: tuple[State, ...]) -> Past:
        """Return what frames leave to those that go on after them.

        **Arguments:** `features` of the frames, from `encode`; `states`, the levels' last. The
        frames are a multiple of the slowest period.
        """
        clock = self.hierarchy.clock
        if clock.lookahead:
            return Past(states)
        return Past(states, tuple(clock.open_window(f, level) for level, f in enumerate(features)))

    @checked
    def features(self, video: Video, past: Past | None = None) -> LevelFeatures:
        """Return the features of each level's ticks, (ticks, feature), as `pool` does."""
        return self.pool(self.encode(video), past)

    def observe(
        self,
        features: LevelFeatures,
        noise: LevelNoise,
        conditioning: tuple[Conditioning, ...] | None = None,
        states: tuple[State, ...] | None = None,
    ) -> tuple[tuple[State, ...], tuple[Trace, ...]]:
        """Run the hierarchy over a video's `features`, from `states` or its first; see `infer`."""
        frames, levels = features[0].shape[0], self.hierarchy.clock.levels
        remedy = f"make it with model.hierarchy.noise({frames}, key=...)"
        if not isinstance(noise, Sequence) or len(noise) != levels:
            got = f"{len(noise)}" if isinstance(noise, Sequence) else type(noise).__name__
            raise ValueError(f"the noise must be {levels} arrays, one a level, got {got}; {remedy}")
        if noise[0].shape[0] != frames:
            raise ValueError(
                f"the noise is for {noise[0].shape[0]} frames, the video has {frames}; {remedy}"
            )
        if states is None:
            return self.hierarchy.observe(self.hierarchy.init(), features, noise, conditioning)
        if conditioning is None:
            check_states(self.hierarchy.cells, self.hierarchy.clock, states)
            conditioning = following(self.hierarchy.clock, states, frames)
        return self.hierarchy.observe(states, features, noise, conditioning)

    @checked
    def infer(
        self,
        video: Video,
        noise: LevelNoise,
        conditioning: tuple[Conditioning, ...] | None = None,
        past: Past | None = None,
    ) -> tuple[tuple[State, ...], tuple[Trace, ...]]:
        """Observe a whole video; return every level's last state and the record of its ticks.

        **Arguments:**

        - `noise`, `conditioning`: the hierarchy's for the video's frames. Without `conditioning`
          the frames come at times 0, 1, 2, ... or go on after the past, without actions, and all
          are observed.
        - `past`: what earlier frames left, from which these go on; without it the video begins.
          Their `conditioning` is then cut from that of all frames.

        Raises `ValueError` for noise of another number of frames or levels, or a past that is not
        this model's.
        """
        states = None if past is None else past.states
        features = without_hidden(self.encode(video), conditioning)
        return self.observe(self.pool(features, past), noise, conditioning, states)

    @checked
    def decode(self, outputs: Float[Array, "frames output"]) -> Float[Array, " frames *decoded"]:
        """Return the decoder's parameters of every frame given the lowest level's outputs.

        Raises `ValueError` for outputs of another width.
        """
        self._check_outputs(outputs)
        with jax.named_scope("decode"):
            return map_frames(self.decoder, outputs)

    @checked
    def render(self, outputs: Float[Array, "frames output"]) -> Video:
        """Return the expected frames given the lowest level's outputs, as `decode` does."""
        return jax.vmap(self.likelihood.mean)(self.decode(outputs))

    @checked
    def log_likelihood(
        self, outputs: Float[Array, "frames output"], video: Video
    ) -> Float[Array, " frames"]:
        """Return log p(x_t | s_t^1) of every frame given the lowest level's outputs, in nats.

        A decoder that is an `AbstractFrameDecoder` may forget each frame as soon as it has its
        log-likelihood, also where gradients are taken.
        """
        self._check_outputs(outputs)
        with jax.named_scope("decode"):
            return log_probs(self.decoder, self.likelihood.log_prob, outputs, jnp.asarray(video))

    def blinded(self: _Clockwork, levels: Collection[int]) -> _Clockwork:
        """Return this model with those levels (0 is the fastest) blind to the frames.

        They imagine while the others observe (the official `use_obs`). Raises `ValueError` for a
        level that the model does not have.
        """
        return replace(self, hierarchy=replace(self.hierarchy, blind=frozenset(levels)))

    def _check_outputs(self, outputs: Float[Array, "frames output"]) -> None:
        """Raise `ValueError` for outputs that are not the lowest level's."""
        expected = self.hierarchy.cells[0].output_size
        if outputs.shape[1] != expected:
            raise ValueError(
                f"the outputs must be {expected} wide, [stoch, deter] of the lowest level, got "
                f"{outputs.shape[1]}; take traces[0].output, the lowest level's of a record"
            )
