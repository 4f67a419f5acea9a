"""The page of the benchmark shows what was measured, and what others printed."""

import json

import benchmark_page
import pytest

IDENTITY = {
    "frames": [50, 1000],
    "accuracy": [0.75, 0.5],
    "legible": [0.9, 0.8],
    "position_lost_at": 60,
    "rows": {},
}
SUMMARY = {"model, mean": {"ssim": {"mean": 0.625}, "psnr": {"mean": 15.0}}}
RUN = {
    "method": "cwvae",
    "title": "CW-VAE",
    "variant": "width 1, 0.001",
    "seed": 0,
    "parameters": 1000,
    "frames_seen": 7200,
    "frames_per_second": 2.0,
    "summary": SUMMARY,
    "identity": IDENTITY,
    "distances": None,
    "perceptual": {"num_examples": 64},
    "steps": 8000,
    "environment": {
        "device": "a card",
        "versions": {"cwvae": "0.3.0", "jax": "0.10.2"},
        "date": "2026-01-01T10:00",
    },
}
FOUND = {
    "missing": [],
    "runs": [RUN],
    "tuning": [RUN | {"steps": 10}],
    "protocol": {"tuning_steps": 10, "steps": 8000},
    "command": "cwvae benchmark mine",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder in which a benchmark ended, and places for what is kept of it."""
    made = tmp_path / "made"
    made.mkdir()
    (made / "results.json").write_text(json.dumps(FOUND))
    for name in ("curves.png", "strips.png"):
        (made / name).write_bytes(b"a picture")
    page = "# A page\n\n<!-- benchmark_page.py: mine -->\n<!-- end: mine -->\n"
    (tmp_path / "page.md").write_text(page)
    monkeypatch.setattr(benchmark_page, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(benchmark_page, "RESULTS", tmp_path)
    monkeypatch.setattr(benchmark_page, "PLOTS", tmp_path)
    return made


def test_what_a_benchmark_found_is_shown_with_its_source(folder, tmp_path):
    assert "No result is committed yet; `cwvae benchmark mine" in benchmark_page.page()
    benchmark_page.add("mine", folder)
    made = benchmark_page.page()
    for words in (
        "| CW-VAE | 0.75 | 0.50 | 0.80 | 60 | 0.625 | 15.00 | 1 |",
        "LPIPS and FVD of 64 test videos",
        "8,000 steps each; a card; cwvae 0.3.0, jax 0.10.2, 2026-01-01: `cwvae benchmark mine`.",
        "(../benchmarks/plots/benchmark_mine_strips.png)",
    ):
        assert words in made
    assert (tmp_path / "benchmark_mine_curves.png").read_bytes() == b"a picture"


def test_what_is_missing_of_a_benchmark_is_said(folder):
    later = RUN | {"environment": RUN["environment"] | {"date": "2026-02-01", "device": "b card"}}
    part = FOUND | {"missing": ["vta, width 1, seed 0, 8,000 steps"], "runs": [], "tuning": [later]}
    (folder / "results.json").write_text(json.dumps(part))
    benchmark_page.add("mine", folder)
    made = benchmark_page.page()
    assert "Not complete.** Missing so far: vta, width 1, seed 0, 8,000 steps." in made
    assert "Metrics of frames" not in made
    assert "The short trainings, 10 steps each. What remembers most is chosen" in made
    (folder / "results.json").write_text(json.dumps(part | {"runs": [RUN]}))
    benchmark_page.add("mine", folder)
    assert (
        "a card; b card; cwvae 0.3.0, jax 0.10.2, 2026-01-01 to 2026-02-01" in benchmark_page.page()
    )


def test_runs_that_are_kept_are_not_lost(folder, tmp_path):
    benchmark_page.add("mine", folder)
    (folder / "results.json").write_text(json.dumps(FOUND | {"runs": []}))
    with pytest.raises(ValueError, match=r"cwvae, width 1, 0.001, seed 0, 8,000 steps; .*--known"):
        benchmark_page.add("mine", folder)
    assert json.loads((tmp_path / "benchmark_mine.json").read_text()) == FOUND


def test_what_others_printed_has_its_source():
    known = json.loads(benchmark_page.PUBLISHED.read_text())
    assert all(row["source"] and row["values"] for row in known["numbers"])
    assert benchmark_page.published().count("Saxena et al. 2021") >= 6


def test_the_page_is_what_the_results_give():
    assert benchmark_page.PAGE.read_text() == benchmark_page.page(), "run scripts/benchmark_page.py"
