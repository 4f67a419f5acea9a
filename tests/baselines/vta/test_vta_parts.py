import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from models import draw
from reference import assert_alike

from cwvae.baselines.vta import VTAConfig
from cwvae.baselines.vta.boundaries import gumbel, limited, log_density, sampled, temperature
from cwvae.baselines.vta.chunks import in_equal_chunks, over_chunks, together
from cwvae.baselines.vta.levels import Levels, summary
from cwvae.baselines.vta.norm import moments, pooled
from cwvae.baselines.vta.pixels import dequantised, shown

SIZES = VTAConfig(feature_size=4, belief_size=5, state_size=2)
FRAMES = 6


def test_the_temperature_falls_as_the_authors_has_it():
    config = VTAConfig()
    for step in (0, 1000, 500_000):
        expected = 0.9 * 0.999 ** (step / 100) + 0.1
        assert float(temperature(config, jnp.asarray(step))) == pytest.approx(expected, rel=1e-5)
    quick = VTAConfig(temperature=2.0, least_temperature=0.5, temperature_decay=0.5)
    assert float(temperature(quick, jnp.asarray(200))) == pytest.approx(1.5 / 4 + 0.5)


def test_the_temperature_cannot_rise():
    with pytest.raises(ValueError, match=r"at most the temperature 1\.0, got 2\.0"):
        VTAConfig(least_temperature=2.0)


def test_a_sample_is_0_or_1_and_has_the_gradient_of_its_relaxation():
    logits, noise, tau = draw(1, FRAMES, 2), gumbel((FRAMES, 2), key=jr.key(0)), jnp.asarray(0.7)
    weights = draw(2, FRAMES)

    def hard(logits):
        return jnp.vdot(weights, sampled(logits, noise, tau).read)

    def soft(logits):
        return jnp.vdot(weights, jax.nn.softmax((logits + noise) / tau)[:, 0])

    found = sampled(logits, noise, tau)
    assert set(np.unique(found.read)) == {0, 1}
    np.testing.assert_array_equal(found.read, np.argmax(logits + noise, -1) == 0)
    np.testing.assert_allclose(np.exp(found.relaxed).sum(-1), 1, rtol=1e-6)
    slope = jax.grad(hard)(logits)
    assert_alike(slope, jax.grad(soft)(logits), 1e-5)
    assert np.all(slope != 0)


def test_samples_are_as_frequent_as_they_are_probable():
    logits = jnp.broadcast_to(jnp.log(jnp.asarray([0.3, 0.7])), (20_000, 2))
    noise = gumbel(logits.shape, key=jr.key(0))
    assert np.abs(noise).max() < 10  # uniform numbers stay 1e-4 away from 0 and 1
    read = sampled(logits, noise, jnp.asarray(0.5)).read
    assert float(read.mean()) == pytest.approx(0.3, abs=0.01)


def test_the_density_ratio_is_0_between_equals_and_its_mean_a_kl():
    tau = jnp.asarray(0.6)
    posterior, prior = (jnp.broadcast_to(jnp.asarray(p), (20_000, 2)) for p in ([1.0, 0], [0, 0.5]))
    relaxed = sampled(posterior, gumbel(posterior.shape, key=jr.key(1)), tau).relaxed
    ratio = log_density(posterior, relaxed, tau) - log_density(posterior + 3, relaxed, tau)
    np.testing.assert_allclose(ratio, 0, atol=1e-4)  # logits are known but for a constant
    ratio = log_density(posterior, relaxed, tau) - log_density(prior, relaxed, tau)
    # At least that of the choice that the relaxed sample makes.
    p, q = jax.nn.softmax(posterior[0]), jax.nn.softmax(prior[0])
    assert float(ratio.mean()) > float(jnp.sum(p * jnp.log(p / q))) > 0
    assert float(ratio.min()) < 0


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        # 0: as the network has it; 1: a boundary has to follow; -1: none may.
        ([1, 0, 0, 0, 0, 1, 0], [0, 0, 0, 1, 1, 0, 0]),  # four frames of a segment at most
        ([1, 1, 1, 0, 0, 0, 0], [0, 0, -1, -1, -1, 1, 1]),  # three segments at most
        ([1, 1, 1, 1, 0, 0, 0], [0, 0, -1, -1, -1, -1, 1]),  # the length wins
    ],
)
def test_the_prior_keeps_to_the_limits_of_segments(read, expected):
    logits = draw(1, 7, 2)
    found = limited(logits, jnp.asarray(read, float), max_segments=3, max_length=4)
    for now, before, sign in zip(found, logits, expected, strict=True):
        certain = sign * np.log(0.999 / 0.001) * np.asarray([1, -1])
        np.testing.assert_allclose(now, certain if sign else before, rtol=1e-5)


LEVELS = Levels(SIZES, key=jr.key(0))


@jax.jit
def through(encodings, first, states, above, read):
    """Return the summary, the slow memory and state and the fast memory."""
    slow = LEVELS.slow_beliefs(first, states, read)
    return summary(LEVELS, encodings, read), *slow, LEVELS.fast_beliefs(above, states, read)


ENCODINGS, FIRST, STATES = draw(1, FRAMES, 4), draw(2, 5), draw(3, FRAMES, 2)
ABOVE = draw(4, FRAMES, 5)


def test_with_one_segment_the_slow_level_is_constant():
    read = jnp.zeros(FRAMES).at[0].set(1)
    _, beliefs, states, _ = through(ENCODINGS, FIRST, STATES, ABOVE, read)
    np.testing.assert_array_equal(beliefs, np.broadcast_to(FIRST, beliefs.shape))
    np.testing.assert_array_equal(states, np.broadcast_to(STATES[0], states.shape))


def test_with_a_boundary_at_every_frame_the_levels_are_two_models_of_one_step():
    seen, beliefs, states, fast = through(ENCODINGS, FIRST, STATES, ABOVE, jnp.ones(FRAMES))
    np.testing.assert_array_equal(states, STATES)
    assert_alike(beliefs[1:], jax.vmap(LEVELS.slow.memory)(STATES[:-1], beliefs[:-1]))
    np.testing.assert_array_equal(fast, ABOVE)
    alone = jax.vmap(LEVELS.ahead, (0, None))(ENCODINGS, jnp.zeros(5))
    assert_alike(seen.ahead, alone)


def test_a_summary_ends_where_its_segment_does():
    read = jnp.asarray([1.0, 0, 0, 1, 0, 0])
    before, *_ = through(ENCODINGS, FIRST, STATES, ABOVE, read)
    after, *_ = through(ENCODINGS.at[3:].add(1.0), FIRST, STATES, ABOVE, read)
    np.testing.assert_array_equal(before.ahead[:3], after.ahead[:3])
    assert np.all(before.ahead[3:] != after.ahead[3:])
    after, *_ = through(ENCODINGS.at[:3].add(1.0), FIRST, STATES, ABOVE, read)
    np.testing.assert_array_equal(before.segment[3:], after.segment[3:])
    assert np.all(before.past != after.past)


def test_gradients_pass_boundaries_in_the_levels():
    with jax.enable_x64(True):
        model = Levels(SIZES, key=jr.key(0))
        encodings, states, first = draw(1, FRAMES, 4), draw(2, FRAMES, 2), draw(3, 5)

        @jax.jit
        def value(read):
            seen = summary(model, encodings, read)
            slow, kept = model.slow_beliefs(first, states, read)
            fast = model.fast_beliefs(jnp.tanh(slow), states, read)
            return jnp.sum(jnp.sin(seen.ahead + seen.segment + slow + fast)) + jnp.sum(kept**2)

        read, along = jnp.asarray([1.0, 0, 1, 0, 0, 1]), draw(4, FRAMES)
        expected = jnp.vdot(jax.grad(value)(read), along)
        found = (value(read + 1e-6 * along) - value(read - 1e-6 * along)) / 2e-6
        assert float(found) == pytest.approx(float(expected), rel=1e-6)


def test_bytes_come_back_in_5_bits():
    values = np.arange(256, dtype=np.float32).reshape(1, 16, 16, 1) / 255
    for spread in (0.0, 0.5, 0.999):
        middle = dequantised(values, jnp.full(values.shape, spread))
        assert -1 <= middle.min() < middle.max() <= 1
        back = shown(middle, requantise=True)
        np.testing.assert_allclose(255 * back.ravel(), np.arange(256) // 8 * 8, atol=1e-4)
    np.testing.assert_allclose(shown(middle, requantise=False), values, atol=1 / 32)


def test_moments_of_parts_are_those_of_the_whole():
    whole = draw(1, 3, 8, 5)
    parts = jax.vmap(moments, 1)(whole.reshape(3, 4, 2, 5))
    assert_alike(pooled(parts), moments(whole))
    assert pooled(parts).count == moments(whole).count == 40


@pytest.mark.parametrize("frames", [5, 32, 20])
def test_frames_go_into_chunks_and_come_back(frames):
    video = draw(1, frames, 2, 3, 4)
    chunks = in_equal_chunks(video, 8)
    assert chunks.shape[-1] == {5: 5, 32: 8, 20: 4}[frames]
    np.testing.assert_array_equal(together(chunks), video)


def test_chunk_by_chunk_is_all_at_once():
    def layer(weights, chunk):
        return jnp.tanh(weights @ chunk)

    def value(kernels, weights, chunks):
        answers, parts = over_chunks(layer, kernels, weights, chunks)
        return jnp.sum(answers**3) + jnp.sum(pooled(parts).variance)

    arguments = draw(1, 4, 3), draw(2, 5, 3, 16)
    slope = jax.value_and_grad(value, (1, 2))
    assert_alike(slope("auto", *arguments), slope("xla", *arguments))
