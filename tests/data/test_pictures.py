"""Folders of pictures are videos; a single picture, or another folder, is named for what it is."""

import numpy as np
import pytest
from films import moving_square, one_line, png
from PIL import Image

from cwvae.data.read_options import ReadOptions
from cwvae.data.videos import read_video


def write_pictures(folder, video: np.ndarray, suffix: str = "png") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(video):
        Image.fromarray(frame).save(folder / f"frame{number}.{suffix}")


@pytest.mark.parametrize("suffix", ["png", "JPG"])
def test_pictures_are_frames_in_the_order_of_their_numbers(tmp_path, suffix):
    write_pictures(tmp_path, moving_square(12), suffix)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / ".hidden.png").write_bytes(b"")
    found = read_video(tmp_path)
    assert found.shape == (12, 32, 48, 3)
    assert np.abs(found.astype(int) - moving_square(12)).mean() < 5
    np.testing.assert_array_equal(read_video(tmp_path, most_frames=3), found[:3])


def test_gray_pictures_and_those_with_a_palette_or_turned_are_read(tmp_path):
    square = Image.fromarray(moving_square(1)[0])
    square.convert("L").save(tmp_path / "0.png")
    square.convert("P").save(tmp_path / "1.png")
    turned = Image.Exif()
    turned[0x0112] = 6  # orientation: to be turned clockwise by 90 degrees
    square.rotate(90, expand=True).save(tmp_path / "2.jpg", exif=turned)
    found = read_video(tmp_path)
    assert found.shape == (3, 32, 48, 3)
    assert np.abs(found[1:].astype(int) - moving_square(1)).mean() < 4


def test_pictures_that_cannot_be_read_are_named(tmp_path):
    write_pictures(tmp_path, moving_square(3))
    bad = tmp_path / "frame1.png"
    for content, remedy in (
        (bad.read_bytes()[:60], "expected a whole picture, .*copy it again"),
        (png(300, 300), "at most 32768 pixels"),
        (png(20_000, 20_000)[:40], "at most 32768 pixels|whole picture"),
    ):
        bad.write_bytes(content)
        with pytest.raises(ValueError, match=remedy) as caught:
            read_video(tmp_path, options=ReadOptions(decoded_limit=2.0**-10))
        one_line(caught, bad)
    Image.fromarray(np.zeros((32, 48), np.uint16)).save(bad)
    with pytest.raises(ValueError, match="8 bits a channel, got mode I"):
        read_video(tmp_path)
    write_pictures(tmp_path, moving_square(1, 16, 16))
    bad.unlink()
    with pytest.raises(ValueError, match="frames of one size"):
        read_video(tmp_path)


def test_a_single_picture_and_a_folder_of_videos_are_named_for_what_they_are(tmp_path):
    write_pictures(tmp_path / "pictures", moving_square(1))
    path = tmp_path / "pictures" / "frame0.png"
    with pytest.raises(ValueError, match="got a single picture; put the pictures") as caught:
        read_video(path)
    one_line(caught, path)
    with pytest.raises(ValueError, match="got a folder with pictures in it; give one") as caught:
        read_video(tmp_path)
    one_line(caught, tmp_path)
