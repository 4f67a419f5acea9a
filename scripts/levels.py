"""The tables and the picture of docs/levels.md, made from committed results.

    python scripts/levels.py                 # write them anew
    python scripts/levels.py --check         # fail if they are not what results give
    python scripts/levels.py --add FOLDER    # keep what cwvae analyse found

The result is `levels.json` in benchmarks/results, the analysis.json of the model in the package.
"""

import argparse
import json
import re
import shutil
import sys
from pathlib import Path

from cwvae.report.analysis_tables import analysis_tables
from cwvae.report.findings import findings

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "levels.md"
RESULT = ROOT / "benchmarks" / "results" / "levels.json"
PLOT = ROOT / "benchmarks" / "plots" / "levels.png"
PLACE = re.compile(r"(<!-- levels.py -->\n).*?(<!-- end: levels.py -->)", flags=re.DOTALL)


def add(folder: Path) -> None:
    """Keep what an analysis found in the place of what was there, and its picture."""
    found = json.loads((folder / "analysis.json").read_text())
    # Where it lies on the machine that measured it means nothing elsewhere.
    del found["environment"]["command"]
    RESULT.write_text(json.dumps(found) + "\n")
    shutil.copyfile(folder / "nats.png", PLOT)


def page() -> str:
    """Return the page with its place filled from the result."""
    found = json.loads(RESULT.read_text())
    known = found["environment"]
    source = (
        f"Step {found['step']:,}; {found['videos']} test videos, {found['context']} context frames;"
        f" {known['device']}, cwvae {known['versions']['cwvae']}, jax {known['versions']['jax']}, "
        f"{known['date'].partition('T')[0]}: `cwvae analyse {found['run']}`."
    )
    blocks = [f"```text\n{block}\n```" for block in analysis_tables(found)]
    sentences = "\n".join(f"- {sentence}" for sentence in findings(found))
    made = "\n\n".join([sentences, *blocks, source])
    return PLACE.sub(lambda match: f"{match[1]}\n{made}\n\n{match[2]}", PAGE.read_text())


def main() -> int:
    """Write, look, or keep; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, compare with results")
    parser.add_argument("--add", type=Path, metavar="FOLDER", help="keep an analysis")
    options = parser.parse_args()
    if options.add:
        add(options.add)
    text = page()
    if options.check and text != PAGE.read_text():
        print(f"{PAGE} is not what the results give; run {sys.argv[0]}", file=sys.stderr)
        return 1
    if not options.check:
        PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
