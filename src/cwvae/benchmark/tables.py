"""The tables of a benchmark's results, in Markdown."""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cwvae.benchmark.choosing import quality

__all__ = ["by_method", "costs", "markdown", "spread", "table", "tuned"]

_SHOWN = (50, 100, 300, 1000)
# Rows of reference, by their names in tables, and what each is called where digits are read.
_REFERENCES = {
    "truth": "truth",
    "copy last frame": "copy of the last frame",
    "another video": "another video",
}


def table(result: Mapping[str, Any]) -> str:
    """Return a row a method: identity at some frames, legibility, place, SSIM and PSNR.

    Of several seeds the mean, with the least and the most; then rows of reference. "" where no run
    was measured on digits.
    """
    if not any(map(_frames, result["runs"])):
        return ""
    frames = [frame for frame in _SHOWN if any(frame in _frames(run) for run in result["runs"])]
    heads = [*(f"digit right at {frame}" for frame in frames), "legible at the end"]
    heads += ["place lost at", "SSIM", "PSNR", "seeds"]
    rows = [
        [runs[0]["title"], *_identity(runs, frames), *_pixels(runs), str(len(runs))]
        for runs in by_method(result)
    ]
    return markdown(["method", *heads], [*rows, *_references(result, frames)])


def costs(result: Mapping[str, Any]) -> str:
    """Return a row a method: what was chosen for it, its weights, what it saw and what it took.

    Of several seeds the speed is the median; hours are those of the training steps at that speed.
    """
    heads = ["method", "chosen", "parameters", "frames seen", "training frames/s", "hours"]
    rows = []
    for runs in by_method(result):
        first = runs[0]
        speeds = [run["frames_per_second"] for run in runs if run["frames_per_second"]]
        middle = statistics.median(speeds) if speeds else None
        rows.append(
            [
                first["title"],
                first["variant"],
                f"{first['parameters']:,}",
                f"{first['frames_seen']:,}",
                "" if middle is None else f"{middle:,.0f}",
                "" if middle is None else f"{first['frames_seen'] / middle / 3600:.2f}",
            ]
        )
    return markdown(heads, rows)


def tuned(result: Mapping[str, Any]) -> str:
    """Return a row a choice of the grid: what the short runs found, by which it is judged.

    Remembered is the share of digits that are right, mean over the frames, or of walks whose
    sequence of rooms is, mean over the classes.
    """
    heads = ["method", "choice", "remembered", "SSIM"]
    rows = []
    for run in result["tuning"]:
        kept, ssim = quality(run)
        rows.append([run["title"], run["variant"], f"{kept:.3f}", f"{ssim:.3f}"])
    return markdown(heads, rows)


def by_method(result: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """Give the runs of every method that has some, in the order in which they came."""
    for method in dict.fromkeys(run["method"] for run in result["runs"]):
        yield [run for run in result["runs"] if run["method"] == method]


def _frames(run: Mapping[str, Any]) -> list[int]:
    """Return the frames at which digits were read."""
    return run["identity"].get("frames", [])


def _identity(runs: Sequence[Mapping[str, Any]], frames: Sequence[int]) -> list[str]:
    """Return the cells on digits: what was read at some frames, and where the place was lost."""
    if not _frames(runs[0]):
        return [""] * (len(frames) + 2)
    found = [run["identity"] for run in runs]
    at = [_frames(runs[0]).index(frame) for frame in frames]
    cells = [spread([one["accuracy"][index] for one in found]) for index in at]
    cells.append(spread([one["legible"][-1] for one in found]))
    lost = sorted(one["position_lost_at"] or math.inf for one in found)
    ends = sorted({lost[0], lost[-1]})
    return [*cells, " to ".join("never" if end == math.inf else str(end) for end in ends)]


def _pixels(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return SSIM and PSNR, the mean over forecasts and frames."""
    found = [run["summary"]["model, mean"] for run in runs]
    ssim, psnr = ([one[name]["mean"] for one in found] for name in ("ssim", "psnr"))
    return [spread(ssim, ".3f"), spread(psnr)]


def _references(result: Mapping[str, Any], frames: Sequence[int]) -> list[list[str]]:
    """Return the rows of what no method should do worse, or can do better, than."""
    if not result["runs"]:
        return []
    run = result["runs"][0]
    read, pixels = run["identity"].get("rows", {}), run["summary"]
    rows = []
    for name, as_read in _REFERENCES.items():
        if as_read in read or name in pixels:
            cells = [*_as_read(run, as_read, frames), *_as_measured(pixels.get(name)), ""]
            rows.append([f"({name})", *cells])
    return rows


def _as_read(run: Mapping[str, Any], name: str, frames: Sequence[int]) -> list[str]:
    """Return the cells on digits of a row of reference, empty where it was not read."""
    known = run["identity"].get("rows", {}).get(name)
    if known is None:
        return [""] * (len(frames) + 2)
    shares = [known["accuracy"]["mean"][_frames(run).index(frame)] for frame in frames]
    read = [f"{share:.2f}" for share in (*shares, known["legible"]["mean"][-1])]
    return [*read, str(known["position_lost_at"] or "never")]


def _as_measured(known: Mapping[str, Any] | None) -> list[str]:
    """Return the cells of SSIM and PSNR of a row of reference."""
    if known is None:
        return ["", ""]
    return [f"{known['ssim']['mean']:.3f}", f"{known['psnr']['mean']:.2f}"]


def spread(values: Sequence[float], style: str = ".2f") -> str:
    """Return the mean of some values, with the least and the most of several."""
    mean = format(sum(values) / len(values), style)
    if len(values) == 1:
        return mean
    return f"{mean} ({min(values):{style}} to {max(values):{style}})"


def markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table."""
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])
