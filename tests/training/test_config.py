"""Presets, their sizes, and the values that a configuration cannot have."""

import dataclasses
import inspect

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from cwvae.training.build import build
from cwvae.training.config import DataConfig, ModelConfig, TrainConfig
from cwvae.training.footprint import parameters
from cwvae.training.methods import build_any
from cwvae.training.preset import Preset
from cwvae.training.presets import PRESETS
from cwvae.training.step import loss_inputs


def unchecked(make, **fields):
    """Make a configuration below the types of an import hook, if there is one."""
    config = object.__new__(make)
    inspect.unwrap(make.__init__)(config, **fields)
    return config


def structure(config: ModelConfig):
    return eqx.filter_eval_shape(build, config, key=jr.key(0))


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
    assert (model.min_stddev, model.lookahead, model.likelihood) == (1e-4, True, "normal")
    assert (train.frames, train.batch_size, preset.context) == (100, 50, 36)
    assert (train.epsilon, train.clip_norm, train.decay) == (1e-4, 10_000, 0)
    assert (train.beta, train.free_nats, train.kl_balance, train.average) == (1, 0, None, 0)
    assert (train.beta_steps, train.tick_free_nats, train.free_nats_steps) == (0, 0, 0)
    assert (model.update_bias, model.residual_prior, model.cell) == (0, False, "rssm")


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


OF_LEVELS = [name for name, preset in PRESETS.items() if isinstance(preset.model, ModelConfig)]


@pytest.mark.parametrize("name", OF_LEVELS)
def test_every_preset_with_levels_can_be_built(name):
    preset = PRESETS[name]
    model = structure(preset.model)
    assert model.hierarchy.clock == preset.model.clock
    video = jax.ShapeDtypeStruct(
        (2, preset.model.size, preset.model.size, preset.model.channels), jnp.float32
    )
    features = eqx.filter_eval_shape(lambda m, v: m.features(v), model, video)
    assert [f.shape[1] for f in features] == [cell.feature_size for cell in model.hierarchy.cells]


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_has_a_loss_that_it_can_compute(name):
    preset = PRESETS[name]
    config, size, channels = preset.train, preset.model.size, preset.model.channels
    model = eqx.filter_eval_shape(build_any, preset.model, key=jax.random.key(0))
    assert model.context_multiple == preset.model.context_multiple
    assert config.frames >= model.fewest_frames

    def loss(model):
        videos = jnp.zeros((2, config.frames, size, size, channels))
        return model.loss(videos, loss_inputs(config, jnp.zeros((), "int32")), key=jr.key(0)).total

    assert eqx.filter_eval_shape(loss, model).shape == ()


def test_presets_cannot_be_changed():
    with pytest.raises(TypeError):
        PRESETS["moving_mnist"] = PRESETS["debug"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        PRESETS["debug"].model.levels = 1


def test_a_configuration_is_hashable_whatever_sequences_it_was_made_of():
    one, other = (unchecked(ModelConfig, factors=kind((2, 3))) for kind in (list, tuple))
    assert hash(one) == hash(other)
    one, other = (unchecked(TrainConfig, beta=kind((1.0, 2.0))) for kind in (list, tuple))
    assert hash(one) == hash(other)


NAN, INF = float("nan"), float("inf")

MODEL = {
    "levels": [0, -1, 33, 10**9, 2.0, True, "3", None],
    "factors": [0, 1.5, "6", True, 10**6, (2, 0), (2, "3"), (1,) * 33],
    "lookahead": ["no", 0, None],
    "static_window": [0, -1, 2.0, 10**8, "3"],
    "pass_context": ["yes", 1, None],
    "cell": ["gru", "", None, 1],
    "coarse_evidence": [0, 1000, 2.0, None],
    "stoch_size": [0, 2.5, 10**8],
    "deter_size": [-1, 10**8, [200]],
    "hidden_size": [0, 10**8],
    "size": [64.0, 16, 512],
    "channels": [0, 10**6],
    "channel_multiplier": [0.01, 1e9, INF, NAN, "1", True],
    "dense_layers": [0, 10**6],
    "dense_hidden": [0, 10**10],
    "decoder_stddev": [0.0, 1e-30, INF, NAN, -1.0],
    "min_stddev": [-1e-4, INF, NAN],
    "update_bias": [INF, NAN, -101.0, "1", True, (0.0, NAN)],
    "residual_prior": [1, "yes", None, (True, 0)],
    "likelihood": ["gaussian", "", None, 1],
    "stddev_floor": [0.0, -0.1, INF, NAN, "0.1"],
    "stddev_warmup": [-1, 0.5, 10**12],
}
TRAIN = {
    "steps": [0, 10**30, 1.5, "10", True],
    "batch_size": [0, 10**9],
    "accumulate": [0, 10**9],
    "frames": [0, 2.0, 10**12],
    "pieces": [0, 1.5, 10**7, True],
    "learning_rate": [0.0, INF, NAN, -1e-3, 1e4, "3e-4"],
    "warmup": [-1, 10**30, 0.5],
    "decay": [-0.1, 1.1, NAN],
    "epsilon": [0.0, -1e-9, INF, NAN],
    "clip_norm": [0.0, INF, NAN],
    "amsgrad": [1, "yes", None],
    "beta": [-1.0, INF, NAN, (1.0, -1.0), (1.0, INF), "1", (1.0,) * 33],
    "beta_start": [-1.0, INF, NAN, (1.0, -1.0)],
    "beta_steps": [-1, 1.5, 10**30, True],
    "free_nats": [-1.0, INF, (0.0, NAN)],
    "tick_free_nats": [-1.0, INF, (0.0, NAN)],
    "free_nats_steps": [-1, 1.5, 10**30, True],
    "kl_balance": [1.1, NAN, "0.5"],
    "hide": [1.0, -0.1, NAN, "0.5", None],
    "compute_dtype": ["float16", "", None, 32],
    "average": [1.0, -0.1, NAN, INF, "0.9", None],
    "seed": [-1, 2**32, 0.5],
}
DATA = {
    "data": [3, None, ""],
    "speed": [0.0, 31, NAN, INF],
    "flip": ["no", 1],
    "resize": [None],
    "frame_rate": [0.0, -1.0, NAN, "fast"],
    "axes": ["thw3", "tt", "", 3],
    "array": [3, "", True],
    "decoded_limit": [0.0, INF],
    "test_fraction": [0, 1, NAN],
    "skip_bad_files": [0],
    "cache_memory": [-1, INF],
    "cache_folder": [3, ""],
    "num_digits": [0, 10**9, 1.5],
    "digits": [False],
}
WRONG = [
    pytest.param(make, name, value, id=f"{name}={str(value)[:20]}")
    for make, table in ((ModelConfig, MODEL), (TrainConfig, TRAIN), (DataConfig, DATA))
    for name, values in table.items()
    for value in values
]


def test_every_field_is_tried_with_values_that_it_cannot_have():
    for make, table in ((ModelConfig, MODEL), (TrainConfig, TRAIN), (DataConfig, DATA)):
        assert table.keys() == {field.name for field in dataclasses.fields(make)}


@pytest.mark.parametrize(("make", "name", "value"), WRONG)
def test_a_field_names_itself_and_what_was_expected_and_got(make, name, value):
    with pytest.raises(ValueError, match=f"^{name} must be .+, got .+") as caught:
        make(**{name: value})
    assert len(str(caught.value)) < 200
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("make", "changes", "message"),
    [
        (ModelConfig, {"levels": 10**9}, "a whole number from 1 to 32, got 1000000000"),
        (ModelConfig, {"lookahead": "no"}, "true or false, got 'no'"),
        (TrainConfig, {"learning_rate": INF}, "a number above 0 and below 1000, got inf"),
        (TrainConfig, {"decay": 1.1}, "a number from 0 to 1, got 1.1"),
        (TrainConfig, {"kl_balance": -1}, "a number from 0 to 1, or None, got -1"),
        (TrainConfig, {"beta": (-1,)}, "a number from 0 to .*, or up to 32 of them, got .-1,."),
        (TrainConfig, {"compute_dtype": "x"}, "float32 or bfloat16, got 'x'"),
        (TrainConfig, {"average": 1.0}, "a number from 0 to below 1, got 1.0"),
        (ModelConfig, {"likelihood": "x"}, "normal or calibrated or .* or logistic, got 'x'"),
        (DataConfig, {"data": None}, "text without null characters, got None"),
    ],
)
def test_the_range_is_stated(make, changes, message):
    with pytest.raises(ValueError, match=message):
        make(**changes)


@pytest.mark.parametrize(
    ("make", "changes", "message"),
    [
        (ModelConfig, {"size": 65}, "size must be 32, 64, 128 or 256, got 65; choose"),
        (ModelConfig, {"factors": (2,)}, "3 levels need 2 temporal abstraction factors, one"),
        (ModelConfig, {"levels": 2, "factors": (2, 2)}, "need 1 temporal abstraction factor, one"),
        (
            ModelConfig,
            {"levels": 8},
            "slowest level must tick at least once in 100,000 frames",
        ),
        (
            ModelConfig,
            {"levels": 1, "coarse_evidence": 4},
            "with 1 level that is the only one, got 4; use 1, or more levels",
        ),
        (ModelConfig, {"update_bias": (1.0,)}, "update_bias must be one value or 3, .*, got 1"),
        (ModelConfig, {"residual_prior": (True,) * 2}, "residual_prior must be one value or 3"),
        (
            TrainConfig,
            {"beta_start": (0.5, 1.0)},
            "beta_start must come with .* got .0.5, 1",
        ),
        (TrainConfig, {"steps": 5, "warmup": 6}, "warmup must be at most the number of steps, 5"),
        (
            TrainConfig,
            {"frames": 1000, "pieces": 1001},
            "at most 1,000,000 frames, got 1,001 pieces of 1,000; use fewer",
        ),
    ],
)
def test_fields_that_do_not_fit_together_are_an_error(make, changes, message):
    with pytest.raises(ValueError, match=message):
        make(**changes)


def test_values_are_kept_as_plain_ones():
    config = unchecked(
        TrainConfig, steps=np.int64(7), learning_rate=np.float32(0.5), beta=[1, np.int8(2)]
    )
    assert (config.steps, config.learning_rate, config.beta) == (7, 0.5, (1.0, 2.0))
    assert {type(config.steps), type(config.learning_rate)} == {int, float}
    assert hash(config) == hash(TrainConfig(steps=7, learning_rate=0.5, beta=(1.0, 2.0)))


def test_parts_divide_the_batch():
    assert TrainConfig(batch_size=6, accumulate=3).accumulate == 3
    with pytest.raises(ValueError, match="batch_size must be a multiple of accumulate, 4, got 6"):
        TrainConfig(batch_size=6, accumulate=4)


@pytest.mark.parametrize("name", OF_LEVELS)
def test_limits_are_far_from_every_preset(name):
    preset = PRESETS[name]
    dataclasses.replace(preset.model, deter_size=tuple(8 * n for n in preset.model.deter_sizes))
    dataclasses.replace(preset.train, steps=100 * preset.train.steps)


@pytest.mark.parametrize("name", ["context", "horizon"])
@pytest.mark.parametrize("value", [0, 10**12, True, 36.0])
def test_a_preset_has_counts_of_frames_within_limits(name, value):
    with pytest.raises(ValueError, match=f"{name} must be a whole number from 1 to 1,000,000"):
        Preset(model=ModelConfig(), train=TrainConfig(), **{name: value})


@pytest.mark.parametrize("context", [35, 37])
def test_a_context_that_does_not_end_on_a_tick_of_every_level_is_an_error(context):
    message = f"multiple of the slowest period, 36 frames, got {context}"
    with pytest.raises(ValueError, match=message):
        Preset(model=ModelConfig(), train=TrainConfig(), context=context)


@pytest.mark.parametrize("name", ["stoch_size", "deter_size"])
def test_sizes_are_one_for_all_levels_or_one_for_each(name):
    assert getattr(ModelConfig(**{name: 7}), f"{name}s") == (7, 7, 7)
    assert getattr(ModelConfig(**{name: (7, 8, 9)}), f"{name}s") == (7, 8, 9)
    with pytest.raises(ValueError, match=f"{name} must be one value or 3, one a level, got 2"):
        ModelConfig(**{name: (7, 8)})


@pytest.mark.parametrize(("frames", "remedy"), [(35, "36"), (37, "36 or 72"), (100, "72 or 108")])
def test_pieces_that_do_not_end_on_a_tick_of_every_level_are_an_error(frames, remedy):
    Preset(model=ModelConfig(), train=TrainConfig(frames=frames))
    train = TrainConfig(frames=frames, pieces=2)
    message = f"slowest period, 36, for videos in 2 pieces, got {frames}; use {remedy}$"
    with pytest.raises(ValueError, match=message):
        Preset(model=ModelConfig(), train=train)
