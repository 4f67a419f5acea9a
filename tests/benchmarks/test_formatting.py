"""Numbers as the tables show them."""

import re

import pytest
from reporting import formatting


@pytest.mark.parametrize("value", [-0.0, -1e-17, -1e-12, 1e-12, -0.0049])
def test_no_number_is_minus_zero(value):
    texts = (formatting.number(value), formatting.percent(value))
    for text in (*texts, formatting.values({"loss": value})):
        (number,) = re.findall(r"-?[\d.e-]+", text)
        assert float(number) != 0 or not number.startswith("-")


def test_numbers_have_three_digits():
    found = [formatting.number(value) for value in (99.96, 1234.5, 0.0012345, 1234, None)]
    assert found == ["100", "1,230", "0.00123", "1,234", ""]
    assert [formatting.seconds(value) for value in (61.5, 2e-5, 0)] == ["61.5 s", "20.0 µs", "0 s"]
    assert [formatting.memory(value) for value in (2**31, 1, 0)] == ["2.00 GiB", "1.00 B", "0 B"]
