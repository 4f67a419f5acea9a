"""What a run or an exported model is, how far it is trained, and what it is made of."""

import json
import sys
from pathlib import Path

from cwvae.cli.folder import ENVIRONMENT, read_starts
from cwvae.cli.lines import printable
from cwvae.cli.logs import kept_lines
from cwvae.cli.traced_sizes import size_lines
from cwvae.pretrained.finding import find
from cwvae.pretrained.load import read_header
from cwvae.pretrained.places import is_exported
from cwvae.training.run import model_shapes, trained_steps
from cwvae.training.settings import Settings, read_settings

__all__ = ["run_info"]


def run_info(source: Path, *, trust: bool) -> str:
    """Return lines about a run and the table of its model, of an exported one its card too.

    With `trust` a run's own code is executed, whoever made the run.
    """
    return printable(_exported(source) if is_exported(source) else _of_run(source, trust=trust))


def _of_run(folder: Path, *, trust: bool) -> str:
    """Return lines about a run, and the table of its model, unless its own code alone knows it."""
    settings = read_settings(folder, trust=trust)
    lines = [_trained(folder, settings), _started(folder)]
    lines += [*_averaged(settings), *_logged(folder)]
    if settings.custom and not settings.custom.trusted:
        unknown = f"its sizes are known to {settings.custom.file} alone, which others made"
        return "\n".join([*lines, f"{unknown}; read it, and execute it with --trust"])
    return "\n".join([*lines, "", size_lines(model_shapes(settings))])


def _exported(source: Path) -> str:
    """Return the same of an exported model, and its card, of which its author is the source."""
    header = read_header(find(source))
    settings = header.settings
    lines = [f"{source}: preset {settings.preset}, {header.step:,} steps trained"]
    lines += [f"exported by cwvae {settings.version} in {header.dtype}, licence {header.license}"]
    # The shapes of a model of the author's own are known to its source alone.
    if settings.custom is None:
        lines += ["", size_lines(model_shapes(settings))]
    return "\n".join([*lines, "", header.card])


def _trained(folder: Path, settings: Settings) -> str:
    """Return how a run is configured and how far it is."""
    model = f", model {settings.custom}" if settings.custom else ""
    steps = f"{trained_steps(folder):,} of {settings.train.steps:,} steps trained"
    return f"{folder}: preset {settings.preset}{model}, {steps}"


def _logged(folder: Path) -> list[str]:
    """Return the last line of the metrics in words, if there is one.

    Raises `ValueError` when they are damaged.
    """
    lines = kept_lines(folder, sys.maxsize)
    if not lines:
        return []
    last = json.loads(lines[-1])
    loss = last.get("loss")
    known = f", loss {loss:.2f} nats per frame" if isinstance(loss, float) else ""
    return [f"last logged: step {last['step']:,}{known}"]


def _averaged(settings: Settings) -> list[str]:
    """Return a line about the average of the weights, if the run keeps one."""
    decay = settings.train.average
    return [f"evaluated with the moving average of its weights, decay {decay:g}"] if decay else []


def _started(folder: Path) -> str:
    """Return when and on what a run was last started."""
    starts = read_starts(folder)
    if not starts:
        return f"where it was trained is not known: {ENVIRONMENT} is missing"
    date, device, versions = (starts[-1].get(name) for name in ("date", "device", "versions"))
    if not (isinstance(date, str) and isinstance(device, str) and isinstance(versions, dict)):
        raise ValueError(
            f"{folder / ENVIRONMENT}: expected date, device and versions of a start, got something "
            "else; delete it"
        )
    packages = ", ".join(f"{name} {versions.get(name, '?')}" for name in ("cwvae", "jax"))
    begun = "started" if len(starts) == 1 else f"last of {len(starts)} starts:"
    return f"{begun} {date} on {device} with {packages}"
