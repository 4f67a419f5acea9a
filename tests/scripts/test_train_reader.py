"""The training of readers goes on where it was interrupted, and draws what it should."""

import json

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
import reader_pictures
import train_reader

from cwvae.data.digits import load_digits
from cwvae.evaluation.place_finder import CELLS, places
from cwvae.evaluation.video_reading import distance

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def as_scripts_run():
    """Without the strict promotion of the suite."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


def test_a_training_goes_on_as_if_it_had_not_been_interrupted(tmp_path, monkeypatch):
    def trained(name, interrupt=None):
        out = tmp_path / name
        monkeypatch.setattr("sys.argv", ["", "place_finder", "--steps", "3", "--out", str(out)])
        save = train_reader._save

        def saving(*arguments, **counts):
            save(*arguments, **counts)
            if counts["step"] == interrupt:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(train_reader, "_save", saving)
            train_reader.main()
        return dict(np.load(out / "place_finder.npz"))

    monkeypatch.setattr(train_reader, "_SAVE_EVERY", 1)
    whole = trained("whole")
    with pytest.raises(KeyboardInterrupt):
        trained("parts", interrupt=1)
    parts = trained("parts")
    assert whole.keys() == parts.keys()
    assert all(np.array_equal(whole[name], parts[name]) for name in whole)
    report = json.loads((tmp_path / "parts" / "place_finder.json").read_text())
    assert report["starts"] == [{"steps": 3, "clean": 0.25}]


def test_scenes_come_with_the_places_of_their_digits():
    images = jnp.asarray(load_digits().train_images)
    scenes = reader_pictures.scenes(images, 64, key=jr.key(0))
    assert scenes.pictures.shape == (64, 32, 32, 1)
    assert 0 <= scenes.pictures.min() < scenes.pictures.max() <= 1
    assert np.allclose(scenes.targets.sum(-1), 1, atol=1e-5)
    # Of one digit the density is the place, and the mass of the picture is about there.
    density = scenes.targets.reshape(64, CELLS, CELLS)
    one = np.flatnonzero((density > 0).sum((1, 2)) == 4)[:5]
    for n in one:
        corner = np.asarray(places(density[n], 1)) * 2
        ink = np.where(scenes.pictures[n, ..., 0] > 0.3, scenes.pictures[n, ..., 0], 0)
        centre = [(ink.sum(1 - axis) @ np.arange(32)) / ink.sum() for axis in (0, 1)]
        assert distance(corner + 6.5, np.array([centre])) < 3


def test_close_ups_show_a_digit_or_stand_for_all_classes():
    digits = load_digits()
    images, labels = jnp.asarray(digits.train_images), jnp.asarray(digits.train_labels.astype(int))
    drawn = reader_pictures.close_ups(images, labels, 64, 16, clean=0.25, key=jr.key(1))
    assert drawn.pictures.shape == (64, 16, 16, 1)
    assert 0 <= drawn.pictures.min() < drawn.pictures.max() <= 1.5
    assert np.allclose(drawn.targets[:8], 0.1)
    assert np.array_equal(np.sort(drawn.targets[8:], axis=-1)[:, -2:], [[0, 1]] * 56)
