"""State carried over: training on consecutive pieces of long videos, the gradient cut between them.

Truncated backpropagation through time (Williams and Peng 1990): with `TrainConfig.pieces` each step
sees one piece of every video of its batch, and begins with the states with which the step before
ended. Slow levels so see many more of their ticks in a row, at the cost of short videos.

    for number, batch in enumerate(batches(source, ..., pieces=config.pieces)):
        state, record = train_in_place(batch["video"], state, config)
        state = begin_videos(state, number + 1, config)
"""

from dataclasses import replace

import equinox as eqx

from cwvae.training.config import TrainConfig
from cwvae.training.step import TrainState

__all__ = ["begin_videos", "expected_at"]


def begin_videos(state: TrainState, step: int, config: TrainConfig) -> TrainState:
    """Return the state after `step` steps, without a past where the next videos begin.

    They do after every `config.pieces` steps. The number of steps is not read from the state, for
    which the program would wait until the device has computed it.
    """
    return replace(state, past=None) if step % config.pieces == 0 else state


def expected_at(like: TrainState, step: int, config: TrainConfig) -> TrainState:
    """Return the shapes of the state after `step` steps.

    **Arguments:** `like`, the state before the first step, or its shapes; `config`, for
    its pieces, the steps of a video, and its batch size, the number of videos.
    """
    if step % config.pieces == 0:
        return like

    def with_past(state: TrainState) -> TrainState:
        return replace(state, past=state.model.first_past(config.batch_size))

    return eqx.filter_eval_shape(with_past, like)
