"""Making data sets: whole, in their layout, going on after an interruption; real simulators."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from fake_simulator import ABSENT, FAKE, KILLED, SIZE, USELESS, record

from cwvae.analysis.room_sequence import room_sequence
from cwvae.data.actions import read_actions
from cwvae.data.datasets import DATASETS
from cwvae.data.opening import open_clips
from cwvae.data.pixels import to_channels
from cwvae.data.simulators import SIMULATORS, Collection, collect
from cwvae.data.simulators.base import DiscardedError, Task, missing_modules
from cwvae.data.simulators.rooms import ROOMS
from cwvae.data.videos import read_video

FEW = Collection(train=4, test=2, frames=5, seed=3)


def contents(folder: Path) -> dict[str, str]:
    """Return a digest of every file of a data set, the parts it was made of left out."""
    files = [p for p in folder.rglob("*") if p.is_file() and ".parts" not in p.parts]
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in files
        if p.suffix != ".npz"  # which holds the time
    }


def truth(folder: Path, split: str) -> dict[str, np.ndarray]:
    with np.load(folder / f"{split}_truth.npz") as archive:
        return dict(archive)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fake")
    assert collect(FAKE, folder, FEW, workers=1) == 2  # the second of each split, at first
    return folder


def test_videos_lie_in_their_layout_and_decode_to_what_was_drawn(made):
    for task in FEW.tasks():
        scene = record(task, 1 if task.number % 3 == 1 else 0)
        path = made / task.split / f"{task.number}.mp4"
        np.testing.assert_array_equal(read_video(path), scene.video)
        series = read_actions(path.with_suffix(".json"), FEW.frames)
        np.testing.assert_array_equal(series["actions.walk"], scene.actions["walk"])


def test_the_truth_is_one_array_a_name_in_the_order_of_its_videos(made):
    known = truth(made, "train")
    assert known.keys() == {"video", "number", "brightness", "action_walk"}
    assert known["video"].tolist() == [f"train/{n}.mp4" for n in range(4)]
    assert known["number"].tolist() == [0, 1, 2, 3]
    for path, brightness in zip(known["video"], known["brightness"], strict=True):
        np.testing.assert_allclose(brightness, read_video(made / path).mean((1, 2, 3)))
    assert len(truth(made, "test")["number"]) == 2
    assert (made / "index.txt").read_text() == "6\n"


def test_what_is_there_is_kept_and_what_is_missing_is_made_again(made):
    before, kept = contents(made), (made / "train" / "0.mp4").stat().st_mtime_ns
    (made / "train" / "2.mp4").unlink()
    (made / ".parts" / "test-1.npz").unlink()
    assert collect(FAKE, made, FEW, workers=1) == 1  # test-1 is discarded once, as before
    assert contents(made) == before
    assert (made / "train" / "0.mp4").stat().st_mtime_ns == kept


def test_a_collection_can_grow_but_not_change(made):
    assert collect(FAKE, made, FEW._replace(train=5), workers=1) == 1
    assert len(truth(made, "train")["number"]) == 5
    for change in ({"frames": 6}, {"seed": 4}, {"train": 4}, {"test": 1}):
        with pytest.raises(ValueError, match=r"but not go on with .*another folder"):
            collect(FAKE, made, FEW._replace(train=5)._replace(**change), workers=1)


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(ValueError, match=r"holds something else .* give a new or empty folder"):
        collect(FAKE, tmp_path, FEW)
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


def test_a_collection_of_which_nothing_is_made_yet_may_change(tmp_path):
    with pytest.raises(DiscardedError):
        collect(USELESS, tmp_path, FEW, workers=1)
    assert collect(FAKE, tmp_path, FEW._replace(frames=6), workers=1) == 2


def test_damaged_settings_are_named(tmp_path):
    (tmp_path / "made.json").write_text("{")
    with pytest.raises(ValueError, match=r"made\.json is damaged"):
        collect(FAKE, tmp_path, FEW)


def test_videos_that_are_too_short_to_show_anything_raise(tmp_path):
    with pytest.raises(ValueError, match="a video of fake needs at least 2 frames, got 1"):
        collect(FAKE, tmp_path, FEW._replace(frames=1))
    assert list(tmp_path.iterdir()) == []


def test_a_worker_that_is_killed_is_an_error_with_a_remedy(tmp_path):
    with pytest.raises(OSError, match="a process that made fake ended by itself"):
        collect(KILLED, tmp_path, FEW, workers=1)


def test_what_must_be_installed_is_said_before_anything_is_made(tmp_path):
    with pytest.raises(ValueError, match="cwvae data make fake needs: apt install fake"):
        collect(ABSENT, tmp_path, FEW)
    assert list(tmp_path.iterdir()) == []


def test_a_simulator_that_makes_nothing_of_use_ends(tmp_path):
    with pytest.raises(DiscardedError, match=r"20 scenes in a row .* it was dull"):
        collect(USELESS, tmp_path, Collection(train=1, test=1, frames=5), workers=1)
    assert not (tmp_path / "train_truth.npz").exists()


def test_progress_knows_how_many_are_left(tmp_path):
    seen = []

    def progress(videos, total):
        seen.append(total)
        return videos

    small = Collection(train=1, test=1, frames=5)
    for _ in range(2):
        collect(FAKE, tmp_path, small, workers=1, progress=progress)
    assert seen == [2, 0]


# Real simulators.


def tiny(name: str) -> Collection:
    return Collection(train=2, test=1, frames=max(16, SIMULATORS[name].fewest))


def test_a_missing_package_of_several_modules_is_named_once():
    needed = {"not_there": "absent", "not_there_either": "absent", "json": "present"}
    assert missing_modules("humans", needed) == "pip install 'cwvae[humans]' (for absent)"


IN_PYTHON = ("crafter", "humans")
WITH_SYSTEM = ("rooms", "blocks")
every = pytest.mark.parametrize(
    "name", [*IN_PYTHON, *(pytest.param(n, marks=pytest.mark.simulator) for n in WITH_SYSTEM)]
)


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """Make a data set once."""
    folders = {}

    def get(name: str) -> Path:
        if name not in folders:
            folders[name] = tmp_path_factory.mktemp(name)
            collect(SIMULATORS[name], folders[name], tiny(name))
        return folders[name]

    return get


@every
def test_a_simulator_makes_moving_pictures_in_the_layout_of_its_data_set(name, real):
    folder = real(name)
    channels, frames = 1 if name == "humans" else 3, tiny(name).frames
    for split, count in (("train", 2), ("test", 1)):
        files = DATASETS[name].files(folder, split)
        clips = open_clips(files, frames=frames, size=64, channels=channels)
        assert len(clips) == count
        for index in range(count):
            video = clips[index]["video"]
            assert video.shape == (frames, 64, 64, channels)
            assert len(np.unique(video)) > 16  # a picture
            changes = (video[1:] != video[:-1]).any((1, 2, 3))
            # In crafter one may stand, humans may be out of sight.
            assert changes.mean() > (0.2 if name in IN_PYTHON else 0.5)


@every
def test_the_truth_has_every_place_and_the_card_every_name(name, real):
    simulator = SIMULATORS[name]
    known = truth(real(name), "train")
    assert known["position"].shape[:2] == (2, tiny(name).frames)
    assert np.isfinite(known["position"]).all()
    for key in known.keys() - {"video"}:
        assert key.removeprefix("action_").split("_")[0] in simulator.card or key in (
            "action_walk",
            "action_move",
        )
    assert simulator.missing() == ""
    assert all(simulator.versions().values())


@every
def test_the_same_seed_makes_the_same_videos_where_the_card_promises_it(name, real, tmp_path):
    if not SIMULATORS[name].deterministic:
        assert "Not deterministic" in SIMULATORS[name].card
        return
    collect(SIMULATORS[name], tmp_path, tiny(name), workers=1)
    assert contents(tmp_path) == contents(real(name))
    other = truth(real(name), "train")
    for key, values in truth(tmp_path, "train").items():
        np.testing.assert_array_equal(values, other[key])


@every
def test_actions_are_those_between_frames(name, real):
    folder = real(name)
    known = truth(folder, "train")
    if name == "rooms":
        position, (turn, step) = known["position"], np.moveaxis(known["action_walk"], -1, 0)
        moved = np.linalg.norm(np.diff(position, axis=1), axis=-1)
        assert np.abs(moved - step[:, :-1]).max() < 0.13  # a wall may stop it
        turned = np.degrees(np.diff(known["heading"], axis=1))
        np.testing.assert_allclose(turned, turn[:, :-1], atol=1e-3)
    elif name == "blocks":
        turned = np.diff(known["heading"], axis=1)
        np.testing.assert_allclose(turned, known["action_walk"][:, :-1, 0], atol=1e-3)
        flat = np.linalg.norm(np.diff(known["position"][..., [0, 2]], axis=1), axis=-1)
        np.testing.assert_allclose(flat, known["action_walk"][:, :-1, 1], atol=1e-2)
    elif name == "crafter":
        steps = np.abs(np.diff(known["position"], axis=1)).sum(-1)
        stands = known["action_move"][:, :-1, 0] == 1
        assert (steps <= 1).all()
        assert (steps[stands] == 0).all()
    else:
        assert "action_walk" not in known


@pytest.mark.simulator
def test_walks_through_rooms_are_of_all_three_kinds(tmp_path):
    collect(SIMULATORS["rooms"], tmp_path, Collection(train=3, test=3, frames=300))
    for split in ("train", "test"):
        known = truth(tmp_path, split)
        assert known["kind"].tolist() == [0, 1, 2]
        home, out, back = ([r for r in rooms if r != -1] for rooms in known["room"].tolist())
        assert len(set(home)) == 1
        assert set(out) == {out[0], 0}
        assert out[-1] == 0
        assert set(back) == {back[0], 0}
        assert back[-1] == back[0]
        assert known["wall"].shape == known["floor"].shape == (3,)
        assert "" not in {*known["wall"].tolist(), *known["floor"].tolist()}


def test_people_look_alike_in_all_their_videos(real):
    known = truth(real("humans"), "train")
    assert known["action"].tolist() == ["walking", "running"]
    assert known["person"].tolist() == [1, 1]
    darkest = [
        to_channels(read_video(real("humans") / path), 1).min(initial=255)
        for path in known["video"]
    ]
    assert np.ptp(np.array(darkest, int)) < 40


def test_kth_names_end(tmp_path):
    with pytest.raises(ValueError, match="ask for fewer videos"):
        SIMULATORS["humans"].place(Task("test", 5 * 6 * 9, 5, 0))


def test_settings_hold_how_a_data_set_was_made(made):
    assert json.loads((made / "made.json").read_text())["simulator"] == "fake"
    assert read_video(made / "train" / "0.mp4").shape[1] == SIZE


@pytest.mark.simulator
def test_walks_through_rooms_are_what_their_frames_show(tmp_path):
    collect(ROOMS, tmp_path, Collection(train=1, test=30, frames=216, seed=1))
    kinds = truth(tmp_path, "test")["kind"]
    files = DATASETS["rooms"].files(tmp_path, "test")
    shown = [room_sequence(read_video(file.path)) for file in files]
    assert np.mean(np.array(shown) == kinds) >= 0.9
