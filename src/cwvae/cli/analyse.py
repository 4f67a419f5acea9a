"""`cwvae analyse`: what each level of a model holds, measured, printed and written."""

import dataclasses
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.random as jr
import numpy as np

from cwvae.analysis.experiments import DigitVideos
from cwvae.analysis.latents import LevelLatents, follow
from cwvae.analysis.nats import level_nats
from cwvae.cli.checks import check_context
from cwvae.cli.experimenting import experiment_report
from cwvae.cli.folder import check_writable
from cwvae.cli.loading import load_model, results_folder, with_levels
from cwvae.cli.options import Analyse
from cwvae.cli.picturing import draw_pictures
from cwvae.cli.probing import ProbeTimes, find_truths, probe_report
from cwvae.cli.speeds import clock_report, speed_report
from cwvae.cli.walks import walks_report
from cwvae.clock import ENDLESS
from cwvae.data.frame_bytes import from_bytes
from cwvae.data.progress import Progress
from cwvae.data.sources import Source, test_source
from cwvae.evaluation.video_reading import WINDOW
from cwvae.files import write_json
from cwvae.measures.digits import unread
from cwvae.model import CWVAE
from cwvae.provenance import environment
from cwvae.report.analysis_page import analysis_page
from cwvae.report.analysis_tables import analysis_tables
from cwvae.report.curves import Curve, Panel, write_curves
from cwvae.report.findings import findings
from cwvae.report.page import write_page
from cwvae.shapes import Video
from cwvae.training.settings import Settings

__all__ = ["analyse"]

_QUICK_VIDEOS, _QUICK_HORIZON = 100, 100


def analyse(options: Analyse) -> int:
    """Look into a model, write and print what was found, and return the exit status."""
    out = options.out or results_folder(options.run, "analysis")
    run = load_model(options.run, step=options.step, trust=options.trust)
    check_writable(out)
    if options.quick:
        fewer = min(options.num_examples, _QUICK_VIDEOS), min(options.horizon, _QUICK_HORIZON)
        options = dataclasses.replace(options, num_examples=fewer[0], horizon=fewer[1])
    context = options.context or run.settings.context
    model = with_levels(run, "cwvae analyse")
    check_context(context, model.context_multiple)
    source = test_source(
        run.settings, frames=context + WINDOW, length=options.num_examples, seed=options.seed
    )
    report = _measure(model, run.settings, source, context, options)
    report = {"run": str(options.run), "step": run.step, **report, "environment": environment()}
    write_json(out / "analysis.json", report)
    _draw(out / "nats.png", report)
    pictures = draw_pictures(
        model,
        run.settings,
        source,
        context=context,
        horizon=options.horizon,
        seed=options.seed,
    )
    write_page(out / "page.html", analysis_page(report, pictures))
    unread = [report["unread"]] if "unread" in report else []
    left_out = [f"{name} is not read: {why}" for name, why in report["probes_left_out"].items()]
    print("\n\n".join([*map(str, analysis_tables(report)), *unread]))
    print("\n".join(["", *findings(report), *left_out]))
    print(f"results in {out}: page.html (open it in a browser), analysis.json, nats.png")
    return 0


def _measure(
    model: CWVAE, settings: Settings, source: Source, context: int, options: Analyse
) -> dict[str, Any]:
    """Return everything that is measured, as plain values."""
    count = min(options.num_examples, len(source))
    bar = Progress(range(count), unit="video", desc="draw", leave=False)
    times = ProbeTimes(context=context, horizon=options.horizon, quick=options.quick)
    resampled = settings.data.frame_rate is not None
    known = find_truths(source, count, times, own=options.truth, resampled=resampled)
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
    report |= probe_report(latents, known, times, options.seed)
    report |= walks_report(model, settings, source, context, options)
    why = unread(source, WINDOW)
    if why:
        return report | {"unread": why}
    labels, positions = (
        np.stack([item[name] for item in items]) for name in ("labels", "positions")
    )
    videos = DigitVideos(frames, labels, positions.astype(float), context)
    return report | experiment_report(model, videos, jr.fold_in(key, 1))


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
