"""The official implementation's numbers, through the script that users check their files with."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from compiling import environment_of_users

from cwvae.objective import loss
from cwvae.official import model_from_weights, weights_from_model
from cwvae.training.config import TrainConfig
from cwvae.training.optimiser import make_optimiser

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "scripts" / "check_golden.py"
FILES = {name: ROOT / "tests" / "golden" / f"{name}.npz" for name in ("A_small", "S_small")}

# What a file holds beside the quantities that are compared: inputs, the optimiser's steps (below),
# the open loop's true frames, and the loss option with the official fault.
INPUTS = ("w/", "obs_u8", "meta_json", "open/decoded/gt_multistep")
ELSEWHERE = ("adam/", "adam_clip/", "opt/klgrad")


@pytest.fixture(scope="module")
def script():
    """The script as a module; how users compile it is below, in a process of its own."""
    spec = importlib.util.spec_from_file_location("check_golden", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", params=FILES)
def checked(script, request):
    """Check a file once: the record of all comparisons, and the largest errors."""
    comparisons = []
    compare = script.Golden.compare

    def recording(golden, group, name, ours):
        comparisons.append((golden, group, name, ours))
        compare(golden, group, name, ours)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(script.Golden, "compare", recording)
        errors = script.check(FILES[request.param])
    return comparisons, errors


def test_every_quantity_agrees_with_the_official_implementation(script, checked):
    _, errors = checked
    assert {group: e for group, e in errors.items() if not e <= script.GROUPS[group]} == {}


def test_every_group_of_quantities_is_checked(script, checked):
    comparisons, errors = checked
    golden = comparisons[0][0]
    options = any(name.startswith("opt/") for name in golden.arrays)
    expected = {g for g in script.GROUPS if options or not g.startswith("loss options")}
    assert errors.keys() == expected


def test_every_array_of_a_file_is_checked(checked):
    comparisons, _ = checked
    compared = {name for _, _, name, _ in comparisons}
    left = comparisons[0][0].arrays.keys() - compared
    assert {
        n for n in left if not n.startswith(INPUTS + ELSEWHERE) and not n.endswith("/eps")
    } == set()


def test_any_array_that_is_one_percent_off_is_over_its_bound(script, checked):
    comparisons, _ = checked
    unnoticed = []
    for golden, group, name, ours in comparisons:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(golden, "errors", {})
            patch.setattr(golden, "arrays", {name: 1.01 * golden.arrays[name]})
            golden.compare(group, name, ours)
            if not golden.errors.get(group, 0) > script.GROUPS[group]:
                unnoticed.append(name)
    assert unnoticed == []


def test_a_value_that_is_not_a_number_is_over_every_bound(script, checked):
    golden, group, name, ours = checked[0][0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(golden, "errors", {})
        golden.compare(group, name, jnp.full_like(ours, jnp.nan))
        assert golden.errors[group] == float("inf")


def main(script, monkeypatch, *files: Path) -> int:
    """Run the command line; return its exit status."""
    monkeypatch.setattr(sys, "argv", ["check_golden.py", *map(str, files)])
    return script.main()


@pytest.mark.parametrize(("factor", "status", "verdict"), [(0.99, 0, "ok"), (1.01, 1, "TOO LARGE")])
def test_an_error_over_its_bound_is_reported_and_exits_with_1(
    script, monkeypatch, capsys, factor, status, verdict
):
    for group, bound in script.GROUPS.items():
        errors = dict.fromkeys(script.GROUPS, 0.0) | {group: factor * bound}
        monkeypatch.setattr(script, "check", lambda path, errors=errors: errors)
        assert main(script, monkeypatch, FILES["A_small"]) == status
        (line,) = [line for line in capsys.readouterr().out.splitlines() if f"  {group}  " in line]
        assert line.endswith(verdict)


def test_one_bad_file_among_good_ones_exits_with_1(script, monkeypatch):
    errors = iter([{"loss": 1.0}, {"loss": 0.0}])
    monkeypatch.setattr(script, "check", lambda path: next(errors))
    assert main(script, monkeypatch, *FILES.values()) == 1


@pytest.mark.parametrize(
    "name",
    [
        "encoder/h2_conv/kernel",
        "cell_0/gru/bias",
        "cell_1/prior_stddev_dense/kernel",
        "decoder/h3/bias",
    ],
)
def test_one_number_of_one_weight_changed_is_reported_and_exits_with_1(
    script, monkeypatch, capsys, tmp_path, name
):
    arrays = dict(np.load(FILES["A_small"]))
    arrays[f"w/{name}"].reshape(-1)[1] += 0.05
    changed = tmp_path / "changed.npz"
    np.savez(changed, **arrays)
    # The closed loop, which is compiled already, meets every weight.
    for check in ("check_loss", "check_options", "check_open_loop"):
        monkeypatch.setattr(script, check, lambda golden: None)
    assert main(script, monkeypatch, changed) == 1
    assert "TOO LARGE" in capsys.readouterr().out


@pytest.mark.slow
def test_the_script_passes_in_float64_with_its_tighter_bound():
    environment = environment_of_users() | {"JAX_ENABLE_X64": "1"}
    command = [sys.executable, str(SCRIPT), str(FILES["S_small"])]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "(float64)" in done.stdout
    assert "(bound 5e-06)  ok" in done.stdout
    assert "TOO LARGE" not in done.stdout


# The optimiser's steps.


@pytest.fixture(scope="module")
def golden(script):
    """The file with the optimiser's steps."""
    return script.Golden(FILES["A_small"])


def part(golden, prefix: str) -> dict[str, jax.Array]:
    """Return the arrays whose names begin with the prefix, without it."""
    named = {n.removeprefix(prefix): a for n, a in golden.arrays.items() if n.startswith(prefix)}
    return {name: jnp.asarray(array) for name, array in named.items()}


def replay(config: TrainConfig, weights, gradient_of, steps: int):
    """Take the optimiser's steps on weights under their official names."""
    # optax counts steps in int32 beside float32 moments.
    with jax.numpy_dtype_promotion("standard"):
        optimiser = make_optimiser(config)
        state = jax.jit(optimiser.init)(weights)
        update = jax.jit(optimiser.update)
        for _ in range(steps):
            updates, state = update(gradient_of(weights), state, weights)
            weights = {name: weights[name] + updates[name] for name in weights}
    return weights


def assert_within(actual, expected, bound: float):
    assert actual.keys() == expected.keys()
    errors = {name: float(np.max(np.abs(actual[name] - expected[name]))) for name in expected}
    assert {name: error for name, error in errors.items() if not error <= bound} == {}


OFFICIAL = TrainConfig(learning_rate=3e-4, epsilon=1e-4, clip_norm=1e4)


def test_the_first_step_of_adam_is_the_official_one(golden):
    gradient = part(golden, "grad/")
    moved = replay(OFFICIAL, part(golden, "w/"), lambda _: gradient, 1)
    assert_within(moved, part(golden, "adam/w_after_1/"), 2e-7)


def test_clipping_by_the_global_norm_is_the_official_one(golden):
    gradient, norm = part(golden, "grad/"), float(golden.arrays["adam_clip/clip_norm"])
    config = TrainConfig(learning_rate=3e-4, epsilon=1e-4, clip_norm=norm)
    moved = replay(config, part(golden, "w/"), lambda _: gradient, 1)
    assert_within(moved, part(golden, "adam_clip/w_after_1/"), 2e-7)


def test_three_steps_of_adam_are_the_official_ones(golden):
    gradient = eqx.filter_jit(eqx.filter_grad(lambda m, *inputs: loss(m, *inputs).total))

    def gradient_of(weights):
        with jax.numpy_dtype_promotion("strict"):
            model = model_from_weights(weights, golden.config)
            inputs = golden.videos, golden.noise("closed/posterior")
            return weights_from_model(gradient(model, *inputs))

    moved = replay(OFFICIAL, part(golden, "w/"), gradient_of, 3)
    assert_within(moved, part(golden, "adam/w_after_3/"), 2e-6)
