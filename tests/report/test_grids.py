"""Grids: all videos in step in one picture, labelled, and small as files."""

import io

import numpy as np
import pytest
from made_reports import grid
from PIL import Image, ImageSequence

from cwvae.report.grids import Grid, draw_grid, gif_bytes, png_bytes


@pytest.mark.parametrize("channels", [1, 3])
def test_a_grid_has_a_column_for_each_label_and_a_row_for_each_video(channels):
    made = grid("truth", "none", channels=channels)
    drawn = draw_grid(made)
    frames, height, width, depth = drawn.shape
    assert (frames, depth) == (6, channels)
    assert width == 2 * 64 + 2
    assert height > 2 * 64 + 2
    # A pixel of a frame is a square of 4 x 4, of one of 18 shades.
    tile = drawn[:, :64, 66:][:, ::4, ::4]
    assert np.abs(tile.astype(int) - made.columns["none"][0]).max() <= 8
    assert set(np.unique(tile)) <= set(range(0, 256, 15))
    # The label is written below.
    assert (drawn[:, 132:, :64] > 100).any()


@pytest.mark.parametrize("channels", [1, 3])
def test_a_gif_plays_every_frame(channels):
    made = grid("truth", "none", channels=channels)
    with Image.open(io.BytesIO(gif_bytes(made))) as picture:
        frames = [np.asarray(frame.convert("L")) for frame in ImageSequence.Iterator(picture)]
    assert len(frames) == 6
    assert len({frame.tobytes() for frame in frames}) == 6
    assert made.captions[1:3] == ["frame 4, context", "frame 5, forecast"]


@pytest.mark.parametrize("channels", [1, 3])
def test_a_png_is_exact(channels):
    frame = draw_grid(grid("truth", channels=channels))[0]
    with Image.open(io.BytesIO(png_bytes(frame))) as picture:
        read = np.asarray(picture).reshape(frame.shape)
    np.testing.assert_array_equal(read, frame)


def test_columns_must_fit_each_other_and_the_numbers():
    video = np.zeros((1, 3, 8, 8, 1), np.uint8)
    for columns in ({}, {"a": video, "b": video[:, :2]}, {"a": video[:, :2]}):
        with pytest.raises(ValueError, match=r"expected columns of one shape .videos, 3.*cut them"):
            Grid(columns, np.arange(3), 0)
