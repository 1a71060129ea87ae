"""A proxy between clients and a server that does to them what networks do."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from typing import Final

import trio

__all__ = ["Pipe", "Proxy"]

_RESET_AT_CLOSE: Final = struct.pack("ii", 1, 0)


class Pipe:
    """
    One connection through the proxy.

    Attributes:
        is_silent: Whether its bytes vanish, without a word to either side.
        is_torn: Whether it is cut in the middle of what comes next.

    """

    def __init__(self, client: trio.SocketStream) -> None:
        self.is_silent = False
        self.is_torn = False
        self._client = client
        self._open_gate = trio.Event()
        self._open_gate.set()
        self._scope = trio.CancelScope()

    def cut(self, *, reset: bool) -> None:
        """End it, with or without a goodbye of TCP."""
        if reset:
            self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
        self._scope.cancel()

    def hold(self) -> None:
        """Let nothing through for a while; nothing of it is lost."""
        self._open_gate = trio.Event()

    def release(self) -> None:
        """Let it through again."""
        self._open_gate.set()

    async def run(self, server: trio.SocketStream) -> None:
        """Pass bytes on until one side ends."""
        with self._scope:
            async with trio.open_nursery() as tasks:
                tasks.start_soon(self._pump, self._client, server)
                tasks.start_soon(self._pump, server, self._client)

    async def _pump(self, source: trio.SocketStream, target: trio.SocketStream) -> None:
        try:
            while data := await source.receive_some(65_536):
                await self._open_gate.wait()
                if self.is_silent:
                    continue  # for good: no network lets later bytes through without earlier ones
                if self.is_torn:
                    await target.send_all(data[: len(data) // 2])
                    break
                await target.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        if not self.is_silent:
            self._scope.cancel()


class Proxy:
    """
    Listens on a port of its own, and passes bytes on to a server.

    Args:
        host: The server.
        port: Its port.
        accepted: Called for each connection that goes through.

    Attributes:
        port: Where it listens.
        pipes: The connections, oldest first.
        is_down: Whether it hangs up on whoever comes.

    """

    def __init__(self, host: str, port: int, accepted: Callable[[], None]) -> None:
        self._server = host, port
        self._accepted = accepted
        self.port = 0
        self.pipes: list[Pipe] = []
        self.is_down = False

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Serve until cancelled."""
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self.port = listener.socket.getsockname()[1]
        task_status.started()
        await trio.serve_listeners(self._serve, [listener])

    def restart(self) -> None:
        """Cut all, and hang up on whoever comes until :meth:`up`."""
        self.is_down = True
        for pipe in self.pipes:
            pipe.cut(reset=True)

    def up(self) -> None:
        """Take connections again."""
        self.is_down = False

    async def _serve(self, client: trio.SocketStream) -> None:
        if self.is_down:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
            client.socket.close()
            return
        async with client, await trio.open_tcp_stream(*self._server) as server:
            pipe = Pipe(client)
            self.pipes.append(pipe)
            self._accepted()
            try:
                await pipe.run(server)
            finally:
                self.pipes.remove(pipe)
