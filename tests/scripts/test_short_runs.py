import json

import pytest
import short_runs
import sweeps

from cwvae.cli.parsing import parse
from cwvae.clock import Clock


def kept(path):
    return [(run["variant"], run["seed"]) for run in json.loads(path.read_text())["runs"]]


def test_what_stands_in_a_result_is_not_measured_again(tmp_path):
    path, asked = tmp_path / "result.json", []

    def measure(variant, seed):
        asked.append((variant, seed))
        if asked[-1] == ("b", 1):
            raise KeyboardInterrupt
        return {"value": len(asked)}

    with pytest.raises(KeyboardInterrupt):
        short_runs.fill(path, iter("ab"), [0, 1], 5, measure)
    assert kept(path) == [("a", 0), ("b", 0), ("a", 1)]
    short_runs.fill(path, ["a", "b"], [0, 1], 5, lambda *_: {})
    assert kept(path) == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]
    assert "command" not in json.loads(path.read_text())


def test_runs_of_other_lengths_are_not_mixed(tmp_path):
    path = tmp_path / "result.json"
    path.write_text(json.dumps({"steps": 9, "runs": []}))
    with pytest.raises(ValueError, match="has runs of 9 steps; give --steps or a new file"):
        short_runs.fill(path, ["a"], [0], 5, lambda *_: {})


@pytest.mark.parametrize("sweep", sweeps.SWEEPS)
def test_contexts_end_on_a_tick_of_every_level_of_the_models_of_a_sweep(sweep):
    for value, options in sweeps.SWEEPS[sweep].items():
        train = parse(["train", "--out", "x", "--preset", "pocket", *options])
        clock: Clock = train.model.clock
        assert sweeps.context_of(sweep, value) % clock.slowest == 0
        assert sweeps.context_of(sweep, value) >= 36
        assert (clock.static_window is None) == (sweep != "factor-static")
