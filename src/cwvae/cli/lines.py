"""Text of files and libraries, made fit for a terminal: no control characters, no endless lines."""

__all__ = ["in_one_line", "printable"]

# Characters of a line: a message with two long paths has some 600. The beginning names the place,
# the end the remedy.
_FIRST, _LAST = 1000, 500


def in_one_line(text: object) -> str:
    """Return text in one printable line, with the middle left out where it is very long."""
    line = printable(" ".join(str(text).split()))
    return line if len(line) <= _FIRST + _LAST else f"{line[:_FIRST]} ... {line[-_LAST:]}"


def printable(text: str) -> str:
    """Return text with ? for characters that are commands to a terminal; tabs and lines stay."""
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text)
