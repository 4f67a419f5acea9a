"""Batches: every sequence once an epoch, in an order of the seed's, from any place on."""

import numpy as np
import pytest

from cwvae.data.pipeline import batches

LENGTH = 11


class Sequences:
    """Sequences whose first pixel, on their left, is their number."""

    def __init__(self, actions: bool = False):
        self.actions = actions

    def __len__(self) -> int:
        return LENGTH

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        video = np.zeros((2, 2, 4, 1), np.uint8)
        video[:, :, 0] = index + 1
        item = {"video": video, "label": np.array(index)}
        return item | {"actions": np.full((2, 1), index, np.float32)} if self.actions else item


def drawn(iterator, count: int) -> list[tuple[int, bool]]:
    """Return which sequences come next, and whether they are mirrored."""
    found = []
    for _ in range(count):
        batch = next(iterator)
        assert batch["video"].dtype == np.uint8
        for video in batch["video"]:
            left, right = int(video[0, 0, 0, 0]), int(video[0, 0, -1, 0])
            assert min(left, right) == 0
            found.append((max(left, right) - 1, right > 0))
    return found


def numbers(iterator, count: int) -> list[int]:
    return [number for number, _ in drawn(iterator, count)]


def test_every_sequence_comes_once_an_epoch_in_an_order_that_changes():
    found = numbers(batches(Sequences(), batch_size=1, seed=0), 2 * LENGTH)
    first, second = found[:LENGTH], found[LENGTH:]
    assert sorted(first) == sorted(second) == list(range(LENGTH))
    assert first != second
    assert numbers(batches(Sequences(), batch_size=1, seed=0), LENGTH) == first
    assert numbers(batches(Sequences(), batch_size=1, seed=1), LENGTH) != first


@pytest.mark.parametrize("flip", [False, True])
def test_a_saved_place_goes_on_with_the_very_next_batch(flip):
    options = {"batch_size": 2, "seed": 0, "flip": flip}
    iterator = batches(Sequences(), **options)
    drawn(iterator, 4)
    place = iterator.get_state()
    expected = drawn(iterator, 9)
    resumed = batches(Sequences(), **options)
    resumed.set_state(place)
    assert drawn(resumed, 9) == expected


def test_flips_are_drawn_anew_in_every_epoch_and_change_nothing_else():
    plain = drawn(batches(Sequences(), batch_size=1, seed=0), 10 * LENGTH)
    found = drawn(batches(Sequences(), batch_size=1, seed=0, flip=True), 10 * LENGTH)
    assert [number for number, _ in found] == [number for number, _ in plain]
    assert not any(mirrored for _, mirrored in plain)
    assert 0.35 < np.mean([mirrored for _, mirrored in found]) < 0.65
    for number in range(LENGTH):
        assert len({mirrored for n, mirrored in found if n == number}) == 2


@pytest.mark.parametrize("pieces", [1, 2])
def test_processes_make_their_own_rows_of_the_batches_of_one(pieces):
    options = {"batch_size": 4, "seed": 0, "flip": True, "pieces": pieces}
    whole = batches(Sequences(), **options)
    shards = [batches(Sequences(), shard=(number, 2), **options) for number in range(2)]
    for _ in range(5):
        parts = [next(shard)["video"] for shard in shards]
        assert len(parts[0]) == 2
        np.testing.assert_array_equal(np.concatenate(parts), next(whole)["video"])
    assert shards[0].get_state() == whole.get_state()


def test_actions_come_along_and_other_truth_does_not():
    batch = next(batches(Sequences(actions=True), batch_size=3, seed=0))
    assert batch.keys() == {"video", "actions"}
    assert (batch["actions"][:, 0, 0] + 1).tolist() == batch["video"][:, 0, 0, 0, 0].tolist()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 12}, "a batch of 12 needs as many sequences, got 11;"),
        ({"batch_size": 5, "shard": (0, 2)}, "of the 2 processes that share it, got 5; use"),
        ({"batch_size": 1, "shard": (2, 2)}, r"0 <= number < count, got \(2, 2\)"),
    ],
)
def test_what_cannot_be_batched_raises(options, message):
    with pytest.raises(ValueError, match=message):
        batches(Sequences(), seed=0, **options)


def test_actions_forbid_flips():
    with pytest.raises(ValueError, match="cannot be flipped"):
        batches(Sequences(actions=True), batch_size=1, seed=0, flip=True)


@pytest.mark.parametrize(
    "place",
    [None, {}, [], [3], "next_index", 3, {"next_index": -1}, {"next_index": 10**30},
     {"next_index": 2**62}, {"next_index": 1.5}, {"next_index": "3"}, {"next_index": None},
     {"next_index": True}, {"next_index": 0, "more": 0}, {"other": 0}],
)  # fmt: skip
def test_a_place_that_is_none_raises_and_changes_nothing(place):
    iterator = batches(Sequences(), batch_size=2, seed=0)
    drawn(iterator, 2)
    before = iterator.get_state()
    with pytest.raises(ValueError, match="expected a place in the data") as caught:
        iterator.set_state(place)
    assert "\n" not in str(caught.value)
    assert iterator.get_state() == before
    assert drawn(iterator, 1)
