"""The benchmarks run, at tiny sizes, and leave a result file of the agreed form."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# One case at least of every kind that is measured in its own way.
CHOSEN = [
    "test_levels.py::test_levels[observe-debug-2-5]",
    "test_hierarchy.py::test_hierarchy[imagine-debug-2-3-7]",
    "test_vision.py::test_vision[encoder-gradient-debug-3]",
    "test_train.py::test_train[debug-2-float32]",
    "test_forecast.py::test_forecast[latents-debug-2]",
    "test_stream.py::test_stream[debug-3]",
    "test_data.py::test_batches[debug-2]",
    "test_start.py::test_import[cwvae.clock]",
    "test_growth.py::test_factor[debug-2]",
]
NAMES = {
    "levels[observe-debug-2-5]",
    "hierarchy[imagine-debug-2-3-7]",
    "vision[encoder-gradient-debug-3]",
    "train[debug-2-float32]",
    "forecast[latents-debug-2]",
    "stream[debug-3]",
    "data[batches-debug-2]",
    "start[import-cwvae.clock]",
    "growth[factor-debug-2]",
}
DOCUMENT = {
    "date", "command", "device", "kind", "memory_bytes", "platform", "python", "versions",
    "git_commit", "set", "left_out", "cases",
}  # fmt: skip
CASE = {
    "group", "name", "parameters", "trace_seconds", "compile_seconds", "seconds", "cpu_seconds",
    "frames", "ticks", "necessary_flops", "xla_flops", "xla_bytes", "limits", "memory",
    "kernels_per_tick", "value",
}  # fmt: skip
MEMORY = {"arguments", "outputs", "aliased", "temporaries", "peak_rss", "device_peak"}


def run(*words: str) -> subprocess.CompletedProcess:
    """Run the benchmarks in a process of their own, which is not a worker of these tests."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> dict:
    path = tmp_path_factory.mktemp("benchmarks") / "results.json"
    chosen = [f"benchmarks/{node}" for node in CHOSEN]
    done = run(*chosen, "--quick", "--results", str(path))
    assert done.returncode == 0, done.stdout
    return json.loads(path.read_text())


def test_the_file_has_the_agreed_form(results):
    assert results.keys() == DOCUMENT
    assert results["set"] == "quick"
    assert results["command"] == "pytest benchmarks --quick"
    assert {"cwvae", "jax", "jaxlib", "equinox"} <= results["versions"].keys()
    assert results["left_out"] == []


def test_every_case_is_there_once(results):
    names = [case["name"] for case in results["cases"]]
    assert len(names) == len(set(names))
    assert set(names) == NAMES


def test_every_case_has_the_agreed_form(results):
    for case in results["cases"]:
        assert case.keys() == CASE, case["name"]
        assert case["name"].startswith(f"{case['group']}[")
        assert case["memory"].keys() == MEMORY
        assert case["seconds"].keys() == {"min", "median", "q1", "q3", "rounds"}
        assert 0 < case["seconds"]["min"] <= case["seconds"]["median"]
        assert {"matmul_flops_per_second", "copy_bytes_per_second", "reference_seconds"} <= (
            case["limits"].keys()
        )


def test_every_value_is_there_and_finite(results):
    for case in results["cases"]:
        assert case["value"], case["name"]
        assert all(math.isfinite(number) for number in case["value"].values())


def test_what_is_known_of_a_program(results):
    cases = {case["name"]: case for case in results["cases"]}
    step = cases["train[debug-2-float32]"]
    assert step["parameters"] == {
        "preset": "debug", "batch": 2, "precision": "float32", "frames": 8
    }  # fmt: skip
    assert (step["frames"], step["ticks"]) == (16, 8 + 4 + 2)
    assert step["trace_seconds"] > 0
    assert step["compile_seconds"] > 0
    assert step["necessary_flops"] < step["xla_flops"] < 3 * step["necessary_flops"]
    assert step["memory"]["temporaries"] > 0


def test_what_else_bounds_a_case_is_timed(results):
    cases = {case["name"]: case for case in results["cases"]}
    by_hand = cases["levels[observe-debug-2-5]"]
    assert by_hand["limits"]["reference_seconds"]["hand_written_scan"] > 0
    assert by_hand["value"]["largest_difference"] < 1e-5
    latents = cases["forecast[latents-debug-2]"]
    assert latents["limits"]["reference_seconds"]["matrix_vector_products"] > 0


def collected(*words: str) -> str:
    return run("benchmarks", "--collect-only", "-q", "-q", *words).stdout


def test_the_sets():
    default, whole = collected(), collected("--full")
    assert "test_train.py: " in default
    counts = [sum(int(line.split(": ")[1]) for line in text.splitlines() if ".py: " in line)
              for text in (default, whole)]  # fmt: skip
    assert counts[0] < counts[1]


def test_two_sets_at_once_are_refused():
    done = run("benchmarks", "--full", "--quick")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--full and --quick exclude each other" in done.stderr
