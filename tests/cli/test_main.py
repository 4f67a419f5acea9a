"""What the command line prints of an error that nobody foresaw."""

import pytest

from cwvae.cli import main


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        MemoryError("Unable to allocate 8.00 GiB for an array"),
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory\nallocating 8589934592 bytes."),
    ],
)
def test_when_memory_runs_out_a_line_has_what_takes_less(error, monkeypatch, capsys):
    def run(arguments):
        raise error

    monkeypatch.setattr("cwvae.cli.commands.run", run)
    assert main(["models"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("cwvae: error: memory ran out (")
    assert "--accumulate N" in line


def test_an_error_of_the_program_itself_is_not_taken_for_one_of_memory(monkeypatch):
    def run(arguments):
        raise RuntimeError("wrong")

    monkeypatch.setattr("cwvae.cli.commands.run", run)
    with pytest.raises(RuntimeError, match="wrong"):
        main(["models"])
