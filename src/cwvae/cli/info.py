"""`cwvae info`: what a run is, and what its model is made of."""

from pathlib import Path

from cwvae.analysis.sizes import summary
from cwvae.cli.folder import ENVIRONMENT, read_starts
from cwvae.cli.options import Info
from cwvae.training.run import model_shapes, trained_steps
from cwvae.training.settings import Settings, read_settings

__all__ = ["info"]


def info(options: Info) -> int:
    """Print what the run is, line by line, and the table of its model; return the exit status."""
    settings = read_settings(options.run)
    lines = [_trained(options.run, settings), _started(options.run), *_averaged(settings)]
    print("\n".join([*lines, "", str(summary(model_shapes(settings)))]))
    return 0


def _trained(folder: Path, settings: Settings) -> str:
    """Return how a run is configured and how far it is."""
    model = f", model {settings.custom}" if settings.custom else ""
    steps = f"{trained_steps(folder):,} of {settings.train.steps:,} steps trained"
    return f"{folder}: preset {settings.preset}{model}, {steps}"


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
    return f"last of {len(starts)} starts: {date} on {device} with {packages}"
