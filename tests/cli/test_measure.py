"""Which videos an evaluation forecasts together: each once, in batches that devices share."""

import pytest

from cwvae.cli import measure


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("batch", [1, 2, 3])
def test_the_batches_are_the_same_on_any_number_of_devices(count, batch):
    size = min(count, batch)
    alone = list(measure._numbers(count, batch, 1))
    assert {number for numbers in alone for number in numbers} == set(range(count))
    assert {len(numbers) for numbers in alone} == {size}
    for devices in (2, 4):
        together = list(measure._numbers(count, batch, devices))
        assert {len(numbers) for numbers in together} == {devices * size}
        rows = [n[first : first + size] for n in together for first in range(0, len(n), size)]
        assert rows[: len(alone)] == alone
        assert all(row == alone[-1] for row in rows[len(alone) :])
