"""Put together result files of one machine that hold parts of a set.

    python benchmarks/merge.py OUT PART [PART ...]

Where a set takes longer than a machine can be had at a time, it is run in parts (`-k train`, then
`-k forecast`, ...). The parts must agree in all but the date, the cases and what was left out.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from results import write

__all__ = ["merged"]

OWN = ("date", "left_out", "cases")  # what differs from part to part


def merged(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one content made of several, with the date of the first.

    Raises `ValueError` for parts that differ in what they were measured with, or that hold the
    same case.
    """
    first = parts[0]
    for part in parts[1:]:
        for field in first.keys() - set(OWN):
            if part[field] != first[field]:
                raise ValueError(
                    f"parts must agree in {field}, got {first[field]!r} and {part[field]!r}; "
                    "merge only parts of one set, measured in one place"
                )
    cases = [case for part in parts for case in part["cases"]]
    names = [case["name"] for case in cases]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"a case may be in one part only, got {', '.join(twice)} in several")
    left_out = [case for part in parts for case in part["left_out"]]
    return first | {"left_out": left_out, "cases": sorted(cases, key=lambda case: case["name"])}


def main() -> None:
    """Read the parts and write the whole."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="file to write")
    parser.add_argument("parts", type=Path, nargs="+", help="result files")
    options = parser.parse_args()
    try:
        write(options.out, merged([json.loads(path.read_text()) for path in options.parts]))
    except (OSError, ValueError) as error:
        parser.exit(2, f"merge.py: error: {error}\n")


if __name__ == "__main__":
    main()
