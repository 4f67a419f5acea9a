"""What the pages show of the code is so; `python tests/pages.py` draws them anew."""

import re

import pages
import pytest
from house import public

import cwvae
from cwvae.measures.names import METRICS

REMEDY = "run `python tests/pages.py`"


def test_the_house_plan_is_that_of_the_code():
    assert pages.house_plan() in pages.HOUSE.read_text(), REMEDY


def test_the_page_of_public_names_is_that_of_the_code():
    assert pages.API.read_text() == pages.api_page(), REMEDY


def test_the_page_has_every_public_name_once_and_the_package_has_them_all():
    table = pages.API.read_text().split("\n\n")[2]
    assert re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE) == cwvae.__all__
    assert set(cwvae.__all__) <= set(dir(cwvae))
    assert cwvae.__all__ == public("")


@pytest.mark.parametrize("name", cwvae.__all__)
def test_every_public_name_can_be_had_and_is_described(name):
    assert getattr(cwvae, name) is not None
    row = re.search(rf"^\| `{name}` \| (.*) \|$", pages.API.read_text(), flags=re.MULTILINE)
    assert row is not None
    assert row[1].strip()


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = cwvae.nothing


def test_the_table_of_metrics_is_that_of_the_code():
    assert pages.METRICS.read_text() == pages.metrics_page(), REMEDY
    assert all(f"| `{name}` |" in pages.metrics_page() for name in METRICS)
