"""The pages that are drawn from the code: `python tests/pages.py` writes them anew.

The table of the house plan, the page of what is public, `docs/api.md`, the table of
`docs/metrics.md`, the sizes of the presets that `cwvae info` keeps, and code and signatures on all
pages of docs/.
"""

import json
import re
from pathlib import Path

import excerpts
import numpy as np
from house import OUTER, PACKAGE, ROWS, TREES, first_line, public, room

from cwvae.cli.preset_sizes import KEPT
from cwvae.cli.traced_sizes import traced_sizes
from cwvae.data.clips import Clips, Recording
from cwvae.evaluation.distance_kinds import DISTANCES
from cwvae.evaluation.frame_metrics import FRAME_METRICS
from cwvae.measures.actions import Actions
from cwvae.measures.digits import Digits
from cwvae.measures.names import DATA_OF
from cwvae.measures.rooms import Rooms
from cwvae.training.presets import PRESETS

ROOT = Path(__file__).parents[1]
API = ROOT / "docs" / "api.md"
HOUSE = ROOT / "docs" / "house.md"
SIZES = PACKAGE / "cli" / KEPT
METRICS = ROOT / "docs" / "metrics.md"
ORDER = [*(name for row in ROWS for name in row), *OUTER]
INTRODUCTION = """# Every public name

The command line, and the names on this page, are public. What begins with an underscore, or does
not stand here, may change with every version. Drawn from the docstrings by
`python tests/pages.py`. With arguments and examples: [basic](api_basic.md),
[advanced](api_advanced.md).
"""
NAMES = "| of `cwvae` | what it is |\n|---|---|\n"
MODULES = "| module | what it is | its names |\n|---|---|---|\n"
HEAD = "| room | what is in it | its files |\n|---|---|---|\n"
METRIC_HEAD = "| name | metric | protocol |\n|---|---|---|"
MARKS = "<!-- metrics -->", "<!-- /metrics -->"
METRIC_PLACE = re.compile(".*".join(MARKS), flags=re.DOTALL)
CLIPS = Clips([Recording("film", np.zeros((1, 1, 1, 1), np.uint8))], frames=1)
# Where the table stands on the page of the house.
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


def metrics_page() -> str:
    """Return the page of what can be measured, with the table of its names."""
    rows = {name: (metric.label, metric.protocol) for name, metric in FRAME_METRICS.items()}
    rows |= {name: (kind.label, kind.protocol) for name, kind in DISTANCES.items()}
    read = [Digits(context=4, size=32, seed=0), Rooms(), Actions(CLIPS, context=4, horizon=16)]
    for name, protocol in [item for measure in read for item in measure.protocol.items()]:
        rows[name] = f"{name}, of {' and '.join(DATA_OF[name])}", protocol
    lines = [f"| `{name}` | {label} | {_cell(how)} |" for name, (label, how) in rows.items()]
    table = "\n".join([METRIC_HEAD, *lines])
    page, count = METRIC_PLACE.subn(
        lambda _: f"{MARKS[0]}\n{table}\n{MARKS[1]}", METRICS.read_text()
    )
    assert count == 1, "the page of metrics has one place for its table"
    return page


def preset_sizes() -> str:
    """Return the file of what the presets' models are made of."""
    sizes = {name: traced_sizes(preset.model) for name, preset in PRESETS.items()}
    return f"{json.dumps(sizes, indent=1)}\n"


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
    """Write all."""
    API.parent.mkdir(exist_ok=True)
    API.write_text(api_page())
    METRICS.write_text(metrics_page())
    SIZES.write_text(preset_sizes())
    house, count = PLACE.subn(lambda _: house_plan(), HOUSE.read_text())
    assert count == 1, "the page of the house has one table of rooms"
    HOUSE.write_text(house)
    for page in (ROOT / "docs").rglob("*.md"):
        page.write_text(excerpts.drawn(page))


if __name__ == "__main__":
    write()
