"""The scan of one level, beside one that is written by hand with the same arithmetic."""

import by_hand
import equinox as eqx
import flops
import inputs
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from measuring import Case, Reference
from sets import quick

from cwvae import PRESETS
from cwvae.cells.base import Conditioning
from cwvae.cells.scan import imagine_level, observe_level

CASES = [
    *(quick(verb, "debug", 2, 5) for verb in ("observe", "imagine")),
    *(
        (verb, "moving_mnist", batch, ticks)
        for verb in ("observe", "imagine")
        for batch in (1, 8)
        for ticks in (100, 1000)
    ),
]
# Of numbers about 1, after as many as 1000 ticks: in float32, and in a GPU's TF32.
AGREEMENT = {"cpu": 1e-3}.get(jax.default_backend(), 5e-2)


@pytest.mark.parametrize(("verb", "preset", "batch", "ticks"), CASES)
def test_levels(measure, verb, preset, batch, ticks):
    """The lowest level of a preset, which hears a level above."""
    config = PRESETS[preset].model
    operations = flops.advance(config, 0) + flops.prior(config)
    operations += flops.posterior(config) if verb == "observe" else 0
    measure(
        Case(
            function=eqx.filter_jit(_ours(verb)),
            arguments=lambda: _arguments(verb, config, batch, ticks),
            value=_compared,
            frames=batch * ticks,
            ticks=ticks,
            flops=batch * ticks * operations,
            references={
                "hand_written_scan": Reference(
                    function=eqx.filter_jit(getattr(by_hand, verb)),
                    arguments=lambda: _time_major(_arguments(verb, config, batch, ticks)),
                )
            },
        )
    )


def _ours(verb):
    """Return the package's scan over a batch."""

    def scan(cell, *arrays):
        ticks = arrays[0].shape[1]
        conditioning = Conditioning(
            jnp.arange(ticks, dtype=float), jnp.zeros((ticks, 0)), jnp.zeros(ticks, bool)
        )
        level = observe_level if verb == "observe" else imagine_level
        return jax.vmap(lambda *one: level(cell, cell.init(), *one, conditioning)[1])(*arrays)

    return scan


def _arguments(verb, config, batch, ticks):
    """Return the cell, what it hears and its noise, with a leading batch axis."""
    cell = inputs.model(config).hierarchy.cells[0]
    heard = (cell.feature_size,) if verb == "observe" else ()
    widths = (cell.context_size, *heard, cell.stoch_size)
    arrays = (inputs.normal(batch, ticks, w, seed=i) for i, w in enumerate(widths))
    return cell, *arrays


def _time_major(arguments):
    """Put the ticks first."""
    cell, *arrays = arguments
    return cell, *(jnp.swapaxes(array, 0, 1) for array in arrays)


def _compared(trace, written):
    """Return the values of a scan, once they are found equal to those of the other."""
    ours = by_hand.Ticks(
        trace.states.stoch,
        trace.states.deter,
        trace.posterior.mean,
        trace.posterior.stddev,
        trace.prior.mean,
        trace.prior.stddev,
    )
    differences = [
        np.abs(np.swapaxes(mine, 0, 1) - other).max()
        for mine, other in zip(ours, written, strict=True)
    ]
    if not max(differences) < AGREEMENT:
        raise ArithmeticError(
            f"both scans must agree within {AGREEMENT:g}, got differences of "
            f"{dict(zip(by_hand.Ticks._fields, differences, strict=True))}"
        )
    return inputs.moments(trace.output) | {"largest_difference": float(max(differences))}
