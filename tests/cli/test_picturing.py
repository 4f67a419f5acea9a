"""Pictures of an analysis: of videos in files, as far as they go."""

import numpy as np

from cwvae.cli.picturing import draw_pictures
from cwvae.data.clips import Clips, Recording
from cwvae.training.run import load_run


def videos(*lengths: int) -> list[Recording]:
    random = np.random.default_rng(0)
    return [
        Recording(f"video {n}", random.integers(50, 256, (frames, 32, 32, 1), np.uint8))
        for n, frames in enumerate(lengths)
    ]


def test_videos_in_files_are_compared_as_far_as_four_of_them_go(run):
    loaded = load_run(run)
    source = Clips(videos(30, 10, 20, 9, 10, 8), frames=8)
    pictures = draw_pictures(loaded.model, loaded.settings, source, context=4, horizon=12, seed=0)
    assert [*pictures] == ["blind", "reset", "resample", "swap", "forecast"]
    kept = pictures["blind"]
    assert [*kept.columns] == ["truth", "none", "level 0", "level 1", "level 2"]
    # All of the context, and the forecast; four videos have ten frames.
    assert kept.numbers.tolist() == [*range(1, 17)]
    dark = [not kept.columns["truth"][:, frame].any() for frame in range(16)]
    assert dark == [False] * 10 + [True] * 6
    truth, forecast = kept.columns["truth"], kept.columns["none"]
    np.testing.assert_array_equal(truth[:, :4], forecast[:, :4])
    np.testing.assert_array_equal(truth[:1, :10], source.recordings[0].video[np.newaxis, :10])
    swapped = ["own", "other", "level 0", "level 1", "level 2"]
    assert [*pictures["swap"].columns] == [*swapped, "levels 1 2", "levels 0 2", "levels 0 1"]
    assert pictures["forecast"].columns["video 1"].shape == (2, 12, 32, 32, 1)


def test_a_single_video_is_not_swapped(run):
    loaded = load_run(run)
    source = Clips(videos(14), frames=14)
    pictures = draw_pictures(loaded.model, loaded.settings, source, context=4, horizon=12, seed=0)
    assert [*pictures] == ["blind", "reset", "resample", "forecast"]
    assert pictures["forecast"].numbers.tolist() == [*range(5, 17)]
