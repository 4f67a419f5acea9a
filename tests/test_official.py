"""To the official implementation's weights and back."""

import json
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import official_model
import pytest
from reference import assert_alike

from cwvae.cells import CategoricalHead
from cwvae.nn.layers import LSTM
from cwvae.objective import elbo
from cwvae.official import config_from_official, model_from_weights, weights_from_model

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="module", params=["A_small", "S_small"])
def official(request) -> tuple[dict, dict]:
    """Weights and configuration of one golden file."""
    arrays = np.load(GOLDEN / f"{request.param}.npz")
    config = json.loads(bytes(arrays["meta_json"]).decode())["config"]
    weights = {n.removeprefix("w/"): arrays[n] for n in arrays.files if n.startswith("w/")}
    return weights, config


def test_to_a_model_and_back_gives_the_same_weights_but_the_top_levels_dead_rows(official):
    weights, config = official
    back = weights_from_model(model_from_weights(weights, config))
    dead = f"cell_{config['levels'] - 1}/prior_h1_dense/kernel"
    assert back.keys() == weights.keys()
    assert [n for n in weights if not np.array_equal(back[n], weights[n])] == [dead]
    stoch = config["cell_stoch_size"]
    assert np.array_equal(back[dead][:stoch], weights[dead][:stoch])
    assert np.all(back[dead][stoch:] == 0)
    assert back[dead].shape == weights[dead].shape


def test_every_official_number_but_the_dead_rows_is_in_the_model(official):
    weights, config = official
    output = config["cell_stoch_size"] + config["cell_deter_size"]
    leaves = jax.tree.leaves(eqx.filter(model_from_weights(weights, config), eqx.is_inexact_array))
    ours = sum(leaf.size for leaf in leaves)
    theirs = sum(array.size for array in weights.values())
    assert theirs - ours == output * config["cell_embed_size"]


def test_the_configuration_is_the_same_by_our_names(official):
    _, config = official
    ours = config_from_official(config)
    assert (ours.levels, ours.factors, ours.channels) == (
        config["levels"],
        config["tmp_abs_factor"],
        config["channels"],
    )
    assert (ours.stoch_size, ours.deter_size, ours.hidden_size) == (4, 8, 8)
    assert (ours.dense_layers, ours.dense_hidden) == (3, 12)
    assert (ours.size, ours.channel_multiplier) == (64, 1 / 8)
    assert (ours.decoder_stddev, ours.min_stddev) == (0.4, 1e-4)


def test_what_the_official_base_configuration_sets_need_not_be_given():
    required = {"cell_stoch_size": 20, "cell_deter_size": 200, "cell_embed_size": 200}
    config = config_from_official(required | {"channels": 1, "dec_stddev": 1.0})
    assert (config.levels, config.factors, config.channel_multiplier) == (3, 6, 1)
    assert (config.dense_layers, config.dense_hidden, config.min_stddev) == (3, 1000, 1e-4)


@pytest.mark.parametrize("missing", ["cell_stoch_size", "dec_stddev", "channels"])
def test_a_configuration_that_lacks_a_key_is_an_error(official, missing):
    config = {key: value for key, value in official[1].items() if key != missing}
    with pytest.raises(ValueError, match=f"configuration lacks {missing}"):
        config_from_official(config)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cell_type": "GRU"}, "cell_type must be 'RSSMCell', got 'GRU'"),
        ({"cell_reset_state": True}, "cell_reset_state must be false"),
    ],
)
def test_a_cell_that_is_not_the_official_one_is_an_error(official, change, message):
    weights, config = official
    with pytest.raises(ValueError, match=message):
        model_from_weights(weights, config | change)


def test_a_missing_weight_is_named(official):
    weights, config = official
    lacking = {n: a for n, a in weights.items() if n != "cell_0/gru/kernel"}
    with pytest.raises(ValueError, match="weights lack cell_0/gru/kernel; does the config"):
        model_from_weights(lacking, config)


def test_an_unknown_weight_is_named(official):
    weights, config = official
    with pytest.raises(ValueError, match="hold unknown cell_7/gru/kernel; does the config"):
        model_from_weights(weights | {"cell_7/gru/kernel": np.zeros(2)}, config)


def test_a_weight_of_the_wrong_shape_is_named(official):
    weights, config = official
    wrong = weights | {"cell_0/gru/kernel": weights["cell_0/gru/kernel"].T}
    message = r"weight cell_0/gru/kernel must have shape \(8, 24\), got \(24, 8\)"
    with pytest.raises(ValueError, match=message):
        model_from_weights(wrong, config)


def test_a_model_of_other_cells_has_no_official_weights(official):
    model = model_from_weights(*official)
    other = eqx.tree_at(lambda m: m.hierarchy.cells[1], model, jnp.zeros(3))
    with pytest.raises(ValueError, match="level 1 must be an RSSMCell, got"):
        weights_from_model(other)


@pytest.mark.parametrize(
    ("part", "other", "message"),
    [
        ("memory", LSTM(8, 8, key=jr.key(0)), "level 1 must have a GRU, got LSTM"),
        (
            "prior_head",
            CategoricalHead(8, 4, classes=2, key=jr.key(0)),
            "level 1 must have Gaussian beliefs, got CategoricalHead",
        ),
    ],
)
def test_a_cell_with_another_part_has_no_official_weights(official, part, other, message):
    model = model_from_weights(*official)
    changed = eqx.tree_at(lambda m: getattr(m.hierarchy.cells[1], part), model, other)
    with pytest.raises(ValueError, match=message):
        weights_from_model(changed)


# Every option of the official configuration, against the official formulas in float64.

SMALL = {
    "levels": 2,
    "tmp_abs_factor": 2,
    "dec_stddev": 0.4,
    "enc_dense_layers": 2,
    "enc_dense_embed_size": 5,
    "cell_type": "RSSMCell",
    "cell_stoch_size": 2,
    "cell_deter_size": 3,
    "cell_embed_size": 4,
    "cell_min_stddev": 1e-4,
    "cell_mean_only": False,
    "cell_reset_state": False,
    "use_obs": True,
    "channels_mult": 1 / 32,
    "channels": 1,
}
OPTIONS = {
    "two levels": {},
    "one level, RGB": {"levels": 1, "channels": 3, "dec_stddev": 1.0},
    "three levels, factor 3": {"levels": 3, "tmp_abs_factor": 3, "cell_min_stddev": 0.3},
    "four levels, dense layers": {"levels": 4, "enc_dense_layers": 3, "enc_dense_embed_size": 7},
    "one dense layer, more channels": {"enc_dense_layers": 1, "channels_mult": 1 / 16},
    "cell sizes": {"cell_stoch_size": 3, "cell_deter_size": 2, "cell_embed_size": 6},
    "mean only": {"cell_mean_only": True},
    "slow level blind": {"use_obs": [True, False]},
    "all blind": {"use_obs": False},
}


@eqx.filter_jit
def inferred(model, video, noise):
    """Return the record of every level, the frames, and the bound of a video."""
    _, traces = model.infer(video, noise)
    return traces, model.render(traces[0].output), elbo(model, video, noise)


@pytest.mark.parametrize("name", OPTIONS)
def test_a_model_of_official_weights_computes_the_official_formulas(name):
    config = SMALL | OPTIONS[name]
    weights, random = official_model.draw(config, seed=3), np.random.default_rng(4)
    video = random.random((5, 64, 64, config["channels"]), dtype=np.float32)
    model = model_from_weights(weights, config)
    observed = np.broadcast_to(config["use_obs"], config["levels"])
    blind = [level for level, seen in enumerate(observed) if not seen]
    scale = 0 if config["cell_mean_only"] else 1
    noise = tuple(
        scale * random.standard_normal((ticks, config["cell_stoch_size"]), dtype=np.float32)
        for ticks in model.hierarchy.clock.ticks(len(video))
    )
    traces, frames, bound = inferred(model.blinded(blind), video, noise)
    expected = official_model.observe(weights, config, video, noise, blind)
    ours = official_model.Record(
        [trace.prior.mean for trace in traces],
        [trace.posterior.mean for trace in traces],
        [trace.output for trace in traces],
        list(bound.kl),
        frames,
        bound.log_likelihood,
    )
    assert_alike(ours, expected, 5e-5)


@pytest.mark.parametrize("levels", [1, 2, 3, 4])
def test_weights_come_back_from_any_number_of_levels(levels):
    config = SMALL | {"levels": levels}
    weights = official_model.draw(config, seed=levels)
    back = weights_from_model(model_from_weights(weights, config))
    assert back.keys() == weights.keys()
    weights[f"cell_{levels - 1}/prior_h1_dense/kernel"][config["cell_stoch_size"] :] = 0
    assert [name for name in weights if not np.array_equal(back[name], weights[name])] == []


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (lambda m: m.encoder.frame, "the encoder must be an Encoder of a FrameEncoder, got"),
        (lambda m: m.encoder.stacks[0], "each stack must be a DenseStack, got"),
        (lambda m: m.decoder, "the decoder must be a FrameDecoder, got"),
        (lambda m: m.decoder.dense, "decoder/h1 must be a layer of cwvae.nn, got"),
    ],
)
def test_a_model_of_other_networks_has_no_official_weights(official, part, message):
    other = eqx.tree_at(part, model_from_weights(*official), jnp.tanh)
    with pytest.raises(ValueError, match=message):
        weights_from_model(other)
