"""The table of models in docs/sharing.md, made from the cards of the models in the package.

    python scripts/model_table.py          # write it anew
    python scripts/model_table.py --check  # fail if it is not what the cards give

Every row has the command of its last training and that of its measurement. The first is read back:
it must give the very configuration that is stored with the weights.
"""

import argparse
import dataclasses
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cwvae.cli.options import Train
from cwvae.cli.parsing import parse
from cwvae.pretrained import Header, read_header, shipped
from cwvae.pretrained.card import data_line
from cwvae.pretrained.places import PREFIX
from cwvae.training.presets import PRESETS

PAGE = Path(__file__).parents[1] / "docs" / "sharing.md"
PLACE = re.compile(r"(<!-- model_table.py -->\n).*?(<!-- end: model_table.py -->)", re.DOTALL)
# What `cwvae.pretrained.measured` writes above the metrics of a card.
MEASURED = re.compile(
    r"([\d,]+) test videos of (\S+), ([\d,]+) context frames, ([\d,]+) predicted, "
    r"forecasts of each: ([\d,]+)\."
)
COLUMNS = ("model", "parameters", "data", "steps", "hours of them", "metric", "licence")


def table(models: dict[str, Path]) -> str:
    """Return the table, and below it the commands of each row.

    Raises `ValueError` for a model whose commands would give something else.
    """
    headers = {name: read_header(path) for name, path in models.items()}
    sizes = {name: path.stat().st_size / 1e6 for name, path in models.items()}
    lines = [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
    lines += [row(name, header, sizes[name]) for name, header in headers.items()]
    blocks = [
        f"`{PREFIX}{name}`, its last training and its measurement:\n\n```bash\n"
        f"{training(name, header)}\n{measurement(name, header)}\n```"
        for name, header in headers.items()
    ]
    return "\n\n".join(["\n".join(lines), *blocks])


def row(name: str, header: Header, size: float) -> str:
    """Return the row of a model, `size` in MB."""
    hours = re.search(r"^hours: (\S+)$", header.card, flags=re.MULTILINE)
    cells = (
        f"`{PREFIX}{name}`",
        f"{header.parameters:,}, {size:.1f} MB",
        data_line(header.settings),
        f"{header.step:,}",
        "not known" if hours is None or hours[1] == "null" else hours[1],
        header.headline,
        header.license,
    )
    return f"| {' | '.join(cells)} |"


def training(name: str, header: Header) -> str:
    """Return the command of a model's last training, which gives the configuration that it has."""
    settings = header.settings
    if settings.custom:
        raise ValueError(f"{name} is of its author's own function, which no command here has")
    preset = PRESETS[settings.preset]
    # What the frames of a file may take of memory changes no training; its default was another.
    data = dataclasses.replace(settings.data, decoded_limit=preset.data.decoded_limit)
    settings = dataclasses.replace(settings, data=data)
    words = ["train", "--preset", settings.preset]
    for part in ("model", "train", "data"):
        words += changed(getattr(settings, part), getattr(preset, part))
    words += ["--out", f"runs/{name}"]
    given = parse(words)
    assert isinstance(given, Train)
    for part in ("model", "train", "data"):
        if getattr(given, part) != getattr(settings, part):
            raise ValueError(f"{name}: cwvae {' '.join(words)} has another {part}; mend the script")
    return f"cwvae {' '.join(words)}"


def changed(config: Any, default: Any) -> Iterator[str]:
    """Yield the options in which a configuration differs from its preset's."""
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if value != getattr(default, field.name):
            yield f"--{field.name.replace('_', '-')}"
            if value is not True:
                yield from map(str, value if isinstance(value, tuple) else (value,))


def measurement(name: str, header: Header) -> str:
    """Return the command that measures what the card states; raise `ValueError` without it."""
    found = MEASURED.search(header.card)
    if found is None:
        raise ValueError(f"{name}: expected metrics in its card, got none; export it with some")
    videos, _, context, horizon, samples = (text.replace(",", "") for text in found.groups())
    return (
        f"cwvae evaluate {PREFIX}{name} --num-examples {videos} --num-samples {samples} "
        f"--context {context} --horizon {horizon}"
    )


def page(text: str) -> str:
    """Return the page with the table in its place."""
    if not PLACE.search(text):
        raise ValueError(f"{PAGE}: expected a place for the table, got none; restore its comments")
    return PLACE.sub(lambda found: f"{found[1]}\n{table(shipped())}\n\n{found[2]}", text)


def main(arguments: list[str] | None = None) -> int:
    """Write the table, or compare it; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    check = parser.parse_args(arguments).check
    before = PAGE.read_text()
    after = page(before)
    if not check:
        PAGE.write_text(after)
    elif after != before:
        print(f"{PAGE} is not what the cards give; run python scripts/model_table.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
