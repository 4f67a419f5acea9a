"""Wrong calls of cells, their heads and wrappers, and of the drivers of a level."""

from functools import partial

import jax.numpy as jnp
import jax.random as jr
from models import CELLS, DETER, FEATURE, OUTPUT, STOCH, hierarchy, made, rssm, some_state

from cwvae.cells import (
    CategoricalHead,
    Conditioned,
    FlowCell,
    GaussianHead,
    Resetting,
    Residual,
    RSSMCell,
    State,
    imagine_level,
    observe_level,
)
from cwvae.clock import Clock
from cwvae.nn.layers import GRU

KEY = jr.key(0)


def zeros(*shape: int, dtype=float):
    return jnp.zeros(shape, dtype)


SIZES = {
    "stoch_size": 3,
    "deter_size": 4,
    "hidden_size": 5,
    "feature_size": 2,
    "context_size": 0,
}


def new_cell(**changes) -> RSSMCell:
    return RSSMCell(**(SIZES | changes), key=KEY)


def new_flow(**changes) -> FlowCell:
    return FlowCell(made(rssm, context_size=0), **({"hidden_size": 4} | changes), key=KEY)


CELLS_MADE = {
    **{
        f"a cell of {size} {wrong}": (
            partial(new_cell, **{size: wrong}),
            f"{size} must be a whole number of at least [01], got {wrong}",
        )
        for size in SIZES
        for wrong in (-1, -(10**12))
    },
    **{
        f"a cell of {size} a half": (
            partial(new_cell, **{size: 0.5}),
            f"RSSMCell: parameter '{size}' must be a whole number, got 0.5; give an int",
        )
        for size in SIZES
    },
    **{
        f"a flow of {name} {wrong}": (
            partial(new_flow, **{name: wrong}),
            f"{name}.* must be .*got {wrong}",
        )
        for name, wrong in [
            ("hidden_size", 0),
            ("depth", 0),
            ("rate", 0.0),
            ("rate", float("inf")),
            ("first_step", 0.0),
            ("first_step", 1.5),
            ("max_steps", 0),
        ]
    },
    "a head of no hidden vector": (
        lambda: GaussianHead(0, 3, key=KEY),
        "hidden_size must be .* at least 1, got 0",
    ),
    "a head of no latent vector": (
        lambda: CategoricalHead(4, -6, classes=3, key=KEY),
        "stoch_size must be .* at least 1, got -6",
    ),
    "a negative least stddev": (
        lambda: GaussianHead(4, 3, min_stddev=-1.0, key=KEY),
        "min_stddev must be finite and not negative, got -1",
    ),
    "groups that do not fill the vector": (
        lambda: CategoricalHead(4, 6, classes=4, key=KEY),
        "stoch_size must be a multiple of the 4 classes of a group, got 6",
    ),
    "groups of one class": (
        lambda: CategoricalHead(4, 6, classes=1, key=KEY),
        "classes must be .* at least 2, got 1",
    ),
    "a mix of all": (
        lambda: CategoricalHead(4, 6, classes=3, mix=1.0, key=KEY),
        "mix must be at least 0 and below 1, got 1",
    ),
    "an action for which there is no room": (
        lambda: Conditioned(made(rssm, context_size=2), 3),
        "action_size must be at most .* context_size 2, got 3; make the cell with",
    ),
    "an empty action": (
        lambda: Conditioned(made(rssm, context_size=2), 0),
        "action_size must be .* at least 1, got 0",
    ),
    "a number to wrap": (lambda: Resetting(3), "cell must be a cell, got 3; make it before"),
    "a residual of a number": (lambda: Residual(3), "'cell' must be AbstractCell, got 3"),
    "a residual of classes": (
        lambda: Residual(made(CELLS["categorical"], context_size=0)),
        "beliefs must be Gaussian, .* got Categorical; make the cell with a GaussianHead",
    ),
    "a memory that keeps everything for ever": (
        lambda: new_cell(memory=partial(GRU, update_bias=float("inf"))),
        "update_bias must be finite, got inf",
    ),
    "a flow of a number": (
        lambda: FlowCell(3, hidden_size=4, key=KEY),
        "'cell' must be AbstractCell, got 3",
    ),
    "a number for the key of a flow": (
        lambda: FlowCell(made(rssm, context_size=0), hidden_size=4, key=0),
        r"'key' must be a random key, got 0; make one with jax.random.key\(seed\)",
    ),
    "actions twice": (
        lambda: Conditioned(Conditioned(made(rssm, context_size=3), 1), 1),
        "takes actions of 1 numbers already, got 1 more; condition it once",
    ),
}

TICKS = 4
INPUTS = {
    "top_down": zeros(TICKS, OUTPUT),
    "features": zeros(TICKS, FEATURE),
    "noise": zeros(TICKS, STOCH),
}


def observe_one_level(kind: str = "rssm", **changes):
    cell = made(CELLS[kind], context_size=OUTPUT)
    return observe_level(cell, **({"state": some_state(cell)} | INPUTS | changes))


def imagine_one_level(**changes):
    cell = made(CELLS["rssm"], context_size=OUTPUT)
    inputs = {name: INPUTS[name] for name in ("top_down", "noise")}
    return imagine_level(cell, **({"state": some_state(cell)} | inputs | changes))


LEVELS = {
    "a level's state of another cell": (
        lambda: observe_one_level(state=some_state(new_cell())),
        r"the state's stoch must have shape \(4,\), got \(3,\); begin with cell.init",
    ),
    "a level's imagination from a state of another cell": (
        lambda: imagine_one_level(state=some_state(new_cell())),
        r"the state's stoch must have shape \(4,\), got \(3,\); begin with cell.init",
    ),
    "a level's state that is None": (
        lambda: observe_one_level(state=None),
        "'state' must be State, got None",
    ),
    "context of another width": (
        lambda: observe_one_level(top_down=zeros(TICKS, 1)),
        r"top_down must have shape \(ticks, 9\), got \(4, 1\); see cell.context_size",
    ),
    "features of another width": (
        lambda: observe_one_level(features=zeros(TICKS, 1)),
        r"features must have shape \(ticks, 2\), got \(4, 1\); see cell.feature_size",
    ),
    "a level's noise of another width": (
        lambda: imagine_one_level(noise=zeros(TICKS, 1)),
        r"noise must have shape \(ticks, 4\), got \(4, 1\)",
    ),
    "features for other ticks": (
        lambda: observe_one_level(features=zeros(TICKS + 1, FEATURE)),
        r"'features' must be .*got float32.5,2.; its axes must agree with those of 'top_down'",
    ),
    "features of whole numbers": (
        lambda: observe_one_level(features=zeros(TICKS, FEATURE, dtype=int)),
        "'features' must be floats with axes .ticks, feature., got int32.4,2.; convert it",
    ),
    "features of a batch": (
        lambda: observe_one_level(features=zeros(2, TICKS, FEATURE)),
        "'features' must be .*got float32.2,4,2.; .*jax.vmap adds one for a batch",
    ),
    "a level without the actions that it needs": (
        lambda: observe_one_level("conditioned"),
        "the cell needs actions of 3 numbers, got none; make it with hierarchy.conditioning",
    ),
    "conditioning for other ticks": (
        lambda: imagine_one_level(conditioning=hierarchy(Clock(1)).conditioning(TICKS + 1)[0]),
        r"the conditioning's action must have shape \(4, action\), got \(5, 0\); make it",
    ),
}


def one_tick(method: str, *arguments):
    return getattr(made(rssm, context_size=OUTPUT), method)(*arguments)


TICK = {
    **{
        f"{method} with {name} of another width": (
            partial(one_tick, method, *arguments),
            rf"{name} must have shape \(\d+,\), got \(3,\); ",
        )
        for method, name, arguments in [
            ("prior", "deter", (zeros(3),)),
            ("posterior", "deter", (zeros(3), zeros(3))),
            ("posterior", "evidence", (zeros(DETER), zeros(3))),
            ("prepare_evidence", "feature", (zeros(3),)),
            ("advance", "the state's stoch", (State(*map(zeros, (3, 3)), zeros()), zeros(3))),
            ("advance", "context", (State(*map(zeros, (STOCH, DETER)), zeros()), zeros(3))),
        ]
    },
    **{
        f"a {name} head's vector of another width": (
            lambda head=head: head(4, 6, key=KEY)(zeros(3)),
            r"hidden must have shape \(4,\), got \(3,\); its length is the hidden_size",
        )
        for name, head in {
            "Gaussian": GaussianHead,
            "categorical": partial(CategoricalHead, classes=3),
        }.items()
    },
}


CALLS = CELLS_MADE | LEVELS | TICK
