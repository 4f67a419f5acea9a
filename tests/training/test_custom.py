import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from cwvae.cli import main
from cwvae.cli.parsing import parse
from cwvae.cli.train import train
from cwvae.report.animation import write_animation
from cwvae.training.run import load_run, trained_steps
from cwvae.training.settings import read_settings, write_settings

SOURCE = Path(__file__).with_name("users_model.py")
STEPS = 3


def arguments(out: Path, model: str | None) -> list[str]:
    # The preset has three levels, the slowest of which ticks every four frames; the model not.
    given = ["train", "--preset", "debug", "--out", str(out), "--steps", str(STEPS)]
    given += ["--stoch-size", "2", "--beta", "1", "0.5", "--log-every", "1"]
    return given if model is None else [*given, "--model", model]


@pytest.fixture(scope="module")
def custom_run(tmp_path_factory):
    """A run of a custom model that was interrupted after a step, and the source then deleted."""
    folder = tmp_path_factory.mktemp("custom")
    source, out = folder / "users_model.py", folder / "run"
    shutil.copy(SOURCE, source)
    options = parse(arguments(out, f"{source}:make"))
    assert train(options, deadline=0.0) == 0
    source.unlink()
    assert trained_steps(out) == 1
    assert main([*arguments(out, None), "--resume"]) == 0
    return out


def test_a_run_of_a_custom_model_goes_on_without_its_source(custom_run):
    assert trained_steps(custom_run) == STEPS
    lines = [json.loads(line) for line in (custom_run / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3]
    for line in lines:
        assert {"kl/level_0", "kl/level_1"} <= line.keys()
        assert "kl/level_2" not in line
    assert (custom_run / "model.py").read_bytes() == SOURCE.read_bytes()
    assert json.loads((custom_run / "config.json").read_text())["custom"] == "make"


def test_the_context_is_a_multiple_of_its_slowest_period(custom_run, capsys):
    assert read_settings(custom_run).context == 3
    assert main(["evaluate", str(custom_run), "--context", "4", "--num-examples", "1"]) == 2
    assert "multiple of the slowest period, 3 frames, got 4" in capsys.readouterr().err


def test_its_weights_come_from_the_checkpoint_and_sizes_from_the_options(custom_run):
    model = load_run(custom_run).model
    fast, slow = model.hierarchy.cells
    assert (fast.stoch_size, fast.deter_size, slow.deter_size) == (2, 6, 10)
    assert np.asarray(model.decoder.dense.bias).any()  # zero before training


def test_it_is_evaluated_and_predicts(custom_run, tmp_path, capsys):
    given = ["--num-examples", "1", "--horizon", "8", "--out", str(tmp_path)]
    assert main(["evaluate", str(custom_run), *given]) == 0
    said = capsys.readouterr().out
    assert "level 1" in said
    assert "level 2" not in said
    assert len(json.loads((tmp_path / "metrics.json").read_text())["elbo"]["kl_per_level"]) == 2

    video, out = tmp_path / "video.npz", tmp_path / "future.npz"
    write_animation(video, np.zeros((4, 32, 32, 1), np.uint8))
    assert main(["predict", str(custom_run), str(video), "--out", str(out), "--horizon", "8"]) == 0
    arrays = np.load(out)
    assert (arrays["context"].shape[0], arrays["forecast"].shape[0]) == (3, 8)

    off_the_clock = ["--out", str(out), "--context", "4"]
    assert main(["predict", str(custom_run), str(video), *off_the_clock]) == 2
    assert "multiple of the slowest period, 3 frames, got 4" in capsys.readouterr().err


def test_info_shows_it(custom_run, capsys):
    assert main(["info", str(custom_run)]) == 0
    said = capsys.readouterr().out
    assert f"model {custom_run / 'model.py'}:make, 3 of 3 steps trained" in said
    assert "RSSMCell(LSTM)  Categorical" in said


def test_another_model_is_refused_when_it_is_resumed(custom_run, tmp_path, capsys):
    changed = tmp_path / "changed.py"
    changed.write_bytes(SOURCE.read_bytes().replace(b"deter_size=6", b"deter_size=7"))
    before = (custom_run / "model.py").read_bytes()
    assert main([*arguments(custom_run, f"{changed}:make"), "--resume"]) == 2
    said = capsys.readouterr().err
    assert f"model.py:make, which cannot change to the model of {changed}:make" in said
    assert (custom_run / "model.py").read_bytes() == before

    plain = tmp_path / "plain"
    write_settings(plain, dataclasses.replace(read_settings(custom_run), custom=None, context=4))
    assert main([*arguments(plain, f"{SOURCE}:make"), "--resume"]) == 2
    assert "the run has no --model, which cannot change" in capsys.readouterr().err


def test_the_same_source_elsewhere_is_the_same_model(custom_run, capsys):
    assert main([*arguments(custom_run, f"{SOURCE}:make"), "--resume"]) == 0
    assert "trained for 3 steps already" in capsys.readouterr().out


def test_a_run_whose_copy_is_gone_or_broken_names_it(custom_run, tmp_path, capsys):
    broken = tmp_path / "run"
    broken.mkdir()
    shutil.copy(custom_run / "config.json", broken)
    assert main(["info", str(broken)]) == 2
    assert f"{broken / 'model.py'}: no such file" in capsys.readouterr().err
    (broken / "model.py").write_text("\nimport no_such_module\n")
    assert main(["evaluate", str(broken), "--trust"]) == 2
    said = capsys.readouterr().err
    assert f"{broken / 'model.py'} cannot be executed, line 2: ModuleNotFoundError" in said


def test_weights_of_the_kl_are_counted_by_its_levels(tmp_path, capsys):
    wrong = ["--beta", "1", "1", "1"]
    assert main([*arguments(tmp_path / "run", f"{SOURCE}:make"), *wrong]) == 2
    assert "--beta must be one value or 2, one a level, got 3" in capsys.readouterr().err


OTHERS = """import dataclasses

from cwvae import build

SIZE = 3


def fails(config, *, key):
    return 1 / (SIZE - 3)


def keyless(config):
    return build(config)


def part(config, *, key):
    return build(config, key=key).hierarchy


def nothing(config, *, key):
    pass


def large(config, *, key):
    return build(dataclasses.replace(config, size=64), key=key)


class Silent(Exception):
    pass


def silent(config, *, key):
    raise Silent
"""

BAD = {
    "no colon": ("model.py", OTHERS, "--model must be FILE.py:FUNCTION, got 'model.py'"),
    "no function's name": ("model.py:", OTHERS, "--model must be FILE.py:FUNCTION"),
    "no file": ("models.py:build", OTHERS, "models.py: no such file"),
    "no Python": ("model.py:f", "a = 1\ndef f(:\n", "executed, line 2: SyntaxError: invalid"),
    "bytes": ("model.py:f", "a\0b", "model.py cannot be executed: "),
    "no module": ("model.py:f", "import absent", "line 1: ModuleNotFoundError: No module named"),
    "ends itself": ("model.py:f", "import sys\nsys.exit(3)", "line 2: SystemExit: 3"),
    "no function": ("model.py:bulid", OTHERS, "no function bulid; it has fails, keyless, part"),
    "nothing at all": ("model.py:f", "", "model.py has no function f; it has none"),
    "no callable": (
        "model.py:SIZE",
        OTHERS,
        "SIZE must be a function, got a value of type int",
    ),
    "fails": ("model.py:fails", OTHERS, "model.py:fails failed, line 9: ZeroDivisionError: "),
    "silent": ("model.py:silent", OTHERS, "model.py:silent failed, line 33: Silent"),
    "no key": ("model.py:keyless", OTHERS, "TypeError: keyless() got an unexpected keyword"),
    "another part": (
        "model.py:part",
        OTHERS,
        "return a cwvae.CWVAE, or another cwvae.AbstractVideoModel, got a value of type Hierarchy",
    ),
    "None": ("model.py:nothing", OTHERS, "or another cwvae.AbstractVideoModel, got None"),
    "frame size": ("model.py:large", OTHERS, "cannot take videos of 32 x 32 x 1 (--size, --ch"),
}


@pytest.mark.parametrize(("model", "source", "said"), BAD.values(), ids=BAD)
def test_what_is_no_model_is_named_in_one_line(model, source, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("model.py").write_text(source)
    assert main(["train", "--preset", "debug", "--out", "run", "--model", model]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("cwvae: error: ")
    assert said in line
    assert not line.endswith(":")
    assert not Path("run").exists()


def test_a_model_that_cannot_compute_with_few_bits_is_refused_before_anything_is_written(
    tmp_path, capsys
):
    source, out = tmp_path / "model.py", tmp_path / "run"
    plain, strict = "self.dense(frame.reshape(-1))", "jax.lax.add(frame[0, 0, 0], jnp.float32(1))"
    text = SOURCE.read_text()
    assert plain in text
    source.write_text(text.replace(plain, f"{plain} + {strict}"))
    given = [*arguments(out, f"{source}:make"), "--compute-dtype", "bfloat16"]
    assert main(given) == 2
    said = capsys.readouterr().err
    assert "cannot compute its loss in bfloat16" in said
    assert "leave out --compute-dtype" in said
    assert said.count("\n") == 1
    assert not out.exists()
