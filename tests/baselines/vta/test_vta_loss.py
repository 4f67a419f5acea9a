import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import optax
import pytest
import vta_reference
from bouncing import bouncing
from models import draw
from reference import assert_alike

from cwvae.baselines.vta import VTA, VTAConfig, build_vta
from cwvae.baselines.vta.norm import BatchNorm
from cwvae.baselines.vta.passing import Noise, draw_noise
from cwvae.training.optimiser import relaxed_promotion
from cwvae.video_model import LossInputs

TINY = VTAConfig(
    channels=1,
    filters=3,
    feature_size=4,
    belief_size=5,
    state_size=2,
    boundary_layers=2,
    edge_frames=2,
    max_segments=3,
    max_segment_length=3,
    decoder_stddev=0.7,
)
BATCH, FRAMES, STEP = 4, 12, 5000


@functools.cache
def tiny() -> VTA:
    with jax.enable_x64(True):
        model = build_vta(TINY, key=jr.key(0))
        # Of normalisations too, so that none is 1 or 0.
        return jax.tree.map(lambda leaf: leaf + 0.3 * draw(leaf.size, *leaf.shape), model)


def drawn(seed: int = 1) -> tuple[jax.Array, Noise]:
    videos = jnp.tanh(draw(seed, BATCH, FRAMES, TINY.size, TINY.size, TINY.channels))
    return videos, draw_noise(TINY, BATCH, FRAMES, FRAMES - 2 * TINY.edge_frames, key=jr.key(seed))


def norms(model: VTA) -> list[BatchNorm]:
    parts = (model.networks.encoder, model.networks.detector, model.networks.decoder)
    return [norm for part in parts for norm in part.norms]


@functools.cache
def slope():
    """Return the loss of a model and its gradient, compiled once."""

    def value(model, videos, noise):
        inputs = LossInputs(step=jnp.asarray(STEP, "int32"), beta=(0.7, 0.8, 0.9))
        record = model.loss_of(videos, noise, inputs)
        return record.total, record

    return eqx.filter_jit(eqx.filter_value_and_grad(value, has_aux=True))


def test_the_loss_is_that_of_an_obvious_reference():
    with jax.enable_x64(True):
        videos, noise = drawn()
        (total, record), _ = slope()(tiny(), videos, noise)
        arrays = Noise(*map(np.asarray, noise))
        parts, moments = vta_reference.loss(tiny(), np.asarray(videos), arrays, STEP)
        assert 0.3 < parts["read_rate"] < 0.9  # segments begin and go on
        for name, value in parts.items():
            assert float(record.scalars[name]) == pytest.approx(value, rel=1e-10, abs=1e-10), name
        kl = ("kl_observation", "kl_abstract", "kl_boundary")
        weighed = (beta * parts[name] for name, beta in zip(kl, (0.7, 0.8, 0.9), strict=True))
        assert float(total) == pytest.approx(parts["nll"] + sum(weighed), rel=1e-10)
        assert float(record.scalars["segment_length"]) == pytest.approx(1 / parts["read_rate"])
        moved = tiny().after_step(record)
        for norm, was, (mean, variance) in zip(norms(moved), norms(tiny()), moments, strict=True):
            assert_alike(norm.mean, 0.9 * was.mean + 0.1 * mean, 1e-10)
            assert_alike(norm.variance, 0.9 * was.variance + 0.1 * variance, 1e-10)


def agrees_with_finite_differences(model: VTA, moves, step: float = 1e-6) -> None:
    """Hold the gradient along some direction against the loss on both sides."""
    with jax.enable_x64(True):
        inputs = drawn()
        along = jax.tree.map(
            lambda leaf, moves: moves * draw(leaf.size + 1, *leaf.shape), model, moves
        )
        _, gradient = slope()(model, *inputs)
        expected = sum(
            float(jnp.vdot(g, d))
            for g, d in zip(jax.tree.leaves(gradient), jax.tree.leaves(along), strict=True)
        )

        def value(step):
            moved = jax.tree.map(lambda leaf, d: leaf + step * d, model, along)
            return float(slope()(moved, *inputs)[0][0])

        assert (value(step) - value(-step)) / (2 * step) == pytest.approx(expected, rel=1e-6)


def test_the_gradient_agrees_with_finite_differences_where_boundaries_are_certain():
    everything = jax.tree.map(lambda leaf: 1.0, tiny())
    with jax.enable_x64(True):
        # The relaxed samples are so close to 0 and 1 that nothing passes straight through.
        certain = eqx.tree_at(lambda m: m.networks.detector.bias, tiny(), jnp.asarray([-40.0, 40]))
    agrees_with_finite_differences(certain, everything)


def test_the_gradient_of_what_no_boundary_depends_on_agrees_with_finite_differences():
    nothing = jax.tree.map(lambda leaf: 0.0, tiny())
    later = jax.tree.map(lambda leaf: 1.0, (tiny().networks.levels, tiny().networks.decoder))
    moves = eqx.tree_at(lambda m: (m.networks.levels, m.networks.decoder), nothing, later)
    agrees_with_finite_differences(tiny(), moves)


def test_the_gradient_flows_to_every_weight_and_to_no_running_statistic():
    with jax.enable_x64(True):
        _, gradient = slope()(tiny(), *drawn())
        assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(gradient))
        running = [array for norm in norms(gradient) for array in (norm.mean, norm.variance)]
        still = [leaf for leaf in jax.tree.leaves(gradient) if not np.any(leaf != 0)]
        assert {id(leaf) for leaf in still} == {id(array) for array in running}


def test_running_statistics_are_no_parameters():
    leaves = sum(leaf.size for leaf in jax.tree.leaves(tiny()))
    running = 2 * sum(norm.mean.size for norm in norms(tiny()))
    assert tiny().num_parameters == leaves - running


@pytest.mark.parametrize(
    ("sizes", "count"),
    [({}, 2_235_975), ({"size": 64}, 2_760_775), ({"size": 64, "state_size": 20}, 2_791_591)],
)
def test_the_number_of_parameters_is_that_of_the_authors(sizes, count):
    model = eqx.filter_eval_shape(build_vta, VTAConfig(**sizes), key=jr.key(0))
    assert model.num_parameters == count


def test_training_on_digits_lessens_the_loss():
    optimiser = optax.chain(optax.clip_by_global_norm(10.0), optax.flatten(optax.amsgrad(1e-2)))

    @jax.jit
    def update(model, state, gradient):
        with relaxed_promotion():
            updates, state = optimiser.update(gradient, state)
            return eqx.apply_updates(model, updates), state

    with jax.enable_x64(True):
        model, totals = tiny(), []
        videos = 2 * jnp.asarray(bouncing(BATCH, FRAMES).frames, float) - 1
        with relaxed_promotion():
            state = optimiser.init(model)
        for seed in range(15):
            (total, record), gradient = slope()(model, videos, drawn(seed)[1])
            model, state = update(model, state, gradient)
            model = model.after_step(record)
            totals.append(float(total))
    assert np.all(np.isfinite(totals))
    assert totals[-1] < 0.8 * totals[0]


@pytest.mark.parametrize(
    ("inputs", "named"),
    [
        ({"kl_balance": 0.5}, "kl_balance"),
        ({"free_nats": 1.0}, "free_nats"),
        ({"tick_free_nats": (1.0, 0.0)}, "tick_free_nats"),
        ({"hide": 0.1}, "hide"),
        ({"compute_dtype": "bfloat16"}, "compute_dtype"),
        ({"past": 1}, "past"),
        ({"conditioning": 1}, "conditioning"),
    ],
)
def test_an_input_without_use_is_named(inputs, named):
    with pytest.raises(ValueError, match=f"no use for {named}, got .*; leave it"):
        tiny().loss(np.zeros((1, 9, 32, 32, 1), "float32"), LossInputs(**inputs), key=jr.key(0))


def test_too_few_frames_and_frames_of_another_size_are_errors():
    with pytest.raises(ValueError, match="at least 5 frames here, got 4"):
        tiny().loss(np.zeros((1, 4, 32, 32, 1), "float32"), LossInputs(), key=jr.key(0))
    with pytest.raises(ValueError, match=r"\(32, 32, 1\), got \(16, 32, 1\); resize"):
        tiny().loss(np.zeros((1, 9, 16, 32, 1), "float32"), LossInputs(), key=jr.key(0))
