"""Plots: what is drawn, with texts as they are, and nothing of a page's colours fixed."""

import numpy as np
from made_reports import grid

from cwvae.report.curves import Curve, Panel
from cwvae.report.grids import draw_grid, png_bytes
from cwvae.report.plots import bars, curves, slider


def test_curves_have_their_frames_gaps_and_shades():
    values = np.array([1.0, np.inf, 3.0])
    sparse = Curve(values, frames=np.array([1, 7, 13]))
    shaded = Curve(np.ones(3), interval=(np.zeros(3), np.full(3, 2.0)))
    figure = curves(Panel("PSNR", {"<b>a</b>": sparse, "b": shaded}), first_frame=5)
    first, shade, second = figure.data
    assert first.name == "&lt;b&gt;a&lt;/b&gt;"
    assert [*first.x], [*first.y] == ([1, 7, 13], [1.0, None, 3.0])
    assert (first.mode, second.mode) == ("lines+markers", "lines")
    assert [*second.x] == [5, 6, 7]
    assert [*shade.y] == [2, 2, 2, 0, 0, 0]
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"


def test_curves_may_be_logarithmic_or_span_what_can_be():
    panel = Panel("KL", {"level 0": Curve(np.array([1.0, 100.0]))})
    assert curves(panel, log=True).layout.yaxis.type == "log"
    low, high = curves(panel, span=(0, 1)).layout.yaxis.range
    assert low < 0 < 1 < high


def test_bars_are_by_category_even_where_that_is_a_number():
    series = {"run a": {"0": 1.0, "0 1": 2.0}, "run b": {"0": 3.0}}
    intervals = {"run a": {"0": (0.5, 2.0)}}
    figure = bars(series, xlabel="levels", ylabel="nats", intervals=intervals, line=1)
    first, second = figure.data
    assert figure.layout.xaxis.type == "category"
    assert [*first.x] == ["0", "0 1"]
    assert ([*first.error_y.array], [*first.error_y.arrayminus]) == ([1, 0], [0.5, 0])
    assert (first.error_y.visible, second.error_y.visible) == (True, False)


def test_more_series_than_colours_differ_in_their_lines():
    figure = curves(Panel("x", {str(n): Curve(np.ones(2)) for n in range(8)}))
    styles = {(trace.line.color, trace.line.dash) for trace in figure.data}
    assert len(styles) == 8


def test_a_slider_has_a_step_for_every_picture():
    video = draw_grid(grid("truth"))
    pictures = [png_bytes(frame) for frame in video]
    figure = slider(pictures, [f"<{n}>" for n in range(6)], (video.shape[2], video.shape[1]))
    (control,) = figure.layout.sliders
    names = [frame.name for frame in figure.frames]
    assert [step.label for step in control.steps] == names
    assert [step.args[0][0] for step in control.steps] == names
    assert names[0] == "&lt;0&gt;"
    sources = [frame.data[0].source for frame in figure.frames]
    assert len(set(sources)) == 6
    assert figure.data[0].source == sources[0]
