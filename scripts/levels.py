"""The tables and the picture of docs/levels.md, made from committed results.

    python scripts/levels.py                       # write them anew
    python scripts/levels.py --check               # fail if they are not what results give
    python scripts/levels.py --add pocket FOLDER   # keep what cwvae analyse found

The results are the analysis.json of models, in benchmarks/results: `levels.json` of pocket, the
model in the package, `levels_NAME.json` of another, whose place in the page begins with its name.
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
RESULTS = ROOT / "benchmarks" / "results"
PLOTS = ROOT / "benchmarks" / "plots"
PACKAGED = "pocket"
PLACE = re.compile(
    r"(<!-- levels.py(?:: (\w+))? -->\n).*?(<!-- end: levels.py -->)", flags=re.DOTALL
)


def stem(name: str) -> str:
    """Return what the files of an analysis are called."""
    return "levels" if name == PACKAGED else f"levels_{name}"


def add(name: str, folder: Path) -> None:
    """Keep what an analysis found in the place of what was there, and its picture."""
    found = json.loads((folder / "analysis.json").read_text())
    # Where it lies on the machine that measured it means nothing elsewhere.
    del found["environment"]["command"]
    if not found["run"].startswith("pretrained:"):
        found["run"] = f"runs/{name}"
    (RESULTS / f"{stem(name)}.json").write_text(json.dumps(found) + "\n")
    shutil.copyfile(folder / "nats.png", PLOTS / f"{stem(name)}.png")


def page() -> str:
    """Return the page with its places filled from the results."""
    return PLACE.sub(
        lambda match: f"{match[1]}\n{section(match[2])}\n\n{match[3]}", PAGE.read_text()
    )


def section(name: str | None) -> str:
    """Return what an analysis found, as text of the page; None is that of the packaged model."""
    found = json.loads((RESULTS / f"{stem(name or PACKAGED)}.json").read_text())
    known = found["environment"]
    source = (
        f"Step {found['step']:,}; {found['videos']} test videos, {found['context']} context frames;"
        f" {known['device']}, cwvae {known['versions']['cwvae']}, jax {known['versions']['jax']}, "
        f"{known['date'].partition('T')[0]}: `cwvae analyse {found['run']}`."
    )
    blocks = [f"```text\n{block}\n```" for block in analysis_tables(found)]
    sentences = "\n".join(f"- {sentence}" for sentence in findings(found))
    return "\n\n".join([sentences, *blocks, source])


def main() -> int:
    """Write, look, or keep; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, compare with results")
    parser.add_argument("--add", nargs=2, metavar=("NAME", "FOLDER"), help="keep an analysis")
    options = parser.parse_args()
    if options.add:
        name, folder = options.add
        add(name, Path(folder))
    text = page()
    if options.check and text != PAGE.read_text():
        print(f"{PAGE} is not what the results give; run {sys.argv[0]}", file=sys.stderr)
        return 1
    if not options.check:
        PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
