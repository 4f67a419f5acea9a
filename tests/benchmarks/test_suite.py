"""The benchmarks run, at tiny sizes, and leave a result file that the report reads."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
# One case of every kind that is measured in its own way.
NAMES = {
    "depth[gradient-min_gru-debug-7]",
    "levels[observe-debug-2-5]",
    "hierarchy[imagine-debug-2-3-7]",
    "vision[encoder-gradient-debug-3]",
    "train[debug-2-float32]",
    "forecast[latents-debug-2]",
    "stream[debug-3]",
    "data[batches-debug-2]",
    "start[import-cwvae.clock]",
    "start[first_step-debug-1-warm]",
    "growth[factor-debug-2]",
}


def run(*words: str) -> subprocess.CompletedProcess:
    """Run the benchmarks in a process of their own, which is not a worker of these tests."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> dict:
    path = tmp_path_factory.mktemp("benchmarks") / "results.json"
    chosen = [f"benchmarks/test_cases.py::test_case[{name}]" for name in NAMES]
    done = run(*chosen, "--quick", "--results", str(path))
    assert done.returncode == 0, done.stdout
    return json.loads(path.read_text())


def test_the_file_holds_where_and_how_it_was_made(results):
    assert results["set"] == "quick"
    assert results["command"] == "pytest benchmarks --quick"
    assert {"cwvae", "jax", "jaxlib", "equinox"} <= results["versions"].keys()
    assert results["memory_bytes"] > 0
    assert results["left_out"] == []


def test_every_case_is_there_with_times_limits_and_finite_values(results):
    assert sorted(case["name"] for case in results["cases"]) == sorted(NAMES)
    for case in results["cases"]:
        assert case["name"].startswith(f"{case['group']}[")
        assert 0 < case["seconds"]["min"] <= case["seconds"]["median"]
        assert {"matmul_flops_per_second", "copy_bytes_per_second"} <= case["limits"].keys()
        assert case["value"], case["name"]
        assert all(math.isfinite(number) for number in case["value"].values())


def test_what_is_known_of_a_program(results):
    cases = {case["name"]: case for case in results["cases"]}
    step = cases["train[debug-2-float32]"]
    sizes = {"preset": "debug", "batch": 2, "precision": "float32", "frames": 8}
    assert step["parameters"] == sizes
    assert (step["frames"], step["ticks"]) == (16, 8 + 4 + 2)
    assert min(step["trace_seconds"], step["compile_seconds"], step["necessary_flops"]) > 0
    by_hand = cases["levels[observe-debug-2-5]"]
    assert by_hand["limits"]["reference_seconds"]["hand_written_scan"] > 0
    assert by_hand["value"]["largest_difference"] < 1e-5
    assert cases["forecast[latents-debug-2]"]["limits"]["reference_seconds"].keys() == {
        "matrix_vector_products"
    }


def test_a_part_without_a_file_of_its_own_is_an_error():
    done = run("benchmarks", "-k", "train")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "add --results" in done.stderr
