"""`cwvae export`: the model of a run for others, with what is known of it on its card."""

import json
from pathlib import Path

from cwvae.cli.folder import check_writable, read_starts
from cwvae.cli.logs import kept_lines
from cwvae.cli.model_options import Export, Shared
from cwvae.files import read_json
from cwvae.pretrained.card import Facts
from cwvae.pretrained.export import export_model
from cwvae.pretrained.header import Header
from cwvae.pretrained.measured import Measured, measured
from cwvae.pretrained.places import is_exported
from cwvae.training.config import TrainConfig
from cwvae.training.run import Run, load_run

__all__ = ["described", "export", "shared_run"]

_REPORT = "metrics.json"


def export(options: Export) -> int:
    """Write the file, print what it holds, and return the exit status."""
    check_writable(options.file.parent)
    run, facts = shared_run(options)
    header = export_model(
        run.model,
        options.file,
        settings=run.settings,
        step=run.step,
        dtype=options.dtype,
        facts=facts,
    )
    print(f"{options.file}: {described(options.file, header)}")
    if run.settings.custom:
        print(f"{run.settings.custom} is not in it: load_pretrained(path, into=model) in Python")
    return 0


def shared_run(options: Shared) -> tuple[Run, Facts]:
    """Return the run whose model is written for others, and what its card holds besides.

    Raises `ValueError` for what is exported already, or an evaluation of another step.
    """
    if is_exported(options.run):
        raise ValueError(f"RUN must be the folder of a run, got {options.run}, which is exported")
    run = load_run(options.run, step=options.step, trust=options.trust)
    facts = Facts(
        license=options.license,
        note=options.note,
        hours=_hours(options.run, run.step, run.settings.train),
        device=_device(options.run),
        measured=_measured(options, run.step),
    )
    return run, facts


def described(path: Path, header: Header) -> str:
    """Return a line about what an exported file or folder holds."""
    return (
        f"{_size(path) / 1e6:.1f} MB, {header.parameters:,} parameters in {header.dtype}, "
        f"step {header.step:,}, {header.license}; {header.headline}"
    )


def _measured(options: Shared, step: int) -> Measured | None:
    """Return what an evaluation found, None without one of this step where none is asked for.

    Raises `ValueError` for one of another step, `OSError` for one that is missing.
    """
    path = (options.evaluation or options.run / "evaluation") / _REPORT
    if options.evaluation is None and not path.is_file():
        return None
    report = read_json(path)
    try:
        found = measured(report)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    if found.step == step:
        return found
    if options.evaluation is None:
        return None
    raise ValueError(
        f"--evaluation must be of the step that is exported, {step}, got one of {found.step}; "
        f"evaluate again with --step {step}"
    )


def _hours(folder: Path, step: int, config: TrainConfig) -> float | None:
    """Return the hours that the steps took by the run's metrics, None without them."""
    lines = [json.loads(line) for line in kept_lines(folder, step)]
    speeds = [(line["step"], line.get("frames_per_second")) for line in lines]
    if not speeds or not all(isinstance(speed, int | float) and speed > 0 for _, speed in speeds):
        return None
    before = [0, *(number for number, _ in speeds)]
    seconds = sum(
        (number - last) * config.batch_size * config.frames / speed
        for last, (number, speed) in zip(before, speeds, strict=False)
    )
    return seconds / 3600 or None


def _device(folder: Path) -> str:
    """Return the device of a run's last start, "" where it is not known."""
    starts = read_starts(folder)
    device = starts[-1].get("device") if starts else None
    return device if isinstance(device, str) else ""


def _size(path: Path) -> int:
    """Return the bytes of a file, or of the files of a folder."""
    files = path.iterdir() if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)
