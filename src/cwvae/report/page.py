"""A page for a browser: one file, with all that it shows inside, nothing of it from elsewhere."""

import base64
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from cwvae._extras import extra
from cwvae.files import replacing
from cwvae.report.tables import Table

with extra("cli"):
    import jinja2
    import plotly.graph_objects as go
    from plotly.offline import get_plotlyjs

__all__ = ["Page", "Picture", "Plot", "Section", "page_html", "write_page"]

_TEMPLATE = "page.html.j2"
# Of plotly's buttons none is needed, and its logo would lead elsewhere.
_CONFIG = {"displayModeBar": False, "displaylogo": False, "responsive": True}


@dataclasses.dataclass(frozen=True, eq=False)
class Plot:
    """An interactive plot.

    **Arguments:** `figure`, of plotly; `alt`, what it shows, for those who cannot see it;
    `caption`, below it; `wide`, whether it has a row of its own.
    """

    figure: go.Figure
    alt: str
    caption: str = ""
    wide: bool = False


@dataclasses.dataclass(frozen=True, eq=False)
class Picture:
    """A picture, or an animation.

    **Arguments:** `data`, the bytes of a file of a `kind`; `width` and `height` in pixels; `alt`,
    `caption` and `wide` as of `Plot`.
    """

    data: bytes
    kind: Literal["gif", "png"]
    width: int
    height: int
    alt: str
    caption: str = ""
    wide: bool = False


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Section:
    """An experiment: its verdicts, then what they are taken from.

    **Arguments:** `title`; `verdicts`, sentences that begin with their number; `text`, what was
    done; `notes`, other sentences; `parts`, plots, pictures and tables, in the order in which they
    stand.
    """

    title: str
    verdicts: Sequence[str] = ()
    text: str = ""
    notes: Sequence[str] = ()
    parts: Sequence[Plot | Picture | Table] = ()


@dataclasses.dataclass(frozen=True, eq=False)
class Page:
    """Sections below a `title`, and `facts` about where the numbers are from, by name."""

    title: str
    sections: Sequence[Section]
    facts: Mapping[str, str] = dataclasses.field(default_factory=dict)


def page_html(page: Page) -> str:
    """Return a page as HTML; every text of it is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("cwvae.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"kind": _kind, "address": _address, "id": id}
    template = environment.get_template(_TEMPLATE)
    plots = [part for section in page.sections for part in section.parts if isinstance(part, Plot)]
    return template.render(
        page=page,
        plots={id(plot): _plot(plot, number) for number, plot in enumerate(plots)},
        plotly=get_plotlyjs() if plots else "",
    )


def write_page(path: Path, page: Page) -> None:
    """Write a page to a file, which appears only when it is complete."""
    with replacing(path) as temporary:
        temporary.write_text(page_html(page), encoding="utf-8")


def _kind(part: Plot | Picture | Table) -> str:
    """Return what a part is, for the template."""
    return type(part).__name__


def _address(picture: Picture) -> str:
    """Return a picture as an address that holds it."""
    return f"data:image/{picture.kind};base64,{base64.b64encode(picture.data).decode()}"


def _plot(plot: Plot, number: int) -> str:
    """Return the element of a plot, and the call that draws it."""
    # Plotly writes its JSON so that no text of it can end the script.
    return plot.figure.to_html(
        full_html=False,
        include_plotlyjs=False,
        config=_CONFIG,
        auto_play=False,
        default_width="100%",
        default_height=f"{plot.figure.layout.height}px",
        div_id=f"plot-{number}",
    )
