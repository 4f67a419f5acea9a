"""What the benchmarks stand on: what is left out, what is counted, what is put together."""

from types import SimpleNamespace

import admission
import footprint
import jax
import kernels
import machine
import memory
import merge
import pytest
import records

from cwvae import PRESETS

MOVING_MNIST = PRESETS["moving_mnist"].model


def refusal(**changed):
    fits = {"flops": 1e9, "memory": 1e9, "rate": 1e11, "free": 1e10}
    return admission.refusal(**fits | changed)


def test_what_fits_is_not_left_out():
    assert refusal() is None


def test_what_takes_too_long_is_left_out():
    # 60 s at a quarter of 100 GFLOP/s are 1.5 TFLOP.
    assert refusal(flops=1.49e12) is None
    assert refusal(flops=3e12) == "about 120 s a call at 25% of the matrix rate, more than 60 s"


def test_what_needs_too_much_memory_is_left_out():
    assert refusal(memory=7.9e9) is None
    assert refusal(memory=9e9) == "about 9.0 GB, more than 80% of the 10.0 GB that are free"


def test_estimates_of_memory():
    assert footprint.parameters(MOVING_MNIST) == 12_422_817
    one, eight = (footprint.training_step(MOVING_MNIST, batch, 100) for batch in (1, 8))
    assert 4 * 12e6 < one < eight < 8 * one
    frames = 4 * 1000 * 64**2
    longer = footprint.forecast(MOVING_MNIST, 1, 36, 2000)
    assert longer - footprint.forecast(MOVING_MNIST, 1, 36, 1000) == 3 * frames


def profile(*planes):
    """Planes as (name, {line: number of events})."""
    return [
        SimpleNamespace(
            name=name,
            lines=[
                SimpleNamespace(name=line, events=iter(range(count)))
                for line, count in lines.items()
            ],
        )
        for name, lines in planes
    ]


def test_kernels_are_those_of_the_streams_of_gpus():
    planes = profile(
        ("/host:CPU", {"Stream": 100}),
        ("/device:GPU:0", {"Stream #13(Compute)": 5, "Stream #14(MemcpyD2D)": 2, "XLA Ops": 7}),
        ("/device:GPU:1", {"Stream #13(Compute)": 1, "Steps": 3}),
    )
    assert kernels.count(planes) == 8
    assert kernels.count([]) == 0


def test_a_profile_without_a_gpu_shows_no_kernels():
    if jax.default_backend() != "cpu":
        pytest.skip("there is a GPU")
    assert kernels.launched(lambda: jax.numpy.ones(3) + 1) is None


def test_the_machine_is_described():
    described = machine.this_machine()
    assert described.kind in ("cpu", "gpu")
    assert described.slug.strip("-")
    assert described.slug == described.slug.lower()
    assert 0 < memory.free() <= described.memory_bytes
    limits = machine.limits(machine.QUICK)
    assert all(rate > 0 for rate in limits.values())
    assert {"matmul_flops_per_second", "copy_bytes_per_second"} <= limits.keys()


@pytest.mark.parametrize(
    ("device", "slug"),
    [
        ("cpu: Intel(R) Xeon(R) Processor, 2 cores", "cpu-intel-xeon-2-cores"),
        ("NVIDIA H200", "nvidia-h200"),
        (
            "cpu: Intel(R) Core(TM) i7-9750H CPU @ 2.60GHz, 6 cores",
            "cpu-intel-core-i7-9750h-6-cores",
        ),
    ],
)
def test_a_machine_names_a_file(device, slug):
    assert machine.slug_of(device) == slug


def test_the_peak_of_memory_is_that_since():
    watch = memory.Watch()
    before = watch.resident()
    if before is None:
        pytest.skip("this system does not tell the highest resident memory")
    held = b"1" * (64 * 2**20)
    assert watch.resident() >= before + len(held) // 2
    del held
    assert memory.Watch().resident() < before + 32 * 2**20


def test_quartiles():
    found = records.quartiles([3.0, 1.0, 2.0, 5.0, 4.0])
    assert found == {"min": 1, "q1": 2, "median": 3, "q3": 4, "rounds": 5}
    assert records.quartiles([2.0])["q3"] == 2


def part(*names, device="a gpu"):
    cases = [{"name": name} for name in names]
    return {"date": f"the day of {names[0]}", "device": device, "left_out": [], "cases": cases}


def test_parts_are_put_together():
    whole = merge.merged([part("train[1]", "train[2]"), part("levels[1]")])
    assert [case["name"] for case in whole["cases"]] == ["levels[1]", "train[1]", "train[2]"]
    assert whole["date"] == "the day of train[1]"


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (part("levels[1]", device="another"), "must agree in device"),
        (part("train[1]"), r"one part only, got train\[1\]"),
    ],
)
def test_parts_that_do_not_belong_together_are_refused(other, says):
    with pytest.raises(ValueError, match=says):
        merge.merged([part("train[1]"), other])
