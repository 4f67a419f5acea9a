"""The pages that are drawn from the code: `python tests/pages.py` writes them anew.

The table of the README's house plan, and the page of what is public, `docs/api.md`.
"""

import re
from pathlib import Path

from house import OUTER, PACKAGE, ROWS, TREES, first_line, public, room

ROOT = Path(__file__).parents[1]
API = ROOT / "docs" / "api.md"
README = ROOT / "README.md"
ORDER = [*(name for row in ROWS for name in row), *OUTER]
INTRODUCTION = """# What is public

The command line, and the names on this page. What begins with an underscore, or does not stand
here, may change with every version. Drawn from the docstrings by `python tests/pages.py`.
"""
NAMES = "| of `cwvae` | what it is |\n|---|---|\n"
MODULES = "| module | what it is | its names |\n|---|---|---|\n"
HEAD = "| room | what is in it | its files |\n|---|---|---|\n"
# Where the table stands in the README.
PLACE = re.compile(r"\| room \|.*?\n(?=\n)", flags=re.DOTALL)


def house_plan() -> str:
    """Return the table of rooms, each with its docstring, in the order of imports."""
    return HEAD + "".join(f"{_row(name)}\n" for name in ORDER if not name.startswith("_"))


def _row(name: str) -> str:
    """Return a room's row."""
    if (PACKAGE / f"{name}.py").is_file():
        return f"| `{name}` | {_cell(first_line(name))} | |"
    inside = sorted({other.split(".")[1] for other in TREES if other.startswith(f"{name}.")})
    files = ", ".join(f"`{other}`" for other in inside)
    return f"| `{name}/` | {_cell(first_line(name))} | {files} |"


def api_page() -> str:
    """Return the page of all public names: those of `cwvae`, described, and those of its rooms."""
    names = "".join(f"| `{name}` | {_cell(first_line('', name))} |\n" for name in public(""))
    rooms = "".join(map(_names, _public_modules()))
    return f"{INTRODUCTION}\n{NAMES}{names}\n{MODULES}{rooms}"


def _public_modules() -> list[str]:
    """Return the modules with names of their own, in the order of the rooms."""
    found = []
    for name in sorted(TREES, key=lambda name: (ORDER.index(room(name)) if name else -1, name)):
        names, package = set(public(name)), set(public(name.rpartition(".")[0]))
        hidden = re.search(r"(^|\.)_|^cli", name)
        if name and names and not hidden and not ("." in name and names <= package):
            found.append(name)
    return found


def _names(name: str) -> str:
    """Return a module's row: its first line, and its names."""
    names = ", ".join(f"`{item}`" for item in public(name))
    return f"| `cwvae.{name}` | {_cell(first_line(name))} | {names} |\n"


def _cell(text: str) -> str:
    """Return text that can stand in a table."""
    return text.replace("|", "\\|")


def write() -> None:
    """Write both."""
    API.parent.mkdir(exist_ok=True)
    API.write_text(api_page())
    readme, count = PLACE.subn(lambda _: house_plan(), README.read_text())
    assert count == 1, "the README has one table of rooms"
    README.write_text(readme)


if __name__ == "__main__":
    write()
