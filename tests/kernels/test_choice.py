"""The switch: who chooses, and what is in the program for a platform."""

from collections import Counter
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest
from jaxprs import choose, primitives
from models import TINY, draw, made, noise, stacked

from cwvae.kernels import choice
from cwvae.kernels.strided import conv
from cwvae.nn.convolution import Conv
from cwvae.objective import loss
from cwvae.training.build import build

CONVOLUTION = "conv_general_dilated"


@pytest.fixture
def user_choice(monkeypatch):
    """Set the environment variable."""

    def choose(name: str) -> None:
        monkeypatch.setenv(choice.VARIABLE, name)
        choice._user_choice.cache_clear()

    yield choose
    choice._user_choice.cache_clear()


def test_a_models_choice_wins_over_the_users_which_wins_over_the_platforms(user_choice):
    assert choice.resolve("auto") == "auto"
    for name in ("xla", "im2col", "winograd", "auto"):
        user_choice(name)
        assert choice.resolve("auto") == name
        assert choice.resolve("im2col") == "im2col"


def test_an_empty_variable_is_none(user_choice):
    user_choice("")
    assert choice.resolve("auto") == "auto"


def test_another_name_is_an_error_that_lists_the_choices(user_choice):
    with pytest.raises(ValueError, match="kernels must be one of auto, xla, im2col, winograd, got"):
        build(TINY, kernels="cudnn", key=jax.random.key(0))
    user_choice("fast")
    message = "CWVAE_KERNELS must be one of auto, xla, im2col, winograd, got 'fast'"
    with pytest.raises(ValueError, match=message):
        Conv(1, 1, 4, key=jax.random.key(0))


def test_a_cpu_gets_what_was_written_for_it_and_no_other_device():
    on_cpu = jax.default_backend() == "cpu"
    for name, expected in {"auto": on_cpu, "xla": False, "im2col": True, "winograd": True}.items():
        run = partial(choice.by_platform, name, lambda x: x + 1, lambda x: x)
        assert bool(jax.jit(run)(jnp.zeros(()))) == expected


@pytest.mark.parametrize(
    ("kernels", "platform", "convolutions"),
    [("auto", "cpu", 0), ("auto", "cuda", 3), ("im2col", "cuda", 0), ("xla", "cpu", 3)],
)
def test_which_formulation_runs_is_chosen_by_name_or_by_the_platform(
    kernels, platform, convolutions, monkeypatch
):
    choose(monkeypatch, platform)

    def total(kernel, images):
        return jnp.sum(conv(kernel, images, kernels=kernels) ** 2)

    gradient = jax.grad(total, argnums=(0, 1))
    found = primitives(gradient, draw(0, 4, 4, 2, 3), draw(1, 2, 6, 6, 2))
    # Forward, and the gradients of the kernel and of the images.
    assert found[CONVOLUTION] == convolutions


@pytest.mark.parametrize("derivative", [lambda f: f, jax.grad])
def test_a_program_for_a_gpu_has_no_loop_and_no_product_that_is_a_cpus(derivative, monkeypatch):
    frames = 50  # four chunks, of which two are in a loop

    def program(kernels: str, platform: str) -> Counter[str]:
        choose(monkeypatch, platform)
        model = made(build, TINY, kernels=kernels)
        video = jax.nn.sigmoid(draw(1, frames, 32, 32, 1))
        inputs = stacked([(video, noise(model.hierarchy, frames))])
        weights, rest = eqx.partition(model, eqx.is_inexact_array)
        value = derivative(lambda weights: loss(eqx.combine(weights, rest), *inputs).total)
        return primitives(value, weights)

    gpu, xla, cpu = program("auto", "cuda"), program("xla", "cuda"), program("auto", "cpu")
    assert gpu[CONVOLUTION] == xla[CONVOLUTION] > cpu[CONVOLUTION] == 0
    # The scans over ticks, and nothing else.
    assert gpu["scan"] == xla["scan"] < cpu["scan"]
    assert gpu["while"] == xla["while"] == 0
