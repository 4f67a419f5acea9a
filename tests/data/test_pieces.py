"""Batches of pieces: together they are the batches of whole sequences."""

import layouts
import numpy as np
import pytest

from cwvae.data.clips import Clips, Recording
from cwvae.data.digits import load_digits
from cwvae.data.moving_mnist import MovingMNIST
from cwvae.data.pieces import Cuttable
from cwvae.data.pipeline import batches

FRAMES, PIECES = 6, 3


class Sequences:
    """Sequences that are made whole, with actions or without."""

    def __init__(self, frames: int = FRAMES, *, actions: bool = False):
        self.length, self.actions = frames, actions

    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        video = np.arange(self.length * 8, dtype=np.uint8).reshape(self.length, 2, 4, 1) + index
        item = {"video": video, "label": np.array(index)}
        actions = np.full((self.length, 1), index, np.float32)
        return item | ({"actions": actions} if self.actions else {})


def digits() -> MovingMNIST:
    return MovingMNIST(split="train", frames=FRAMES, digits=load_digits(), size=32, length=9)


def clips() -> Clips:
    videos = [layouts.video(number, 2 * FRAMES + 1, size=1) for number in range(3)]
    actions = np.arange(2 * FRAMES + 1, dtype=np.float32)[:, None]
    recordings = [Recording(f"{n}", video, actions) for n, video in enumerate(videos)]
    return Clips(recordings, frames=FRAMES, speed=1.5)


SOURCES = {
    "whole": Sequences,
    "with actions": lambda: Sequences(actions=True),
    "digits": digits,
    "clips": clips,
}


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
def test_pieces_one_after_the_other_are_the_whole_sequences(make):
    options = {"batch_size": 2, "seed": 3}
    whole, pieces = batches(make(), **options), batches(make(), **options, pieces=PIECES)
    for _ in range(4):
        expected = next(whole)
        found = [next(pieces) for _ in range(PIECES)]
        assert all(batch["video"].shape[1] == FRAMES // PIECES for batch in found)
        assert all(batch.keys() == expected.keys() for batch in found)
        for name, array in expected.items():
            together = np.concatenate([batch[name] for batch in found], axis=1)
            np.testing.assert_array_equal(together, array)


def test_all_pieces_of_a_sequence_are_mirrored_or_none():
    options = {"batch_size": 1, "seed": 0, "flip": True}
    whole, pieces = (batches(digits(), **options, pieces=n) for n in (1, PIECES))
    for _ in range(20):
        together = np.concatenate([next(pieces)["video"] for _ in range(PIECES)], axis=1)
        np.testing.assert_array_equal(together, next(whole)["video"])


@pytest.mark.parametrize("taken", [1, 3, 7])
def test_a_saved_place_goes_on_in_the_middle_of_a_video(taken):
    options = {"batch_size": 2, "seed": 0, "pieces": PIECES}
    iterator = batches(digits(), **options)
    for _ in range(taken):
        next(iterator)
    place = iterator.get_state()
    assert place == {"next_index": taken}
    expected = [next(iterator)["video"] for _ in range(4)]
    resumed = batches(digits(), **options)
    resumed.set_state(place)
    np.testing.assert_array_equal([next(resumed)["video"] for _ in range(4)], expected)


@pytest.mark.parametrize("make", [digits, clips])
def test_what_is_cut_is_what_the_whole_sequence_has_there(make):
    source = make()
    assert isinstance(source, Cuttable)
    whole, part = source[2], source.cut(2, 2, 5)
    assert part.keys() == whole.keys()
    for name in whole.keys() - {"labels"}:
        np.testing.assert_array_equal(part[name], whole[name][2:5])
    for outside in (-1, len(source)):
        with pytest.raises(IndexError):
            source.cut(outside, 0, 1)


@pytest.mark.parametrize("make", [digits, Sequences])
def test_sequences_that_pieces_do_not_divide_raise(make):
    with pytest.raises(ValueError, match="multiple of 4 pieces long, got 6 frames; use 4"):
        batches(make(), batch_size=1, seed=0, pieces=4)
