"""TensorBoard's events, written where they are logged.

The writer of tensorboardX has a thread of its own: where that ends, as with a full disk or a clock
that is set back, the training waits for it for ever.
"""

import time
from pathlib import Path

from cwvae._extras import extra

with extra("cli"):
    from tensorboardX.event_file_writer import EventsWriter
    from tensorboardX.proto.event_pb2 import Event, SessionLog
    from tensorboardX.summary import scalar

__all__ = ["Events"]


class Events:
    """A file of events.

    **Arguments:** `folder`, made when it does not exist; `start`, the first step that is written:
    later ones of earlier files are hidden by TensorBoard.
    """

    def __init__(self, folder: Path, *, start: int):
        """Open a file of its own."""
        folder.mkdir(parents=True, exist_ok=True)
        self._writer = EventsWriter(str(folder / "events"))
        begun = SessionLog(status=SessionLog.START)
        self._writer.write_event(Event(step=start, session_log=begun, wall_time=time.time()))

    def add(self, scalars: dict[str, float], step: int) -> None:
        """Write numbers by name; raise `OSError` where they cannot be."""
        for name, value in scalars.items():
            event = Event(step=step, summary=scalar(name, value), wall_time=time.time())
            self._writer.write_event(event)
        self._writer.flush()

    def close(self) -> None:
        """Close the file."""
        self._writer.close()
