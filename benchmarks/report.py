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
from collections.abc import Sequence
from pathlib import Path

from reporting.comparing import comparison
from reporting.growth import grown, write_plot
from reporting.pages import peers, readme
from results import merged, named, read_folder, read_run

from cwvae.files import write_json

HERE = Path(__file__).resolve().parent
FAILED, BAD_INPUT = 1, 2
PLACE = re.compile(r"(<!-- report\.py: (.*?) -->).*?(<!-- end: \2 -->)", re.DOTALL)


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
            write_json(whole, merged([read_run(part) for part in parts]))
        else:
            return _report(options.folder, options.check)
    except (ValueError, OSError) as error:
        print(f"report.py: error: {error}", file=sys.stderr)
        return BAD_INPUT
    return 0


def _report(folder: Path, check: bool) -> int:
    """Write documents and plots, or look whether they are what results give."""
    runs, measured = read_folder(folder / "results")
    made = {"README.md": readme(runs), "peers.md": peers(measured)}
    texts = {folder / name: _filled(folder / name, places) for name, places in made.items()}
    plots = [
        (folder / "plots" / named(run, f"{against}.png"), against, lines)
        for run in runs
        for against, lines in grown(run).items()
    ]
    if not check:
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
        for plot in plots:
            write_plot(*plot)
        return 0
    stale = [path for path, text in texts.items() if path.read_text(encoding="utf-8") != text]
    stale += [path for path, _, _ in plots if not path.exists()]
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
