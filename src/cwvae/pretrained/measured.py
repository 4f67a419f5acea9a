"""What `cwvae evaluate` found, as it stands in a card."""

import dataclasses
from typing import Any

__all__ = ["Measured", "measured"]


@dataclasses.dataclass(frozen=True)
class Measured:
    """Metrics in words.

    **Arguments:** `step`, of the checkpoint that was measured; `headline`, the metric to read
    first; `table`, all of them, Markdown.
    """

    step: int
    headline: str
    table: str


def measured(report: Any) -> Measured:
    """Return the metrics of a report, what `metrics.json` holds.

    Identity comes first where it was measured, else SSIM and PSNR, of which every sample counts.
    Every other metric of frames and every distance follows, with the protocol of each.

    Raises `ValueError` for what is no such report, and for one in which levels were blind.
    """
    try:
        if report.get("blind"):
            raise ValueError(f"that of blind levels {report['blind']}")
        summary = {name: _similar(scores) for name, scores in report["summary"].items()}
        similar = "PSNR {:.1f} dB, SSIM {:.3f}".format(*summary["model, mean"])
        where = (
            f"{report['num_examples']:,} test videos of {str(report['data']).partition(':')[0]}, "
            f"{report['context']:,} context frames, {report['horizon']:,} predicted, "
            f"forecasts of each: {report['num_samples']:,}"
        )
        frames = _identity(report)
        return Measured(
            step=int(report["step"]),
            headline=_headline(frames) or similar,
            table="\n".join(
                [
                    f"{where}.",
                    *_table(summary),
                    *_identity_table(frames),
                    *_others_table(report["summary"]),
                    *_distance_table(report.get("distances")),
                    *_protocols(report.get("protocol", {})),
                ]
            ),
        )
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ValueError(
            f"expected what cwvae evaluate writes of all levels, got something else "
            f"({type(error).__name__} {error}); evaluate again, with ssim and psnr"
        ) from error


_Row = tuple[int, float, float, float]


def _identity(report: Any) -> list[_Row]:
    """Return frame, accuracy, ceiling and legibility, [] where identity was not measured."""
    known = report.get("identity")
    if known is None:
        return []
    columns = (known[name] for name in ("frames", "accuracy", "ceiling", "legible"))
    return [
        (int(frame), float(accuracy), float(ceiling), float(legible))
        for frame, accuracy, ceiling, legible in zip(*columns, strict=True)
    ]


def _headline(rows: list[_Row]) -> str:
    """Return the last frame's identity in words, "" without any."""
    if not rows:
        return ""
    frame, accuracy, ceiling, legible = rows[-1]
    return (
        f"identity {accuracy:.0%} (ceiling {ceiling:.0%}) at frame {frame}, legible {legible:.0%}"
    )


def _similar(scores: Any) -> tuple[float, float]:
    """Return the means of PSNR and SSIM over frames and videos."""
    return float(scores["psnr"]["mean"]), float(scores["ssim"]["mean"])


def _table(summary: dict[str, tuple[float, float]]) -> list[str]:
    """Return PSNR and SSIM by method as lines of Markdown."""
    lines = [f"| {name} | {psnr:.1f} | {ssim:.3f} |" for name, (psnr, ssim) in summary.items()]
    return ["", "| forecast | PSNR (dB) | SSIM |", "|---|---|---|", *lines]


def _identity_table(rows: list[_Row]) -> list[str]:
    """Return identity by frame as lines of Markdown, none without any."""
    if not rows:
        return []
    lines = [f"| {n} | {a:.1%} | {c:.1%} | {v:.1%} |" for n, a, c, v in rows]
    return ["", "| frame | identity | ceiling | legible |", "|---|---|---|---|", *lines]


def _others_table(summary: Any) -> list[str]:
    """Return the metrics of frames besides PSNR and SSIM as lines of Markdown, none without any."""
    names = [name for name in summary["model, mean"] if name not in ("psnr", "ssim")]
    if not names:
        return []
    lines = [
        f"| {row} | {' | '.join(f'{_middle(of[name]):.3f}' for name in names)} |"
        for row, of in summary.items()
    ]
    return ["", f"| forecast | {' | '.join(names)} |", f"|{'---|' * (len(names) + 1)}", *lines]


def _middle(known: Any) -> float:
    """Return the mean of a metric, or its median where that is what was taken."""
    return float(known["mean"] if "mean" in known else known["median"])


def _distance_table(known: Any) -> list[str]:
    """Return the distances by window as lines of Markdown, none where none was measured."""
    if known is None:
        return []
    windows = [f"frames {first} to {last}" for first, last in known["windows"]]
    lines = [
        f"| {row} | {name} | {' | '.join(f'{value:.2f}' for value in of['value'])} |"
        for row, metrics in known["rows"].items()
        for name, of in metrics.items()
    ]
    heads = f"| forecast | distance | {' | '.join(windows)} |"
    return ["", heads, f"|{'---|' * (len(windows) + 2)}", *lines]


def _protocols(known: dict[str, str]) -> list[str]:
    """Return by which protocol each metric was measured, as lines of Markdown."""
    lines = [f"- {name}: {protocol}" for name, protocol in known.items()]
    return ["", "By protocol:", "", *lines] if lines else []
