"""Sizes, first weights and configurations of SVG-LP."""

import equinox as eqx
import jax
import jax.random as jr
import numpy as np
import pytest

from cwvae.baselines.svg import SVGConfig, build_svg


def shapes(**sizes):
    return eqx.filter_eval_shape(build_svg, SVGConfig(**sizes), key=jr.key(0))


@pytest.mark.parametrize(
    ("network", "stoch", "channels", "encoder", "decoder", "predictor", "beliefs", "total"),
    [
        ("dcgan", 10, 1, 3_805_376, 6_558_529, 1_121_152, 564_500, 12_614_057),
        ("dcgan", 20, 1, 3_805_376, 6_558_529, 1_123_712, 569_640, 12_626_897),
        ("dcgan", 64, 3, 3_807_424, 6_562_627, 1_134_976, 592_256, 12_689_539),
        ("vgg", 10, 1, 8_688_448, 11_821_505, 1_121_152, 564_500, 22_760_105),
        ("vgg", 64, 3, 8_689_600, 11_822_659, 1_134_976, 592_256, 22_831_747),
    ],
)
def test_parameters_are_as_many_as_in_the_authors_code(
    network, stoch, channels, encoder, decoder, predictor, beliefs, total
):
    model = shapes(network=network, stoch_size=stoch, channels=channels)
    parts = (model.networks.encoder, model.networks.decoder, model.networks.predictor)
    assert [count(part) for part in (*parts, model.networks.posterior, model.networks.prior)] == [
        *(encoder, decoder, predictor, beliefs, beliefs)
    ]
    assert model.num_parameters == total


def count(network) -> int:
    """Count weights; the running statistics of a layer are as many as its scales and shifts."""
    every = sum(np.prod(leaf.shape, dtype=int) for leaf in jax.tree.leaves(arrays(network)))
    norms = jax.tree.leaves(network, is_leaf=lambda node: hasattr(node, "running"))
    running = sum(2 * norm.scale.size for norm in norms if hasattr(norm, "running"))
    return every - running


def arrays(network):
    return eqx.filter(network, lambda leaf: isinstance(leaf, jax.ShapeDtypeStruct))


@pytest.mark.parametrize("network", ["dcgan", "vgg"])
def test_small_frames_take_a_stage_less(network):
    large, small = shapes(network=network), shapes(network=network, size=32)
    assert len(large.networks.encoder.stages) == 4
    assert len(small.networks.encoder.stages) == 3
    assert small.networks.encoder.last.linear.kernel.shape == (4, 4, 256, 128)


def test_weights_are_drawn_as_the_authors_do():
    config = SVGConfig(size=32, filters=16, feature_size=32, memory_size=64)
    networks = build_svg(config, key=jr.key(0)).networks
    kernel, scale = networks.decoder.stages[0].join.up.kernel, networks.encoder.last.norm.scale
    for drawn in (kernel, networks.predictor.out.kernel):
        np.testing.assert_allclose((drawn.mean(), drawn.std()), (0, 0.02), atol=1e-3)
    np.testing.assert_allclose((scale.mean(), scale.std()), (1, 0.02), atol=0.01)
    memory = networks.posterior.memory
    for drawn in jax.tree.leaves(memory):
        assert 0.115 < np.abs(drawn).max() <= 1 / 8
        np.testing.assert_allclose(drawn.std(), 1 / 8 / 3**0.5, rtol=0.1)
    assert not np.array_equal(memory.kernel, networks.prior.memory.kernel)
    assert not networks.predictor.embed.bias.any()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"network": "resnet"}, "network must be dcgan or vgg, got 'resnet'"),
        ({"size": 128}, "size must be 32 or 64, got 128"),
        ({"known_frames": 1}, 'known_frames must be at least 2 .* got 1; use skip="paper"'),
        ({"statistics": "none"}, "statistics must be batch or running"),
    ],
)
def test_a_configuration_out_of_range_is_an_error(wrong, message):
    with pytest.raises(ValueError, match=message):
        SVGConfig(**wrong)


def test_a_configuration_of_the_paper_may_know_one_frame():
    assert SVGConfig(known_frames=1, skip="paper").known(1) == 1
    assert SVGConfig().known(5) == 4
