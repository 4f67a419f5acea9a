"""The site in a real browser: every page opens, fits, changes with the scheme, fetches nothing.

Needs chromium, chromedriver and the group `docs`: `nox -s browser`.
"""

import subprocess
import sys

import make_site
import pytest
from chrome import DESKTOP, PHONE, driver, light_of, requested, visit, widths

pytestmark = pytest.mark.browser
__all__ = ["driver"]

NAMES = sorted(make_site.pages().values())


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the site, built as `nox -s docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    make_site.assemble(folder / "pages")
    words = ["-m", "sphinx", "--fail-on-warning", "-q", folder / "pages", folder / "site"]
    subprocess.run([sys.executable, *map(str, words)], check=True)
    return folder / "site"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("window", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_page_fits_its_window_and_fetches_nothing_from_outside(driver, site, name, window):
    visit(driver, site / f"{name}.html", window)
    assert driver.get_log("browser") == []
    assert all(address.startswith(site.as_uri()) for address in requested(driver))
    inner, page = widths(driver)
    assert page <= inner == window[0]
    broken = "return [...document.images].filter(i => !i.naturalWidth).map(i => i.src)"
    assert driver.execute_script(broken) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_is_light_or_dark_and_can_be_read(driver, site, scheme):
    visit(driver, site / "model.html", scheme=scheme)
    paper = light_of(driver, "getComputedStyle(document.body).backgroundColor")
    assert (paper < 0.5) == (scheme == "dark")
    for part in ("p", "math", "pre"):
        text = f"getComputedStyle(document.querySelector('article {part}')).color"
        assert abs(light_of(driver, text) - paper) > 0.5


def test_formulas_are_drawn_by_the_browser_itself(driver, site):
    visit(driver, site / "model.html")
    sizes = (
        "return [...document.querySelectorAll('math')].map(m => m.getBoundingClientRect().width)"
    )
    assert len(driver.execute_script(sizes)) > 10
    assert min(driver.execute_script(sizes)) > 2
