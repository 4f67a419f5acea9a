"""What an export keeps of a run, and what it leaves out."""

import stat

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from exports import arrays, exported, settings
from models import tiny

from cwvae.pretrained import Facts, export_model, load_pretrained
from cwvae.training.config import DataConfig
from cwvae.training.custom import read_custom

SECRET = "somebodys_home"


def test_paths_of_the_machine_stay_there(tmp_path):
    data = DataConfig(data=f"kth:/{SECRET}", digits=f"/{SECRET}", cache_folder=f"/{SECRET}")
    known = settings(data=data, videos="Clips(...)", init=f"/{SECRET}/run")
    for place in ("tiny.safetensors", "folder"):
        _, path = exported(tmp_path / place, settings=known)
        files = path.iterdir() if path.is_dir() else [path]
        assert not any(SECRET.encode() in file.read_bytes() for file in files)
        loaded = load_pretrained(path).settings
        assert loaded.data == DataConfig(data="kth")
        assert (loaded.videos, loaded.init) == ("", "")


def test_what_identifies_digits_drawn_on_the_fly_stays(tmp_path):
    known = settings(videos="MovingMNIST(...)", init="pretrained:pocket")
    _, path = exported(tmp_path / "tiny.safetensors", settings=known)
    assert load_pretrained(path).settings == known
    assert "began with | pretrained:pocket" in load_pretrained(path).card


def test_others_can_read_the_file(tmp_path):
    plain = tmp_path / "plain"
    plain.touch()
    _, path = exported(tmp_path / "tiny.safetensors")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_a_model_of_ones_own_goes_without_its_source_into_a_model_that_is_given(tmp_path):
    source = tmp_path / "mine.py"
    source.write_text(f"def make(config, *, key):\n    '''{SECRET}'''\n")
    known = settings(custom=read_custom(f"{source}:make"))
    model, path = exported(tmp_path / "tiny.safetensors", settings=known)
    content = path.read_bytes()
    assert SECRET.encode() not in content
    assert str(tmp_path).encode() not in content
    with pytest.raises(ValueError, match=r"make builds, .* cwvae.load_pretrained\(path, into="):
        load_pretrained(path)
    loaded = load_pretrained(path, into=tiny(seed=9))
    assert all(map(np.array_equal, arrays(loaded.model), arrays(model)))
    assert loaded.settings.custom.source == b""
    assert "into=my_model" in loaded.card


def test_exporting_again_replaces_what_was_exported(tmp_path):
    for place in ("tiny.safetensors", "folder"):
        exported(tmp_path / place, step=1)
        _, path = exported(tmp_path / place, step=2)
        assert load_pretrained(path).step == 2
        assert "| steps | 2, each of 2 videos of 4 frames |" in load_pretrained(path).card


def test_nothing_else_is_overwritten(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text("{}")
    (tmp_path / "file").write_text("")
    (tmp_path / "a.safetensors").mkdir()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(FileExistsError, match="holds other files; export to a new folder"):
        exported(tmp_path / "run")
    with pytest.raises(FileExistsError, match=r"is a file; end its name in \.safetensors"):
        exported(tmp_path / "file")
    with pytest.raises(FileExistsError, match="is a folder, though its name"):
        exported(tmp_path / "a.safetensors")
    assert sorted(tmp_path.rglob("*")) == before


def with_weight(value: float):
    """Return a model with one weight of a matrix of this value."""
    model = tiny()
    kernel = model.decoder.dense.kernel
    return eqx.tree_at(lambda m: m.decoder.dense.kernel, model, kernel.at[0, 0].set(value))


@pytest.mark.parametrize(
    ("value", "dtype", "message"),
    [
        (float("nan"), "float32", "kernel must be finite in float32, .*; take an earlier"),
        (1e5, "float16", "kernel must be finite in float16, .*; store it in bfloat16"),
    ],
)
def test_weights_that_cannot_be_stored_are_named(value, dtype, message, tmp_path):
    path = tmp_path / "a.safetensors"
    with pytest.raises(ValueError, match=message):
        export_model(with_weight(value), path, settings=settings(), step=1, dtype=dtype)
    assert not path.exists()


def test_what_is_no_float_keeps_its_type(tmp_path):
    path = tmp_path / "a.safetensors"
    known = settings(custom=read_custom(f"{__file__}:with_weight"))
    model = eqx.tree_at(lambda m: m.decoder.dense.bias, tiny(), jnp.arange(3))
    export_model(model, path, settings=known, step=1, dtype="bfloat16")
    loaded = load_pretrained(path, into=model).model
    assert loaded.decoder.dense.bias.dtype == jnp.int32
    assert loaded.decoder.dense.bias.tolist() == [0, 1, 2]


def test_a_note_that_fills_the_header_is_an_error(tmp_path):
    facts = Facts(note="a" * 2**22)
    with pytest.raises(ValueError, match=r"at most 4,194,304 bytes, .*; shorten the note"):
        exported(tmp_path / "a.safetensors", facts=facts)
    assert list(tmp_path.iterdir()) == []
