"""Make the tables and plots of README.md and peers.md from the committed results.

python benchmarks/report.py                       # write them
python benchmarks/report.py --check               # fail if they are not what results give
python benchmarks/report.py --compare A.json B.json
python benchmarks/report.py --merge WHOLE.json PART.json [PART.json ...]

Where a set takes longer than a machine can be had at a time, it is run in parts (`-k train`, then
`-k forecast`, ...), and --merge puts their files together. The parts must agree in all but the
date, the cases and what was left out.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from reporting.comparing import comparison
from reporting.growth import Series, series, write_plot
from reporting.pages import peers, readme
from results import Run, merged, read_folder, read_run, write

HERE = Path(__file__).resolve().parent
FAILED, BAD_INPUT = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 1 when a check fails, 2 for bad input."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="write nothing, compare with results")
    what.add_argument("--compare", nargs=2, type=Path, metavar=("A", "B"), help="ratios B / A")
    what.add_argument("--merge", nargs="+", type=Path, metavar="FILE", help="the whole, its parts")
    parser.add_argument("--folder", type=Path, default=HERE, help="where README.md and results are")
    options = parser.parse_args(arguments)
    if options.merge and len(options.merge) < 2:
        parser.error("--merge needs the file to write and at least one part")
    try:
        if options.compare:
            print(comparison(*map(read_run, options.compare)))
        elif options.merge:
            whole, *parts = options.merge
            write(whole, merged([read_run(part) for part in parts]))
        else:
            return (_check if options.check else _update)(options.folder)
    except (ValueError, OSError) as error:
        print(f"report.py: error: {error}", file=sys.stderr)
        return BAD_INPUT
    return 0


def _update(folder: Path) -> int:
    """Write documents and plots."""
    documents, runs = _documents(folder)
    for path, text in documents.items():
        path.write_text(text, encoding="utf-8")
    for path, lines in _plots(folder, runs):
        write_plot(path, lines)
    return 0


def _check(folder: Path) -> int:
    """Compare documents with what results give, and look whether their plots are there."""
    documents, runs = _documents(folder)
    stale = [path for path, text in documents.items() if path.read_text(encoding="utf-8") != text]
    stale += [path for path, _ in _plots(folder, runs) if not path.exists()]
    for path in stale:
        where = f"{path} is not what {folder / 'results'} gives"
        print(f"report.py: {where}; run python benchmarks/report.py", file=sys.stderr)
    return FAILED if stale else 0


def _documents(folder: Path) -> tuple[dict[Path, str], list[Run]]:
    """Return the text of every document, and the runs that it shows."""
    runs, measured = read_folder(folder / "results")
    made = {"README.md": readme(runs), "peers.md": peers(measured)}
    return {folder / name: _filled(folder / name, places) for name, places in made.items()}, runs


def _plots(folder: Path, runs: Sequence[Run]) -> Iterator[tuple[Path, list[Series]]]:
    """Yield where every plot goes, and what it shows."""
    for run in runs:
        for against, lines in series(run).items():
            yield folder / "plots" / run.named(f"{against}.png"), lines


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
