"""The tables of how alike forecasts and truth are: frame by frame, and as sets of windows."""

from collections.abc import Mapping, Sequence
from typing import Any

from cwvae.benchmark.tables import by_method, markdown, spread
from cwvae.evaluation.distance_kinds import DISTANCES
from cwvae.evaluation.frame_metrics import FRAME_METRICS
from cwvae.evaluation.scores import MEAN, middle

__all__ = ["distance_table", "frame_table"]

_Run = Mapping[str, Any]


def frame_table(result: Mapping[str, Any]) -> str:
    """Return a row a method: every metric of frames over all predicted frames.

    Of several seeds the mean, with the least and the most; then rows of reference.
    """
    known = {metric for run in result["runs"] for metric in _summary(run, MEAN)}
    metrics = [metric for metric in FRAME_METRICS if metric in known]
    rows = []
    for runs in by_method(result):
        cells = (_frame_cell([_summary(run, MEAN) for run in runs], metric) for metric in metrics)
        rows.append([runs[0]["title"], *cells])
    for name in _references(result):
        summary = _summary(result["runs"][0], name)
        rows.append([f"({name})", *(_frame_cell([summary], metric) for metric in metrics)])
    return markdown(["method", *(FRAME_METRICS[metric].label for metric in metrics)], rows)


def distance_table(result: Mapping[str, Any]) -> str:
    """Return a row a method: every distance at every window; then rows of reference.

    Of several seeds the mean, with the least and the most. "" where no distance was measured.
    """
    columns = [
        (name, place, f"{DISTANCES[name].label}, {first} to {last}")
        for name in DISTANCES
        for place, (first, last) in enumerate(_windows(result, name))
    ]
    if not columns:
        return ""
    rows = []
    for runs in by_method(result):
        cells = (_distance_cell(runs, MEAN, name, place) for name, place, _ in columns)
        rows.append([runs[0]["title"], *cells])
    for row in _references(result):
        runs = result["runs"][:1]
        cells = [_distance_cell(runs, row, name, place) for name, place, _ in columns]
        rows += [[f"({row})", *cells]] if any(cells) else []
    return markdown(["method", *(head for _, _, head in columns)], rows)


def _summary(run: _Run, row: str) -> dict[str, Any]:
    """Return what all metrics of frames have in a row, those of few videos among them."""
    few = run.get("perceptual", {}).get("summary", {})
    return run["summary"].get(row, {}) | few.get(row, {})


def _frame_cell(summaries: Sequence[Mapping[str, Any]], metric: str) -> str:
    """Return a metric of the runs of a method, "" where one does not have it."""
    if not all(metric in summary for summary in summaries):
        return ""
    style = ".2f" if metric == "psnr" else ".3f"
    return spread([middle(summary[metric]) for summary in summaries], style)


def _references(result: Mapping[str, Any]) -> list[str]:
    """Return the rows that are not the model's."""
    first = result["runs"][0] if result["runs"] else {"summary": {}}
    return [row for row in first["summary"] if not row.startswith("model")]


def _distances(run: _Run, name: str) -> Mapping[str, Any] | None:
    """Return the section that has a distance, None where none has."""
    for section in (run.get("distances"), run.get("perceptual", {}).get("distances")):
        if section and name in section["rows"][MEAN]:
            return section
    return None


def _windows(result: Mapping[str, Any], name: str) -> Sequence[Sequence[int]]:
    """Return the windows of a distance, none where no run has it."""
    sections = [_distances(run, name) for run in result["runs"]]
    return next((section["windows"] for section in sections if section), [])


def _distance_cell(runs: Sequence[_Run], row: str, name: str, place: int) -> str:
    """Return a distance at a window, "" where a run does not have it."""
    values = []
    for run in runs:
        section = _distances(run, name)
        if section is None or row not in section["rows"]:
            return ""
        values.append(section["rows"][row][name]["value"][place])
    return spread(values, ".3g")
