"""The pages in a real browser: they open, fit, change with the scheme, and fetch nothing.

Needs chromium and chromedriver: `nox -s browser`.
"""

import pytest
from chrome import DESKTOP, PHONE, driver, light_of, requested, visit, widths
from made_reports import analysis, pictures, results

from cwvae.report.analysis_page import analysis_page
from cwvae.report.compare_page import compare_page
from cwvae.report.page import write_page

pytestmark = pytest.mark.browser
__all__ = ["driver"]

NAME = "runs/<b>long_name_without_a_place_to_break_it_anywhere_in_a_narrow_window</b>"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Both pages, by name."""
    folder = tmp_path_factory.mktemp("pages")
    compared = [results(NAME, missing=[f"readouts of {NAME}"]), results("b"), results("c")]
    pages = {
        "analysis": analysis_page(analysis(NAME), pictures()),
        "comparison": compare_page(compared),
    }
    for name, page in pages.items():
        write_page(folder / f"{name}.html", page)
    return {name: folder / f"{name}.html" for name in pages}


def show(driver, path, window=DESKTOP, scheme="light"):
    """Open a page in a window of a size, and wait until its plots are drawn."""
    from selenium.webdriver.support.ui import WebDriverWait

    visit(driver, path, window, scheme)
    drawn = """return [...document.querySelectorAll('.plotly-graph-div')].every(
        plot => plot.querySelector('.main-svg'))"""
    WebDriverWait(driver, 30).until(lambda driver: driver.execute_script(drawn))


each = pytest.mark.parametrize("name", ["analysis", "comparison"])


@each
def test_it_opens_without_an_error_and_fetches_nothing(driver, files, name):
    show(driver, files[name])
    assert driver.get_log("browser") == []
    assert requested(driver) == [files[name].as_uri()]


@each
@pytest.mark.parametrize("window", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_everything_is_inside_the_window_and_has_a_size(driver, files, name, window):
    show(driver, files[name], window)
    inner, page = widths(driver)
    assert page <= inner == window[0]
    boxes = driver.execute_script(
        """return [...document.querySelectorAll('img, .main-svg')].map(element => {
            const box = element.getBoundingClientRect();
            return [element.naturalWidth ?? 1, box.left, box.right, box.width, box.height]})"""
    )
    assert len(boxes) > 4
    for natural, left, right, width, height in boxes:
        assert natural > 0
        assert min(width, height) > 50
        assert left >= 0
        assert right <= window[0]


@each
def test_a_dark_page_is_dark_and_can_be_read(driver, files, name):
    paper = "getComputedStyle(document.body).backgroundColor"
    texts = {
        "page": "getComputedStyle(document.querySelector('li')).color",
        "plot": "getComputedStyle(document.querySelector('.xtick text')).fill",
    }
    for scheme, dark in {"light": False, "dark": True}.items():
        show(driver, files[name], scheme=scheme)
        assert (light_of(driver, paper) < 0.5) == dark
        for text in texts.values():
            assert abs(light_of(driver, text) - light_of(driver, paper)) > 0.5


def test_the_slider_moves_through_the_frames(driver, files):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    show(driver, files["analysis"])
    rail = driver.find_element(By.CSS_SELECTOR, ".slider-rail-touch-rect")
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", rail)

    def shown() -> tuple[str, str]:
        image = driver.find_element(By.CSS_SELECTOR, ".imagelayer image")
        label = driver.find_element(By.CSS_SELECTOR, ".slider-current-value, .slider-group text")
        return image.get_attribute("href"), label.text

    seen = [shown()]
    for share in (0.0, 0.45):
        width = rail.size["width"]
        ActionChains(driver).move_to_element_with_offset(
            rail, round(share * width), 0
        ).click().perform()
        before = seen[-1]
        WebDriverWait(driver, 10).until(lambda driver, before=before: shown()[0] != before[0])
        seen.append(shown())
    assert len({picture for picture, _ in seen}) == 3
    assert seen[0][1] == "frame 3, context"
    assert seen[-1][1] == "frame 14, forecast"


def test_a_name_is_shown_as_it_is(driver, files):
    from selenium.webdriver.common.by import By

    show(driver, files["comparison"])
    assert NAME in driver.find_element(By.TAG_NAME, "h1").text
    legends = [text.text for text in driver.find_elements(By.CSS_SELECTOR, ".legendtext")]
    # A plot has room for the end of a name.
    assert any(text.startswith("…") and NAME.endswith(text[1:]) for text in legends)
