"""The two figures of the pages: the architecture, and what was found.

    python scripts/figures.py           # draw them anew, in docs/figures
    python scripts/figures.py --check   # fail if they are not what code and results give

The architecture is drawn from a `Clock`; the results are `remembering.json` and `levels.json` in
benchmarks/results.
"""

import argparse
import itertools
import json
import sys
from pathlib import Path
from typing import Any

from svg import Drawing

from cwvae import Clock

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "figures"
RESULTS = ROOT / "benchmarks" / "results"

CLOCK, SEEN, FRAMES = Clock(3, 2), 4, 8
LEFT, STEP, HIGH = 145, 78, 90
# Curves of the results: the model and the row of it, the name, the colour, where its name stands.
CURVES = (
    ("pocket", "truth", "the true videos", "soft", -8),
    ("pocket", "model", "pocket, as it ships", "blue", 18),
    ("preset demo, 1,500 steps", "model", "two levels, no recipe", "orange", -6),
    ("pocket", "another video", "chance: another video", "soft", -8),
)


def architecture() -> str:
    """Draw three levels over eight frames: four are observed, four imagined."""
    picture = Drawing(780, 420, "Three levels of factor 2 over four context and four future frames")
    for level in range(CLOCK.levels):
        y, row = _row(level), f"level {level}"
        picture.words((12, y - 2), row, anchor="start")
        period = CLOCK.periods[level]
        every = "every frame" if period == 1 else f"every {period} frames"
        picture.words((12, y + 14), every, anchor="start", size=11, colour="soft")
        _ticks(picture, level)
    y = _row(-1)
    picture.words((12, y - 2), "frames", anchor="start")
    for frame in range(FRAMES):
        x, seen = LEFT + STEP * frame, frame < SEEN
        picture.line([(x, _row(0) + 19), (x, y - 20)], colour="soft", arrow=True)
        picture.box((x - 17, y - 17, 34, 34), line="ink" if seen else "soft", dashed=not seen)
        picture.words((x, y + 5), "x" if seen else "x̂")
    _windows(picture)
    _legend(picture)
    return picture.text()


def _row(level: int) -> float:
    """Return where a level's row is; below that of level 0 are the frames."""
    return 40 + HIGH * (CLOCK.levels - 1 - level)


def _ticks(picture: Drawing, level: int) -> None:
    """Draw the ticks of a level, what each keeps for the next, and what it gives to those below."""
    y, period = _row(level), CLOCK.periods[level]
    ticks = [frame for frame in range(FRAMES) if CLOCK.active(level, FRAMES)[frame]]
    for frame, following in itertools.pairwise(ticks):
        ends = (LEFT + STEP * frame + 18, y), (LEFT + STEP * following - 19, y)
        picture.line(ends, arrow=True)
    for frame in ticks:
        x = LEFT + STEP * frame
        if level:
            held = y + 34
            last = x + STEP * (period - CLOCK.periods[level - 1])
            picture.line([(x, y + 18), (x, held), (last, held)], colour="orange", width=2)
            for below in range(frame, frame + period, CLOCK.periods[level - 1]):
                at = LEFT + STEP * below
                ends = (at, held), (at, _row(level - 1) - 19)
                picture.line(ends, colour="orange", width=2, arrow=True)
        picture.disc((x, y), 17, fill="paper", line="blue" if frame < SEEN else "ink")
        picture.words((x, y + 5), "q" if frame < SEEN else "p")


def _windows(picture: Drawing) -> None:
    """Draw the windows of every level's ticks below the frames that are observed."""
    for level in range(CLOCK.levels):
        y, period = _row(-1) + 34 + 18 * level, CLOCK.periods[level]
        picture.words((12, y + 5), f"windows, level {level}", anchor="start", size=11)
        for frame in range(0, SEEN, period):
            x, wide = LEFT + STEP * frame - 17, STEP * (period - 1) + 34
            picture.box((x, y - 4, wide, 8), fill="blue", rounded=4)


def _legend(picture: Drawing) -> None:
    """Draw what the signs mean."""
    x, y = LEFT + STEP * SEEN - 20, _row(-1) + 39
    signs = {
        "blue: encoder's features, summed over a tick's window": "blue",
        "orange: [z, h] of the level above, held": "orange",
        "black: h of the tick before; q observes, p imagines": "ink",
    }
    for number, (text, colour) in enumerate(signs.items()):
        place = (x, y + 18 * number)
        picture.words(place, text, anchor="start", size=12, colour=colour)


def results() -> str:
    """Draw how long digits are remembered, and what forecasts lose without a level."""
    picture = Drawing(780, 330, "Digits still right by frame, and what each blind level costs")
    models = json.loads((RESULTS / "remembering.json").read_text())
    _remembered(picture, models)
    _blind(picture, json.loads((RESULTS / "levels.json").read_text()))
    return picture.text()


def _remembered(picture: Drawing, models: dict[str, Any]) -> None:
    """Draw the share of windows whose digit is right, by frame, with its interval."""
    left, right, top, bottom = 50, 400, 50, 270
    picture.words((left, 28), "The digit is right, share of forecasts", anchor="start")
    _axis(picture, (left, right, top, bottom))
    for frame in (100, 300, 500, 750, 1000):
        x = left + (right - left) * frame / 1000
        picture.words((x, bottom + 18), str(frame), size=11, colour="soft")
    picture.words(((left + right) / 2, bottom + 38), "frame (36 are context)", size=12)
    for model, row, name, colour, above in CURVES:
        identity = models[model]["identity"]
        x = [left + (right - left) * frame / 1000 for frame in identity["frames"]]
        share = identity["rows"][row]["accuracy"]
        mean, low, high = (
            [bottom - (bottom - top) * value for value in share[kind]]
            for kind in ("mean", "low", "high")
        )
        there, back = list(zip(x, high, strict=True)), list(zip(x, low, strict=True))
        picture.area([*there, *reversed(back)], colour=colour)
        picture.line(list(zip(x, mean, strict=True)), colour=colour, width=2)
        # What ends early has its name where it begins.
        if x[-1] < right:
            picture.words((x[1], mean[0] + above), name, anchor="start", size=12, colour=colour)
        else:
            picture.words((right, mean[-1] + above), name, anchor="end", size=12, colour=colour)


def _blind(picture: Drawing, found: dict[str, Any]) -> None:
    """Draw what forecasts keep of digit and way when a level observes nothing."""
    left, right, top, bottom = 460, 765, 50, 270
    picture.words((left, 28), "Kept when a level is blind, share of videos", anchor="start")
    _axis(picture, (left, right, top, bottom))
    for number, level in enumerate(("none", "0", "1", "2")):
        middle = left + (right - left) * (number + 0.5) / 4
        for kind, colour, side in (("identity", "blue", -22), ("position", "orange", 2)):
            value = found["blind"][level][kind]
            high = max(1.0, (bottom - top) * value)
            picture.box((middle + side, bottom - high, 20, high), fill=colour, rounded=1)
            at = (middle + side + 10, bottom - high - 5)
            picture.words(at, f"{value:.2f}", size=10, colour=colour)
        name = "none" if level == "none" else f"level {level}"
        picture.words((middle, bottom + 18), name, size=12)
    picture.words((left + 40, bottom + 38), "the digit", anchor="start", size=12, colour="blue")
    place = (left + 110, bottom + 38)
    picture.words(place, "where it is", anchor="start", size=12, colour="orange")


def _axis(picture: Drawing, place: tuple[float, float, float, float]) -> None:
    """Draw an axis of shares."""
    left, right, top, bottom = place
    for share in (0.0, 0.5, 1.0):
        y = bottom - (bottom - top) * share
        picture.line([(left, y), (right, y)], colour="faint", width=1)
        picture.words((left - 6, y + 4), f"{share:g}", anchor="end", size=11, colour="soft")


FIGURES = {"architecture": architecture, "results": results}


def main() -> int:
    """Draw, or look; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--check", action="store_true", help="draw nothing, compare")
    check, status = parser.parse_args().check, 0
    for name, draw in FIGURES.items():
        path, text = FOLDER / f"{name}.svg", draw()
        if not check:
            path.write_text(text)
        elif not path.is_file() or path.read_text() != text:
            print(f"{path} is not what code and results give; run {sys.argv[0]}", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
