"""Filmstrips: some frames of several videos in rows, to compare at a glance on paper."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from cwvae._extras import extra
from cwvae.files import replacing

with extra("data"):
    from PIL import Image, ImageDraw, ImageFont

__all__ = ["draw_strip", "write_strip"]

# Frames are enlarged by a whole factor until they are at least this tall, in pixels.
_TALL_ENOUGH = 96
_GAP = 4
_MARGIN = 16
_LABEL_GAP = 12
_TEXT = 18
_BAR = 5
# The line of frame numbers, and under it the bar whose colours part context and forecast.
_HEADER = _TEXT + 8 + _BAR + _GAP
_BLOCK_GAP = 16

_PAPER = "white"
_INK = "#222222"
_CONTEXT = "#56b4e9"
_FORECAST = "#e69f00"


def write_strip(
    path: str | Path,
    rows: Mapping[str, UInt8[np.ndarray, "frames height width channels"]],
    *,
    every: int,
    context: int = 0,
    columns: int = 12,
    title: str = "",
) -> None:
    """Write every so many frames of some videos as a PNG.

    The file appears only when it is complete.

    **Arguments:** `path`, ending in .png; `rows`, `context`, `columns` and `title` as of
    `draw_strip`; `every`, >= 1, the distance of the frames that are shown, the first of them frame
    0.

    Raises `ValueError` for another ending, and as `draw_strip` does.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise ValueError(f"{path}: expected a name ending in .png, got {path.name}; rename it")
    if every < 1:
        raise ValueError(f"expected every >= 1 frames, got {every}; 1 shows all frames")
    frames = max((len(video) for video in rows.values()), default=0)
    picture = draw_strip(
        rows, range(0, frames, every), context=context, columns=columns, title=title
    )
    with replacing(path) as temporary:
        Image.fromarray(picture).save(temporary, format="PNG")


def draw_strip(
    rows: Mapping[str, UInt8[np.ndarray, "frames height width channels"]],
    frame_indices: Sequence[int],
    *,
    context: int = 0,
    columns: int = 12,
    title: str = "",
) -> UInt8[np.ndarray, "page_height page_width 3"]:
    """Draw chosen frames of some videos, a row per video, frame numbers on top.

    Small frames are enlarged without smoothing. Columns that do not fit side by side continue in
    another block below.

    **Arguments:** `rows`, what to write beside each row, and its video, all of one shape, 1 or 3
    channels; `frame_indices`, the frames to show, each in [0, frames); `context`, before which
    frames are marked as context and from which as forecast, 0 to leave the marks out; `columns`,
    frames side by side, >= 1; `title`, a line above everything, none if empty.

    Raises `ValueError` for no rows or frames, shapes that differ, or numbers out of range.
    """
    _check(rows, frame_indices, columns)
    blocks = [
        _draw_block(rows, frame_indices[start : start + columns], context)
        for start in range(0, len(frame_indices), columns)
    ]
    caption = [_draw_caption(title, context)] if title or context else []
    return np.asarray(_stack(caption + blocks))


def _draw_block(
    rows: Mapping[str, np.ndarray], frame_indices: Sequence[int], context: int
) -> Image.Image:
    font = ImageFont.load_default(_TEXT)
    height, width = next(iter(rows.values())).shape[1:3]
    factor = -(-_TALL_ENOUGH // height)
    height, width = height * factor, width * factor
    left = max(int(font.getlength(name)) for name in rows) + _LABEL_GAP
    block = Image.new(
        "RGB",
        (
            left + len(frame_indices) * (width + _GAP) - _GAP,
            _HEADER + len(rows) * (height + _GAP) - _GAP,
        ),
        _PAPER,
    )
    pen = ImageDraw.Draw(block)
    for place, number in enumerate(frame_indices):
        x = left + place * (width + _GAP)
        pen.text((x + width / 2, _TEXT), str(number), fill=_INK, font=font, anchor="ms")
        if context:
            bar = (x, _HEADER - _GAP - _BAR, x + width - 1, _HEADER - _GAP - 1)
            pen.rectangle(bar, fill=_CONTEXT if number < context else _FORECAST)
    for row, (name, video) in enumerate(rows.items()):
        y = _HEADER + row * (height + _GAP)
        pen.text((left - _LABEL_GAP, y + height // 2), name, fill=_INK, font=font, anchor="rm")
        for place, number in enumerate(frame_indices):
            tile = _enlarge(video[number], factor)
            block.paste(Image.fromarray(tile), (left + place * (width + _GAP), y))
    return block


def _enlarge(frame: np.ndarray, factor: int) -> np.ndarray:
    colour = frame.repeat(3, axis=2) if frame.shape[2] == 1 else frame
    return colour.repeat(factor, axis=0).repeat(factor, axis=1)


def _draw_caption(title: str, context: int) -> Image.Image:
    """Draw the line above the strip: the title, and what the two colours mean."""
    texts: list[tuple[str, str | None]] = [(title, None)] if title else []
    if context:
        texts += [(f"context: {context} frames", _CONTEXT), ("forecast", _FORECAST)]
    font = ImageFont.load_default(_TEXT)
    mark, space = 20, 28
    widths = [int(font.getlength(text)) + (mark + 8 if colour else 0) for text, colour in texts]
    caption = Image.new("RGB", (sum(widths) + space * (len(texts) - 1), _TEXT + 6), _PAPER)
    pen = ImageDraw.Draw(caption)
    x, baseline = 0, _TEXT
    for (text, colour), width in zip(texts, widths, strict=True):
        if colour:
            middle = baseline - _TEXT // 3
            pen.rectangle((x, middle - _BAR // 2, x + mark, middle + _BAR // 2), fill=colour)
        pen.text((x + width, baseline), text, fill=_INK, font=font, anchor="rs")
        x += width + space
    return caption


def _stack(pictures: Sequence[Image.Image]) -> Image.Image:
    width = max(picture.width for picture in pictures)
    height = sum(picture.height for picture in pictures) + _BLOCK_GAP * (len(pictures) - 1)
    page = Image.new("RGB", (width + 2 * _MARGIN, height + 2 * _MARGIN), _PAPER)
    y = _MARGIN
    for picture in pictures:
        page.paste(picture, (_MARGIN, y))
        y += picture.height + _BLOCK_GAP
    return page


def _check(rows: Mapping[str, np.ndarray], frame_indices: Sequence[int], columns: int) -> None:
    if not rows or not len(frame_indices) or columns < 1:
        raise ValueError(
            f"expected at least one row, one frame and one column, got {len(rows)}, "
            f"{len(frame_indices)} and {columns}; give something to show"
        )
    for name, video in rows.items():
        if video.dtype != np.uint8 or video.ndim != 4 or video.shape[3] not in (1, 3):
            raise ValueError(
                f"expected row {name!r} to be uint8 (frames, height, width, 1 or 3), got "
                f"{video.dtype} {video.shape}; multiply values in [0, 1] by 255 and convert"
            )
    shapes = {name: video.shape[:3] for name, video in rows.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(
            f"expected rows of one length, height and width, got {shapes}; cut or resize them"
        )
    frames = next(iter(shapes.values()))[0]
    if not 0 <= min(frame_indices) <= max(frame_indices) < frames:
        raise ValueError(
            f"expected frame indices from 0 to {frames - 1}, got {min(frame_indices)} to "
            f"{max(frame_indices)}; the videos have {frames} frames"
        )
