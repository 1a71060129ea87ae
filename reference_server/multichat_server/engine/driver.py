"""
The portable driver: a Trio task a connection, which reads; writing is the flusher's.

The task is the connection's owner. Whatever ends it (the peer, an error, a deadline, being
cancelled) passes through one ``finally``, which ends memberships and closes the socket.
"""

import contextlib
import os
import socket
from typing import Final

import trio

from multichat_server.engine.connection import Connection

__all__ = ["READ_BYTES", "SocketSink", "drive"]

READ_BYTES: Final = 16_384
"""Most bytes read from one connection before the others get their turn. Of the smallest frames
that is some 20 ms of work, of usual ones 1 ms."""


class SocketSink:
    """
    A socket, as outboxes write to it: at once, as much as it takes, without waiting.

    Trio's own ``send`` waits, and may be cancelled; here neither must happen. Writing to the
    file descriptor is asked for anew each time, so that a closed socket gives an error and
    never somebody else's descriptor.

    Args:
        sock: A connected TCP socket.

    """

    __slots__ = ("_socket",)

    def __init__(self, sock: trio.socket.SocketType) -> None:
        self._socket = sock

    def write(self, data: bytes | memoryview) -> int:
        """Write now what can be written, and return how many bytes that was."""
        return os.write(self._socket.fileno(), data)

    async def wait_writable(self) -> None:
        """Wait until something can be written."""
        await trio.lowlevel.wait_writable(self._socket)

    def finish(self) -> None:
        """Send the end of the stream; reading goes on."""
        with contextlib.suppress(OSError):  # the peer may be gone
            self._socket.shutdown(socket.SHUT_WR)

    def abort(self) -> None:
        """Close the socket; whoever waits for it gets an error."""
        self._socket.close()


async def drive(connection: Connection, sock: trio.socket.SocketType, trailing: bytes) -> None:
    """
    Read until the connection has ended, however it ends.

    Cancelling it ends the connection at once, and the others are told.

    Args:
        connection: The connection, its response to the handshake posted.
        sock: Its socket, which is closed in the end.
        trailing: What came in with the handshake's last bytes.

    """
    try:
        if trailing:
            connection.receive(trailing, now=trio.current_time())
        while True:
            if connection.is_open:
                # Whoever does not read what it causes may not cause more.
                await connection.outbox.wait_relief()
            data = await sock.recv(READ_BYTES)
            if not data:
                break
            connection.receive(data, now=trio.current_time())
        connection.receive_eof(now=trio.current_time())
        await connection.outbox.wait_empty()
    except (OSError, trio.ClosedResourceError):
        pass  # reset by the peer, or closed by our side at a deadline
    finally:
        connection.lost()
