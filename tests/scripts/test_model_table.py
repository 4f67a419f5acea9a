"""The table of models is that of the cards, and its commands give what is stored."""

import dataclasses

import model_table
import pytest
from exports import exported, settings

from cwvae.cli.parsing import parse
from cwvae.pretrained import Facts, Header, measured, read_header, shipped
from cwvae.training.config import DataConfig, TrainConfig
from cwvae.training.custom import read_custom
from cwvae.training.presets import PRESETS

DEBUG = PRESETS["debug"].model
SIMILAR = {"psnr": {"mean": 14.6}, "ssim": {"mean": 0.5}}
REPORT = {
    **{"summary": {"model, mean": SIMILAR}, "data": "moving_mnist", "step": 7},
    **{"num_examples": 1256, "num_samples": 5, "context": 36, "horizon": 964},
}


def header(tmp_path, **changes) -> Header:
    """Return what is stored of a model with some changes to its configuration."""
    facts = Facts(measured=measured(REPORT), hours=1.5)
    _, path = exported(tmp_path / "a.safetensors", facts=facts)
    known = read_header(path)
    return dataclasses.replace(known, settings=settings(model=DEBUG, **{"context": 4} | changes))


def test_the_table_in_the_page_is_that_of_the_cards():
    assert model_table.main(["--check"]) == 0
    text = model_table.PAGE.read_text()
    assert [f"`pretrained:{name}` |" in text for name in shipped()] == [True] * len(shipped())


def test_a_page_that_is_not_that_of_the_cards_is_found_and_mended(tmp_path, monkeypatch, capsys):
    copy = tmp_path / "sharing.md"
    copy.write_text(model_table.PAGE.read_text().replace("identity 91%", "identity 99%"))
    before = model_table.PAGE.read_text()
    monkeypatch.setattr(model_table, "PAGE", copy)
    assert model_table.main(["--check"]) == 1
    assert "run python scripts/model_table.py" in capsys.readouterr().out
    assert model_table.main([]) == 0
    assert copy.read_text() == before


def test_the_command_of_a_training_gives_every_choice(tmp_path):
    train = TrainConfig(steps=3, batch_size=2, frames=8, beta=(1.0, 0.5, 1e-3), amsgrad=True)
    data = DataConfig(num_digits=1, flip=True)
    command = model_table.training("a", header(tmp_path, train=train, data=data))
    for words in ("--steps 3", "--beta 1.0 0.5 0.001 ", "--amsgrad ", "--flip ", "--num-digits 1"):
        assert words in command
    given = parse(command.split()[1:])
    assert (given.model, given.train, given.data) == (DEBUG, train, data)


def test_a_model_that_a_command_would_not_give_is_an_error(tmp_path, monkeypatch):
    custom = read_custom(f"{__file__}:header")
    with pytest.raises(ValueError, match="a is of its author's own function"):
        model_table.training("a", header(tmp_path, custom=custom))
    monkeypatch.setattr(model_table, "changed", lambda config, default: ())
    with pytest.raises(ValueError, match="cwvae train --preset debug --out runs/a has another tr"):
        model_table.training("a", header(tmp_path))


def test_a_row_and_the_command_of_its_measurement(tmp_path):
    found = header(tmp_path)
    assert model_table.measurement("a", found) == (
        "cwvae evaluate pretrained:a --num-examples 1256 --num-samples 5 --context 36 --horizon 964"
    )
    row = model_table.row("a", found, 0.1234)
    assert row.startswith("| `pretrained:a` | ")
    assert row.endswith(" | 7 | 1.5 | PSNR 14.6 dB, SSIM 0.500 | apache-2.0 |")
    with pytest.raises(ValueError, match="a: expected metrics in its card"):
        model_table.measurement("a", dataclasses.replace(found, card=""))
