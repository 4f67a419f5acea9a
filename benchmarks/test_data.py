"""The data pipeline: how fast it is by itself, and whether a training step waits for it."""

import collections
import dataclasses
import itertools
import time

import inputs
import jax
import jax.numpy as jnp
import pytest
from programs import compiled
from sets import quick

from cwvae import PRESETS
from cwvae.training.step import init_train_state, train_in_place

FRAMES = 100
MANY = 8  # batches in a round, more than the pipeline keeps ahead
STEPS = 12
AHEAD = 5  # steps for which there may be batches that were made while the step was compiled

pytestmark = pytest.mark.needs("grain")


def iterator(model, batch, frames):
    """Return batches of Moving MNIST, drawn on the fly."""
    from cwvae.data import MovingMNIST, load_digits  # Here, since grain may be missing.
    from cwvae.data.pipeline import batches

    source = MovingMNIST(split="train", frames=frames, digits=load_digits(), size=model.size)
    return batches(source, batch_size=batch, seed=0)


@pytest.mark.parametrize(("preset", "batch"), [quick("debug", 2), ("moving_mnist", 8)])
def test_batches(measure, preset, batch):
    """Batches as fast as they come, when nothing else runs."""
    source = iterator(PRESETS[preset].model, batch, FRAMES)
    last = collections.deque(maxlen=1)

    def after():
        value = {"mean": float(last[0]["video"].mean())}
        frames = MANY * batch * FRAMES
        return {"value": value, "frames": frames, "parameters": {"frames": FRAMES, "batches": MANY}}

    # A first round uses up the batches that were made ahead.
    measure.plain(lambda: last.extend(itertools.islice(source, MANY)), after, rounds=5, warm=1)


class TrainingLoop:
    """The loop of `cwvae train`, with a clock on the batches that it waits for."""

    def __init__(self, model, train):
        """Compile the step."""
        self.source = iterator(model, train.batch_size, train.frames)
        self.train, self.state = train, init_train_state(inputs.model(model), train)
        videos = jnp.asarray(next(self.source)["video"])
        self.program = compiled(train_in_place, (videos, self.state, train))
        self.unread = None
        self.waited, self.lasted = [], []

    def step(self):
        """Take a step; while it runs, read what the one before says."""
        start = time.perf_counter()
        videos = next(self.source)["video"]
        self.waited.append(time.perf_counter() - start)
        self.state, record = self.program.run(jnp.asarray(videos), self.state, self.train)
        jax.block_until_ready(self.unread)
        self.unread = record
        self.lasted.append(time.perf_counter() - start)

    def after(self):
        """Return the share of the time that was spent waiting, and what else is known."""
        share = sum(self.waited[AHEAD:]) / sum(self.lasted[AHEAD:])
        return {
            "value": {"waiting_share": share, "loss": float(self.unread.loss.total)},
            "parameters": {"frames": self.train.frames},
            "frames": self.train.batch_size * self.train.frames,
            "trace_seconds": self.program.trace_seconds,
            "compile_seconds": self.program.compile_seconds,
        }


@pytest.mark.parametrize(("preset", "batch"), [quick("debug", 2), ("moving_mnist", 8)])
def test_waiting(measure, preset, batch):
    """Training steps on batches that are made in the background."""
    chosen = PRESETS[preset]
    frames = chosen.train.frames if preset == "debug" else FRAMES
    train = dataclasses.replace(chosen.train, batch_size=batch, frames=frames)
    loop = TrainingLoop(chosen.model, train)
    measure.plain(loop.step, loop.after, rounds=STEPS, warm=AHEAD)
