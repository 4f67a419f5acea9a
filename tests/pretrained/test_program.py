"""Exported programs give what the model gives, in a process that has never known this package."""

import os
import subprocess
import sys

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import program_alone
import pytest
import svg_models
from models import TINY, tiny
from reference import assert_alike

from cwvae import streaming
from cwvae.data.archives import read_archive
from cwvae.pretrained.program import export_forecast, export_step, program_bytes

FRAME = (TINY.size, TINY.size, TINY.channels)
CONTEXT, HORIZON, SEED = 4, 5, 7
VIDEOS = np.random.default_rng(0).random((3, 6, *FRAME), np.float32)


@pytest.fixture(scope="module")
def model():
    return tiny(seed=3)


def keys(rows: int):
    """Return the keys that a program gives its rows."""
    return jax.vmap(lambda row: jr.fold_in(jr.key(SEED), row))(jnp.arange(rows))


def expected_forecasts(model, videos):
    """Return what the model itself predicts."""
    predict = eqx.filter_jit(lambda m, v, k: m.forecasts(v, HORIZON, keys=k)[:, 0])
    return predict(model, videos[:, :CONTEXT], keys(len(videos)))


def followed(model, video, key):
    """Return the frames expected in a stream, and the outputs."""
    step, now, records = eqx.filter_jit(streaming.step), streaming.start(model), []
    for frame in video:
        now, record = step(model, now, frame, model.hierarchy.noise_at(now.frame, key=key))
        records.append(record)
    return [np.stack([getattr(r, name) for r in records]) for name in ("predicted", "output")]


def test_programs_run_where_this_package_cannot_be_imported(model, tmp_path):
    forecast = export_forecast(model, FRAME, context=CONTEXT, horizon=HORIZON)
    for name, exported in (("forecast", forecast), ("step", export_step(model, FRAME))):
        assert exported.platforms == ("cpu", "cuda")
        (tmp_path / f"{name}.jax").write_bytes(program_bytes(exported))
    np.savez(tmp_path / "inputs.npz", videos=VIDEOS, seed=SEED, context=CONTEXT)
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, program_alone.__file__, str(tmp_path)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = read_archive(tmp_path / "outputs.npz")
    assert_alike(found["futures"], expected_forecasts(model, VIDEOS))
    for row, key in enumerate(keys(len(VIDEOS))):
        predicted, outputs = followed(model, VIDEOS[row], key)
        assert_alike(found["expected"][row], predicted)
        assert_alike(found["outputs"][row], outputs)


def test_so_many_videos_at_the_same_time_are_the_same(model):
    sizes = {"context": CONTEXT, "horizon": HORIZON, "batch": 3, "platforms": ["cpu"]}
    program = export_forecast(model, FRAME, **sizes)
    futures = program.call(VIDEOS[:, :CONTEXT], np.uint32(SEED))
    assert_alike(futures, expected_forecasts(model, VIDEOS))
    other = program.call(VIDEOS[:, :CONTEXT], np.uint32(SEED + 1))
    assert not np.allclose(futures, other)


def test_rows_of_zeros_begin_a_video_while_the_others_go_on(model):
    step = export_step(model, FRAME, batch=2, platforms=["cpu"])
    state = [jnp.zeros(a.shape, a.dtype) for a in step.in_avals[:-2]]
    for frames in VIDEOS[:2, :3].swapaxes(0, 1):
        state, expected, _ = step.call(state, frames, np.uint32(SEED))
    state = [array.at[1].set(jnp.zeros((), array.dtype)) for array in state]
    _, expected, _ = step.call(state, VIDEOS[:2, 3], np.uint32(SEED))
    first, second = keys(2)
    assert_alike(expected[0], followed(model, VIDEOS[0, :4], first)[0][3])
    assert_alike(expected[1], followed(model, VIDEOS[1, 3:4], second)[0][0])


def test_a_program_runs_on_its_platforms_alone(model):
    sizes = {"context": CONTEXT, "horizon": HORIZON, "batch": 3}
    program = export_forecast(model, FRAME, **sizes, platforms=["cuda"])
    with pytest.raises(ValueError, match="cuda"):
        program.call(VIDEOS[:, :CONTEXT], np.uint32(SEED))
    for platforms, got in ((["gpu"], "gpu"), ([], "none")):
        with pytest.raises(ValueError, match=f"some of cpu, cuda, rocm, tpu, got {got}"):
            export_step(model, FRAME, platforms=platforms)


def test_a_context_that_ends_within_a_window_is_an_error(model):
    with pytest.raises(ValueError, match="context must be a multiple of 2 frames"):
        export_forecast(model, FRAME, context=3, horizon=1)


def test_videos_that_share_statistics_are_exported_together():
    model = svg_models.drawn(svg_models.TINY)
    frame, known = (32, 32, 1), {"context": 4, "horizon": 2}
    with pytest.raises(ValueError, match="batch must be a number for a model whose videos share"):
        export_forecast(model, frame, **known)
    contexts = svg_models.videos(2, 4)
    program = export_forecast(model, frame, **known, batch=2, platforms=["cpu"])
    expected = eqx.filter_jit(lambda m, c, k: m.forecasts(c, 2, keys=k)[:, 0])
    assert_alike(program.call(contexts, np.uint32(SEED)), expected(model, contexts, keys(2)))
