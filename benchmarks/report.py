"""Make the tables and plots of README.md and peers.md from the committed results.

python benchmarks/report.py                       # write them
python benchmarks/report.py --check               # fail if they are not what results give
python benchmarks/report.py --compare A.json B.json
"""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from reporting.comparing import comparison
from reporting.growth import Series
from reporting.peers import peers
from reporting.plots import plot_name, write_plot
from reporting.reading import Folder, read_folder, read_run
from reporting.sections import growth, readme

HERE = Path(__file__).resolve().parent
FAILED, BAD_INPUT = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 1 when a check fails, 2 for bad input."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="write nothing, compare with results")
    what.add_argument("--compare", nargs=2, type=Path, metavar=("A", "B"), help="ratios B / A")
    parser.add_argument("--folder", type=Path, default=HERE, help="where README.md and results are")
    options = parser.parse_args(arguments)
    try:
        if options.compare:
            print(comparison(*map(read_run, options.compare)))
            return 0
        return check(options.folder) if options.check else write(options.folder)
    except (ValueError, OSError) as error:
        print(f"report.py: error: {error}", file=sys.stderr)
        return BAD_INPUT


def write(folder: Path) -> int:
    """Write documents and plots."""
    results = read_folder(folder / "results")
    for path, text in _documents(folder, results).items():
        path.write_text(text, encoding="utf-8")
    for path, lines in _plots(folder, results):
        write_plot(path, lines)
    return 0


def check(folder: Path) -> int:
    """Say whether documents are what results give, and whether their plots are there."""
    results = read_folder(folder / "results")
    stale = [
        path
        for path, text in _documents(folder, results).items()
        if path.read_text(encoding="utf-8") != text
    ]
    stale += [path for path, _ in _plots(folder, results) if not path.exists()]
    for path in stale:
        print(
            f"report.py: {path} is not what {folder / 'results'} gives; "
            "run python benchmarks/report.py",
            file=sys.stderr,
        )
    return FAILED if stale else 0


def _documents(folder: Path, results: Folder) -> dict[Path, str]:
    """Return the text of every document."""
    made = {"README.md": readme(results.runs), "peers.md": peers(results.peers)}
    return {folder / name: _filled(folder / name, places) for name, places in made.items()}


def _plots(folder: Path, results: Folder) -> Iterator[tuple[Path, list[Series]]]:
    """Yield where every plot goes, and what it shows."""
    for run in results.runs:
        for against, lines in growth(run).items():
            yield folder / "plots" / plot_name(run.device, against), lines


def _filled(path: Path, places: dict[str, str]) -> str:
    """Return a document's text with each place, between its two markers, filled anew."""
    text = path.read_text(encoding="utf-8")
    for name, made in places.items():
        start, end = f"<!-- report.py: {name} -->", f"<!-- end: {name} -->"
        before, found, rest = text.partition(start)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise ValueError(f"{path}: expected the markers {start} and {end}; restore them")
        text = f"{before}{start}\n\n{made}\n\n{end}{after}"
    unknown = set(re.findall(r"<!-- report\.py: (.*?) -->", text)) - places.keys()
    if unknown:
        raise ValueError(f"{path}: nothing is made for {min(unknown)!r}; remove its markers")
    return text


if __name__ == "__main__":
    sys.exit(main())
