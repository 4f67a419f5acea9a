"""Models by name, by file and by folder; those in the package are small."""

from pathlib import Path

import pytest
from exports import exported

import cwvae
from cwvae.pretrained import load_pretrained, places, read_header, shipped
from cwvae.pretrained.finding import find
from cwvae.pretrained.places import is_exported, public_name
from cwvae.training.presets import PRESETS

PACKAGED = Path(cwvae.__file__).parent / "pretrained" / "weights"


@pytest.fixture
def pocket(tmp_path, monkeypatch):
    """A package with one model in it, and the path of that."""
    folder = tmp_path / "package"
    monkeypatch.setattr(places, "_FOLDER", folder)
    return exported(folder / "pocket_one.safetensors")[1]


def test_the_models_in_the_package_are_small_and_can_be_loaded():
    models = shipped()
    assert sum(path.stat().st_size for path in PACKAGED.rglob("*")) <= 8e6
    assert [name for name in models if not name.startswith("pocket")] == []
    assert {path.name for path in PACKAGED.iterdir()} == {
        "README.md",
        *(f"{name}.safetensors" for name in models),
    }
    for name, path in models.items():
        header = read_header(path)
        assert f"pretrained:{name}" in header.card
        assert load_pretrained(name).model.hierarchy.clock == header.settings.model.clock


def test_a_package_without_models_has_none(tmp_path):
    assert shipped(tmp_path) == shipped(tmp_path / "absent") == {}


@pytest.mark.parametrize("source", ["pocket_one", "pretrained:pocket_one"])
def test_a_model_in_the_package_is_found_by_name(source, pocket):
    assert list(shipped()) == ["pocket_one"]
    assert load_pretrained(source).path == pocket
    assert "cwvae predict pretrained:pocket_one video" in load_pretrained(source).card


def test_a_path_is_never_a_name(pocket, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("pocket_one").mkdir()
    assert find(Path("pocket_one")) == find("./pocket_one") == Path("pocket_one")
    assert find("pocket_one") == find(Path("pretrained:pocket_one")) == pocket


@pytest.mark.parametrize("source", ["absent", "pretrained:absent", Path("absent/a.safetensors")])
def test_what_is_not_there_is_named_with_what_there_is(source, pocket):
    with pytest.raises(FileNotFoundError, match=r"absent.*\(pocket_one\); cwvae models lists them"):
        find(source)


def test_an_exported_model_is_told_from_a_run(pocket, tmp_path):
    _, folder = exported(tmp_path / "folder")
    assert all(map(is_exported, [pocket, folder, "a.safetensors", "pretrained:pocket_one"]))
    assert not any(map(is_exported, [tmp_path, tmp_path / "absent", "runs/mnist"]))


def test_models_are_named_as_commands_take_them(pocket, tmp_path):
    assert public_name(pocket) == "pretrained:pocket_one"
    assert public_name(tmp_path / "mine.safetensors") == "mine.safetensors"


def test_the_model_in_the_package_is_of_the_preset_of_its_name():
    settings = load_pretrained("pocket").settings
    assert settings.model == PRESETS["pocket"].model
    assert settings.data.num_digits == PRESETS["pocket"].data.num_digits
