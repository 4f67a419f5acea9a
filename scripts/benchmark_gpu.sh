#!/usr/bin/env bash
# Run all benchmarks on the GPU of this machine, with the Python and the JAX that it has.
#
#     scripts/benchmark_gpu.sh [ARGUMENTS OF PYTEST]
#
# Needs neither network nor nox, and installs nothing into the Python that it finds. Where packages
# are missing, give a folder of pure-Python wheels, which are unpacked into a temporary folder.
# Cases whose own packages are missing (grain) are left out and listed.
#
#     PYTHON   the Python to use (default: python3)
#     WHEELS   a folder of wheels
#     OUT      a folder for the result file (default: benchmarks/results)
#
# The whole set takes long; it can be measured in parts, such as `-k "train and minerl"` (words of the
# names in benchmarks/cases.py), each with a file of its own: --results benchmarks/results/PART.json.
set -euo pipefail
[ -z "${WHEELS:-}" ] || WHEELS="$(realpath "$WHEELS")"
[ -z "${OUT:-}" ] || OUT="$(realpath "$OUT")"
cd "$(dirname "$0")/.."
python="${PYTHON:-python3}"
export PYTHONPATH="$PWD/src${PYTHONPATH:+:$PYTHONPATH}"

if [ -n "${WHEELS:-}" ]; then
    unpacked="$(mktemp -d)"
    trap 'rm -rf "$unpacked"' EXIT
    "$python" -m pip install --quiet --no-index --no-deps --target "$unpacked" "$WHEELS"/*.whl
    # Before what is installed, so the folder should hold what is missing and nothing else.
    export PYTHONPATH="$PYTHONPATH:$unpacked"
fi

"$python" - <<'END'
import importlib.util
import sys

needed = ("jax", "equinox", "optax", "jaxtyping", "beartype", "numpy", "pytest", "pytest_benchmark")
missing = [name for name in needed if importlib.util.find_spec(name) is None]
if missing:
    sys.exit(f"error: missing packages: {', '.join(missing)}; put their wheels into a folder and "
             "name it: WHEELS=folder scripts/benchmark_gpu.sh")
import jax

if jax.default_backend() == "cpu":
    sys.exit("error: JAX sees no GPU; install a jax with CUDA or ROCm, or use nox -s benchmarks")
print(f"{jax.devices()[0].device_kind}, jax {jax.__version__}")
if importlib.util.find_spec("grain") is None:
    print("grain is missing: the cases of the data pipeline will be left out")
END

results="${OUT:-benchmarks/results}"
mkdir -p "$results"
"$python" -m pytest benchmarks --full --results "$results" \
    --command "scripts/benchmark_gpu.sh" "$@"
