"""`cwvae info`: what a run is, and what its model is made of."""

import json
import sys
from pathlib import Path

from cwvae.analysis.sizes import summary
from cwvae.cli.folder import ENVIRONMENT, read_starts
from cwvae.cli.logs import kept_lines
from cwvae.cli.options import Info
from cwvae.training.run import model_shapes, trained_steps
from cwvae.training.settings import Settings, read_settings

__all__ = ["info"]


def info(options: Info) -> int:
    """Print a few lines about the run and the table of its model; return the exit status."""
    settings = read_settings(options.run)
    lines = [_trained(options.run, settings), _started(options.run), *_logged(options.run)]
    print("\n".join([*lines, "", str(summary(model_shapes(settings)))]))
    return 0


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
    return f"last of {len(starts)} starts: {date} on {device} with {packages}"
