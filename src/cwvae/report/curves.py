"""Curves of metrics over the frames of a forecast, as a picture."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from cwvae._extras import extra
from cwvae.files import replacing

with extra("cli"):
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

__all__ = ["Curve", "Panel", "follow", "write_curves"]

# Okabe and Ito's palette, which colour-blind readers can follow, without its pale yellow.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
# Curves beyond the colours have another kind of line.
_LINES = ("-", "--", ":")
_PANEL, _LETTER, _SAMPLE = 4.6, 0.09, 0.6  # inches: a panel, a letter, the line before a name


@dataclasses.dataclass(frozen=True, eq=False)
class Curve:
    """Hold a value per frame, and how far it spreads over examples, if known.

    Values that are not finite leave a gap.

    **Arguments:** `mean` of every frame; `std`, its standard deviation, or `interval`, where it
    begins and ends; `frames`, the numbers of the frames where they do not follow one another.

    Raises `ValueError` for arrays that are not one-dimensional or differ in length, and for a
    deviation beside an interval.
    """

    mean: Float[np.ndarray, " horizon"]
    std: Float[np.ndarray, " horizon"] | None = None
    interval: tuple[Float[np.ndarray, " horizon"], Float[np.ndarray, " horizon"]] | None = None
    frames: Int[np.ndarray, " horizon"] | None = None

    def __post_init__(self) -> None:
        """Check the shapes."""
        given = [self.mean, self.std, *(self.interval or ()), self.frames]
        shapes = [np.shape(values) for values in given if values is not None]
        if len(shapes[0]) != 1 or shapes[0][0] == 0 or len(set(shapes)) > 1:
            raise ValueError(
                "expected a mean of shape (horizon,) and std, interval and frames of the same "
                f"shape or None, got {' and '.join(map(str, shapes))}; average over examples first"
            )
        if self.std is not None and self.interval is not None:
            raise ValueError("expected a std or an interval, got both; leave one of them out")

    def shade(self) -> tuple[Float[np.ndarray, " horizon"], Float[np.ndarray, " horizon"]] | None:
        """Return where the shade around the mean begins and ends, None without one."""
        if self.std is None:
            return self.interval
        return self.mean - self.std, self.mean + self.std


def follow(frames: Int[np.ndarray, " horizon"]) -> bool:
    """Return whether frames follow one another; values of others are drawn as points on a line."""
    return len(frames) > 1 and bool(np.all(np.diff(frames) == 1))


@dataclasses.dataclass(frozen=True, eq=False)
class Panel:
    """Hold the curves of one metric, by name, and the label of its axis."""

    ylabel: str
    curves: Mapping[str, Curve]
    title: str = ""


def write_curves(
    path: str | Path,
    panels: Panel | Sequence[Panel],
    *,
    title: str = "",
    first_frame: int = 0,
) -> None:
    """Write one or several panels of curves side by side as a PNG.

    A curve is a line; its deviation or interval, where given, a shade around it. Curves of the same
    name have the same colour in all panels. The file appears only when it is complete.

    **Arguments:** `path`, ending in .png; `panels`; `title`, above all panels; `first_frame`, the
    number of the frame that the first value belongs to.

    Raises `ValueError` for another ending, or nothing to draw.
    """
    path = Path(path)
    panels = [panels] if isinstance(panels, Panel) else list(panels)
    if path.suffix.lower() != ".png":
        raise ValueError(f"{path}: expected a name ending in .png, got {path.name}; rename it")
    if not panels or not all(panel.curves for panel in panels):
        raise ValueError(
            f"{path}: expected panels with at least one curve each, got "
            f"{[len(panel.curves) for panel in panels]} curves; leave empty panels out"
        )
    names = list(dict.fromkeys(name for panel in panels for name in panel.curves))
    styles = {name: _style(place) for place, name in enumerate(names)}
    # Figure and canvas by hand: pyplot would keep the figure for ever and may want a display.
    figure = Figure(figsize=(_PANEL * len(panels) + 0.4, 4.0), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = list(figure.subplots(1, len(panels), squeeze=False)[0])
    for axis, panel in zip(axes, panels, strict=True):
        _draw_panel(axis, panel, styles, first_frame)
    _add_legend(figure, axes, names)
    if title:
        figure.suptitle(title)
    with replacing(path) as temporary:
        canvas.print_figure(temporary, format="png", dpi=150)


def _style(place: int) -> tuple[str, str]:
    """Return the colour and the kind of line of the curve at a place."""
    turn, colour = divmod(place, len(_COLOURS))
    return _COLOURS[colour], _LINES[turn % len(_LINES)]


def _add_legend(figure: Figure, axes: Sequence[Axes], names: Sequence[str]) -> None:
    # One for all panels; a curve may be missing from some of them.
    handles = {
        label: handle
        for axis in axes
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    longest = max(map(len, names)) * _LETTER + _SAMPLE
    figure.legend(
        [handles[name] for name in names],
        names,
        loc="outside lower center",
        ncols=max(1, min(len(names), int(_PANEL * len(axes) / longest))),
        frameon=False,
    )


def _finite(values: Float[np.ndarray, " horizon"]) -> Float[np.ndarray, " horizon"]:
    return np.where(np.isfinite(values), values, np.nan).astype(float)


def _draw_panel(
    axis: Axes, panel: Panel, styles: Mapping[str, tuple[str, str]], first_frame: int
) -> None:
    for name, curve in panel.curves.items():
        colour, line = styles[name]
        # Infinities, such as the PSNR of identical frames, would spoil the shade and the limits.
        mean = _finite(curve.mean)
        frames = first_frame + np.arange(len(mean)) if curve.frames is None else curve.frames
        marker = None if follow(frames) else "o"
        axis.plot(
            frames,
            mean,
            color=colour,
            linestyle=line,
            label=name,
            linewidth=1.6,
            marker=marker,
            markersize=4,
        )
        shade = curve.shade()
        if shade is not None:
            low, high = map(_finite, shade)
            axis.fill_between(frames, low, high, color=colour, alpha=0.15, linewidth=0)
    axis.set_xlabel("frame")
    axis.set_ylabel(panel.ylabel)
    axis.set_title(panel.title, fontsize="medium")
    axis.margins(x=0.01)
    axis.grid(alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)
