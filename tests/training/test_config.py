"""Presets, their sizes, and what a configuration refuses."""

import dataclasses

import equinox as eqx
import jax
import jax.random as jr
import pytest
from models import DETER, OUTPUT, STOCH, TINY

from cwvae.clock import Clock
from cwvae.training.build import build
from cwvae.training.config import DataConfig, ModelConfig, Preset, TrainConfig
from cwvae.training.presets import PRESETS


def structure(config: ModelConfig):
    return eqx.filter_eval_shape(build, config, key=jr.key(0))


def parameters(tree) -> int:
    leaves = jax.tree.leaves(tree, is_leaf=lambda leaf: isinstance(leaf, jax.ShapeDtypeStruct))
    return sum(leaf.size for leaf in leaves if isinstance(leaf, jax.ShapeDtypeStruct))


OFFICIAL_COUNTS = {"moving_mnist": 12_466_817, "minerl": 34_396_627}
"""As counted in the official implementation."""


@pytest.mark.parametrize(("name", "count"), [("moving_mnist", 12_422_817), ("minerl", 33_676_627)])
def test_a_preset_has_the_official_number_of_parameters_less_the_top_levels_dead_ones(name, count):
    model = PRESETS[name].model
    dead = (model.stoch_size + model.deter_size) * model.hidden_size
    assert parameters(structure(model)) == count == OFFICIAL_COUNTS[name] - dead


def test_one_level_of_the_papers_sizes_has_the_official_number_of_parameters():
    model = dataclasses.replace(PRESETS["moving_mnist"].model, levels=1)
    dead = (model.stoch_size + model.deter_size) * model.hidden_size
    assert parameters(structure(model)) == pytest.approx(5.10e6 - dead, abs=5e3)


TABLE = {
    # preset: stoch, deter and hidden sizes; decoder_stddev; channels; learning rate; frames
    "moving_mnist": (20, 200, 200, 1.0, 1, 3e-4, 1000),
    "mazes": (20, 200, 200, 0.1, 3, 3e-4, 300),
    "minerl": (100, 800, 800, 0.4, 3, 1e-4, 500),
}


@pytest.mark.parametrize("name", TABLE)
def test_a_preset_is_the_official_configuration(name):
    preset = PRESETS[name]
    model, train = preset.model, preset.train
    sizes = (
        model.stoch_size,
        model.deter_size,
        model.hidden_size,
        model.decoder_stddev,
        model.channels,
    )
    frames = preset.context + preset.horizon
    assert (*sizes, train.learning_rate, frames) == TABLE[name]


@pytest.mark.parametrize("name", ["moving_mnist", "mazes", "minerl", "kth"])
def test_what_the_official_configurations_share(name):
    preset = PRESETS[name]
    model, train = preset.model, preset.train
    assert (model.levels, model.factors, model.size) == (3, 6, 64)
    assert (model.dense_layers, model.dense_hidden, model.channel_multiplier) == (3, 1000, 1)
    assert (model.min_stddev, model.lookahead) == (1e-4, True)
    assert (train.frames, train.batch_size, preset.context) == (100, 50, 36)
    assert (train.epsilon, train.clip_norm, train.decay) == (1e-4, 10_000, 0)
    assert (train.beta, train.free_nats, train.kl_balance) == (1, 0, None)


def test_kth_has_the_papers_sizes():
    preset = PRESETS["kth"]
    assert (preset.model.stoch_size, preset.model.deter_size, preset.model.hidden_size) == (
        20,
        200,
        200,
    )
    assert (preset.model.channels, preset.train.learning_rate) == (1, 3e-4)
    assert 0.1 <= preset.model.decoder_stddev <= 1
    assert preset.context + preset.horizon >= 136


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_built(name):
    preset = PRESETS[name]
    model = structure(preset.model)
    assert model.hierarchy.clock == preset.model.clock
    video = jax.ShapeDtypeStruct(
        (2, preset.model.size, preset.model.size, preset.model.channels), float
    )
    features = eqx.filter_eval_shape(lambda m, v: m.features(v), model, video)
    assert [f.shape[1] for f in features] == [cell.feature_size for cell in model.hierarchy.cells]


def test_presets_cannot_be_changed():
    with pytest.raises(TypeError):
        PRESETS["moving_mnist"] = PRESETS["debug"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        PRESETS["debug"].model.levels = 1


def test_build_gives_every_part_the_configured_sizes():
    model = structure(TINY)
    assert model.hierarchy.clock == Clock(2, 2)
    assert [cell.context_size for cell in model.hierarchy.cells] == [OUTPUT, 0]
    assert {
        (cell.stoch_size, cell.deter_size, cell.feature_size) for cell in model.hierarchy.cells
    } == {(STOCH, DETER, 16)}
    assert [len(stack.layers) for stack in model.encoder.stacks] == [2]
    assert model.encoder.stacks[0].layers[0].kernel.shape == (16, 4)
    assert model.decoder.dense.kernel.shape[0] == OUTPUT
    assert model.likelihood.stddev == 0.5
    assert model.hierarchy.cells[0].prior_head.min_stddev == TINY.min_stddev


@pytest.mark.parametrize("lookahead", [True, False])
def test_a_model_looks_ahead_or_not_as_configured(lookahead):
    config = dataclasses.replace(TINY, lookahead=lookahead)
    assert structure(config).hierarchy.clock == Clock(2, 2, lookahead=lookahead)


def test_the_least_stddev_reaches_every_head():
    model = structure(dataclasses.replace(TINY, min_stddev=0.25))
    heads = [h for c in model.hierarchy.cells for h in (c.prior_head, c.posterior_head)]
    assert [head.min_stddev for head in heads] == [0.25] * 4


def test_the_same_key_builds_the_same_model_and_another_key_another():
    one, again, other = (build(TINY, key=jr.key(seed)) for seed in (0, 0, 1))
    assert eqx.tree_equal(one, again)
    kernels = [leaf for leaf in jax.tree.leaves(one) if eqx.is_array(leaf) and leaf.ndim > 1]
    others = [leaf for leaf in jax.tree.leaves(other) if eqx.is_array(leaf) and leaf.ndim > 1]
    assert all((a != b).all() for a, b in zip(kernels, others, strict=True))


def test_no_two_layers_of_a_model_start_alike():
    model = build(dataclasses.replace(TINY, levels=3), key=jr.key(0))
    kernels = [leaf for leaf in jax.tree.leaves(model) if eqx.is_array(leaf) and leaf.ndim > 1]
    # Of uniform draws with different bounds, since the bound depends on the shape.
    ratios = [float(k.reshape(-1)[0] / k.reshape(-1)[1]) for k in kernels if k.size]
    assert len(set(ratios)) == len(ratios)


def test_a_configuration_is_hashable_whatever_sequences_it_was_made_of():
    one, other = (ModelConfig(levels=3, factors=kind((2, 3))) for kind in (list, tuple))
    assert hash(one) == hash(other)
    one, other = (TrainConfig(beta=kind((1.0, 2.0))) for kind in (list, tuple))
    assert hash(one) == hash(other)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"levels": 0}, "levels must be at least 1, got 0"),
        ({"stoch_size": 0}, "stoch_size must be at least 1, got 0"),
        ({"deter_size": -1}, "deter_size must be at least 1, got -1"),
        ({"hidden_size": 0}, "hidden_size must be at least 1, got 0"),
        ({"channels": 0}, "channels must be at least 1, got 0"),
        ({"dense_layers": 0}, "dense_layers must be at least 1, got 0"),
        ({"dense_hidden": 0}, "dense_hidden must be at least 1, got 0"),
        ({"min_stddev": -1e-4}, r"min_stddev must be at least 0(\.0)?, got -0.0001"),
        ({"decoder_stddev": 0.0}, "decoder_stddev must be positive, got 0.0"),
        ({"decoder_stddev": float("nan")}, "decoder_stddev must be positive, got nan"),
        ({"size": 65}, "pixels square, got 65; resize"),
        ({"channel_multiplier": 0.01}, "leaves no channel; it must be at least 1/32"),
        ({"channel_multiplier": float("inf")}, "channel_multiplier must be finite, got inf"),
        ({"stoch_size": 2.5}, "stoch_size must be a whole number, got 2.5"),
        ({"size": 64.0}, "size must be a whole number, got 64.0"),
        ({"factors": 0}, "factors must be at least 1, got 0"),
        ({"factors": (2,)}, "3 levels need 2 temporal abstraction factors"),
    ],
)
def test_sizes_that_no_model_can_have_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        ModelConfig(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"frames": 0}, "frames must be at least 1, got 0"),
        ({"epsilon": -1e-9}, r"epsilon must be at least 0(\.0)?, got -1e-09"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"seed": 2**32}, r"seed must be below 2\*\*32, got 4294967296"),
        ({"frames": 2.0}, "frames must be a whole number, got 2.0"),
        ({"learning_rate": 0.0}, "learning_rate must be positive, got 0.0"),
        ({"learning_rate": float("nan")}, "learning_rate must be positive, got nan"),
        ({"clip_norm": 0.0}, "clip_norm must be positive, got 0.0"),
        ({"beta": -1.0}, "beta must not be negative, got -1.0"),
        ({"beta": (1.0, -1.0)}, "beta must not be negative"),
        ({"beta": float("nan")}, "beta must"),
        ({"free_nats": -1.0}, "free_nats must not be negative, got -1.0"),
        ({"kl_balance": 1.1}, r"kl_balance must be in \[0, 1\], got 1.1"),
        ({"decay": -0.1}, r"decay must be in \[0, 1\], got -0.1"),
        ({"decay": 1.1}, r"decay must be in \[0, 1\], got 1.1"),
        ({"decay": float("nan")}, r"decay must be in \[0, 1\], got nan"),
    ],
)
def test_training_outside_its_ranges_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        TrainConfig(**changes)


def test_data_without_digits_is_refused():
    with pytest.raises(ValueError, match="num_digits must be at least 1, got 0"):
        DataConfig(num_digits=0)


@pytest.mark.parametrize("context", [0, 35, 37])
def test_a_context_that_does_not_end_on_a_tick_of_every_level_is_refused(context):
    message = f"multiple of the slowest period, 36 frames, got {context}"
    with pytest.raises(ValueError, match=message):
        Preset(model=ModelConfig(), train=TrainConfig(), context=context)
