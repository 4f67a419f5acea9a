"""The page of an analysis: a section for each experiment.

A section is a function `(report, pictures) -> Section | None`, None where the report does not have
the experiment; `_SECTIONS` has them in their order.
"""

from collections.abc import Mapping
from typing import Any

from cwvae.report.experiment_sections import (
    blind_section,
    forecast_section,
    resample_section,
    reset_section,
    swap_section,
)
from cwvae.report.grids import Grid
from cwvae.report.level_sections import nats_section, readouts_section
from cwvae.report.page import Page
from cwvae.report.speed_sections import clock_section, speed_section
from cwvae.report.walks import walks_section

__all__ = ["analysis_page"]

_SECTIONS = (
    nats_section,
    readouts_section,
    blind_section,
    reset_section,
    resample_section,
    swap_section,
    speed_section,
    clock_section,
    walks_section,
    forecast_section,
)


def analysis_page(report: dict[str, Any], pictures: Mapping[str, Grid]) -> Page:
    """Return the page of an analysis.

    **Arguments:** `report`, what `analysis.json` holds; `pictures` of its experiments by their
    names, "blind", "reset", "resample", "swap" and
    "forecast", any of which may be missing.
    """
    sections = [section(report, pictures) for section in _SECTIONS]
    return Page(
        title=f"What each level of {report['run']} holds",
        sections=[section for section in sections if section is not None],
        facts=_facts(report),
    )


def _facts(report: dict[str, Any]) -> dict[str, str]:
    """Return what stands above all numbers."""
    known = report.get("environment", {})
    versions = known.get("versions", {})
    facts = {
        "step": f"{report['step']:,}",
        "test videos": f"{report['videos']:,}",
        "context": f"{report['context']} frames",
        "seed": str(report["seed"]),
        "measured": str(known.get("date", "")).partition("T")[0],
        "on": str(known.get("device", "")),
        "with": ", ".join(f"{n} {versions[n]}" for n in ("cwvae", "jax") if n in versions),
        "not read": report.get("unread", ""),
    }
    return {name: value for name, value in facts.items() if value}
