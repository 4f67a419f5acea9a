"""Interactive plots: curves, bars, and a slider over frames, for light and dark pages alike.

Their texts and lines take the colours of the page that they stand in (see `templates`).
"""

import base64
import html
from collections.abc import Mapping, Sequence

import numpy as np

from cwvae._extras import extra
from cwvae.report.curves import Curve, Panel, follow

with extra("cli"):
    import plotly.graph_objects as go

__all__ = ["bars", "curves", "slider"]

# Okabe and Ito's palette, the colours that can be seen on black and on white.
_COLOURS = ("#2a8fd6", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_LINES = ("solid", "dash", "dot")
_HEIGHT, _SLIDER = 320, 130  # pixels: a plot, and what a slider adds to its picture
_NAME = 40  # letters of a name in a legend
_WIDEST, _LARGEST = 640, 2  # the picture above a slider: its pixels, and how often enlarged


def curves(
    panel: Panel,
    *,
    first_frame: int = 0,
    log: bool = False,
    span: tuple[float, float] | None = None,
) -> go.Figure:
    """Draw the curves of a metric against the frame, intervals as shades.

    **Arguments:** `panel`; `first_frame`, the number of the frame that a first value belongs to
    where a curve has no numbers of its own; `log`, whether the axis of the values is logarithmic;
    `span`, the values that can be, None: those that are there.
    """
    figure = go.Figure()
    for place, (name, curve) in enumerate(panel.curves.items()):
        _add_curve(figure, name, curve, _style(place), _frames(curve, first_frame))
    if span is not None:
        margin = 0.03 * (span[1] - span[0])
        figure.update_yaxes(range=[span[0] - margin, span[1] + margin])
    if log:
        figure.update_yaxes(type="log", dtick=1)
    return _laid_out(figure, "frame", panel.ylabel)


def _add_curve(
    figure: go.Figure, name: str, curve: Curve, style: tuple[str, str], frames: np.ndarray
) -> None:
    """Add a curve, and the shade around it if its spread is known."""
    colour, line = style
    shade = curve.shade()
    if shade is not None:
        figure.add_scatter(
            x=np.concatenate([frames, frames[::-1]]),
            y=_listed(np.concatenate([shade[1], shade[0][::-1]])),
            fill="toself",
            fillcolor=colour,
            opacity=0.2,
            line_width=0,
            hoverinfo="skip",
            showlegend=False,
            legendgroup=name,
        )
    figure.add_scatter(
        x=frames,
        y=_listed(curve.mean),
        name=_legend(name),
        legendgroup=name,
        mode="lines" if follow(frames) else "lines+markers",
        line={"color": colour, "dash": line, "width": 2},
        marker_size=5,
        hovertemplate="frame %{x}: %{y:.3g}",
    )


def bars(
    series: Mapping[str, Mapping[str, float]],
    *,
    xlabel: str,
    ylabel: str,
    intervals: Mapping[str, Mapping[str, tuple[float, float]]] | None = None,
    line: float | None = None,
) -> go.Figure:
    """Draw bars beside each other, by category, a colour for each series.

    **Arguments:** `series`, values by name and category, some of which may be missing; labels of
    the axes; `intervals`, where the values begin and end; `line`, a value at which a dashed line
    lies.
    """
    figure = go.Figure()
    for place, (name, values) in enumerate(series.items()):
        colour, _ = _style(place)
        figure.add_bar(
            x=[_plain(category) for category in values],
            y=[*values.values()],
            name=_legend(name),
            marker_color=colour,
            error_y=_error_bars(values, (intervals or {}).get(name, {})),
            hovertemplate="%{x}: %{y:.3g}",
        )
    if line is not None:
        figure.add_hline(y=line, line_dash="dash", line_color="#888888")
    # A set of levels, such as "0", is a name and no number.
    figure.update_xaxes(type="category")
    return _laid_out(figure, xlabel, ylabel)


def _error_bars(
    values: Mapping[str, float], ends: Mapping[str, tuple[float, float]]
) -> dict[str, object]:
    """Return how far intervals reach above and below their values, invisible without any."""
    pairs = [(value, *ends.get(name, (value, value))) for name, value in values.items()]
    return {
        "array": [high - value for value, _, high in pairs],
        "arrayminus": [value - low for value, low, _ in pairs],
        "symmetric": False,
        "visible": bool(ends),
    }


def slider(pictures: Sequence[bytes], labels: Sequence[str], size: tuple[int, int]) -> go.Figure:
    """Draw pictures one at a time, with a slider that moves from one to the other.

    **Arguments:** `pictures`, PNGs of one `size`, width and height in pixels; `labels`, one for
    each.
    """
    sources = [f"data:image/png;base64,{base64.b64encode(one).decode()}" for one in pictures]
    names = [_plain(label) for label in labels]
    still = {"frame": {"duration": 0, "redraw": True}, "mode": "immediate"}
    steps = [{"args": [[name], still], "label": name, "method": "animate"} for name in names]
    figure = go.Figure(
        data=[go.Image(source=sources[0], hoverinfo="skip", zsmooth=False)],
        frames=[
            go.Frame(data=[go.Image(source=source)], name=name)
            for source, name in zip(sources, names, strict=True)
        ],
    )
    bare = {"visible": False, "fixedrange": True, "constrain": "domain"}
    figure.update_xaxes(range=[-0.5, size[0] - 0.5], **bare)
    figure.update_yaxes(range=[size[1] - 0.5, -0.5], scaleanchor="x", **bare)
    figure.update_layout(
        height=_SLIDER + round(size[1] * min(_LARGEST, _WIDEST / size[0])),
        margin={"l": 8, "r": 8, "t": 8, "b": _SLIDER - 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
        sliders=[
            {
                "steps": steps,
                "pad": {"l": 8, "r": 8, "t": 36, "b": 8},
                "currentvalue": {"xanchor": "center", "font": {"size": 14, "color": "#888888"}},
                # A hundred labels would lie on each other.
                "font": {"color": "rgba(0,0,0,0)"},
                "ticklen": 0,
                "minorticklen": 3,
            }
        ],
    )
    return figure


def _laid_out(figure: go.Figure, xlabel: str, ylabel: str) -> go.Figure:
    """Return a plot with its axes named, through which one can scroll on a phone."""
    figure.update_xaxes(title=_plain(xlabel), fixedrange=True)
    figure.update_yaxes(title=_plain(ylabel), fixedrange=True, automargin=True)
    figure.update_layout(
        height=_HEIGHT,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        legend={"orientation": "h", "y": -0.28, "yanchor": "top"},
        showlegend=True,
        dragmode=False,
        font={"family": "system-ui, sans-serif", "size": 13},
    )
    return figure


def _frames(curve: Curve, first: int) -> np.ndarray:
    return first + np.arange(len(curve.mean)) if curve.frames is None else curve.frames


def _listed(values: np.ndarray) -> list[float | None]:
    """Return numbers, with a gap for one that is not finite, of four digits: files stay small."""
    return [float(f"{value:.4g}") if np.isfinite(value) else None for value in values.tolist()]


def _style(place: int) -> tuple[str, str]:
    """Return the colour and the kind of line at a place; beyond the colours lines differ."""
    turn, colour = divmod(place, len(_COLOURS))
    return _COLOURS[colour], _LINES[turn % len(_LINES)]


def _legend(name: str) -> str:
    """Return a name that fits into a plot, its end where it is too long: names are often paths."""
    return _plain(name if len(name) <= _NAME else f"…{name[1 - _NAME :]}")


def _plain(text: str) -> str:
    """Return text that plotly, which knows some tags, shows as it is."""
    return html.escape(text, quote=False)
