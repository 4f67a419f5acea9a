"""What a forecast has lost or gained against the truth, frame by frame: 1 is right.

Blur lowers the sharpness, what vanishes the mass, what freezes the motion energy, and none of
them asks whether things are where they should be: a forecast may differ from the truth, and yet
have its sharpness, mass and motion. Values are clipped to [0, 1] first.

Over frames and videos take the median, not the mean: where there is nothing in the truth a ratio is
very large, and even digits of Moving MNIST stand still for a step where they bounce.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from cwvae.shapes import Video, checked

__all__ = ["mass_ratio", "motion_energy", "sharpness"]

# Added to both sides of every ratio: nothing over nothing is 1, and nothing over something is
# close to 0. As an energy it is a difference of a thousandth, a quarter of a gray level.
_FLOOR = 1e-6


@checked
def sharpness(prediction: Video, truth: Video) -> Float[Array, " frames"]:
    """Return the mean gradient energy of every frame as a share of the truth's.

    The squared differences of neighbours, below and to the right, averaged over the frame, with
    1e-6 added to both sides. Below 1 a forecast is blurred or paler, above it is noisier.

    **Arguments:** `prediction` and `truth`, both (frames, height, width, channels), of at least
    2x2 pixels.

    Raises `ValueError` for videos with other axes, or smaller frames.
    """
    _check_video(truth, pixels=2)
    return _ratio(_gradient_energy(prediction), _gradient_energy(truth))


@checked
def mass_ratio(prediction: Video, truth: Video) -> Float[Array, " frames"]:
    """Return the mean intensity of every frame as a share of the truth's.

    1e-6 is added to both sides. On a black background: below 1 things have vanished or faded,
    above 1 there are too many. On another one it is the ratio of brightness alone.

    **Arguments:** `prediction` and `truth`, both (frames, height, width, channels).

    Raises `ValueError` for videos with other axes.
    """
    _check_video(truth)
    return _ratio(_mean(_clipped(prediction)), _mean(_clipped(truth)))


@checked
def motion_energy(prediction: Video, truth: Video) -> Float[Array, " changes"]:
    """Return the energy of the change from each frame to the next as a share of the truth's.

    The mean squared difference of two frames, with 1e-6 added to both sides. Near 0 a forecast is
    frozen, above 1 it flickers or moves too fast; blur lowers it too: read it with the sharpness.

    **Arguments:** `prediction` and `truth`, both (frames, height, width, channels), of two frames
    or more, one more than the answer has; with the last frame of the context before both, the step
    into the forecast counts too.

    Raises `ValueError` for videos with other axes, or fewer frames.
    """
    _check_video(truth, frames=2)
    return _ratio(_change_energy(prediction), _change_energy(truth))


def _gradient_energy(video: Video) -> Float[Array, " frames"]:
    """Return the mean squared difference of neighbouring pixels, of both directions together."""
    frames = _clipped(video)
    rows, columns = (_mean(jnp.square(jnp.diff(frames, axis=axis))) for axis in (1, 2))
    return rows + columns


def _change_energy(video: Video) -> Float[Array, " changes"]:
    """Return the mean squared difference of frames that follow each other."""
    return _mean(jnp.square(jnp.diff(_clipped(video), axis=0)))


def _clipped(video: Video) -> Array:
    """Return what can be seen of a video."""
    return jnp.clip(jnp.asarray(video), 0, 1)


def _mean(frames: Array) -> Float[Array, " frames"]:
    """Return the mean of every frame."""
    return frames.mean((1, 2, 3))


def _ratio(
    prediction: Float[Array, " frames"], truth: Float[Array, " frames"]
) -> Float[Array, " frames"]:
    """Return a share that is defined wherever both sides are."""
    return (prediction + _FLOOR) / (truth + _FLOOR)


def _check_video(video: Video, *, frames: int = 1, pixels: int = 1) -> None:
    """Raise `ValueError` for a video with other axes, or one that is too small."""
    if video.ndim != 4 or len(video) < frames or min(video.shape[1:3]) < pixels:
        raise ValueError(
            "expected videos (frames, height, width, channels) of at least "
            f"{frames} frame{'s' * (frames > 1)} of {pixels}x{pixels} pixels, "
            f"got shape {video.shape}; give more, and use jax.vmap for a batch"
        )
