"""The errors on the page of errors are those that the source raises."""

import ast
import re
from pathlib import Path

import pytest
from blocks import blocks
from house import TREES

PAGE = Path(__file__).parents[1] / "docs" / "faq.md"
SHOWN = [" ".join(block.split()) for block in blocks("text", PAGE.read_text())]
# Parts of a message that are computed.
HOLE = "\0"
FEWEST = 25  # letters of a message that are not computed


def text(node: ast.expr) -> str:
    """Return what an expression of text is, with a hole for what is computed."""
    match node:
        case ast.Constant(str(value)):
            return value
        case ast.JoinedStr(values):
            return "".join(map(text, values))
        case ast.BinOp(left, ast.Add(), right):
            return text(left) + text(right)
        case _:
            return HOLE


def messages() -> set[str]:
    """Return all texts of the source that are long enough to be known by."""
    nodes = (node for tree in TREES.values() for node in ast.walk(tree))
    kinds = ast.Constant | ast.JoinedStr | ast.BinOp
    found = {text(node) for node in nodes if isinstance(node, kinds)}
    return {each for each in found if len(each.replace(HOLE, "")) >= FEWEST}


PATTERNS = [
    re.compile(".*".join(re.escape(" ".join(part.split(" "))) for part in each.split(HOLE)))
    for each in messages()
]


def known(shown: str) -> bool:
    return any(pattern.fullmatch(shown) for pattern in PATTERNS)


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: shown[:40])
def test_an_error_on_the_page_is_in_the_source(shown):
    assert known(shown)


def test_an_error_that_nothing_raises_is_found():
    assert len(SHOWN) >= 20
    assert not known("context must end on a tick of every level: got 40 frames, the slowest is 36")
    assert not known("something that no line of the source has ever raised")


def test_every_error_has_what_to_do_below_it():
    parts = re.split(r"^```text\n.*?^```$", PAGE.read_text(), flags=re.DOTALL | re.MULTILINE)[1:]
    assert all(len(part.split("##")[0].strip()) > 40 for part in parts)
