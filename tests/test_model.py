"""The model as a whole: wrong calls, copies, symbolic sizes, batches on several devices."""

import copy
import pickle
import subprocess
import sys
from pathlib import Path

import hook
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export
from models import TINY, draw, made, noise, tiny

from cwvae.shapes import TypeCheckError
from cwvae.training.build import build

MODEL = tiny(levels=1)
VIDEO = jnp.zeros((3, 32, 32, 1))
WIDTH = MODEL.hierarchy.cells[0].output_size


@pytest.mark.parametrize("run", [MODEL.decode, MODEL.render, lambda o: MODEL.log_likelihood(o, o)])
def test_outputs_of_another_width_are_an_error_with_the_remedy(run):
    message = rf"must be {WIDTH} wide, .* got {WIDTH + 1}; take traces\[0\].output"
    with pytest.raises(ValueError, match=message):
        run(jnp.zeros((3, WIDTH + 1)))


@pytest.mark.parametrize(
    ("noises", "message"),
    [
        (None, "'noise' must be a tuple with an array for each level, .* got None; .*noise"),
        ((), "must be 1 arrays, one a level, got 0; make it with"),
        (noise(MODEL.hierarchy, 4), "is for 4 frames, the video has 3; make it with"),
    ],
)
def test_noise_that_does_not_fit_is_an_error_with_the_remedy(noises, message):
    with pytest.raises((ValueError, TypeCheckError), match=message):
        MODEL.infer(VIDEO, noises)


def test_a_model_can_be_copied_and_pickled():
    for other in (copy.deepcopy(MODEL), pickle.loads(pickle.dumps(MODEL))):
        assert jax.tree.all(jax.tree.map(np.array_equal, MODEL, other))


@pytest.mark.parametrize("kernels", ["auto", "xla"])
def test_a_program_of_any_number_of_frames_can_be_exported(kernels, monkeypatch):
    # Sizes that are symbols cannot be compared, as the checks of the suite do.
    monkeypatch.setattr(hook, "enabled", False)
    model = made(build, TINY, kernels=kernels)
    outputs = jax.ShapeDtypeStruct(export.symbolic_shape(f"frames, {WIDTH}"), jnp.float32)
    exported = export.export(jax.jit(lambda outputs: model.render(outputs)))(outputs)
    for frames in (2, 20):
        found = exported.call(draw(0, frames, WIDTH))
        np.testing.assert_allclose(found, model.render(draw(0, frames, WIDTH)), atol=1e-5)


SHARDED = """
import jax
jax.config.update("jax_num_cpu_devices", 2)
jax.config.update("jax_disable_most_optimizations", True)
import equinox as eqx
from jax.sharding import AxisType, NamedSharding, PartitionSpec
from models import draw, noise, stacked, tiny
from cwvae.objective import loss

model, frames = tiny(levels=1), 20
videos = jax.nn.sigmoid(draw(0, 2, frames, 32, 32, 1))
inputs = videos, stacked([noise(model.hierarchy, frames, seed=row) for row in range(2)])
weights, rest = eqx.partition(model, eqx.is_inexact_array)

@jax.jit
def step(weights, *inputs):
    value = lambda weights: loss(eqx.combine(weights, rest), *inputs).total
    total, gradient = jax.value_and_grad(value)(weights)
    return total, sum(jax.numpy.sum(leaf**2) for leaf in jax.tree.leaves(gradient))

print(*step(weights, *inputs))
for types in (None, (AxisType.Auto,)):
    mesh = jax.make_mesh((2,), ("batch",), types)
    print(*step(weights, *jax.device_put(inputs, NamedSharding(mesh, PartitionSpec("batch")))))
"""


def test_a_batch_on_two_devices_has_the_loss_and_gradient_of_one_whatever_the_types_of_the_axes():
    command = [sys.executable, "-c", SHARDED]
    done = subprocess.run(
        command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    one, *others = np.loadtxt(done.stdout.splitlines())
    for other in others:
        np.testing.assert_allclose(other, one, rtol=1e-5)
