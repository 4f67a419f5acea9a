"""Videos whose frames are not evenly spaced: resampled to a rate, or noticed."""

import itertools
import statistics
import warnings
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from cwvae.data.decoding import TimedFrame

__all__ = ["UnevenFramesWarning", "evenly", "no_times", "resampled"]

# Times rounded to whole units do not make frames uneven: Matroska counts milliseconds.
_ROUNDING = Fraction(1, 1000)


class UnevenFramesWarning(UserWarning):
    """The frames of a video are not evenly spaced in time, and are read as if they were."""


def resampled(
    frames: Iterable[TimedFrame], rate: float, path: Path
) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
    """Yield what a player shows at the times 0, 1 / rate, 2 / rate, ... after the first frame.

    **Arguments:** `frames`, in the order of their times; `rate`, frames a second; `path`, for the
    error.

    Raises `ValueError` for a file without times.
    """
    step, due = 1 / Fraction(rate).limit_denominator(10**6), Fraction(0)
    last: TimedFrame | None = None
    start, time, gap = Fraction(0), Fraction(0), step
    for frame in frames:
        if frame.time is None:
            raise no_times(path)
        start = frame.time if last is None else start
        gap, time = frame.time - start - time or step, frame.time - start
        while last is not None and due < time:
            yield last.pixels
            due += step
        last = frame
    while last is not None and due < time + (last.lasts or gap):
        yield last.pixels
        due += step


def no_times(path: Path) -> ValueError:
    """Return the error for resampling a file that does not have the times of its frames."""
    return ValueError(
        f"{path}: expected the times of frames, which resampling to --frame-rate needs, found none "
        "in the file; leave --frame-rate out"
    )


def evenly(
    frames: Iterable[TimedFrame], path: Path
) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
    """Yield every frame once, and warn at the end when their times are not evenly spaced."""
    times: list[Fraction | None] = []
    lasts = None
    for frame in frames:
        yield frame.pixels
        times.append(frame.time)
        lasts = frame.lasts
    known = [time for time in times if time is not None]
    if len(known) == len(times) > 1:
        _warn_if_uneven(known, lasts, path)


def _warn_if_uneven(times: list[Fraction], lasts: Fraction | None, path: Path) -> None:
    gaps = [after - before for before, after in itertools.pairwise(times)]
    gaps += [lasts] if lasts else []
    usual = statistics.median_low(gaps)
    if usual <= 0 or all(abs(gap - usual) <= max(usual / 2, _ROUNDING) for gap in gaps):
        return
    seconds, rate = sum(gaps), 1 / usual
    warnings.warn(
        f"{path}: its {len(times)} frames are shown for {float(min(gaps)):.3g} to "
        f"{float(max(gaps)):.3g} s each and are read as evenly spaced; --frame-rate "
        f"{float(rate):.3g} would make {round(seconds * rate)} frames of these "
        f"{float(seconds):.3g} s",
        UnevenFramesWarning,
        stacklevel=2,
    )
