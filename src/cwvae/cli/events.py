"""TensorBoard's events, written where they are logged.

The writer of tensorboardX has a thread of its own: where that ends, as with a full disk or a clock
that is set back, the training waits for it for ever.
"""

import time
from pathlib import Path

from cwvae._extras import extra

with extra("cli"):
    from tensorboardX.event_file_writer import EventsWriter

    # What protocol buffers generate is made when it is imported, and has no types.
    from tensorboardX.proto import event_pb2
    from tensorboardX.summary import scalar

__all__ = ["Events"]

_EVENT, _SESSION = (getattr(event_pb2, name) for name in ("Event", "SessionLog"))


class Events:
    """A file of events.

    **Arguments:** `folder`, made when it does not exist; `start`, the first step that is written:
    later ones of earlier files are hidden by TensorBoard.
    """

    def __init__(self, folder: Path, *, start: int):
        """Open a file of its own."""
        folder.mkdir(parents=True, exist_ok=True)
        self._writer = EventsWriter(str(folder / "events"))
        begun = _SESSION(status=_SESSION.START)
        self._writer.write_event(_EVENT(step=start, session_log=begun, wall_time=time.time()))

    def add(self, scalars: dict[str, float], step: int) -> None:
        """Write numbers by name; raise `OSError` where they cannot be."""
        for name, value in scalars.items():
            event = _EVENT(step=step, summary=scalar(name, value), wall_time=time.time())
            self._writer.write_event(event)
        self._writer.flush()

    def close(self) -> None:
        """Close the file."""
        self._writer.close()
