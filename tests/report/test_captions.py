import numpy as np
import pytest

from cwvae.report.captions import captioned


@pytest.mark.parametrize("channels", [1, 3])
def test_every_frame_has_its_words_below_it(channels):
    video = np.full((3, 8, 60, channels), 7, np.uint8)
    both = captioned(video, ["right", "wrong", "right"])
    assert both.shape[2:] == (60, channels)
    assert np.array_equal(both[:, :8], video)
    first, second, third = both[:, 8:]
    assert first.max() > 100
    assert np.array_equal(first, third)
    assert not np.array_equal(first, second)
    assert np.array_equal(first, np.repeat(first[..., :1], channels, axis=2))


def test_frames_without_words_raise_an_error():
    with pytest.raises(ValueError, match="a caption for each of 2, got 1"):
        captioned(np.zeros((2, 8, 8, 1), np.uint8), ["one"])
