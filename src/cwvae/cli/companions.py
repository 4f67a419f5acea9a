"""Connections between the processes of a training, by which each notices that another has ended.

A process that dies closes its connections, however it dies, which the first process notices at
once, and the others when the first one ends for it. JAX alone notices when a process has been
silent for a while, and then ends in many lines; that stays for machines that vanish.
"""

import contextlib
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator

import jax
import numpy as np
from jax.experimental import multihost_utils

from cwvae.cli.statuses import FAILED

__all__ = ["companions", "end_at_once"]

_GOODBYE, _NUMBER = b".", 4  # bytes of the number with which a process greets the first one
_CONNECT = 20.0  # seconds


@contextlib.contextmanager
def companions(host: str) -> Iterator[None]:
    """End this process when another one ends before the end of this context.

    **Arguments:** `host`, the name of the first process's machine. Where it cannot be reached, JAX
    alone looks after the processes.
    """
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("", 0))) if _number() == 0 else None
        port = 0 if server is None else server.getsockname()[1]
        port = int(multihost_utils.broadcast_one_to_all(np.int32(port)))
        if server is None:
            connections = _to_first(host, port)
        else:
            connections = {}
            _start(_accept, server, connections)
        yield
        for connection in connections.values():
            with contextlib.suppress(OSError):
                connection.sendall(_GOODBYE)


def end_at_once(text: str, status: int) -> None:
    """Print what went wrong, and end this process without waiting for the others."""
    line = f"cwvae: error: process {_number()} of {jax.process_count()}: {text}"
    print(line, file=sys.stderr, flush=True)
    sys.stdout.flush()
    os._exit(status)


def _number() -> int:
    """Return the number of this process."""
    return jax.process_index()


def _to_first(host: str, port: int) -> dict[int, socket.socket]:
    """Connect to the first process, and return the connection by its number."""
    try:
        connection = socket.create_connection((host, port), timeout=_CONNECT)
    except OSError:
        return {}
    connection.settimeout(None)
    connection.sendall(_number().to_bytes(_NUMBER, "big"))
    _start(_watch, connection, 0)
    return {0: connection}


def _accept(server: socket.socket, connections: dict[int, socket.socket]) -> None:
    """Take the connections of all others, and watch each."""
    while len(connections) < jax.process_count() - 1:
        connection, _ = server.accept()
        number = int.from_bytes(connection.recv(_NUMBER, socket.MSG_WAITALL), "big")
        if 0 < number < jax.process_count():
            connections[number] = connection
            _start(_watch, connection, number)


def _watch(connection: socket.socket, number: int) -> None:
    """Wait for the goodbye of a process, and end this one if there is none."""
    try:
        last = connection.recv(1)
    except OSError:
        last = b""
    if last != _GOODBYE:
        end_at_once(
            f"process {number} has ended; see what it printed. --resume goes on from the latest "
            "checkpoint",
            FAILED,
        )


def _start(function: Callable[..., None], *arguments: object) -> None:
    """Run a function beside all else, until it or the program ends."""
    threading.Thread(target=function, args=arguments, daemon=True).start()
