"""A model that was exported is the same when it is loaded, and nothing else is ever loaded."""

import json
import pickle

import jax
import numpy as np
import pytest
from exports import arrays, exported, joined, parts, settings, with_known
from models import TINY, tiny

import cwvae
from cwvae.pretrained import load_pretrained, read_header
from cwvae.training.build import build

# The precision of a number near 1.
PRECISION = {"float32": 0.0, "bfloat16": 2**-8, "float16": 2**-11}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return exported(tmp_path_factory.mktemp("exports") / "tiny.safetensors")[1]


@pytest.fixture(scope="module")
def content(file):
    return file.read_bytes()


@pytest.mark.parametrize("place", ["tiny.safetensors", "folder"])
@pytest.mark.parametrize("dtype", PRECISION)
def test_a_model_is_the_same_to_the_precision_in_which_it_is_stored(dtype, place, tmp_path):
    model, path = exported(tmp_path / place, dtype=dtype)
    loaded = load_pretrained(str(path))
    assert jax.tree.structure(loaded.model) == jax.tree.structure(model)
    for mine, theirs in zip(arrays(loaded.model), arrays(model), strict=True):
        assert mine.dtype == theirs.dtype == np.float32
        # Vectors, such as biases, keep all their bits.
        precision = PRECISION[dtype] if mine.ndim > 1 else 0.0
        assert np.all(abs(mine - theirs) <= precision * abs(theirs) + 2**-24 * (precision > 0))
    assert (loaded.step, loaded.settings) == (7, settings())
    assert loaded.card.startswith("---\nlicense:")
    assert loaded.path == path


def test_sixteen_bits_take_half_the_room(file, tmp_path):
    _, small = exported(tmp_path / "small.safetensors", dtype="bfloat16")
    sizes = [len(parts(path.read_bytes())[1]) for path in (file, small)]
    assert sizes[1] < 0.6 * sizes[0]


def test_the_same_model_gives_the_same_file(content, tmp_path):
    assert exported(tmp_path / "tiny.safetensors")[1].read_bytes() == content


def test_the_package_has_it_under_its_own_name(file):
    assert cwvae.load_pretrained is load_pretrained
    assert load_pretrained(file).step == 7


def test_weights_go_into_a_model_that_the_user_builds(file):
    mine = build(TINY, kernels="xla", key=jax.random.key(8))
    loaded = load_pretrained(file, into=mine).model
    expected = load_pretrained(file).model
    assert jax.tree.structure(loaded) == jax.tree.structure(mine)
    assert all(map(np.array_equal, arrays(loaded), arrays(expected)))
    with pytest.raises(ValueError, match=r"tiny\.safetensors: the weights do not fit the model: "):
        load_pretrained(file, into=tiny(stoch_size=1))


def test_a_folder_has_what_hubs_show_and_its_card_can_be_edited(tmp_path):
    _, folder = exported(tmp_path / "folder")
    names = {path.name for path in folder.iterdir()}
    assert names == {"model.safetensors", "config.json", "README.md"}
    known = json.loads((folder / "config.json").read_text())
    assert (known["schema"], known["step"]) == (1, 7)
    assert known["settings"]["model"]["stoch_size"] == TINY.stoch_size
    (folder / "README.md").write_text("# Mine\n")
    assert load_pretrained(folder).card == "# Mine\n"
    for name in ("README.md", "config.json"):
        (folder / name).unlink()
    assert "# folder" in load_pretrained(folder).card


def test_a_configuration_beside_the_weights_that_is_not_theirs_is_an_error(tmp_path):
    _, folder = exported(tmp_path / "folder")
    text = (folder / "config.json").read_text()
    (folder / "config.json").write_text(text.replace('"step": 7', '"step": 8'))
    with pytest.raises(ValueError, match=r"config\.json: expected the configuration that stands"):
        load_pretrained(folder)


def test_fields_that_another_version_lacked_are_as_they_are_by_default(tmp_path):
    _, folder = exported(tmp_path / "folder")
    known = json.loads((folder / "config.json").read_text())
    del known["settings"]["data"]["array"]
    known["settings"]["version"] = "0.1.9"
    (folder / "config.json").write_text(json.dumps(known))
    assert load_pretrained(folder).step == 7


def test_a_folder_without_weights_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no exported model \(model.safetensors is"):
        load_pretrained(tmp_path)


def field(name, value):
    """Return an edit that sets a field of the text beside the weights; "a.b" is within another."""

    def edit(content: bytes) -> bytes:
        def change(known):
            *outer, last = name.split(".")
            for key in outer:
                known = known[key]
            known[last] = value

        return with_known(content, change)

    return edit


def text(edit):
    """Return an edit of the text beside the weights."""
    return lambda content: with_known(content, lambda known: edit(json.dumps(known)))


MATRIX = "decoder.dense.kernel"


def array(change):
    """Return an edit of the entry of one array in the header."""

    def edit(content: bytes) -> bytes:
        header, numbers = parts(content)
        change(header, MATRIX)
        return joined(header, numbers)

    return edit


def renamed(header, name):
    header["other"] = header.pop(name)


def turned(header, name):
    header[name]["shape"].reverse()


def of_type(dtype):
    def change(header, name):
        header[name]["dtype"] = dtype

    return array(change)


def not_finite(content: bytes) -> bytes:
    header, numbers = parts(content)
    start = header[MATRIX]["data_offsets"][0]
    return joined(header, numbers[:start] + b"\xff" * 4 + numbers[start + 4 :])


DAMAGE = {
    "empty": (lambda content: b"", "a header of 0 bytes in a file of 0"),
    "a few bytes": (lambda content: content[:5], "expected a whole file of safetensors"),
    "cut in the header": (lambda content: content[:500], "in a file of 500"),
    "cut in the numbers": (lambda content: content[:-1], "expected a whole file of safetensors"),
    "longer": (lambda content: content + b"\0", "expected a whole file of safetensors"),
    "an absurd header": (
        lambda content: b"\xff" * 7 + b"\0" + content[8:],
        "a header of 72,057,594,037,927,935 bytes",
    ),
    "a header of megabytes": (
        lambda content: (2**23).to_bytes(8, "little") + b" " * 2**24,
        "a header of 8,388,608 bytes",
    ),
    "a header that is no JSON": (
        lambda content: content[:8] + b"[" * (len(content) - 8),
        "expected a whole file of safetensors",
    ),
    "a pickle": (lambda content: pickle.dumps(print), "expected a whole file of safetensors"),
    "overlapping arrays": (
        array(lambda header, name: header[name].update(data_offsets=[0, 4])),
        "expected a whole file of safetensors",
    ),
    "weights of another program": (
        array(lambda header, name: header.pop("__metadata__")),
        "without a configuration; give a file of cwvae export",
    ),
    "an array by another name": (
        array(renamed),
        r"do not fit the model: \S+ is missing in the file and float32 \(.*2 arrays differ",
    ),
    "an array of another shape": (
        array(turned),
        rf"do not fit the model: {MATRIX} is float32 \(\d+, \d+\) in the file and float32 \(\d+",
    ),
    "an array of whole numbers": (of_type("I32"), "is int32 .* in the file and float32"),
    "a type that no model has": (of_type("F8_E4M3"), "expected a whole file|which no model has"),
    "a number that is not finite": (not_finite, f"{MATRIX} has numbers that are not finite"),
    "text that is no JSON": (text(lambda text: text[:-1]), "expected JSON, got something else"),
    "a field twice": (
        text(lambda text: text.replace('"step": 7', '"step": 7, "step": 7')),
        "the key 'step' stands there twice",
    ),
    "a number that is none": (
        text(lambda text: text.replace('"step": 7', '"step": NaN')),
        "NaN is no finite number",
    ),
    "nested too deep": (text(lambda text: "[" * 100_000 + "]" * 100_000), "nested too deep"),
    "no object": (text(lambda text: "[]"), "expected an object with fields, got list"),
    "a field too many": (field("code", "print()"), "the field 'code' is unknown"),
    "a field too few": (
        text(lambda text: text.replace('"headline":', '"headlines":')),
        "the field 'headline' is missing",
    ),
    "a later schema": (field("schema", 2), "expected schema 1, got 2; .* pip install --upgrade"),
    "a later version": (
        lambda content: field("settings.model.new", 1)(field("settings.version", "9.0")(content)),
        r"model has no field 'new' \(written by cwvae 9.0\); .*pip install --upgrade cwvae",
    ),
    "settings that are no object": (field("settings", []), "must be an object with fields"),
    "a size outside its range": (field("settings.model.levels", 99), "model: levels must be"),
    "a size of another model": (field("settings.model.deter_size", 100_000), "do not fit the"),
    "other frames": (field("settings.model.size", 64), "do not fit the model"),
    "a step below 0": (field("step", -1), "step must be a whole number"),
    "another number of weights": (field("parameters", 1), "expected 1 weights, got"),
    "an escape to the terminal": (field("card", "\x1b[2J"), "card must be text, all of it print"),
    "an escape in the data": (field("settings.data.data", "a\x1b"), "data must be text in one"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_file_that_is_no_whole_model_is_named_with_what_is_wrong(name, content, tmp_path):
    damage, message = DAMAGE[name]
    path = tmp_path / "tiny.safetensors"
    path.write_bytes(damage(content))
    with pytest.raises(ValueError, match=rf"{path}: .*{message}") as caught:
        load_pretrained(path)
    assert caught.type is ValueError
    assert "\n" not in str(caught.value)


def test_nothing_is_read_of_weights_that_do_not_fit(content, tmp_path, monkeypatch):
    path = tmp_path / "tiny.safetensors"
    path.write_bytes(array(renamed)(content))
    monkeypatch.setattr("cwvae.pretrained.load.read_array", lambda *_: pytest.fail("it was read"))
    with pytest.raises(ValueError, match="do not fit the model"):
        load_pretrained(path)


def test_a_header_is_read_without_the_weights(file):
    header = read_header(file)
    assert header.parameters == sum(array.size for array in arrays(tiny(seed=3)))
    assert header.headline == "not measured"
