"""What does a level do? Change its state, or what it observes, and see what follows.

Five interventions. `reset` and `swap` change states, from which `cwvae.rollout.imagine` goes on;
`blind` and `clamp` change the model; `resample` draws some levels anew while the others are held.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae.beliefs import AbstractBelief
from cwvae.cells import AbstractCell, AbstractWrapper, State
from cwvae.cells.base import LevelConditioning
from cwvae.model import CWVAE
from cwvae.shapes import LevelNoise, Video, checked

__all__ = ["Clamped", "GivenSample", "blind", "clamp", "resample", "reset", "swap"]


@checked
def reset(
    model: CWVAE, states: tuple[State, ...], levels: int | Collection[int]
) -> tuple[State, ...]:
    """Return states of which those levels' are as before the first frame.

    What did the levels remember of the video?

    **Arguments:** `states`, one for each level, the fastest first, as of `cwvae.rollout.observe`;
    `levels`, one or several, 0 the fastest. The times of the last ticks stay, so that durations do.

    Raises `ValueError` for a level that does not exist, or states that are not the model's.
    """
    _check_states(model, states)
    initial = model.hierarchy.init()
    return _from(initial, states, _checked_levels(levels, len(states)))


@checked
def swap(
    states: tuple[State, ...], others: tuple[State, ...], levels: int | Collection[int]
) -> tuple[tuple[State, ...], tuple[State, ...]]:
    """Exchange those levels' states between two videos.

    Which facts travel with a level from one video to the other?

    **Arguments:** `states` and `others`, each one for each level, of one model; `levels`, one or
    several, 0 the fastest. Each video keeps the times of its last ticks.

    Returns the two videos' states. Raises `ValueError` for a level that does not exist, or states
    that do not fit each other.
    """
    shapes = [[(s.stoch.shape, s.deter.shape) for s in both] for both in (states, others)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"both videos must have states of the same shapes, got (stoch, deter) {shapes[0]} and "
            f"{shapes[1]}, the fastest level first; take both from one model"
        )
    levels = _checked_levels(levels, len(states))
    return _from(others, states, levels), _from(states, others, levels)


@checked
def blind(model: CWVAE, levels: int | Collection[int]) -> CWVAE:
    """Return a model of which those levels imagine while the others observe.

    What does the inference of a level add to that of the others?

    **Arguments:** `levels`, one or several, 0 the fastest (the official `use_obs`). In a model
    that is blind on all levels observing is imagining.

    Raises `ValueError` for a level that does not exist.
    """
    return model.blinded(_checked_levels(levels, model.hierarchy.clock.levels))


@checked
def clamp(model: CWVAE, latents: Mapping[int, Float[Array | np.ndarray, "..."]]) -> CWVAE:
    """Return a model in which the latents of some levels are held at given values.

    What does a latent do to the frames and to the levels below?

    **Arguments:** `latents`, the stochastic part z, (stoch,), by level, 0 the fastest. At every
    tick of these levels it is z, whatever they believe; their memories and the levels below go
    on from it. `model.hierarchy.noise` of the new model holds z in the place of noise, so that
    noise with other values, (ticks, stoch), gives a latent of its own to every tick.

    Raises `ValueError` for a level that does not exist or a latent of another length.
    """
    cells = list(model.hierarchy.cells)
    for level in _checked_levels(latents.keys(), len(cells)):
        cells[level] = Clamped(cells[level], jnp.asarray(latents[level], dtype=float))
    return replace(model, hierarchy=replace(model.hierarchy, cells=tuple(cells)))


@checked
def resample(
    model: CWVAE,
    video: Video,
    levels: int | Collection[int],
    noise: LevelNoise,
    fresh: LevelNoise,
    conditioning: LevelConditioning | None = None,
) -> Video:
    """Reconstruct a video with some levels drawn anew from their priors, the others held.

    What varies with the draw depends on the levels, directly or through those below them, whose
    latents stay while their memories and contexts follow.

    **Arguments:** `levels`, one or several, 0 the fastest; `noise` with which the video is
    observed, whose latents the other levels keep; `fresh`, the noise of the draw, of which that of
    `levels` is used, each `model.hierarchy.noise(frames, key=key)` of a key of its own;
    `conditioning` of these frames.

    Raises `ValueError` for a level that does not exist, or noise for other frames.
    """
    chosen = _checked_levels(levels, model.hierarchy.clock.levels)
    _, traces = model.infer(video, noise, conditioning)
    held = {n: jnp.zeros(t.states.stoch.shape[-1]) for n, t in enumerate(traces) if n not in chosen}
    given = tuple(
        fresh[level] if level in chosen else trace.states.stoch
        for level, trace in enumerate(traces)
    )
    # A level whose latents are given has them whatever it observes.
    _, (lowest, *_) = blind(clamp(model, held), chosen).infer(video, given, conditioning)
    return model.render(lowest.output)


class GivenSample(AbstractBelief):
    """A belief whose sample is given in the place of noise; all else is as it was.

    **Arguments:** `belief`, whose mode, densities, entropy and KL these are.
    """

    belief: AbstractBelief

    def sample(self, noise: Float[Array, "*ticks stoch"]) -> Float[Array, "*ticks stoch"]:
        """Return the noise."""
        return noise

    @property
    def mode(self) -> Float[Array, "*ticks stoch"]:
        """The most probable latent vector."""
        return self.belief.mode

    def log_prob(self, stoch: Float[Array, "*ticks stoch"]) -> Float[Array, "*ticks"]:
        """Return the log-density of a latent vector, in nats."""
        return self.belief.log_prob(stoch)

    def entropy(self) -> Float[Array, "*ticks"]:
        """Return the entropy, in nats."""
        return self.belief.entropy()

    def kl_parts(self, other: AbstractBelief) -> Float[Array, "*ticks parts"]:
        """Return KL(self || other) part by part; raise `ValueError` for one of another family."""
        return self.belief.kl_parts(other.belief if isinstance(other, GivenSample) else other)


class Clamped(AbstractWrapper):
    """A cell whose latent is given: its noise is its latent, by default always the same.

    **Arguments:** `cell`; `latent`, of length `cell.stoch_size`. Raises `ValueError` for another.
    """

    cell: AbstractCell
    latent: Float[Array, " stoch"]

    def __init__(self, cell: AbstractCell, latent: Float[Array, " stoch"]):
        """Hold the cell's latent."""
        if latent.shape != (cell.stoch_size,):
            raise ValueError(
                f"the latent of a level must have shape ({cell.stoch_size},), got "
                f"{latent.shape}; give one vector for all ticks"
            )
        self.cell, self.latent = cell, latent

    def noise(self, *, key: PRNGKeyArray) -> Float[Array, " stoch"]:
        """Return the latent."""
        return self.latent

    def prior(self, deter: Float[Array, " deter"]) -> AbstractBelief:
        """Return the cell's p(z_t | h_t), the sample given."""
        return GivenSample(self.cell.prior(deter))

    def posterior(self, deter: Float[Array, " deter"], evidence: object) -> AbstractBelief:
        """Return the cell's q(z_t | h_t, e_t), the sample given."""
        return GivenSample(self.cell.posterior(deter, evidence))


def _from(
    sources: tuple[State, ...], states: tuple[State, ...], levels: frozenset[int]
) -> tuple[State, ...]:
    """Return the states, on those levels with stoch and deter of the sources."""
    return tuple(
        State(source.stoch, source.deter, state.time) if level in levels else state
        for level, (source, state) in enumerate(zip(sources, states, strict=True))
    )


def _checked_levels(levels: int | Collection[int], count: int) -> frozenset[int]:
    """Return one or several levels as a set; raise `ValueError` for one that does not exist."""
    chosen = frozenset(levels if isinstance(levels, Collection) else [levels])
    if not chosen <= set(range(count)):
        raise ValueError(
            f"levels must be among {list(range(count))} (0 is the fastest), got {levels}; "
            "choose one or several of them"
        )
    return chosen


def _check_states(model: CWVAE, states: tuple[State, ...]) -> None:
    """Raise `ValueError` for states that are not those of the model's levels."""
    expected = [(cell.stoch_size, cell.deter_size) for cell in model.hierarchy.cells]
    got = [(*s.stoch.shape, *s.deter.shape) for s in states]
    if got != expected:
        raise ValueError(
            f"states must have sizes (stoch, deter) {expected}, the fastest level first, got {got};"
            " take them from cwvae.rollout.observe of this model, and use jax.vmap for many videos"
        )
