"""`cwvae compare`: several runs on one page, from what is known of each."""

import contextlib
import json
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cwvae.cli.folder import check_writable, read_starts
from cwvae.cli.loading import results_folder, settings_of
from cwvae.cli.logs import kept_lines
from cwvae.cli.options import Compare
from cwvae.files import read_json
from cwvae.pretrained.card import data_line
from cwvae.pretrained.finding import find
from cwvae.pretrained.load import read_header
from cwvae.pretrained.places import is_exported
from cwvae.report.compare_page import compare_page, comparison_table
from cwvae.report.comparison import differences, incomparable, measures
from cwvae.report.page import write_page
from cwvae.report.results import Results
from cwvae.training.footprint import memory_of_training
from cwvae.training.methods import method_of
from cwvae.training.run import model_shapes
from cwvae.training.settings import Settings

__all__ = ["compare"]

_EVALUATION, _ANALYSIS = "metrics.json", "analysis.json"


def compare(options: Compare) -> int:
    """Read what is known of the runs, write the page, print the table, return the exit status."""
    _check_different(options.runs)
    check_writable(options.out.parent)
    with _as_written(options.runs):
        results = [_read(run) for run in options.runs]
    if not any(r.evaluation or r.analysis for r in results):
        raise ValueError(
            f"RUN must be measured, got none that is; {_command('evaluate', options.runs[0])}"
        )
    # Numbers that no measurement gives are errors of arithmetic here.
    with _as_written(options.runs, ArithmeticError, ValueError):
        found, page = measures(results), compare_page(results)
    write_page(options.out, page)
    print(comparison_table(results, found))
    print("\n".join(["", *incomparable(results), *differences(found)]))
    print("\n".join(f"missing: {sentence}" for r in results for sentence in r.missing))
    print(f"results in {options.out}: open it in a browser")
    return 0


@contextlib.contextmanager
def _as_written(runs: Sequence[Path], *kinds: type[Exception]) -> Iterator[None]:
    """Raise `ValueError` where results are not what the commands write, for these errors too."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, *kinds) as error:
        names = ", ".join(map(str, runs))
        raise ValueError(
            f"expected what cwvae evaluate and cwvae analyse write of {names}, got something else "
            f"({type(error).__name__} {error}); measure again"
        ) from error


def _check_different(runs: Sequence[Path]) -> None:
    """Raise `ValueError` for a run that is given twice."""
    places = [(find(run) if is_exported(run) else run).resolve() for run in runs]
    for place, run in zip(places, runs, strict=True):
        if places.count(place) > 1:
            raise ValueError(f"RUN must be different ones, got {run} twice; give each once")


def _read(run: Path) -> Results:
    """Return what is known of a run or of an exported model."""
    settings, exported = settings_of(run), is_exported(run)
    evaluation = _report(results_folder(run) / _EVALUATION)
    analysis = _report(results_folder(run, "analysis") / _ANALYSIS)
    speeds = [] if exported else _speeds(run)
    missing = [
        f"{words} of {run}: {_command(name, run)}"
        for name, words, known in (
            ("evaluate", "identity, SSIM, PSNR and nats", evaluation),
            ("analyse", "readouts", analysis),
        )
        if not known
    ]
    if not speeds:
        missing.append(
            f"training speed of {run}: known of the folder of a run whose training was logged"
        )
    return Results(
        name=str(run),
        facts=_facts(run, settings, evaluation),
        test=_test(settings, evaluation),
        evaluation=evaluation,
        analysis=analysis,
        speeds=speeds,
        device="" if exported else _device(run),
        memory=_memory(settings),
        missing=missing,
    )


def _report(path: Path) -> dict[str, Any]:
    """Return a report, {} where there is none; raise `ValueError` for one that is none."""
    known = read_json(path) if path.is_file() else {}
    if not isinstance(known, dict):
        raise ValueError(f"{path}: expected a report, got something else; measure again")
    return known


def _speeds(run: Path) -> list[float]:
    """Return the frames a second of the second half of a run's log, when all is compiled."""
    lines = [json.loads(line) for line in kept_lines(run, sys.maxsize)]
    found = [line.get("frames_per_second") for line in lines]
    known = [speed for speed in found if isinstance(speed, float) and speed > 0]
    return known[len(known) // 2 :]


def _device(run: Path) -> str:
    """Return the device of a run's last start, "" where it is not known."""
    starts = read_starts(run)
    return str(starts[-1].get("device", "")) if starts else ""


def _facts(run: Path, settings: Settings, evaluation: Mapping[str, Any]) -> dict[str, str]:
    """Return what a run is."""
    model, train = settings.model, settings.train
    facts = {
        "preset": settings.preset,
        "trained on": data_line(settings),
        **method_of(model).facts(model),
        "batch": f"{train.batch_size} videos of {train.frames} frames",
        "step measured": f"{evaluation['step']:,}" if "step" in evaluation else "",
        "trained with": "" if is_exported(run) else _device(run),
    }
    if is_exported(run):
        facts["card"] = read_header(find(run)).headline
    return facts


def _test(settings: Settings, report: Mapping[str, Any]) -> dict[str, str]:
    """Return what a run was measured on, {} where it was not."""
    if not report:
        return {}
    model, data = settings.model, settings.data
    place = str(report.get("data", data.data))
    drawn = f", {data.num_digits} digits" if place == "moving_mnist" else ""
    blind = report.get("blind")
    test = {
        "data": f"{place}{drawn}" + f", speed {data.speed:g}" * (data.speed != 1),
        "frames": f"{model.size} x {model.size} x {model.channels}",
        "length": f"{report['context']} context frames, {report['horizon']} predicted",
    }
    # An experiment of `--blind` is one of another model.
    return test | ({"levels": f"levels {blind} blind"} if blind else {})


def _memory(settings: Settings) -> int | None:
    """Return the bytes of a training step, None for a model of the author's own."""
    if settings.custom and not settings.custom.trusted:
        return None
    return memory_of_training(model_shapes(settings), settings.train, settings.model)


def _command(name: str, run: Path) -> str:
    """Return what to do about what is missing."""
    return f"run cwvae {name} {shlex.quote(str(run))}"
