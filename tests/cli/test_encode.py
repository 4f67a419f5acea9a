"""`cwvae encode`: a row a tick of every level, of videos of several lengths."""

import re
from pathlib import Path

import equinox as eqx
import numpy as np
import pyarrow.parquet as pq
import pytest
import zarr
from reference import assert_alike

from cwvae.cli import main
from cwvae.data.archives import read_archive
from cwvae.report.animation import write_animation
from cwvae.rollout import latents
from cwvae.training.run import load_run


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    frames = np.random.default_rng(0).integers(0, 256, (7, 32, 32, 1), dtype=np.uint8)
    write_animation(folder / "long.npz", frames)
    write_animation(folder / "short.npz", frames[:3])
    write_animation(folder / "large.npz", frames.repeat(2, axis=1).repeat(2, axis=2))
    return folder


def test_every_tick_of_every_level_is_a_row(run, videos, tmp_path, capsys):
    out, paths = tmp_path / "latents.npz", [videos / "long.npz", videos / "short.npz"]
    assert main(["encode", str(run), *map(str, paths), "--out", str(out)]) == 0
    line = "2 videos encoded, 10 ticks of level 0, 6 ticks of level 1, 3 ticks of level 2"
    assert line in capsys.readouterr().out
    found = np.load(out)
    assert found["videos"].tolist() == [str(path) for path in paths]
    assert found["level_1/frame"].tolist() == [0, 2, 4, 6, 0, 2]
    assert found["level_1/video"].tolist() == [0, 0, 0, 0, 1, 1]
    frames = np.load(paths[1])["video"] / np.float32(255)
    traces = eqx.filter_jit(latents)(load_run(run).model, frames)
    for level, trace in enumerate(traces):
        of_second = found[f"level_{level}/video"] == 1
        assert_alike(found[f"level_{level}/stoch"][of_second], trace.states.stoch)
        assert_alike(found[f"level_{level}/deter"][of_second], trace.states.deter)
        assert_alike(found[f"level_{level}/kl"][of_second], trace.posterior.kl(trace.prior))
        assert len(found[f"level_{level}/entropy"]) == len(of_second)


@pytest.fixture(scope="module")
def written(run, videos, tmp_path_factory):
    """The same latents in every form, by how the name of the file ends."""
    folder, paths = tmp_path_factory.mktemp("latents"), [videos / "long.npz", videos / "short.npz"]
    outs = {suffix: folder / f"latents.{suffix}" for suffix in ("npz", "parquet", "zarr")}
    for out in outs.values():
        assert main(["encode", str(run), *map(str, paths), "--out", str(out)]) == 0
    assert set(folder.iterdir()) == set(outs.values())
    return outs


def test_a_table_in_parquet_is_the_same_and_its_levels_are_read_alone(written, videos):
    arrays = read_archive(written["npz"])
    whole = pq.read_table(written["parquet"])
    assert whole.column_names == ["video", "level", "frame", "stoch", "deter", "kl", "entropy"]
    types = [str(field.type) for field in whole.schema]
    vector = "list<element: float>"
    assert types == ["string", "int8", "int32", vector, vector, "float", "float"]
    assert pq.ParquetFile(written["parquet"]).num_row_groups == 3
    for level in range(3):
        table = pq.read_table(written["parquet"], filters=[("level", "==", level)])
        numbers = arrays[f"level_{level}/video"]
        assert table["video"].to_pylist() == [arrays["videos"][number] for number in numbers]
        for name in ("frame", "stoch", "deter", "kl", "entropy"):
            found = np.array(table[name].to_pylist(), arrays[f"level_{level}/{name}"].dtype)
            np.testing.assert_array_equal(found, arrays[f"level_{level}/{name}"])


def test_groups_of_zarr_are_the_same(written):
    arrays = read_archive(written["npz"])
    root = zarr.open_group(written["zarr"], mode="r")
    assert root.attrs["videos"] == arrays.pop("videos").tolist()
    for name, array in arrays.items():
        np.testing.assert_array_equal(root[name][:], array)
        assert root[name].dtype == array.dtype
    assert sorted(root.group_keys()) == ["level_0", "level_1", "level_2"]


def test_nothing_that_is_there_becomes_a_folder_of_zarr(written, run, videos, capsys):
    arguments = ["encode", str(run), str(videos / "short.npz"), "--out", str(written["zarr"])]
    assert main(arguments) == 2
    assert "--out must be new or a file, got the folder" in capsys.readouterr().err


def test_latents_go_into_scikit_learn_as_the_page_has_it(written, monkeypatch):
    page = Path(__file__).parents[2] / "docs" / "sharing.md"
    (code,) = re.findall(r"```py\n(# Latents of a level as.*?)```", page.read_text(), re.DOTALL)
    monkeypatch.chdir(written["parquet"].parent)
    names: dict = {}
    exec(code, names)
    assert names["places"].shape == (3, 2)


def test_latents_are_read_from_zarr_as_the_page_has_it(written, monkeypatch, capsys):
    page = Path(__file__).parents[2] / "docs" / "sharing.md"
    (code,) = re.findall(
        r"```py\n(# Latents of a level from Zarr.*?)```", page.read_text(), re.DOTALL
    )
    monkeypatch.chdir(written["zarr"].parent)
    exec(code, {})
    assert capsys.readouterr().out.strip().endswith("(3, 4)")


def test_a_large_video_has_to_be_resized(run, videos, tmp_path, capsys):
    arguments = ["encode", str(run), str(videos / "large.npz"), "--out", str(tmp_path / "a.npz")]
    assert main(arguments) == 2
    assert "large.npz" in capsys.readouterr().err
    assert main([*arguments, "--resize"]) == 0


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("a.csv", "--out must end in .npz, .parquet or .zarr"),
        ("short.npz", "must be another file than the video"),
    ],
)
def test_what_must_not_be_written_is_an_error(run, videos, capsys, out, message):
    before = (videos / "short.npz").read_bytes()
    arguments = ["encode", str(run), str(videos / "short.npz"), "--out", str(videos / out)]
    assert main(arguments) == 2
    assert message in capsys.readouterr().err
    assert (videos / "short.npz").read_bytes() == before
