"""The page on which several runs stand side by side."""

from collections.abc import Sequence

import numpy as np

from cwvae.evaluation.frame_metrics import FRAME_METRICS
from cwvae.evaluation.scores import MEAN, middle
from cwvae.report.comparison import differences, incomparable, measures
from cwvae.report.curves import Curve, Panel
from cwvae.report.evaluated import scored
from cwvae.report.page import Page, Plot, Section
from cwvae.report.plots import bars, curves
from cwvae.report.results import Measure, Results
from cwvae.report.tables import Table

__all__ = ["compare_page", "comparison_table"]

_RULE = (
    "Beyond the spread are differences of numbers whose intervals do not overlap: 95 % intervals "
    "over test videos (bootstrap), quartiles of the logged steps for speed. Readouts and memory "
    "have no spread, and are not judged."
)


def compare_page(results: Sequence[Results]) -> Page:
    """Return the page of several runs: what differs, then number beside number and curves."""
    found = measures(results)
    sections = [
        Section(
            title="Side by side",
            verdicts=[*incomparable(results), *differences(found)],
            text=_RULE,
            parts=[comparison_table(results, found), _facts(results)],
        ),
        _missing(results),
        _identity(results),
        _scores(results),
        _nats(results, found),
        _speed(found),
    ]
    return Page(
        title="Comparison of " + ", ".join(r.name for r in results),
        sections=[section for section in sections if section is not None],
    )


def comparison_table(results: Sequence[Results], found: Sequence[Measure]) -> Table:
    """Return a row for each measure, a column for each run."""
    names = [r.name for r in results]
    rows = [[measure.name, *map(measure.text, names)] for measure in found]
    return Table(["", *names], rows, folded=False)


def _facts(results: Sequence[Results]) -> Table:
    """Return what the runs are, and what they were measured on."""
    known = {r.name: {**r.facts, **{f"test: {k}": v for k, v in r.test.items()}} for r in results}
    names = dict.fromkeys(name for facts in known.values() for name in facts)
    rows = [[name, *(facts.get(name, "") for facts in known.values())] for name in names]
    return Table(["", *known], rows, title="What the runs are")


def _missing(results: Sequence[Results]) -> Section | None:
    """Return what is not known, and what makes it."""
    sentences = [sentence for r in results for sentence in r.missing]
    if not sentences:
        return None
    return Section(title="What is missing", notes=sentences)


def _identity(results: Sequence[Results]) -> Section | None:
    """Return whether digits are still right, against the frame."""
    found = {}
    for r in results:
        if "identity" in r.evaluation:
            known = r.evaluation["identity"]
            row = {k: np.array(v) for k, v in known["rows"]["model"]["accuracy"].items()}
            interval, frames = (row["low"], row["high"]), np.array(known["frames"])
            found[r.name] = Curve(row["mean"], interval=interval, frames=frames)
    if not found:
        return None
    panel = Panel("windows with all digits right", found)
    alt = f"Share of windows in which all digits are right, by frame, of {', '.join(found)}"
    plot = Plot(curves(panel, span=(0, 1)), alt, wide=True)
    return Section(title="Identity", text=_note(results), parts=[plot])


def _scores(results: Sequence[Results]) -> Section | None:
    """Return the metrics of frames against the frame."""
    metrics = scored(results)
    if not metrics:
        return None
    parts = []
    for metric in metrics:
        found, label = {}, FRAME_METRICS[metric].label
        for r in results:
            known = r.evaluation.get("curves", {}).get(MEAN, {}).get(metric)
            if known is not None:
                values = np.array(middle(known))
                frames = np.arange(len(values)) + r.evaluation["context"] + 1
                # Numbers of their own, since contexts may differ.
                found[r.name] = Curve(values, frames=frames)
        alt = f"{label} of the forecasts by frame, of {', '.join(found)}"
        parts.append(Plot(curves(Panel(label, found)), alt))
    return Section(title="Metrics of frames", text=_note(results), parts=parts)


def _nats(results: Sequence[Results], found: Sequence[Measure]) -> Section | None:
    """Return the KL of every level."""
    chosen = [measure for measure in found if measure.name.startswith("KL of ")]
    if not chosen:
        return None
    levels = [f"level {number}" for number in range(len(chosen))]
    plot = _bars(chosen, levels, "KL of a video (nats)")
    return Section(title="Nats per level", text=_note(results), parts=[plot])


def _speed(found: Sequence[Measure]) -> Section | None:
    """Return speed and memory of training."""
    chosen = [m for m in found if m.name.startswith(("training speed", "memory of"))]
    if not chosen:
        return None
    return Section(
        title="Speed and memory",
        text=(
            "Frames a second of the logged training steps, with their quartiles, and the memory of "
            "a step as it is counted before training. Speeds of different devices are not compared."
        ),
        parts=[_speed_plot(measure) for measure in chosen],
    )


def _speed_plot(measure: Measure) -> Plot:
    """Return a measure as bars, its unit at the axis."""
    label, _, unit = measure.name.partition(" (")
    return _bars([measure], [label], unit.rstrip(")"))


def _bars(chosen: Sequence[Measure], labels: Sequence[str], ylabel: str) -> Plot:
    """Return measures as bars, by labels, a colour for each run."""
    runs = dict.fromkeys(run for measure in chosen for run in measure.of)
    known = {
        run: {
            label: measure.of[run]
            for label, measure in zip(labels, chosen, strict=True)
            if run in measure.of
        }
        for run in runs
    }
    values = {run: {label: x.value for label, x in of.items()} for run, of in known.items()}
    ends = {
        run: {label: (x.low, x.high) for label, x in of.items() if x.low < x.high}
        for run, of in known.items()
    }
    figure = bars(values, xlabel="", ylabel=ylabel, intervals=ends)
    alt = f"{', '.join(m.name for m in chosen)} of {', '.join(runs)}"
    return Plot(figure, alt, wide=len(chosen) > 1)


def _note(results: Sequence[Results]) -> str:
    """Return that curves are not all comparable, "" where they are."""
    mixed = bool(incomparable(results))
    return "Of different kinds of test videos: not all are comparable." * mixed
