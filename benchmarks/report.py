"""Make the tables and plots of README.md and rivals/README.md from the committed results.

python benchmarks/report.py                       # write them
python benchmarks/report.py --check               # fail if they are not what results give
python benchmarks/report.py --compare A.json B.json

Where a set takes longer than a machine can be had at a time, it is run in parts (`-k train`, then
`-k forecast`, ...), whose files are one run if they agree in what they were measured with.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from reporting.comparing import comparison
from reporting.growth import grown, write_plot
from reporting.pages import readme
from reporting.rivals import rivals
from results import named, read_folder, read_run

HERE = Path(__file__).resolve().parent
FAILED, BAD_INPUT = 1, 2
PLACE = re.compile(r"(<!-- report\.py: (.*?) -->).*?(<!-- end: \2 -->)", re.DOTALL)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 1 when a check fails, 2 for bad input."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="write nothing, compare with results")
    what.add_argument("--compare", nargs=2, type=Path, metavar=("A", "B"), help="ratios B / A")
    parser.add_argument("--folder", type=Path, default=HERE, help="where README.md and results are")
    options = parser.parse_args(arguments)
    try:
        if not options.compare:
            return _report(options.folder, options.check)
        print(comparison(*map(read_run, options.compare)))
    except (ValueError, OSError) as error:
        print(f"report.py: error: {error}", file=sys.stderr)
        return BAD_INPUT
    return 0


def _report(folder: Path, check: bool) -> int:
    """Write documents and plots, or look whether they are what results give."""
    runs, measured = read_folder(folder / "results")
    made = {"README.md": readme(runs), "rivals/README.md": rivals(measured)}
    texts = {folder / name: _filled(folder / name, places) for name, places in made.items()}
    plots = {
        folder / "plots" / named(run, f"{against}.png"): (against, lines)
        for run in runs
        for against, lines in grown(run).items()
    }
    if not check:
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
        for path, plot in plots.items():
            write_plot(path, *plot)
        return 0
    stale = [path for path, text in texts.items() if path.read_text(encoding="utf-8") != text]
    stale += [path for path in plots if not path.exists()]
    for path in stale:
        where = f"{path} is not what {folder / 'results'} gives"
        print(f"report.py: {where}; run python benchmarks/report.py", file=sys.stderr)
    return FAILED if stale else 0


def _filled(path: Path, places: dict[str, str]) -> str:
    """Return a document's text with each place, between its two markers, filled anew."""
    text = path.read_text(encoding="utf-8")
    wrong = places.keys() ^ {match[2] for match in PLACE.finditer(text)}
    if wrong:
        names = ", ".join(sorted(wrong))
        raise ValueError(f"{path}: expected the markers of {', '.join(places)}; see to {names}")
    return PLACE.sub(lambda match: f"{match[1]}\n\n{places[match[2]]}\n\n{match[3]}", text)


if __name__ == "__main__":
    sys.exit(main())
