"""The picture of a benchmark: one test video, and its forecast by every method."""

import numpy as np

from cwvae.cli import benchmark_strips
from cwvae.cli.benchmark_strips import write_strips
from cwvae.report.packed import pack_frames


def entry(method, seed, shade):
    """Return what is kept of a run whose frames have one shade."""
    videos = {
        name: pack_frames(np.full((2, 32, 32, 1), value, np.uint8))
        for name, value in (("truth", 255), ("forecast", shade))
    }
    strip = {"frames": 4, "every": 2, "context": 2, **videos}
    return {"method": method, "title": method.upper(), "seed": seed, "strip": strip}


def test_methods_stand_in_the_order_of_the_tables_each_with_its_first_seed(tmp_path, monkeypatch):
    drawn = {}
    monkeypatch.setattr(
        benchmark_strips, "write_strip", lambda _, rows, **options: drawn.update(rows, **options)
    )
    runs = [entry("a", 0, 10), entry("b", 0, 20), entry("c", 0, 30), entry("a", 1, 40)]
    write_strips(tmp_path / "strips.png", {"runs": runs})
    assert list(drawn) == ["truth", "A", "B", "C", "every", "context"]
    assert [int(drawn[name][2, 0, 0, 0]) for name in ("truth", "A", "B", "C")] == [255, 10, 20, 30]
    assert (drawn["every"], drawn["context"]) == (2, 2)


def test_without_a_run_there_is_no_picture(tmp_path):
    write_strips(tmp_path / "strips.png", {"runs": []})
    assert not list(tmp_path.iterdir())
