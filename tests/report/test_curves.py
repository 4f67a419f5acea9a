"""Curves: what is drawn, without any of pyplot's state, and what raises."""

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from cwvae.report.curves import Curve, Panel, write_curves


@pytest.fixture
def drawn(monkeypatch) -> list:
    """The figures that were written, to look at what they show."""
    figures = []
    original = FigureCanvasAgg.print_figure

    def remember(canvas, *arguments, **options):
        figures.append(canvas.figure)
        return original(canvas, *arguments, **options)

    monkeypatch.setattr(FigureCanvasAgg, "print_figure", remember)
    return figures


def ramp(level: float, std: float | None = None) -> Curve:
    return Curve(level + np.arange(4.0), None if std is None else np.full(4, std))


def test_one_panel(tmp_path, drawn):
    path = tmp_path / "new" / "curves.png"
    panel = Panel("PSNR (dB)", {"model": ramp(1, 0.5), "copy": ramp(2)}, "its title")
    write_curves(path, panel, title="the whole", first_frame=36)
    (figure,) = drawn
    (axis,) = figure.axes
    assert (axis.get_ylabel(), axis.get_title()) == ("PSNR (dB)", "its title")
    assert figure.get_suptitle() == "the whole"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["model", "copy"]
    assert [line.get_xdata().tolist() for line in axis.lines] == [[36, 37, 38, 39]] * 2
    assert axis.lines[0].get_ydata().tolist() == [1, 2, 3, 4]
    (shade,) = axis.collections
    heights = shade.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (0.5, 4.5)
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert np.ptp(np.asarray(image.convert("L")).astype(int)) > 100
    assert [file.name for file in path.parent.iterdir()] == ["curves.png"]


def test_panels_share_colours_and_legend(tmp_path, drawn):
    panels = [
        Panel("SSIM", {"model": ramp(0), "copy": ramp(1)}),
        Panel("SSIM", {"copy": ramp(1), "random": ramp(2)}, "SSIM, official range 2"),
    ]
    write_curves(tmp_path / "curves.png", panels)
    (figure,) = drawn
    left, right = figure.axes
    assert left.lines[1].get_color() == right.lines[0].get_color()
    assert len({left.lines[0].get_color(), *(line.get_color() for line in right.lines)}) == 3
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["model", "copy", "random"]


def test_infinite_values_leave_a_gap(tmp_path, drawn):
    mean = np.array([np.inf, 20, 21, np.nan], np.float32)
    std = np.array([np.nan, 1, 1, np.inf], np.float32)
    write_curves(tmp_path / "curves.png", Panel("PSNR (dB)", {"model": Curve(mean, std)}))
    low, high = drawn[0].axes[0].get_ylim()
    assert 18 < low < high < 23


def test_a_single_frame_shows(tmp_path, drawn):
    write_curves(tmp_path / "curves.png", Panel("SSIM", {"model": Curve(np.array([0.5]))}))
    assert drawn[0].axes[0].lines[0].get_marker() == "o"


def test_frames_far_apart_and_an_interval(tmp_path, drawn):
    curve = Curve(
        np.array([0.5, 0.25]),
        interval=(np.array([0.4, 0.1]), np.array([0.9, 0.3])),
        frames=np.array([50, 1000]),
    )
    write_curves(tmp_path / "curves.png", Panel("identity", {"model": curve}), first_frame=7)
    (axis,) = drawn[0].axes
    assert axis.lines[0].get_xdata().tolist() == [50, 1000]
    assert axis.lines[0].get_marker() == "o"
    corners = axis.collections[0].get_paths()[0].vertices.tolist()
    assert all(corner in corners for corner in ([50, 0.4], [50, 0.9], [1000, 0.1], [1000, 0.3]))


def test_a_deviation_and_an_interval_are_one_too_many():
    zeros = np.zeros(2)
    with pytest.raises(ValueError, match="expected a std or an interval, got both"):
        Curve(zeros, zeros, interval=(zeros, zeros))
    with pytest.raises(ValueError, match="frames of the same shape or None, got"):
        Curve(zeros, frames=np.arange(3))


def test_pyplot_is_never_loaded():
    code = "import sys, cwvae.report.curves; print('matplotlib.pyplot' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("mean", "std"), [(np.zeros((2, 3)), None), (np.zeros(3), np.zeros(2)), (np.zeros(0), None)]
)
def test_wrong_curves(mean, std):
    with pytest.raises(ValueError, match=r"expected a mean of shape \(horizon,\)") as caught:
        Curve(mean, std)
    assert "\n" not in str(caught.value)


def test_wrong_files(tmp_path):
    panel = Panel("SSIM", {"model": ramp(0)})
    with pytest.raises(ValueError, match=r"ending in \.png, got curves\.svg"):
        write_curves(tmp_path / "curves.svg", panel)
    with pytest.raises(ValueError, match=r"at least one curve each, got \[\] curves"):
        write_curves(tmp_path / "curves.png", [])
    with pytest.raises(ValueError, match=r"got \[1, 0\] curves"):
        write_curves(tmp_path / "curves.png", [panel, Panel("SSIM", {})])
    assert list(tmp_path.iterdir()) == []
