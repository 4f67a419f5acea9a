"""`cwvae analyse`: what each level of a model holds, measured, printed and written."""

import dataclasses
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.random as jr
import numpy as np

from cwvae.analysis.effects import Kept
from cwvae.analysis.experiments import (
    DigitVideos,
    blinding,
    resampling,
    resetting,
    swapping,
)
from cwvae.analysis.latents import LevelLatents, follow
from cwvae.analysis.nats import level_nats
from cwvae.cli.checks import check_context
from cwvae.cli.folder import check_writable
from cwvae.cli.frames import from_bytes
from cwvae.cli.identity import unread
from cwvae.cli.loading import load_model, results_folder
from cwvae.cli.options import Analyse
from cwvae.cli.picturing import draw_pictures
from cwvae.cli.probing import probe_levels
from cwvae.cli.speeds import clock_report, speed_report
from cwvae.cli.walks import has_walks, measure_walks
from cwvae.clock import ENDLESS
from cwvae.data.progress import Progress
from cwvae.data.sources import Source, test_source
from cwvae.evaluation.video_reading import WINDOW
from cwvae.files import write_json
from cwvae.model import CWVAE
from cwvae.provenance import environment
from cwvae.report.analysis_page import analysis_page
from cwvae.report.analysis_tables import analysis_tables
from cwvae.report.curves import Curve, Panel, write_curves
from cwvae.report.findings import findings
from cwvae.report.page import write_page
from cwvae.shapes import Video

__all__ = ["analyse"]

_QUICK_VIDEOS, _QUICK_HORIZON = 100, 100
_QUICK_WALKS = 32


def analyse(options: Analyse) -> int:
    """Look into a model, write and print what was found, and return the exit status."""
    out = options.out or results_folder(options.run, "analysis")
    run = load_model(options.run, step=options.step)
    check_writable(out)
    if options.quick:
        fewer = min(options.num_examples, _QUICK_VIDEOS), min(options.horizon, _QUICK_HORIZON)
        options = dataclasses.replace(options, num_examples=fewer[0], horizon=fewer[1])
    context = options.context or run.settings.context
    check_context(context, run.model.hierarchy.clock.slowest)
    source = test_source(
        run.settings, frames=context + WINDOW, length=options.num_examples, seed=options.seed
    )
    report = _measure(run.model, source, context, options)
    report = {"run": str(options.run), "step": run.step, **report, "environment": environment()}
    write_json(out / "analysis.json", report)
    _draw(out / "nats.png", report)
    pictures = draw_pictures(
        run.model,
        run.settings,
        source,
        context=context,
        horizon=options.horizon,
        seed=options.seed,
    )
    write_page(out / "page.html", analysis_page(report, pictures))
    print(
        "\n\n".join(
            [
                *map(str, analysis_tables(report)),
                *[report[name] for name in ("unread",) if name in report],
            ]
        )
    )
    print("\n".join(["", *findings(report)]))
    print(f"results in {out}: page.html (open it in a browser), analysis.json, nats.png")
    return 0


def _measure(model: CWVAE, source: Source, context: int, options: Analyse) -> dict[str, Any]:
    """Return everything that is measured, as plain values."""
    count = min(options.num_examples, len(source))
    bar = Progress(range(count), unit="video", desc="draw", leave=False)
    items = [source[index] for index in bar]
    frames = np.stack([from_bytes(item["video"]) for item in items])
    key = jr.key(options.seed)
    latents = _latents(model, frames[:, :context], options.horizon, jr.fold_in(key, 0))
    report: dict[str, Any] = {
        "context": context,
        "horizon": options.horizon,
        "videos": count,
        "seed": options.seed,
        "periods": [None if p == ENDLESS else p for p in model.hierarchy.clock.periods],
        "levels": [_level(level, context) for level in latents],
        "speed": speed_report(model, settings, context, count, options.seed),
        "clock": clock_report(model, options.seed),
    }
    if has_walks(source, settings, context):
        walks = min(count, _QUICK_WALKS) if options.quick else count
        report["rooms"] = measure_walks(
            model, settings, source, context=context, videos=walks, seed=options.seed
        )
    why = unread(source, WINDOW)
    if why:
        return report | {"unread": why}
    labels, positions = (
        np.stack([item[name] for item in items]) for name in ("labels", "positions")
    )
    report["probes"] = probe_levels(latents, labels, positions, context, options.seed)
    videos = DigitVideos(frames, labels, positions.astype(float), context)
    return report | _experiments(model, videos, jr.fold_in(key, 1))


@eqx.filter_jit
def _latents(
    model: CWVAE, contexts: jax.Array | np.ndarray, horizon: int, key: jax.Array
) -> tuple[LevelLatents, ...]:
    """Return the latents of all videos in their contexts and forecasts."""
    frames = contexts.shape[1] + horizon

    def one(context: Video, key: jax.Array) -> tuple[LevelLatents, ...]:
        return follow(model, context, model.hierarchy.noise(frames, key=key))

    return jax.vmap(one)(contexts, jr.split(key, len(contexts)))


def _level(latents: LevelLatents, context: int) -> dict[str, Any]:
    """Return the nats of a level as plain values."""
    found = level_nats(latents, context)
    return {
        "nats_per_tick": found.per_tick,
        "nats_per_video": found.per_video,
        "active_units": found.active_units,
        "frames": found.frames.tolist(),
        "kl": found.kl.tolist(),
        "entropy": found.entropy.tolist(),
    }


def _experiments(model: CWVAE, videos: DigitVideos, key: jax.Array) -> dict[str, Any]:
    """Return what forecasts keep, by the levels that are blind, reset, or swapped."""
    keep = {
        "blind": blinding(model, videos, key=key),
        "reset": resetting(model, videos, key=key),
        "resample": resampling(model, videos, key=key),
    }
    swapped = swapping(model, videos, key=key)
    return {
        name: {_named(levels): _kept(found) for levels, found in sets.items()}
        for name, sets in keep.items()
    } | {
        "swap": {
            _named(levels): {
                "success": found.success,
                "identity_of_own": float(found.own.identity.mean()),
                "identity_of_other": float(found.other.identity.mean()),
                "position_of_own": float(found.own.position.mean()),
                "position_of_other": float(found.other.position.mean()),
            }
            for levels, found in swapped.items()
        }
    }


def _kept(found: Kept) -> dict[str, float]:
    """Return what forecasts keep as plain values."""
    return {
        "identity": float(found.identity.mean()),
        "position": float(found.position.mean()),
        "error": float(np.median(found.errors)),
    }


def _named(levels: tuple[int, ...]) -> str:
    """Return a set of levels as text."""
    return " ".join(map(str, levels)) or "none"


def _draw(path: Path, report: dict[str, Any]) -> None:
    """Draw KL and entropy of every level against the frame."""
    curves: dict[str, dict[str, Curve]] = {"kl": {}, "entropy": {}}
    for number, level in enumerate(report["levels"]):
        for name, found in curves.items():
            values = np.array(level[name])
            found[f"level {number}"] = Curve(
                values, frames=np.array(level["frames"][: len(values)]) + 1
            )
    labels = {"kl": "KL of a tick (nats)", "entropy": "entropy of the prior (nats)"}
    panels = [Panel(labels[name], found) for name, found in curves.items()]
    title = f"{report['context']} context frames, then a forecast; {report['videos']} test videos"
    write_curves(path, panels, title=title, first_frame=1)
