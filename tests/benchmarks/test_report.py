"""The report: tables, growth and comparisons from made-up results; README.md as it stands."""

import copy
import json
import re
import runpy
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
MEASURES = ("time", "temporaries", "peak memory")
CPU, GPU = "cpu: a processor, 2 cores", "gpu: a card"
RATE = 1e11


@pytest.fixture
def report(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return runpy.run_path(str(BENCHMARKS / "report.py"))["main"]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "results").mkdir()
    for name in ("README.md", "peers.md"):
        (tmp_path / name).write_text((BENCHMARKS / name).read_text())
    return tmp_path


def case(group: str, name: str, seconds: float = 1.0, **changes) -> dict:
    made = {
        "group": group,
        "name": f"{group}[{name}]",
        "parameters": {"size": name},
        "trace_seconds": 0.5,
        "compile_seconds": 1.5,
        "seconds": {
            "min": seconds,
            "median": 1.25 * seconds,
            "q1": 1.1 * seconds,
            "q3": 1.5 * seconds,
            "rounds": 5,
        },
        "cpu_seconds": None,
        "frames": None,
        "ticks": None,
        "necessary_flops": None,
        "xla_flops": None,
        "xla_bytes": None,
        "limits": {"matmul_flops_per_second": RATE, "copy_bytes_per_second": 1e10},
        "memory": {"temporaries": 2**20, "peak_rss": 3 * 2**30, "device_peak": None},
        "kernels_per_tick": None,
        "value": {"loss": 1234.5},
    }
    made["limits"]["reference_seconds"] = changes.pop("references", {})
    return made | changes


def run(device: str = CPU, date: str = "2026-11-24T12:00:00+00:00", cases=(), **changes) -> dict:
    return {
        "date": date,
        "command": "nox -s benchmarks",
        "device": device,
        "kind": device[:3],
        "memory_bytes": 2**34,
        "platform": "Linux",
        "python": "3.11.7",
        "versions": {"cwvae": "0.1.0", "jax": "0.10.2"},
        "git_commit": "abc1234",
        "set": "default",
        "left_out": [],
        "cases": list(cases),
    } | changes


def keep(folder: Path, name: str, data: object) -> Path:
    path = folder / "results" / f"{name}.json"
    path.write_text(json.dumps(data))
    return path


def power(quantity: str, against: str, exponents: tuple[float, float, float]) -> list[dict]:
    time, temporaries, peak = exponents
    return [
        case(
            "growth",
            f"{quantity}-{against}-{x}",
            0.01 * x**time,
            parameters={"quantity": quantity, "against": against, "x": x},
            memory={"temporaries": 1e6 * x**temporaries, "peak_rss": 1e9 * x**peak},
        )
        for x in (125, 500, 2000, 8000)
    ]


def section(text: str, title: str) -> str:
    level = title.index(" ")
    after = text.split(f"{title}\n", 1)[1]
    return re.split(rf"^#{{1,{level}}} ", after, maxsplit=1, flags=re.MULTILINE)[0]


def rows(table: str) -> list[dict[str, str]]:
    head, _, *lines = ([c.strip() for c in x.strip("|").split("|")] for x in table.splitlines())
    return [dict(zip(head, line, strict=True)) for line in lines]


def shown(text: str, title: str) -> list[dict[str, str]]:
    lines = [line for line in section(text, title).splitlines() if line.startswith("|")]
    return rows("\n".join(lines))


def test_what_is_committed_is_what_the_results_give(report, capsys):
    assert report(["--check"]) == 0, capsys.readouterr().err


def test_without_results_it_says_so_and_how_to_make_them(report, folder):
    assert report(["--folder", str(folder)]) == 0
    readme, peers = ((folder / name).read_text() for name in ("README.md", "peers.md"))
    assert "No result of a GPU is committed yet; `bash scripts/benchmark_gpu.sh`" in readme
    assert "No result is committed yet; `nox -s benchmarks`" in section(readme, "## Results")
    assert "are not committed yet; `python benchmarks/peer_cases.py --all" in peers


def test_a_table_says_what_follows_from_the_measurements(report, folder):
    training = case(
        "train",
        "mnist-8",
        parameters={"preset": "moving_mnist", "batch": 8, "precision": "float32"},
        frames=800,
        necessary_flops=5e10,
        xla_flops=6e10,
        xla_bytes=1e9,
    )
    ticking = case(
        "forecast", "latents", ticks=500, xla_bytes=2e9, references={"matrix_vector_products": 0.4}
    )
    keep(folder, "cpu", run(cases=[training, ticking]))
    assert report(["--folder", str(folder)]) == 0
    text = (folder / "README.md").read_text()
    (row,) = shown(text, "#### Training step")
    assert row == {
        "preset": "moving_mnist",
        "batch": "8",
        "precision": "float32",
        "trace + compile": "2.00 s",
        "min": "1.00 s",
        "median": "1.25 s",
        "IQR": "400 ms",
        "frames/s": "800",
        "of the matrix rate": "50.0 %",
        "same, XLA's FLOPs": "60.0 %",
        "temporaries": "1.00 MiB",
        "peak memory": "3.00 GiB",
        "value computed": "loss 1234.5",
    }
    (row,) = shown(text, "#### Forecast of 1000 frames, context included")
    assert row["times matrix vector products"] == "2.50x"
    assert row["per tick"] == "2.00 ms"
    assert row["of the copy bandwidth"] == "20.0 %"
    assert "kernels per tick" not in row


def test_a_run_says_where_when_and_by_what_it_was_made_and_what_it_left_out(report, folder):
    keep(folder, "cpu", run(left_out=[{"case": "train[minerl-50]", "why": "over 60 s"}]))
    report(["--folder", str(folder)])
    text = (folder / "README.md").read_text()
    (line,) = [line for line in text.splitlines() if "[cpu.json]" in line]
    for said in (CPU, "2026-11-24", "nox -s benchmarks", "abc1234", "Python 3.11.7", "jax 0.10.2"):
        assert said in line
    assert f"| {CPU} | `train[minerl-50]` | over 60 s |" in section(text, "## Left out")


def test_a_gpu_comes_first_with_its_forecasts_as_the_headline(report, folder):
    limits = {"tf32_matmul_flops_per_second": 4 * RATE, "reference_seconds": {}}
    memory = {"device_peak": 2**30, "peak_rss": 2**33}
    made = case(
        "forecast",
        "64",
        ticks=1000,
        kernels_per_tick=7,
        necessary_flops=1e11,
        limits=limits,
        memory=memory,
    )
    keep(folder, "cpu", run(cases=[case("forecast", "64")]))
    keep(folder, "gpu", run(GPU, cases=[made, case("train", "1")]))
    report(["--folder", str(folder)])
    text = (folder / "README.md").read_text()
    (row,) = shown(text, "## A thousand frames on a GPU")
    assert row["kernels per tick"] == "7"
    assert row["of the TF32 matrix rate"] == "25.0 %"
    assert row["peak memory"] == "1.00 GiB"
    results = text[text.index("## Results") :]
    assert results.index(f"### {GPU}") < results.index(f"### {CPU}")
    assert results.count("Forecast of 1000 frames") == 1


def test_cases_that_their_parameters_do_not_tell_apart_show_their_names(report, folder):
    alike = [case("start", name, parameters={}) for name in ("import", "compile")]
    keep(folder, "cpu", run(cases=alike))
    report(["--folder", str(folder)])
    first, second = shown((folder / "README.md").read_text(), "#### Start")
    assert (first["case"], second["case"]) == ("`start[import]`", "`start[compile]`")


def test_the_share_of_waiting_has_a_column(report, folder):
    keep(folder, "cpu", run(cases=[case("data", "w", value={"waiting_share": 0.025})]))
    report(["--folder", str(folder)])
    (row,) = shown((folder / "README.md").read_text(), "#### Data pipeline")
    assert row["waiting for data"] == "2.50 %"


def test_the_newest_file_of_each_device_counts_and_other_experiments_do_not(report, folder):
    keep(folder, "b", run(date="2026-11-23T23:00:00+00:00", git_commit="older"))
    keep(folder, "a", run(date="2026-11-24T01:00:00+02:00", git_commit="oldest"))
    keep(folder, "0", run(date="2026-11-25T00:00:00+00:00", git_commit="newest"))
    keep(folder, "c", run(GPU, date="2025-01-01", git_commit="other"))
    keep(folder, "frame_rate", {"date": "2026-11-23", "results": {}, "training": {}})
    assert report(["--folder", str(folder)]) == 0
    text = (folder / "README.md").read_text()
    assert "`newest`" in text
    assert "`other`" in text
    assert "`older`" not in text
    assert "`oldest`" not in text


def test_exponents_of_power_laws_are_found_and_drawn(report, folder):
    laws = {"forecast": (1.0, 0.0, 0.25), "train": (1.5, 1.0, 0.5)}
    cases = [c for quantity, law in laws.items() for c in power(quantity, "horizon", law)]
    keep(folder, "cpu", run(cases=cases))
    report(["--folder", str(folder)])
    text = (folder / "README.md").read_text()
    lines = shown(text, "## How cost grows")
    found = {line["quantity"]: line for line in lines}
    for quantity, law in laws.items():
        assert found[quantity]["against"] == "horizon, 125 to 8000"
        exponents = [found[quantity][f"{name}, exponent"] for name in MEASURES]
        assert exponents == [f"{exponent:.2f}" for exponent in law]
    (plot,) = (folder / "plots").iterdir()
    assert f"(plots/{plot.name})" in text
    with Image.open(plot) as image:
        assert image.format == "PNG"
        assert 600 < image.width < 1600
        assert len(np.unique(np.asarray(image.convert("L")))) > 10
    assert plot.stat().st_size < 200_000


def test_what_the_factor_does_is_shown_in_ticks(report, folder):
    ticks = {1: 300, 2: 175, 4: 132}
    cases = [
        case(
            "growth",
            f"factor-{k}",
            0.001 * n,
            ticks=n,
            parameters={"quantity": "latents", "against": "factor", "x": k},
        )
        for k, n in ticks.items()
    ]
    keep(folder, "cpu", run(cases=cases))
    report(["--folder", str(folder)])
    lines = shown((folder / "README.md").read_text(), "## How cost grows")
    assert {int(line["factor"]): int(line["ticks"]) for line in lines} == ticks
    assert {line["per tick"] for line in lines} == {"1.00 ms"}
    assert [path.name.endswith("-factor.png") for path in (folder / "plots").iterdir()] == [True]


def test_a_comparison_gives_ratios_their_spread_and_what_changed(report, folder, capsys):
    before = [case("train", "8", value={"loss": 100.0}), case("train", "gone"), case("data", "x")]
    after = [
        case("train", "8", 0.5, value={"loss": 101.0}, memory={"temporaries": 2**19}),
        case("data", "x", value={"loss": 1234.6, "waiting_share": 0.5}),
        case("train", "new"),
    ]
    after[0]["limits"]["matmul_flops_per_second"] = 0.8 * RATE
    paths = [
        keep(folder, name, run(cases=cases))
        for name, cases in (("before", before), ("after", after))
    ]
    assert report(["--compare", *map(str, paths)]) == 0
    said = capsys.readouterr().out
    (line,) = [line.split() for line in said.splitlines() if line.startswith("train[8]")]
    # median, q1 B / q3 A, q3 B / q1 A, min, min in matrix products, temporaries; no peak in B.
    assert line[1:] == ["0.500", "0.367", "0.682", "0.500", "0.400", "0.500"]
    assert "CHANGED train[8]: loss was 100.0, is 101.0" in said
    assert "CHANGED data[x]" not in said
    assert "only in before.json: train[gone]" in said
    assert "only in after.json: train[new]" in said


def test_runs_without_a_case_in_common_are_refused(report, folder, capsys):
    paths = [keep(folder, name, run(cases=[case("train", name)])) for name in ("a", "b")]
    assert report(["--compare", *map(str, paths)]) == 2
    assert "no case in common" in one_line(capsys.readouterr().err)


def one_line(said: str) -> str:
    (line,) = said.splitlines()
    return line


def spoil(data: dict, place: list, value: object) -> dict:
    data = inner = copy.deepcopy(data)
    for key in place[:-1]:
        inner = inner[key]
    if value is None:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return data


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (["device"], None, "bad.json: the key 'device' is missing"),
        (["kind"], None, "bad.json: the key 'kind' is missing"),
        (["set"], "quick", "bad.json: set must be 'default' or 'full', got 'quick'"),
        (["kind"], "tpu", "bad.json: kind must be 'cpu' or 'gpu', got 'tpu'"),
        (["date"], "yesterday", "bad.json: date must be like"),
        (["cases"], {}, "bad.json: cases must be list, got {}"),
        (["left_out"], [{"case": "x"}], "bad.json: left_out[0]: the key 'why' is missing"),
        (["cases", 0, "value"], None, "bad.json: cases[0]: the key 'value' is missing"),
        (["cases", 0, "ticks"], "many", "bad.json: cases[0]: ticks must be int | float | None"),
        (["cases", 0, "seconds", "q1"], None, "cases[0]: seconds: the key 'q1' is missing"),
        (["cases", 0, "seconds", "min"], 0, "cases[0]: seconds.min must be positive, got 0"),
        (["cases", 1, "name"], "train[1]", "the name 'train[1]' appears twice"),
        (["cases", 1, "group"], "sundry", "bad.json: cases[1]: group must be one of train,"),
        (["cases", 1, "parameters", "against"], "moon", "against must be one of horizon, batch,"),
        (
            ["cases", 1, "parameters"],
            {"x": 1},
            "cases[1]: parameters: the key 'quantity' is missing",
        ),
    ],
)
def test_a_bad_file_is_refused_in_one_line_that_names_the_key(
    report, folder, capsys, place, value, said
):
    good = run(cases=[case("train", "1"), *power("train", "batch", (1, 1, 1))[:1]])
    good["cases"][1]["name"] = "growth[2]"
    keep(folder, "bad", spoil(good, place, value))
    assert report(["--folder", str(folder)]) == 2
    assert said in one_line(capsys.readouterr().err)


def test_a_file_that_is_no_json_is_refused(report, folder, capsys):
    (folder / "results" / "bad.json").write_text("{")
    assert report(["--folder", str(folder)]) == 2
    assert "bad.json: expected JSON, got" in one_line(capsys.readouterr().err)


def test_the_check_fails_once_results_and_pages_differ(report, folder, capsys):
    keep(folder, "cpu", run(cases=power("train", "batch", (1, 1, 1))))
    report(["--folder", str(folder)])
    assert report(["--folder", str(folder), "--check"]) == 0
    page = folder / "README.md"
    text = page.read_text()
    page.write_text(text.replace("| 1.00 |", "| 0.99 |"))
    assert report(["--folder", str(folder), "--check"]) == 1
    said = one_line(capsys.readouterr().err)
    assert "README.md is not what" in said
    assert "run python benchmarks/report.py" in said
    page.write_text(text)
    next((folder / "plots").iterdir()).unlink()
    assert report(["--folder", str(folder), "--check"]) == 1
    assert "-batch.png is not what" in one_line(capsys.readouterr().err)


def test_a_page_without_its_markers_is_refused(report, folder, capsys):
    page = folder / "README.md"
    page.write_text(page.read_text().replace("<!-- end: runs -->", ""))
    assert report(["--folder", str(folder)]) == 2
    assert "README.md: expected the markers" in one_line(capsys.readouterr().err)


def test_peers_stand_beside_ours(report, folder):
    other = {"implementation": "another", "seconds_to_first_step": [17, 37], "cpu_seconds": 2.74}
    ours = {"cpu_seconds": 1.5, "peak_rss_bytes": 2**30, "seconds_to_first_step": 8.0}
    both = {"case": "train", "batch": 4, "seconds": {"min": 2.0, "median": 2.5}}
    for name, measured in (("others", other), ("peers", ours)):
        made = {"date": "2026-11-24", "device": name, "versions": {"jax": "1"}, "command": "run"}
        keep(folder, name, made | {"cases": [both | measured]})
    report(["--folder", str(folder)])
    lines = (folder / "peers.md").read_text().splitlines()
    assert "| another | 2.00 / 2.74 s | 17 to 37 s |" in lines
    assert "| **cwvae, this package** | 2.00 / 1.50 s, 1,024 MiB | 8.00 s |" in lines
    assert not any("not committed yet" in line for line in lines)
