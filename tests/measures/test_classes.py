"""What is read in forecasts: sequences of rooms, and actions."""

from pathlib import Path

import numpy as np
import pytest
from shown_videos import CONTEXT, shown

from cwvae.data.clips import Clips, Recording
from cwvae.evaluation.action_reader import ACTIONS
from cwvae.measures import actions
from cwvae.measures.actions import Actions
from cwvae.measures.rooms import Rooms

GREEN, GRAY = (20, 200, 20), (90, 90, 90)


def walk(*colours):
    """Return a walk of twelve frames for each colour."""
    size = (12, 32, 32, 3)
    return np.concatenate([np.full(size, colour) for colour in colours]).astype(np.float32) / 255


def test_forecasts_of_walks_are_classed_as_the_truth_is():
    measure = Rooms()
    walks = [walk(GRAY, GRAY, GRAY), walk(GRAY, GREEN, GREEN), walk(GRAY, GREEN, GRAY)]
    # One sample is right, the other never leaves.
    observed = [
        measure.observe(shown(w, w[CONTEXT:], walks[0][CONTEXT:], random_video=walks[1][CONTEXT:]))
        for w in [*walks, walks[1]]
    ]
    found = measure.report(observed)["rooms"]
    assert found["videos"] == 4
    assert found["shares"] == (0.25, 0.5, 0.25)
    rows = found["rows"]
    assert list(rows) == ["truth", "model", "copy last frame", "random training video"]
    assert rows["truth"]["accuracy"] == {"mean": 1, "low": 1, "high": 1}
    assert rows["model"]["accuracy"]["mean"] == 0.625
    assert rows["model"]["balanced"] == pytest.approx((1 + 0.5 + 0.5) / 3)
    assert rows["model"]["counts"] == ((2, 0, 0), (2, 2, 0), (1, 0, 1))
    assert rows["copy last frame"]["accuracy"]["mean"] == 0.25
    assert rows["random training video"]["accuracy"]["mean"] == 0.5


@pytest.fixture
def source(monkeypatch) -> Clips:
    """Two people, whose actions are read from the brightness of a window's first pixel."""

    def read(windows):
        return np.eye(len(ACTIONS))[np.rint(windows[:, 0, 0, 0, 0] * 10).astype(int)]

    monkeypatch.setattr(actions, "load_action_reader", lambda: read)
    names = ("person21_walking_d1_uncomp.avi", "person22_Boxing_d3_uncomp.avi")
    black = np.zeros((40, 8, 8, 1), np.uint8)
    return Clips([Recording(n, black, path=Path("boxing") / n) for n in names], frames=40)


def bright(action: str, frames: int) -> np.ndarray:
    """Return frames that are read as an action."""
    return np.full((frames, 8, 8, 1), ACTIONS.index(action) / 10)


def test_actions_are_compared_with_those_in_the_names(source):
    measure = Actions(source, context=CONTEXT, horizon=36)
    observed = []
    for number, action in enumerate(("walking", "boxing")):
        video = bright(action, 40)
        changed = np.concatenate([video[CONTEXT:20], bright("dancing", 20)])
        observed.append(measure.observe(shown(video, changed, video[CONTEXT:], number=number)))
    found = measure.report(observed)["actions"]
    assert found["windows"] == [[5, 20], [25, 40]]
    assert found["rows"]["truth"]["mean"] == found["rows"]["copy last frame"]["mean"] == [1, 1]
    assert found["rows"]["model"]["mean"] == [1, 0.5]


def test_a_file_without_an_action_in_its_name_is_an_error(source):
    path = Path("person21_sleeping_d1.avi")
    strange = Clips([source.recordings[0]._replace(path=path)], frames=40)
    measure = Actions(strange, context=CONTEXT, horizon=36)
    with pytest.raises(ValueError, match=r"got person21_sleeping_d1\.avi; leave actions out"):
        measure.observe(shown(bright("walking", 40), bright("walking", 36)))
