"""What the benchmarks stand on: what is left out, what is counted, what is listed."""

from types import SimpleNamespace

import cases
import equinox as eqx
import jax
import jax.numpy as jnp
import machine
import measuring
import pytest
from measuring import Calls, LeftOutError, Program
from pytest_benchmark.stats import Stats


class Benchmark:
    """What pytest-benchmark's fixture does, with times that are made up."""

    def pedantic(self, function, rounds):
        times = Stats()
        times.data = list(range(rounds, 0, -1))
        self.stats = SimpleNamespace(stats=times)
        for _ in times.data:
            function()


def measured(case) -> dict:
    return measuring.measured(case, Benchmark(), quick=True)


def doubled(**changes) -> Program:
    made = {
        "function": eqx.filter_jit(lambda x: 2 * x),
        "arguments": lambda: (jnp.ones(4),),
        "then": lambda _, result: (result,),
        "value": lambda result, *others: {"sum": float(result.sum())},
    }
    return Program(**made | changes)


def test_a_program_is_measured_with_what_bounds_it():
    found = measured(doubled(frames=5, flops=4, references={"another": doubled()}))
    assert found["value"] == {"sum": 8.0}
    assert (found["frames"], found["necessary_flops"]) == (5, 4)
    assert found["seconds"] == {"min": 1, "median": 1, "q1": 1, "q3": 1, "rounds": 1}
    assert found["limits"]["reference_seconds"]["another"] > 0
    assert {"temporaries", "peak_rss", "device_peak"} <= found["memory"].keys()


def test_calls_are_measured_after_those_that_warm_up():
    case = Calls(lambda: 1, lambda made: {"value": {"sum": sum(made)}}, rounds=3, warm=2)
    assert measured(case)["value"] == {"sum": 3}
    found = measuring.measured(case, Benchmark())
    assert found["value"] == {"sum": 5}
    assert found["seconds"].items() >= {"min": 1, "median": 2, "rounds": 3}.items()


def test_what_is_not_finite_is_an_error():
    with pytest.raises(ArithmeticError, match="must be finite"):
        measured(doubled(value=lambda _: {"sum": float("nan")}))


def test_what_takes_too_long_is_left_out():
    with pytest.raises(LeftOutError, match="more than 60 s"):
        measured(doubled(flops=1e18))


def test_what_needs_too_much_memory_is_left_out():
    needed = {"arguments": 100, "temporaries": 60, "outputs": 30, "aliased": 10}
    measuring.check_memory(needed, free=100)
    with pytest.raises(LeftOutError, match="more than 80% of the"):
        measuring.check_memory(needed, free=99)


def profile(*planes):
    """Planes as (name, {line: number of events})."""
    return [
        SimpleNamespace(
            name=name,
            lines=[SimpleNamespace(name=line, events=[*range(n)]) for line, n in lines.items()],
        )
        for name, lines in planes
    ]


def test_kernels_are_those_of_the_streams_of_gpus():
    planes = profile(
        ("/host:CPU", {"Stream": 100}),
        ("/device:GPU:0", {"Stream #13(Compute)": 5, "Stream #14(MemcpyD2D)": 2, "XLA Ops": 7}),
        ("/device:GPU:1", {"Stream #13(Compute)": 1, "Steps": 3}),
    )
    assert machine.kernels_in(planes) == [0, 1, 2, 3, 4, 0, 1, 0]
    assert machine.kernels_in([]) == []


def test_a_profile_shows_gaps_and_what_runs_longest():
    ran = [("dot", 0, 30), ("add", 40, 10), ("dot", 80, 20)]
    names = ("name", "start_ns", "duration_ns")
    found = machine.summary([SimpleNamespace(**dict(zip(names, one, strict=True))) for one in ran])
    assert (found["kernels"], found["busy_share"]) == (3, pytest.approx(0.6))
    assert found["longest"][0] == {"kernel": "dot", "share": pytest.approx(5 / 6), "count": 2}
    assert machine.summary([]) == {}


def test_streams_that_overlap_are_busy_once():
    kernel = SimpleNamespace(name="dot", start_ns=0, duration_ns=10)
    assert machine.summary([kernel, kernel])["busy_share"] == 1


def test_a_profile_without_a_gpu_shows_no_kernels():
    if jax.default_backend() != "cpu":
        pytest.skip("there is a GPU")
    assert machine.profile(lambda: jnp.ones(3) + 1) == {}


def test_memory_is_counted():
    assert machine.free_memory() > 0
    with machine.peaks() as found:
        pass
    assert found.keys() == {"peak_rss", "device_peak"}


def test_the_limits_are_rates():
    found = measuring.limits(quick=True)
    assert {"matmul_flops_per_second", "copy_bytes_per_second"} <= found.keys()
    assert all(rate > 0 for rate in found.values())


def test_the_sets():
    default, full, quick = (
        [entry.name for entry in cases.SETS[name]] for name in ("default", "full", "quick")
    )
    assert len(full) == len(set(full))
    assert set(default) < set(full)
    assert set(quick).isdisjoint(full)
    assert "train[moving_mnist-8-float32]" in default


def test_every_program_of_a_set_can_be_made():
    for entry in cases.SETS["full"]:
        if entry.group not in ("data", "start"):
            case = entry.make()
            assert isinstance(case, Program)
            assert case.flops, entry.name
