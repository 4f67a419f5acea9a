"""The rule by which the walks of GQN Mazes are classed, on frames made by hand."""

import colorsys

import numpy as np
import pytest

from cwvae.analysis.room_sequence import SEQUENCES, green_pixels, in_hallway, room_sequence

ROWS = 30  # of the middle of a frame of 64


def filled(colour, frames: int = 1, size: int = 64) -> np.ndarray:
    """Return frames of one colour."""
    return np.full((frames, size, size, 3), colour, np.uint8)


def walk(*greens: tuple[int, int], size: int = 64) -> np.ndarray:
    """Return a walk: pairs of the number of frames, and of green columns."""
    parts = []
    for frames, columns in greens:
        part = filled((90, 80, 70), frames, size)
        part[:, :, :columns] = (20, 200, 20)
        parts.append(part)
    return np.concatenate(parts)


@pytest.mark.parametrize("degrees", range(80, 161, 4))
@pytest.mark.parametrize(("saturation", "value"), [(0.05, 0.5), (0.5, 0.05), (0.2, 0.2), (1, 1)])
def test_green_is_a_range_of_hue_saturation_and_value(degrees, saturation, value):
    colour = np.rint(255 * np.array(colorsys.hsv_to_rgb(degrees / 360, saturation, value)))
    red, green, blue = colour / 255
    hue, s, v = colorsys.rgb_to_hsv(red, green, blue)
    # OpenCV's units: half degrees, and 255ths.
    inside = 50 <= round(hue * 180) <= 70 and round(255 * s) >= 25 and round(255 * v) >= 25
    assert green_pixels(filled(colour)) == [inside * ROWS * 64]


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (128, 128, 128)])
def test_what_has_no_colour_is_not_green(colour):
    assert green_pixels(filled(colour)) == [0]


def test_erosion_leaves_single_pixels_out_and_takes_a_row_and_a_column_from_a_patch():
    video = filled((0, 0, 0), 2)
    video[0, 20, 20] = (0, 255, 0)
    video[1, 20:25, 30:37] = (0, 255, 0)
    np.testing.assert_array_equal(green_pixels(video), [0, 4 * 6])


def test_rows_above_and_below_the_middle_do_not_count():
    video = filled((0, 255, 0))
    video[:, 14:44] = 0
    assert green_pixels(video) == [0]


def test_counts_are_smoothed_and_the_hallway_ends_lower_than_it_begins():
    def inside(*counts):
        return in_hallway(np.repeat(counts, 20), 64)

    assert not inside(1000, 900).any()
    assert inside(0, 1500, 600).tolist()[25:] == [True] * 35
    assert not inside(0, 1500, 400)[-1]
    single = np.zeros(40, int)
    single[20] = 1920
    assert not in_hallway(single, 64).any()


@pytest.mark.parametrize("size", [64, 32])
@pytest.mark.parametrize(
    ("walked", "expected"),
    [
        ([(30, 0)], "stays"),
        ([(30, 20), (1, 64), (30, 20)], "stays"),  # a look through a door
        ([(30, 0), (30, 60)], "goes out"),
        ([(30, 0), (30, 60), (30, 25)], "goes out"),  # still more than 500
        ([(30, 0), (30, 60), (30, 5)], "comes back"),
        ([(3, 0)], "stays"),  # shorter than the kernel
        ([(3, 64)], "goes out"),
    ],
)
def test_walks_are_of_three_classes(walked, expected, size):
    video = walk(*((frames, columns * size // 64) for frames, columns in walked), size=size)
    assert SEQUENCES[room_sequence(video)] == expected


@pytest.mark.parametrize("shape", [(0, 64, 64, 3), (4, 64, 32, 3)])
def test_frames_that_cannot_be_classed(shape):
    with pytest.raises(ValueError, match=r"one square frame or more, got .*; crop and resize"):
        room_sequence(np.zeros(shape, np.uint8))
