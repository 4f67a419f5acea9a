"""Draw the results of the fault campaign into docs/trust.md, between its two marks.

    python scripts/trust_page.py            # draws
    python scripts/trust_page.py --check    # exit status 1 when the page is not that of the results

The results are those of `nox -s faults`, benchmarks/results/faults.json.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE, RESULTS = ROOT / "docs" / "trust.md", ROOT / "benchmarks" / "results" / "faults.json"
BEGIN, END = "<!-- drawn by scripts/trust_page.py -->\n", "<!-- end -->"


def drawn(results: Mapping[str, Any]) -> str:
    """Return the tables of all parts that were run, Markdown."""
    sections = [section(results[name]) for name, section in SECTIONS.items() if name in results]
    return "\n\n".join([*sections, _where(results)]) + "\n"


def _training(found: Mapping[str, Any]) -> str:
    counts = {name: n for name, n in found.items() if isinstance(n, int) and name != "seconds"}
    rows = [f"| {name} | {n} |" for name, n in counts.items()]
    table = "\n".join(["| of a training that is killed and resumed | |", "|---|---|", *rows])
    return f"## Killed while training\n\n{table}\n\n{_faults(found)}"


def _long(found: Mapping[str, Any]) -> str:
    names = list(found["tenths"][0])
    head = [f"| tenth of {found['steps']:,} steps | {' | '.join(names)} |"]
    head.append("|---" * (len(names) + 1) + "|")
    rows = [
        f"| {number} | {' | '.join(str(part[name]) for name in names)} |"
        for number, part in enumerate(found["tenths"], start=1)
    ]
    return "\n".join(["## Very long\n", *head, *rows])


def _writing(found: Mapping[str, Any]) -> str:
    rows = [f"| {name} | {count} |" for name, count in found["kills"].items()]
    table = "\n".join(["| killed while it writes | kills |", "|---|---|", *rows])
    return f"## Killed while writing\n\n{table}\n\n{_faults(found)}"


def _places(found: Mapping[str, Any]) -> str:
    rows = [f"| {name} | `{line}` |" for name, line in found["found"].items()]
    table = "\n".join(["| what breaks | what is printed |", "|---|---|", *rows])
    return f"## Full, read-only, removed, taken\n\n{table}\n\n{_faults(found)}"


def _reading(found: Mapping[str, Any]) -> str:
    rows = [
        f"| `{name}` | {counts['read']:,} | {counts['error']:,} |"
        for name, counts in found["files"].items()
    ]
    table = "\n".join(["| damaged file | still read | one line |", "|---|---|---|", *rows])
    memory = f"Largest memory above that of the program: {found['memory'] / 2**20:,.0f} MiB."
    return f"## Files with random damage\n\n{table}\n\n{memory} {_faults(found)}"


def _faults(found: Mapping[str, Any]) -> str:
    return f"Faults found: {len(found['faults'])}."


def _where(results: Mapping[str, Any]) -> str:
    parts = [
        f"| {name} | {part['date']} | `{' '.join(part['run'])}` | {part['device']} | "
        f"{', '.join(f'{n} {v}' for n, v in part['versions'].items() if n in ('cwvae', 'jax'))} | "
        f"{part['seconds']:,} |"
        for name, part in results.items()
    ]
    head = ["| part | date | command | device | versions | seconds |", "|---|---|---|---|---|---|"]
    return "\n".join(["## Where and when\n", *head, *parts])


SECTIONS = {
    "training": _training,
    "writing": _writing,
    "places": _places,
    "long": _long,
    "reading": _reading,
}
"""What draws each part, in the order of the page."""


def with_results(page: str, results: Mapping[str, Any]) -> str:
    """Return a page with the results in it; raise `ValueError` without its marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"expected the marks {BEGIN.strip()} and {END} in the page; restore them")
    return f"{before}{BEGIN}\n{drawn(results)}\n{END}{after}"


def main() -> int:
    """Draw or check; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="change nothing")
    check = parser.parse_args().check
    known = PAGE.read_text()
    wanted = with_results(known, json.loads(RESULTS.read_text()))
    if check:
        return int(known != wanted)
    PAGE.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
