"""Blocks of code on a page: run one after another, and held to the output that stands below."""

import contextlib
import io
import re
from pathlib import Path

BLOCK = re.compile(r"^```python\n(.*?)^```$(?:\n+^```text\n(.*?)^```$)?", re.DOTALL | re.MULTILINE)
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[-+]\d+)?(?![\w])")
# What is random or rounded agrees to a tenth; whole numbers agree.
RELATIVE, ABSOLUTE = 0.1, 0.05


def blocks(language: str, text: str) -> list[str]:
    """Return the blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def run(page: Path) -> dict:
    """Run a page's blocks of Python in their order; return the names that they leave.

    A block of text right below one of Python is what that prints: else an `AssertionError`.
    """
    names: dict = {"__name__": page.stem}
    for number, (code, expected) in enumerate(BLOCK.findall(page.read_text())):
        name, printed = f"{page.name}, block {number}", io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, name, "exec"), names)
        if expected:
            assert alike(printed.getvalue(), expected), f"{name} prints\n{printed.getvalue()}"
    return names


def alike(printed: str, expected: str) -> bool:
    """Whether words and whole numbers are equal, and other numbers close."""
    found, shown = NUMBER.findall(printed), NUMBER.findall(expected)
    words = [" ".join(NUMBER.sub("#", text).split()) for text in (printed, expected)]
    same = words[0] == words[1] and len(found) == len(shown)
    return same and all(map(_close, found, shown))


def _close(found: str, shown: str) -> bool:
    """Whether a number is the one that is shown."""
    if re.fullmatch(r"-?\d+", shown):
        return found == shown
    return abs(float(found) - float(shown)) <= ABSOLUTE + RELATIVE * abs(float(shown))
