"""The script that spoils videos writes every figure of its table."""

import json

import frame_metrics
import numpy as np
import pytest


@pytest.mark.slow
def test_every_spoilt_video_has_a_row(tmp_path, monkeypatch, capsys):
    file = tmp_path / "figures.json"
    monkeypatch.setattr("sys.argv", ["", str(file)])
    monkeypatch.setattr(frame_metrics, "_VIDEOS", 4)
    monkeypatch.setattr(frame_metrics, "_SIZE", 32)
    scales = {"MS-SSIM, 3 scales": lambda p, t: frame_metrics.ms_ssim(p, t, scales=2)}
    monkeypatch.setattr(frame_metrics, "_PER_FRAME", {**frame_metrics._PER_FRAME, **scales})
    frame_metrics.main()
    rows = json.loads(file.read_text())["rows"]
    assert np.isfinite([list(row.values()) for row in rows.values()]).all()
    assert rows["the truth"]["PSNR (dB)"] == 100
    assert rows["blank"]["mass"] < 0.01
    assert rows["first frame held"]["motion"] < 0.01
    assert rows["blurred, 7x7"]["sharpness"] < rows["blurred, 3x3"]["sharpness"] < 0.9
    assert frame_metrics.table({"rows": rows}) in capsys.readouterr().out
