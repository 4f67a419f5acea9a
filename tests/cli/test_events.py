"""TensorBoard's events: what is written, and an error where it cannot be."""

import errno
import time

import pytest
from tensorboardX.proto.event_pb2 import Event

from cwvae.cli.events import Events


def written(folder) -> list[Event]:
    """Return the events of the only file in a folder: length, checksum, event, checksum."""
    (path,) = folder.iterdir()
    content, found = path.read_bytes(), []
    while content:
        size = int.from_bytes(content[:8], "little")
        found.append(Event.FromString(content[12 : 12 + size]))
        content = content[16 + size :]
    return found


def test_numbers_are_there_as_soon_as_they_are_added(tmp_path):
    events = Events(tmp_path / "tensorboard", start=7)
    events.add({"loss": 2.5, "kl/level_0": 0.25}, 8)
    first, begun, *numbers = written(tmp_path / "tensorboard")
    assert first.file_version == "brain.Event:2"
    assert (begun.step, begun.session_log.status) == (7, begun.session_log.START)
    assert [(e.step, e.summary.value[0].simple_value) for e in numbers] == [(8, 2.5), (8, 0.25)]
    assert [e.summary.value[0].tag for e in numbers] == ["loss", "kl/level_0"]
    events.close()


def test_a_clock_that_is_set_back_by_years_stops_nothing(tmp_path, monkeypatch):
    events = Events(tmp_path / "tensorboard", start=0)
    now = time.time()
    for step in range(100):
        monkeypatch.setattr(time, "time", lambda step=step: now * (step % 2))
        events.add({"loss": 1.0}, step)
    events.close()
    assert len(written(tmp_path / "tensorboard")) == 2 + 100


def test_a_full_disk_is_an_error_where_it_is_logged(tmp_path, monkeypatch):
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    events = Events(tmp_path / "tensorboard", start=0)
    monkeypatch.setattr(events._writer, "flush", full)
    with pytest.raises(OSError, match="No space left"):
        events.add({"loss": 1.0}, 1)
    monkeypatch.undo()
    events.close()
