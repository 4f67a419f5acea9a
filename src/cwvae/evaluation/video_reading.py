"""What the reader sees in one video: the class of windows of ten frames, and places frame by frame.

The frames of a video are not kept, so that many long videos can be read one after the other.
"""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from cwvae.evaluation.reader import Reader, Reading

__all__ = [
    "WINDOW",
    "Seen",
    "VideoReading",
    "distance",
    "follow_classes",
    "legible",
    "masses",
    "read_frames",
    "read_video",
    "window_classes",
    "window_ends",
]

WINDOW = 10
"""Frames whose readings are added up to one."""

_TIMES = (50, 100, 200, 300, 500, 750, 1000)
_CONFIDENT = 0.5  # probability from which a frame's reading counts
_SURE = 3  # frames of a window that have to be read so: two digits may cross in the others
_CHUNK = 128  # frames read at a time
# A digit, or several, have the mass of those of the context; half a pair or a doubled digit do not.
_MASS = (0.7, 1.3)


class Seen(eqx.Module):
    """What was read in samples of one video, or of each of several.

    **Arguments:** of every window, `classes`, the most probable; `confident`, whether at least
    three of its frames are read with a probability above .5; `mass`, the sum of its pixels as a
    share of that of the context frames. Of every frame after the context, `errors`, how far the
    digits are from where they truly are, in pixels.
    """

    classes: Int[np.ndarray, "*videos samples windows"]
    confident: Bool[np.ndarray, "*videos samples windows"]
    mass: Float[np.ndarray, "*videos samples windows"]
    errors: Float[np.ndarray, "*videos samples horizon"]


class VideoReading(eqx.Module):
    """What is kept of one video.

    **Arguments:** `seen` in every kind of forecast by its name; `places` of the digits as read in
    the truth after the context, and their true `positions`, in pixels; `labels`, the digits.
    """

    seen: dict[str, Seen]
    places: Float[np.ndarray, "horizon num_digits 2"]
    positions: Float[np.ndarray, "horizon num_digits 2"]
    labels: Int[np.ndarray, " num_digits"]


def window_ends(context: int, frames: int) -> tuple[int, ...]:
    """Return the last frames of the windows that are read, counted from 1.

    The first ten frames after the context, and 50, 100, 200, 300, 500, 750 and 1000 where all ten
    are frames of the forecast; the last frame where none of these fits.

    Raises `ValueError` for fewer than ten frames after the context.
    """
    first = context + WINDOW
    if frames < first:
        raise ValueError(
            f"forecasts must have at least {WINDOW} frames to be read, got {frames - context}; "
            "predict more"
        )
    return first, *([time for time in _TIMES if first <= time <= frames] or [frames])


def read_video(
    reader: Reader,
    forecasts: Float[Array | np.ndarray, "samples horizon height width 1"],
    truth: Float[Array | np.ndarray, "frames height width 1"],
    labels: Int[np.ndarray, " num_digits"],
    positions: Float[np.ndarray, "frames num_digits 2"],
    *,
    reconstruction: Float[Array | np.ndarray, "frames height width 1"] | None = None,
) -> VideoReading:
    """Read the forecasts of one video, the truth, a copy of the last context frame.

    **Arguments:** `forecasts`, which go on after the context; `truth`, the context included, and
    its `labels` and `positions` as `MovingMNIST` gives them; `reconstruction`, which is read too
    where it is given.
    """
    truth, forecasts = np.asarray(truth), np.asarray(forecasts)
    frames, horizon = len(truth), forecasts.shape[1]
    context = frames - horizon
    ends = np.array(window_ends(context, frames)) - context
    mass = max(float(masses(truth[:context]).mean()), 1e-6)
    count, expected = len(labels), positions[context:]

    def seen(videos: np.ndarray) -> tuple[Seen, np.ndarray]:
        reading = read_frames(reader, videos.reshape(-1, *videos.shape[2:]), count)
        return _seen(reading, videos, ends, mass, expected), np.asarray(reading.places)

    true, places = seen(truth[np.newaxis, context:])
    rows = {"model": seen(forecasts)[0], "truth": true}
    if reconstruction is not None:
        rows["reconstruction"] = seen(np.asarray(reconstruction)[np.newaxis, context:])[0]
    rows["copy of the last frame"] = _copied(
        reader, truth[context - 1 : context], ends, mass, expected
    )
    return VideoReading(rows, places, expected, np.asarray(labels))


def read_frames(
    reader: Reader, frames: Float[np.ndarray, "frames height width 1"], num_digits: int
) -> Reading:
    """Read frames a chunk at a time, the last one filled up, so that one compilation is enough.

    **Arguments:** those of a `Reader`. The answer is in NumPy's arrays.
    """
    blank = np.zeros((-len(frames) % _CHUNK, *frames.shape[1:]), frames.dtype)
    whole = np.concatenate([frames, blank])
    parts = [
        _call(reader, jnp.asarray(whole[start : start + _CHUNK]), num_digits)
        for start in range(0, len(whole), _CHUNK)
    ]
    return Reading(
        log_probs=np.concatenate([part.log_probs for part in parts])[: len(frames)],
        places=np.concatenate([part.places for part in parts])[: len(frames)],
    )


def window_classes(
    log_probs: Float[np.ndarray, "*windows window classes"],
) -> tuple[Int[np.ndarray, "*windows"], Bool[np.ndarray, "*windows"]]:
    """Return the most probable class of every window, and whether three of its frames are sure.

    The logarithms of probabilities are added up over the frames whose reading has a probability
    above .5, over all where there is none.

    **Arguments:** `log_probs` as a `Reading` has them, of the frames of each window.
    """
    sure = log_probs.max(-1) > np.log(_CONFIDENT)
    weights = np.where(sure.any(-1, keepdims=True), sure, True)
    total = np.einsum("...wc,...w->...c", log_probs, weights.astype(log_probs.dtype))
    return total.argmax(-1).astype(np.int32), sure.sum(-1) >= _SURE


def legible(
    confident: Bool[np.ndarray, "*windows"], mass: Float[np.ndarray, "*windows"]
) -> Bool[np.ndarray, "*windows"]:
    """Return whether windows are legible, from what `Seen` has of them."""
    least, most = _MASS
    return confident & (mass >= least) & (mass <= most)


def follow_classes(
    reader: Reader,
    video: Float[Array | np.ndarray, "frames height width 1"],
    *,
    mass: float,
    num_digits: int = 1,
) -> Int[np.ndarray, " frames"]:
    """Return the class of the ten frames that end at every frame, -1 where they are not legible.

    The first nine frames have the class of the tenth.

    **Arguments:** `video`, of ten frames or more; `mass`, the mean sum of the pixels of frames
    that are known to be right, such as those of the context; `num_digits`, one or two.

    Raises `ValueError` for fewer than ten frames.
    """
    frames = np.asarray(video)
    if len(frames) < WINDOW:
        raise ValueError(
            f"a video must have at least {WINDOW} frames to be read, got {len(frames)}; give more"
        )
    log_probs = np.asarray(read_frames(reader, frames, num_digits).log_probs)
    windows = np.arange(WINDOW, len(frames) + 1)[:, np.newaxis] + np.arange(-WINDOW, 0)
    classes, confident = window_classes(log_probs[windows])
    good = legible(confident, masses(frames)[windows].mean(-1) / max(mass, 1e-6))
    found = np.where(good, classes, -1)
    return np.concatenate([np.full(WINDOW - 1, found[0]), found])


def distance(
    places: Float[np.ndarray, "*#frames num_digits 2"],
    positions: Float[np.ndarray, "*#frames num_digits 2"],
) -> Float[np.ndarray, "..."]:
    """Return how far digits are from their positions, the mean over one digit or two.

    Two digits are matched with the two positions in the way that costs less.
    """
    straight = np.linalg.norm(places - positions, axis=-1).mean(-1)
    crossed = np.linalg.norm(places[..., ::-1, :] - positions, axis=-1).mean(-1)
    return np.asarray(np.minimum(straight, crossed))


def _seen(
    reading: Reading, videos: np.ndarray, ends: np.ndarray, mass: float, expected: np.ndarray
) -> Seen:
    """Return what is kept of the reading of samples of a video."""
    samples, horizon = videos.shape[:2]
    log_probs = np.asarray(reading.log_probs).reshape(samples, horizon, -1)
    places = np.asarray(reading.places).reshape(samples, horizon, -1, 2)
    windows = ends[:, np.newaxis] + np.arange(-WINDOW, 0)
    classes, confident = window_classes(log_probs[:, windows])
    return Seen(
        classes=classes,
        confident=confident,
        mass=masses(videos)[:, windows].mean(-1) / mass,
        errors=distance(places, expected),
    )


def _copied(
    reader: Reader, frame: np.ndarray, ends: np.ndarray, mass: float, expected: np.ndarray
) -> Seen:
    """Return what is seen in a video that stands still."""
    reading = read_frames(reader, frame, expected.shape[1])
    still = np.repeat(np.asarray(reading.log_probs)[np.newaxis, np.newaxis], WINDOW, axis=2)
    classes, confident = window_classes(np.repeat(still, len(ends), axis=1))
    return Seen(
        classes=classes,
        confident=confident,
        mass=np.full((1, len(ends)), masses(frame)[0] / mass),
        errors=distance(np.asarray(reading.places), expected)[np.newaxis],
    )


def masses(videos: Float[np.ndarray, "*frames height width 1"]) -> Float[np.ndarray, "*frames"]:
    """Return the sum of the pixels of every frame, clipped to [0, 1]."""
    return np.clip(videos, 0, 1).sum((-3, -2, -1))


@eqx.filter_jit
def _call(reader: Reader, frames: Float[Array, "frames height width 1"], count: int) -> Reading:
    """Read frames, compiled once for each number of digits."""
    return reader(frames, count)
