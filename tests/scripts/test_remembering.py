"""The recipe's ablation takes out what it says, and the page shows what was measured."""

import dataclasses
import json

import ablation
import pytest
import remembering

from cwvae.cli.parsing import parse
from cwvae.training.config import ModelConfig, TrainConfig
from cwvae.training.presets import PRESETS

POCKET = PRESETS["pocket"]
MODEL = (
    *("static_window", "coarse_evidence", "pass_context", "stoch_size", "deter_size"),
    *("decoder_stddev",),
)
TRAIN = ("beta", "kl_balance", "hide", "average")


def trained(variant):
    """Return the command that a variant is."""
    words = ["train", "--out", "x", "--preset", "pocket", *ablation.variants()[variant]]
    return parse(words)


def test_a_variant_for_every_part_added_and_left_out():
    names = list(ablation.variants())
    assert names[:3] == ["all", "none", "all, cells of min_gru"]
    assert len(names) == len(set(names)) == 3 + 2 * len(ablation.PARTS)
    assert differences(trained("all"), trained("all, cells of min_gru")) == {"cell"}


def test_all_is_the_preset_and_what_was_tried_and_none_has_every_part_at_its_official_value():
    everything, nothing = trained("all"), trained("none")
    assert everything.model == POCKET.model
    tried = {"kl_balance": 0.2, "hide": 0.15, "average": 0.999}
    assert everything.train == dataclasses.replace(POCKET.train, **tried)
    for config, names, official in (
        (nothing.model, MODEL, ModelConfig()),
        (nothing.train, TRAIN, TrainConfig()),
    ):
        assert [getattr(config, n) for n in names] == [getattr(official, n) for n in names]
    kept = set(vars(nothing.train)) - set(TRAIN)
    assert all(vars(nothing.train)[n] == vars(POCKET.train)[n] for n in kept)


@pytest.mark.parametrize("part", ablation.PARTS)
def test_a_part_that_is_left_out_is_the_only_change(part):
    everything, without, only = (trained(v) for v in ("all", f"without {part}", f"only {part}"))
    nothing = trained("none")
    changed = differences(everything, without)
    assert changed
    assert changed == differences(nothing, only)


def differences(one, other):
    """Return the names of the options in which two commands differ."""
    pairs = [(vars(one.model), vars(other.model)), (vars(one.train), vars(other.train))]
    return {name for a, b in pairs for name in a if a[name] != b[name]}


def run(variant, seed, accuracy, lost=60):
    """Return what one run of a variant gave."""
    shares = {"frames": [50, 100, 300, 1000], "accuracy": accuracy, "legible": [1.0] * 4}
    return {"variant": variant, "seed": seed, "position_lost_at": lost, **shares}


def test_the_table_has_the_least_and_the_most_of_the_seeds(tmp_path):
    runs = [
        run("all", 0, [0.9, 0.8, 0.7, 0.5], lost=None),
        run("none", 0, [0.25, 0.1, 0.0, 0.125]),
        run("all", 1, [0.95, 0.8, 0.6, 0.5], lost=70),
    ]
    head, _, everything, nothing = ablation.table({"runs": runs}).splitlines()
    assert head.startswith("| recipe | right at 50 |")
    assert everything == (
        "| all | 0.90 to 0.95 | 0.80 | 0.60 to 0.70 | 0.50 | 1.00 | 70 to never | 2 |"
    )
    assert nothing == "| none | 0.25 | 0.10 | 0.00 | 0.12 | 1.00 | 60 | 1 |"
    ablation.plot({"runs": runs}, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 1000


def test_an_evaluation_is_kept_with_its_rows(tmp_path, monkeypatch):
    share = {"mean": [0.5, 1.0], "low": [0.25, 1.0], "high": [0.75, 1.0]}
    row = dict.fromkeys(remembering.ROWS, share)
    identity = {"frames": [50, 100], "num_digits": 1, "position_lost_at": 77, "quarter_digit": 2}
    errors = {"position_error": [0.25 * n for n in range(64)]}
    names = ("model", "truth", "copy of the last frame")
    identity["rows"] = dict.fromkeys(names, row | errors)
    known = {"device": "cpu", "versions": {"cwvae": "1", "jax": "2"}, "date": "2026-01-01T0"}
    known["command"] = ["evaluate", "/home/me/run"]
    counts = {"context": 36, "horizon": 964, "num_examples": 256, "num_samples": 5}
    found = {"step": 10, "data": "moving_mnist", "environment": known, "identity": identity}
    (tmp_path / "metrics.json").write_text(json.dumps(found | counts))
    monkeypatch.setattr(remembering, "MODELS", tmp_path / "kept.json")
    monkeypatch.setattr(remembering, "POSITIONS", tmp_path / "positions.png")
    remembering.add("pocket", tmp_path / "metrics.json")
    (kept,) = json.loads((tmp_path / "kept.json").read_text()).items()
    table = remembering.identity_table(*kept)
    assert "| pocket | 50 | 100 |" in table
    assert "| model, accuracy | 0.50 (0.25, 0.75) | 1.00 (1.00, 1.00) |" in table
    assert "| truth (ceiling) |" in table
    assert "| model, pixels from the place | 3.2 | 15.8 |" in table
    assert "position_error" not in kept[1]["identity"]["rows"]["truth"]
    assert (tmp_path / "positions.png").stat().st_size > 1000
    assert "a quarter of a digit: at frame 77." in table
    assert "/home/me" not in (tmp_path / "kept.json").read_text()


def test_the_page_is_what_the_results_give():
    assert remembering.PAGE.read_text() == remembering.page(), "run scripts/remembering.py"
