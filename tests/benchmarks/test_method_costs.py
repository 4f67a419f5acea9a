"""What methods cost: measured case by case, shown as it was measured."""

import json
import subprocess
from types import SimpleNamespace

import method_costs
import pytest

from cwvae import PRESETS
from cwvae.training.model_configs import method_name

KNOWN = {"device": "cpu: a processor", "versions": {"cwvae": "1", "jax": "2"}}
KNOWN |= {"date": "2026-01-01T10:00", "command": method_costs.COMMAND}


def cost(name: str, **changes) -> dict:
    """Return what a case costs, made up."""

    def program(least: float, flops: float, parameters: dict, frames: int) -> dict:
        return {
            "seconds": {"min": least, "median": 1.5 * least, "rounds": 5},
            "limits": {"matmul_flops_per_second": 1e11},
            "memory": {"temporaries": 2**20, "peak_rss": 2**30, "device_peak": None},
            "necessary_flops": flops,
            "parameters": parameters,
            "frames": frames,
        }

    return {
        **method_costs.CASES[name]._asdict(),
        "batch": 16,
        "parameters": 1234,
        "train": program(2.0, 5e10, {"frames": 48}, 768),
        "forecast": program(1.0, 2e9, {"context": 36, "horizon": 200}, 200),
        "environment": KNOWN,
    } | changes


def test_the_cases_are_the_methods_of_the_benchmark_at_both_sizes():
    sizes = [case.size for case in method_costs.CASES.values()]
    assert (sizes.count("pocket"), sizes.count("paper")) == (5, 6)
    assert all(case.preset == name in PRESETS for name, case in method_costs.CASES.items())
    methods = {method_name(PRESETS[name].model) for name in method_costs.CASES}
    assert methods == {"cwvae", "svg_lp", "vta"}


def test_a_case_has_a_step_and_a_forecast_with_what_they_are_held_against():
    found = method_costs.measure("debug_svg_lp", quick=True)
    assert json.loads(json.dumps(found)) == found
    assert (found["size"], found["method"], found["batch"]) == ("debug", "SVG-LP", 2)
    assert found["parameters"] == 5685
    assert found["train"]["parameters"] == {"frames": 8}
    assert found["forecast"]["parameters"] == {"context": 4, "horizon": 8}
    for program in (found["train"], found["forecast"]):
        assert 0 < program["seconds"]["min"] <= program["seconds"]["median"]
        assert program["limits"]["matmul_flops_per_second"] > 0
        assert program["memory"]["temporaries"] > 0
        assert program["necessary_flops"] > 0
        assert program["xla_flops"] > 0
    assert found["environment"].keys() >= {"date", "device", "versions", "command"}


@pytest.mark.parametrize(("each", "rounds"), [(1.0, 4), (12.0, 3), (40.0, 1)])
def test_what_takes_long_is_timed_less_often(each, rounds):
    timed = method_costs.Rounds()
    timed.pedantic(lambda: each, 4)
    stats = timed.stats.stats
    assert (stats.rounds, stats.min, stats.median) == (rounds, each, each)


@pytest.fixture
def measured(monkeypatch):
    """The cases that were measured, each in a moment."""
    names = []

    def run(command, **options):
        names.append(command[-1])
        return SimpleNamespace(stdout=json.dumps(cost(names[-1])))

    monkeypatch.setattr(subprocess, "run", run)
    return names


def test_what_is_in_the_file_is_not_measured_again(measured, tmp_path):
    path = tmp_path / "costs.json"
    method_costs.fill(["vta"], path)
    method_costs.fill(["rssm", "vta", "svg_lp"], path)
    assert measured == ["vta", "rssm", "svg_lp"]
    assert json.loads(path.read_text())["costs"].keys() == set(measured)


def test_a_file_is_of_one_device(measured, tmp_path):
    path = tmp_path / "costs.json"
    other = KNOWN | {"device": "gpu: a card"}
    path.write_text(json.dumps({"costs": {"vta": cost("vta", environment=other)}}))
    with pytest.raises(ValueError, match=r"of one device, got gpu: a card and cpu: .*; delete it"):
        method_costs.fill(["rssm"], path)
    assert json.loads(path.read_text())["costs"].keys() == {"vta"}


def test_a_table_has_what_follows_from_the_measurements():
    later = KNOWN | {"date": "2026-01-03T10:00"}
    costs = {name: cost(name) for name in ("pocket_vta", "pocket", "vta")}
    costs["pocket_vta"]["environment"] = later
    head, _, first, second, _, source = method_costs.section("pocket", costs).splitlines()
    cells = [cell.strip() for cell in first.strip("|").split("|")]
    assert cells == [
        "CW-VAE", "`pocket`", "1,234", "50.0", "3.00 s", "2.00 s", "25.0 %", "1.00 MiB", "1.00 GiB",
        "10.0", "7.50 ms", "5.00 ms",
    ]  # fmt: skip
    assert [cell.strip() for cell in head.strip("|").split("|")][6:8] == [
        "of the matrix rate",
        "temporaries",
    ]
    assert second.startswith("| VTA ")
    assert source == (
        "A step has 16 videos of 48 frames, a forecast is of 200 frames after 36 of context. "
        "cpu: a processor, cwvae 1, jax 2, 2026-01-01 to 2026-01-03: "
        "`python benchmarks/method_costs.py`."
    )
    assert method_costs.section("paper", {}).startswith("No result is committed yet")


def test_the_page_is_what_the_results_give():
    places = [match[2] for match in method_costs.PLACE.finditer(method_costs.PAGE.read_text())]
    assert places == list(method_costs.SHOWN)
    assert method_costs.PAGE.read_text() == method_costs.page(), "run benchmarks/method_costs.py"
