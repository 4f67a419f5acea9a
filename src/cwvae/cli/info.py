"""`cwvae info`: what a run is, and what its model is made of."""

import json
from pathlib import Path

from cwvae.analysis.sizes import summary
from cwvae.cli.options import Info
from cwvae.training import runs
from cwvae.training.runs import Settings

__all__ = ["info"]


def info(options: Info) -> int:
    """Print two lines about the run and the table of its model; return the exit status."""
    settings = runs.read_settings(options.run)
    table = summary(runs.sketch(settings))
    print(_trained(options.run, settings))
    print(_started(options.run))
    print(f"\n{table}")
    return 0


def _trained(folder: Path, settings: Settings) -> str:
    """Say what a run was told and how far it is."""
    model = f", model {settings.custom}" if settings.custom else ""
    steps = f"{runs.steps(folder):,} of {settings.train.steps:,} steps trained"
    return f"{folder}: preset {settings.preset}{model}, {steps}"


def _started(folder: Path) -> str:
    """Say when and on what a run was last started."""
    try:
        starts = json.loads((folder / runs.ENVIRONMENT).read_text())
        last = starts[-1]
        versions = ", ".join(f"{name} {last['versions'][name]}" for name in ("cwvae", "jax"))
        return f"last of {len(starts)} starts: {last['date']} on {last['device']} with {versions}"
    except (OSError, ValueError, LookupError, TypeError):
        # The model can be shown all the same.
        return f"where it was trained is not known: {runs.ENVIRONMENT} is missing or damaged"
