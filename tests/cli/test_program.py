"""`cwvae program`: a run as a file that jax alone can run."""

import re
from pathlib import Path

import numpy as np
import pytest
from program_alone import loaded

from cwvae.cli import main


def test_a_run_becomes_a_program_for_every_platform(run, tmp_path, capsys):
    path = tmp_path / "forecast.jax"
    assert main(["program", str(run), str(path), "--horizon", "3", "--context", "4"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{path}: 0.2 MB, for cpu, cuda; ")
    shapes = "float32[batch,4,32,32,1], seed) gives float32[batch,3,32,32,1]"
    assert line.endswith(f"call({shapes}")
    videos = np.zeros((2, 4, 32, 32, 1), np.float32)
    assert loaded(path).call(videos, np.uint32(0)).shape == (2, 3, 32, 32, 1)


def test_a_stream_becomes_a_program(run, tmp_path, capsys):
    path = tmp_path / "step.jax"
    options = ["--of", "step", "--batch", "1", "--platforms", "cpu"]
    assert main(["program", str(run), str(path), *options]) == 0
    shapes = "float32[1,32,32,1], seed) gives state, float32[1,32,32,1], float32[1,12]"
    assert capsys.readouterr().out.strip().endswith(f"for cpu; call(state, {shapes}")
    assert loaded(path).platforms == ("cpu",)


def test_programs_are_loaded_as_the_page_has_it(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = Path(__file__).parents[2] / "docs" / "sharing.md"
    blocks = re.findall(r"```py\n(# A \w+, without this.*?)```", page.read_text(), re.DOTALL)
    assert len(blocks) == 2
    assert main(["program", str(run), "forecast.jax", "--context", "4", "--horizon", "3"]) == 0
    assert main(["program", str(run), "step.jax", "--of", "step"]) == 0
    names: dict = {}
    # The page has the context of a larger model.
    exec("".join(blocks).replace("(2, 36, ", "(2, 4, "), names)
    assert names["futures"].shape == (2, 3, 32, 32, 1)
    assert names["expected"].shape == (2, 32, 32, 1)
    assert names["output"].shape == (2, 12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--context", "3"], "--context must be a multiple of the slowest period, 4 frames, got 3"),
        (["--horizon", "0"], "--horizon must be at least 1"),
        (["--platforms", "gpu"], "--platforms"),
        (["--of", "video"], "--of must be one of forecast, step, got video"),
    ],
)
def test_what_no_program_can_be_is_an_error(options, message, run, tmp_path, capsys):
    assert main(["program", str(run), str(tmp_path / "a.jax"), *options]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
