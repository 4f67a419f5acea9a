"""A real browser without a window, in which pages are opened: needs chromium and chromedriver."""

import json
import shutil

import pytest

# Width, height, and whether it is a phone.
DESKTOP, PHONE = (1280, 900, False), (360, 740, True)


@pytest.fixture(scope="module")
def driver():
    """A browser without a window."""
    # Here, since only the tests that are marked for it need it.
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    browser, server = shutil.which("chromium"), shutil.which("chromedriver")
    assert browser, "install chromium"
    assert server, "install chromium-driver"
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    opened = webdriver.Chrome(options=options, service=Service(server))
    yield opened
    opened.quit()


def visit(driver, path, window=DESKTOP, scheme="light"):
    """Open a page in a window of a size, in a light or dark scheme."""
    width, height, mobile = window
    sizes = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", sizes)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    for kind in ("browser", "performance"):
        driver.get_log(kind)
    driver.get(path.as_uri())


def requested(driver) -> list[str]:
    """Return the addresses that a page asked for, but those that it holds itself."""
    messages = [json.loads(line["message"])["message"] for line in driver.get_log("performance")]
    requests = [m["params"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    addresses = [request["request"]["url"] for request in requests]
    return [address for address in addresses if not address.startswith("data:")]


def widths(driver) -> tuple[int, int]:
    """Return the width of the window, and that of the page."""
    inner, page = driver.execute_script(
        "return [window.innerWidth, document.documentElement.scrollWidth]"
    )
    return inner, page


def light_of(driver, script: str) -> float:
    """Return how light the colour is that a script returns, from 0 to 1."""
    colour = driver.execute_script(f"return {script}")
    return sum(float(part.strip(" rgb()")) for part in colour.split(",")[:3]) / (3 * 255)
