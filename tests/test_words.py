"""The field's words: no dialect of our own in names, comments, docstrings or messages."""

import re
import tokenize

import pytest
from house import PATHS

# Each has a plain word in its place: input, output, is, returns, raise.
DIALECT = re.compile(
    r"(?<![a-z])(hear(s|d|ing)?|say(s|ing)?|said|tell(s|ing)?|told|refus(e|es|ed|ing|al|als))(?![a-z])",
    flags=re.IGNORECASE,
)
# Where a word has its plain meaning: (module, word).
ALLOWED: set[tuple[str, str]] = {
    ("data.archives", "tell"),  # the method of files
    ("data.containers", "tell"),
}


def words(name: str) -> dict[int, str]:
    """Return the words of the dialect in a module's text, by line."""
    kinds = (tokenize.COMMENT, tokenize.STRING, tokenize.NAME)
    found = {}
    with PATHS[name].open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type in kinds:
                for match in DIALECT.finditer(token.string):
                    line = token.start[0] + token.string[: match.start()].count("\n")
                    if (name, match[0].lower()) not in ALLOWED:
                        found[line] = match[0]
    return found


def test_the_dialect_is_found_where_it_is():
    text = "def hear_above(): '''Refuse what it Says.''' # heard, told"
    assert [match[0] for match in DIALECT.finditer(text)] == [
        "hear",
        "Refuse",
        "Says",
        "heard",
        "told",
    ]
    assert DIALECT.findall("shear, intelligent, essays, diffuse, storytelling, toldo") == []


@pytest.mark.parametrize("name", sorted(PATHS))
def test_a_module_uses_the_words_of_the_field(name):
    assert words(name) == {}
