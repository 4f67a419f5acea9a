"""The report: tables, growth and comparisons from made-up results; README.md as it stands."""

import json
import re
from pathlib import Path

import pytest
from made_results import CPU, GPU, LIMITS, RATE, case, keep, power, run
from PIL import Image
from report import main

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def folder(tmp_path) -> Path:
    for name in ("results", "rivals"):
        (tmp_path / name).mkdir()
    for name in ("README.md", "rivals/README.md"):
        (tmp_path / name).write_text((BENCHMARKS / name).read_text())
    return tmp_path


def reported(folder: Path) -> str:
    assert main(["--folder", str(folder)]) == 0
    return (folder / "README.md").read_text()


def section(text: str, title: str) -> str:
    after = text.split(f"{title}\n", 1)[1]
    return re.split(rf"^#{{1,{title.index(' ')}}} ", after, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[dict[str, str]]:
    """Return the rows of the tables in a text, by the heads of the first."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    head, _, *others = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    return [dict(zip(head, cells, strict=True)) for cells in others]


def test_what_is_committed_is_what_the_results_give(capsys):
    assert main(["--check"]) == 0, capsys.readouterr().err


def test_without_results_the_pages_hold_how_to_make_them(folder):
    readme = reported(folder)
    assert "No result of a GPU is committed yet; `bash scripts/gpu.sh`" in readme
    assert "No result is committed yet; `nox -s benchmarks`" in section(readme, "## Results")


def test_a_table_has_what_follows_from_the_measurements(folder):
    training = case(
        "train", "1", parameters={"preset": "a", "batch": 8}, frames=800, ticks=9, xla_bytes=1e9,
        necessary_flops=5e10, xla_flops=6e10,
    )  # fmt: skip
    bound = LIMITS | {"reference_seconds": {"matrix_vector_products": 0.4}}
    ticking = case("forecast", "latents", ticks=500, xla_bytes=2e9, limits=bound)
    waiting = case("data", "waiting", value={"waiting_share": 0.025})
    keep(folder, "cpu", run(training, ticking, waiting))
    text = reported(folder)
    assert rows(section(text, "#### Training step")) == [{
        "preset": "a", "batch": "8", "trace + compile": "2.00 s", "min": "1.00 s",
        "median": "1.25 s", "IQR": "400 ms", "frames/s": "800", "of the matrix rate": "50.0 %",
        "same, XLA's FLOPs": "60.0 %", "temporaries": "1.00 MiB", "peak memory": "3.00 GiB",
        "value computed": "loss 1234.5",
    }]  # fmt: skip
    (row,) = rows(section(text, "#### Forecast of 1000 frames, context included"))
    shown = {"times matrix vector products": "2.50x", "per tick": "2.00 ms"}
    assert row.items() >= (shown | {"of the copy bandwidth": "20.0 %"}).items()
    assert "kernels per tick" not in row
    (row,) = rows(section(text, "#### Data pipeline"))
    assert row["waiting for data"] == "2.50 %"


def test_a_run_has_where_when_and_by_what_it_was_made_and_what_it_left_out(folder):
    left_out = [{"case": "train[minerl-50]", "why": "over 60 s"}]
    keep(folder, "cpu", run(case("train", "1"), left_out=left_out))
    text = reported(folder)
    (line,) = [line for line in text.splitlines() if "[cpu.json]" in line]
    for word in (CPU, "2026-11-24", "nox -s benchmarks", "abc1234", "Python 3.11.7", "jax 0.10.2"):
        assert word in line
    row = {"device": CPU, "case": "`train[minerl-50]`", "why": "over 60 s"}
    assert rows(section(text, "## Left out")) == [row]


def test_a_gpu_comes_first_with_its_forecasts_as_the_headline(folder):
    limits = LIMITS | {
        "tf32_matmul_flops_per_second": 4 * RATE,
        "bf16_matmul_flops_per_second": 8 * RATE,
    }
    memory = {"device_peak": 2**30, "peak_rss": 2**33}
    made = case(
        "forecast",
        "64",
        profile={"kernels": 3500, "busy_share": 0.25},
        ticks=500,
        necessary_flops=1e11,
        limits=limits,
        memory=memory,
    )
    keep(folder, "cpu", run(case("forecast", "64")))
    keep(folder, "gpu", run(made, case("train", "1"), device=GPU))
    text = reported(folder)
    (row,) = rows(section(text, "## A thousand frames on a GPU"))
    known = {"kernels per tick": "7.00", "GPU busy": "25.0 %", "peak memory": "1.00 GiB"}
    shares = {"of the TF32 matrix rate": "25.0 %", "of the bf16 matrix rate": "12.5 %"}
    assert row.items() >= (known | shares).items()
    results = text[text.index("## Results") :]
    assert results.index(f"### {GPU}") < results.index(f"### {CPU}")
    assert results.count("Forecast of 1000 frames") == 1


def test_the_newest_file_of_each_device_counts_and_other_experiments_do_not(folder):
    one = case("train", "1")
    keep(folder, "b", run(one, date="2026-11-23T23:00:00+00:00", git_commit="older"))
    keep(folder, "a", run(one, date="2026-11-23T22:00:00+00:00", git_commit="oldest"))
    keep(folder, "0", run(one, date="2026-11-25T00:00:00+00:00", git_commit="newest"))
    keep(folder, "c", run(one, device=GPU, date="2025-01-01T00:00:00+00:00", git_commit="other"))
    (folder / "results" / "frame_rate.json").write_text('{"results": {}, "training": {}}')
    commits = {row["commit"] for row in rows(section(reported(folder), "## Run them"))}
    assert commits == {"`newest`", "`other`"}


def test_exponents_of_power_laws_are_found_and_drawn(folder):
    laws = {"forecast": (1.0, 0.0, 0.25), "train": (1.5, 1.0, 0.5)}
    keep(folder, "cpu", run(*(c for name, law in laws.items() for c in power(name, "batch", law))))
    text = reported(folder)
    for row in rows(section(text, "## How cost grows")):
        cells = list(row.values())
        assert cells[1] == "batch, 125 to 8000"
        assert [float(cell) for cell in cells[2:]] == pytest.approx(
            laws[cells[0].split(",")[0]], abs=0.005
        )
    assert " -0.00 |" not in text
    (plot,) = (folder / "plots").iterdir()
    assert f"(plots/{plot.name})" in text
    with Image.open(plot) as image:
        assert len(image.convert("RGB").getcolors(maxcolors=2**16) or []) > 10


def test_the_factor_has_a_table_and_no_exponent(folder):
    keep(folder, "cpu", run(*power("inference", "factor", (-1, 0, 0))))
    found = rows(section(reported(folder), "## How cost grows"))
    assert [row["factor"] for row in found] == ["125", "500", "2000", "8000"]
    assert (folder / "plots" / "cpu-a-processor-2-cores-factor.png").exists()


def test_a_comparison_gives_ratios_their_spread_and_what_changed(folder, capsys):
    before = run(
        case("train", "8", value={"loss": 100.0}), case("train", "gone"), case("data", "x")
    )
    slower = LIMITS | {"matmul_flops_per_second": 0.8 * RATE}
    memory, value = {"temporaries": 2**19}, {"loss": 101.0}
    after = run(
        case("train", "8", 0.5, value=value, memory=memory, limits=slower),
        case("data", "x", value={"loss": 1234.6, "waiting_share": 0.5}),
        case("train", "new"),
    )
    paths = [keep(folder, "before", before), keep(folder, "after", after)]
    assert main(["--compare", *paths]) == 0
    text = capsys.readouterr().out
    (line,) = [line.split() for line in text.splitlines() if line.startswith("train[8]")]
    # median, q1 B / q3 A, q3 B / q1 A, min, min in matrix products, temporaries; no peak in B.
    expected = [0.5, 0.55 / 1.5, 0.75 / 1.1, 0.5, 0.4, 0.5]
    assert [float(cell) for cell in line[1:]] == pytest.approx(expected, abs=0.001)
    assert "CHANGED train[8]: loss was 100.0, is 101.0" in text
    assert "CHANGED data[x]" not in text
    assert "only in before.json: train[gone]" in text
    assert "only in after.json: train[new]" in text


def test_the_check_fails_once_results_and_pages_differ(folder, capsys):
    keep(folder, "cpu", run(*power("train", "batch", (1, 1, 1))))
    text = reported(folder)
    check = ["--folder", str(folder), "--check"]
    assert main(check) == 0
    (folder / "README.md").write_text(text.replace(" 1.00 |", " 0.99 |"))
    assert main(check) == 1
    assert "README.md is not what" in capsys.readouterr().err
    (folder / "README.md").write_text(text)
    next((folder / "plots").iterdir()).unlink()
    assert main(check) == 1
    assert "-batch.png is not what" in capsys.readouterr().err


def test_runs_without_a_case_in_common_cannot_be_compared(folder, capsys):
    paths = [keep(folder, name, run(case("train", name))) for name in ("a", "b")]
    assert main(["--compare", *paths]) == 2
    assert "no case in common" in capsys.readouterr().err


def test_a_page_needs_its_markers(folder, capsys):
    page = folder / "README.md"
    page.write_text(page.read_text().replace("<!-- end: runs -->", ""))
    assert main(["--folder", str(folder)]) == 2
    assert "README.md: expected the markers" in capsys.readouterr().err


def test_rivals_stand_beside_us_with_the_spread_of_turns(folder):
    def turn(seconds: float, first: float, **more) -> dict:
        known = {"seconds": {"min": seconds}, "peak_rss_bytes": 2**30}
        return known | {"seconds_to_first_step": first} | more

    turns = {
        "cwvae": [turn(1.0, 9.0), turn(0.5, 8.0)],
        "PyTorch": [turn(2.0, 3.0, torch="2.13"), turn(4.0, 3.5, torch="2.13")],
        "PyTorch, torch.compile": [turn(1.5, 30.0, torch="2.13"), turn(3.0, 30.0, torch="2.13")],
    }
    measured = {"case": "train", "batch": 8, "precision": "float32", "turns": turns}
    measured["date"] = "2026-11-24T01"
    made = {"date": "2026-11-25T01", "device": "a machine", "command": "run it"}
    made |= {"versions": {"cwvae": "1", "jax": "2"}, "cases": {"train-8": measured}}
    (folder / "results" / "rivals-cpu.json").write_text(json.dumps(made))
    reported(folder)
    page = (folder / "rivals" / "README.md").read_text()
    assert "**a machine**, cwvae 1, jax 2, PyTorch 2.13: `run it`\n" in page
    (row,) = rows(page)
    assert list(row.values()) == [
        "training step, 100 frames", "8", "float32", "500 ms", "2.00 s", "1.50 s",
        "3.75 (1.50 to 6.00)", "1.00 GiB / 1.00 GiB", "8.00 / 30.0 s", "2",
        "2026-11-24",
    ]  # fmt: skip
    del turns["PyTorch, torch.compile"]
    measured["failed"] = {"PyTorch, torch.compile": 1}
    (folder / "results" / "rivals-cpu.json").write_text(json.dumps(made))
    reported(folder)
    (row,) = rows((folder / "rivals" / "README.md").read_text())
    assert list(row.values())[3:7] == ["500 ms", "2.00 s", "failed", "5.00 (2.00 to 8.00)"]
