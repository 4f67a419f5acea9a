"""Filmstrips: the right frames at the right places, marks, and what raises."""

import numpy as np
import pytest
from PIL import Image

from cwvae.report.strip import draw_strip, write_strip

CONTEXT = (0x56, 0xB4, 0xE9)
FORECAST = (0xE6, 0x9F, 0x00)


def numbered_video(frames: int, channels: int = 1, offset: int = 0) -> np.ndarray:
    """Each frame is one flat value that is its number; no text or paper has it."""
    values = 100 + offset + np.arange(frames, dtype=np.uint8)
    return np.broadcast_to(values[:, None, None, None], (frames, 32, 32, channels)).copy()


def tiles(picture: np.ndarray, value: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """The corner and the size of the area of one gray value."""
    here = (picture == value).all(axis=2)
    # The soft edges of letters have any gray, but never much of one.
    rows, columns = (np.flatnonzero(here.sum(axis=axis) > 30) for axis in (1, 0))
    assert here[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].all()
    return (int(rows[0]), int(columns[0])), (len(rows), len(columns))


def test_frames_lie_in_a_grid():
    rows = {"truth": numbered_video(8), "forecast": numbered_video(8, channels=3, offset=50)}
    picture = draw_strip(rows, [0, 3, 6])
    assert (picture.dtype, picture.shape[2]) == (np.uint8, 3)
    top = [tiles(picture, value) for value in (100, 103, 106)]
    bottom = [tiles(picture, value) for value in (150, 153, 156)]
    assert {size for _, size in top + bottom} == {(96, 96)}
    assert len({corner[0] for corner, _ in top}) == 1
    assert [corner[1] for corner, _ in top] == [corner[1] for corner, _ in bottom]
    assert top[0][0][1] < top[1][0][1] < top[2][0][1]
    assert bottom[0][0][0] >= top[0][0][0] + 96
    for hidden in (101, 102, 151):
        assert (picture == hidden).all(axis=2).sum() < 100


def test_names_and_numbers_are_written():
    video = {"truth": numbered_video(2)}
    picture = draw_strip(video, [0])
    (top, left), _ = tiles(picture, 100)
    assert (picture[top : top + 96, :left] < 100).any()
    assert (picture[:top, left : left + 96] < 100).any()
    other_name = draw_strip({"TRUTH": numbered_video(2)}, [0])
    assert other_name.shape != picture.shape or (other_name != picture).any()
    assert (draw_strip({"truth": numbered_video(2) - 1}, [1]) != picture).any()
    assert draw_strip(video, [0], title="a title").shape[0] > picture.shape[0]


def test_long_strips_go_on_below():
    picture = draw_strip({"truth": numbered_video(5)}, range(5), columns=2)
    corners = [tiles(picture, 100 + number)[0] for number in range(5)]
    assert len({row for row, _ in corners}) == 3
    assert corners[0][1] == corners[2][1] == corners[4][1]
    assert corners[0][0] < corners[2][0] < corners[4][0]


def test_context_and_forecast_have_marks_of_their_own():
    picture = draw_strip({"truth": numbered_video(6)}, range(6), context=4)
    for number in range(6):
        (top, left), (_, width) = tiles(picture, 100 + number)
        above = picture[top - 10 : top, left : left + width].reshape(-1, 3)
        colours = [(above == colour).all(axis=1).any() for colour in (CONTEXT, FORECAST)]
        assert colours == [number < 4, number >= 4]
    plain = draw_strip({"truth": numbered_video(6)}, range(6))
    assert not (plain == CONTEXT).all(axis=2).any()


def test_write_strip_shows_every_so_many_frames(tmp_path):
    path = tmp_path / "new" / "strip.png"
    rows = {"truth": numbered_video(10)}
    write_strip(path, rows, every=4, context=4, columns=2, title="title")
    expected = draw_strip(rows, [0, 4, 8], context=4, columns=2, title="title")
    with Image.open(path) as image:
        assert image.format == "PNG"
        np.testing.assert_array_equal(np.asarray(image), expected)
    assert [file.name for file in path.parent.iterdir()] == ["strip.png"]


def test_large_frames_are_not_enlarged():
    video = np.full((1, 100, 120, 1), 77, np.uint8)
    assert tiles(draw_strip({"truth": video}, [0]), 77)[1] == (100, 120)


@pytest.mark.parametrize(
    ("rows", "numbers", "columns", "message"),
    [
        ({}, [0], 1, "at least one row, one frame and one column, got 0, 1 and 1"),
        ({"a": numbered_video(2)}, [], 1, "got 1, 0 and 1"),
        ({"a": numbered_video(2)}, [0], 0, "got 1, 1 and 0"),
        ({"a": numbered_video(2), "b": numbered_video(3)}, [0], 1, "rows of one length"),
        ({"a": numbered_video(2) / 255}, [0], 1, "row 'a' to be uint8 .* float64"),
        ({"a": numbered_video(2)[..., 0]}, [0], 1, r"got uint8 \(2, 32, 32\)"),
        ({"a": numbered_video(2)}, [2], 1, "from 0 to 1, got 2 to 2"),
        ({"a": numbered_video(2)}, [-1], 1, "got -1 to -1"),
    ],
)
def test_wrong_rows(rows, numbers, columns, message):
    with pytest.raises(ValueError, match=message) as caught:
        draw_strip(rows, numbers, columns=columns)
    assert "\n" not in str(caught.value)


def test_wrong_files(tmp_path):
    rows = {"a": numbered_video(2)}
    with pytest.raises(ValueError, match=r"ending in \.png, got strip\.jpg"):
        write_strip(tmp_path / "strip.jpg", rows, every=1)
    with pytest.raises(ValueError, match="every >= 1 frames, got 0"):
        write_strip(tmp_path / "strip.png", rows, every=0)
    with pytest.raises(ValueError, match="at least one row"):
        write_strip(tmp_path / "strip.png", {}, every=1)
    assert list(tmp_path.iterdir()) == []
