"""Assemble the pages of the site: those of docs/, and those that stand beside what they are about.

    python scripts/make_site.py FOLDER
    sphinx-build -W FOLDER HTML

`nox -s docs` does both. A link from page to page becomes one within the site; pictures and other
files that pages link to are copied. Raises `ValueError` for a link that leads nowhere.
"""

import argparse
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# The pages by section, in the order in which they are listed, each with the file that has it.
SECTIONS: Mapping[str, Mapping[str, str]] = {
    "Start": {
        "model": "docs/model.md",
        "choose": "docs/choose.md",
    },
    "Tutorials": {
        "remember": "docs/tutorials/remember.md",
        "thousand": "docs/tutorials/thousand.md",
        "knows": "docs/tutorials/knows.md",
        "own_cell": "docs/tutorials/own_cell.md",
        "own_videos": "docs/tutorials/own_videos.md",
        "frame_rates": "docs/tutorials/frame_rates.md",
        "camera": "docs/tutorials/camera.md",
    },
    "How to": {
        "commands": "docs/howto/commands.md",
        "resume": "docs/howto/resume.md",
        "python": "docs/howto/python.md",
        "devices": "docs/devices.md",
        "export": "docs/howto/export.md",
        "sharing": "docs/sharing.md",
        "compare": "docs/howto/compare.md",
        "scikit_learn": "docs/howto/scikit_learn.md",
    },
    "Results": {
        "remembering": "docs/remembering.md",
        "levels": "docs/levels.md",
        "benchmark": "docs/benchmark.md",
        "speed": "benchmarks/README.md",
        "rivals": "benchmarks/rivals/README.md",
        "trust": "docs/trust.md",
    },
    "Measures": {
        "judging": "docs/judging.md",
        "metrics": "docs/metrics.md",
        "perceptual": "docs/perceptual.md",
    },
    "Reference": {
        "api_basic": "docs/api_basic.md",
        "api_advanced": "docs/api_advanced.md",
        "api": "docs/api.md",
        "presets": "docs/presets.md",
        "data": "docs/data.md",
        "faq": "docs/faq.md",
        "vocabulary": "docs/vocabulary.md",
    },
    "Project": {
        "house": "docs/house.md",
        "contributing": "CONTRIBUTING.md",
        "security": "SECURITY.md",
        "golden": "tests/golden/README.md",
        "kernels": "src/cwvae/kernels/README.md",
        "citation": "docs/citation.md",
        "changelog": "CHANGELOG.md",
    },
}
FIRST = "docs/index.md"
LINK = re.compile(r"(\]\()(?!\w+:|#)([^)#\s]+)((?:#[^)]*)?\))")


def pages() -> dict[Path, str]:
    """Return the name of every page by the file that has it, relative to the repository."""
    listed = {Path(file): name for section in SECTIONS.values() for name, file in section.items()}
    return {Path(FIRST): "index", **listed}


def linked(file: Path, folder: Path) -> str:
    """Return the text of a page with links of the site; copy what it links to besides pages.

    **Arguments:** `file`, relative to the repository; `folder`, of the site.
    """
    known = pages()

    def replace(match: re.Match[str]) -> str:
        target = (ROOT / file.parent / match[2]).resolve()
        if not target.exists() or not target.is_relative_to(ROOT):
            raise ValueError(f"{file}: expected a link to a file that is there, got {match[2]}")
        place = target.relative_to(ROOT)
        if place in known:
            return f"{match[1]}{known[place]}.md{match[3]}"
        if target.is_dir():
            raise ValueError(f"{file}: expected a link to a file, got the folder {match[2]}")
        copy = folder / "files" / place
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(target, copy)
        return f"{match[1]}files/{place}{match[3]}"

    return LINK.sub(replace, (ROOT / file).read_text())


def contents() -> str:
    """Return the list of pages, which the site shows at its side."""
    blocks = [
        "\n".join(["```{toctree}", ":hidden:", f":caption: {title}", *section, "```"])
        for title, section in SECTIONS.items()
    ]
    return "\n\n".join(blocks)


def assemble(folder: Path) -> None:
    """Write all pages, and how the site is made, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ROOT / "docs" / "conf.py", folder / "conf.py")
    for file, name in pages().items():
        more = f"\n{contents()}\n" if name == "index" else ""
        (folder / f"{name}.md").write_text(linked(file, folder) + more)


def main() -> int:
    """Assemble the pages; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where to write the pages")
    try:
        assemble(parser.parse_args().folder)
    except ValueError as error:
        print(f"make_site.py: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
