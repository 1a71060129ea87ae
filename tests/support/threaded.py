"""
A chat server on the loopback in threads, for clients that run no Trio.

It follows a script for each connection, or just answers; what goes wrong in a script goes
wrong in the test.
"""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.sync.server import ServerConnection
from websockets.sync.server import serve as serve_websockets

DEADLINE = 10.0
"""Longest wait for anything that has to come, in seconds."""


class Peer:
    """The server's side of one WebSocket connection."""

    def __init__(self, connection: ServerConnection) -> None:
        self.connection = connection
        assert connection.request is not None
        self.request: Request = connection.request

    def command(self) -> dict[str, object] | None:
        """Return the next command, or None at the end."""
        try:
            command: dict[str, object] = json.loads(self.connection.recv(DEADLINE))
        except ConnectionClosed:
            return None
        return command

    def say(self, *frames: object) -> None:
        """Send frames: objects as JSON, strings and bytes as they are."""
        for frame in frames:
            self.connection.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))

    def answer(self, command: dict[str, object], username: str = "alice") -> None:
        """Answer a command in the usual way."""
        room = str(command["room"])
        match command["command"]:
            case "join":
                self.say({"join": room, "title": f"room {room}"})
            case "leave":
                self.say({"leave": room})
            case _:
                text = command["message"]
                self.say({"room": room, "message": text, "username": username, "msg_type": 0})

    def converse(self) -> None:
        """Answer every command until the end."""
        while (command := self.command()) is not None:
            self.answer(command)

    def close(self, code: int, reason: str = "") -> None:
        self.connection.close(code, reason)

    def cut(self) -> None:
        """End the connection without a word."""
        with suppress(OSError):
            socket.socket.shutdown(self.connection.socket, socket.SHUT_RDWR)

    def wait(self) -> None:
        """Wait until the other side has gone."""
        assert self.connection.wait_closed(DEADLINE)


Script = Callable[[Peer], None]


class ThreadedServer:
    """What the test knows of the running server."""

    def __init__(self, port: int, *, secure: bool) -> None:
        self.port = port
        self.secure = secure
        self.peers: list[Peer] = []
        self.errors: list[BaseException] = []
        self.threads: list[threading.Thread] = []

    @property
    def url(self) -> str:
        return f"{'wss' if self.secure else 'ws'}://127.0.0.1:{self.port}/chat/stream/"

    @property
    def origin(self) -> str:
        return f"{'https' if self.secure else 'http'}://127.0.0.1:{self.port}"


@contextmanager
def serve(
    script: Script = Peer.converse,
    *,
    ssl_context: ssl.SSLContext | None = None,
    refuse: Callable[[Request], Response | None] | None = None,
) -> Iterator[ThreadedServer]:
    """
    Serve until the block is left; every connection ends with it.

    Args:
        script: What to do with each connection, after the handshake.
        ssl_context: Serve TLS with it.
        refuse: Gives an HTTP response in place of the WebSocket handshake, or None.

    """

    def handle(connection: ServerConnection) -> None:
        peer = Peer(connection)
        server.threads.append(threading.current_thread())
        server.peers.append(peer)
        with _noting(server.errors):
            script(peer)

    with ExitStack() as stack:
        listener = stack.enter_context(
            serve_websockets(
                handle,
                "127.0.0.1",
                0,
                ssl=ssl_context,
                compression=None,
                ping_interval=None,
                close_timeout=1,
                max_size=None,
                subprotocols=None,
                process_request=None if refuse is None else lambda _, request: refuse(request),
            )
        )
        server = ThreadedServer(listener.socket.getsockname()[1], secure=ssl_context is not None)
        accepting = threading.Thread(target=listener.serve_forever, name="accepting")
        accepting.start()
        try:
            yield server
        finally:
            listener.shutdown()
            accepting.join(DEADLINE)
            for peer in server.peers:
                peer.cut()
            for thread in server.threads:
                thread.join(DEADLINE)
        for error in server.errors:
            raise error


@contextmanager
def serve_raw(handle: Callable[[socket.socket], None]) -> Iterator[str]:
    """
    Accept TCP connections one after another; yield the address, such as ``127.0.0.1:1234``.

    Args:
        handle: What to do with each; it is closed after that.

    """
    errors: list[BaseException] = []
    accepted: list[socket.socket] = []

    def accept() -> None:
        with _noting(errors):
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                accepted.append(connection)
                with connection, suppress(ConnectionError):
                    handle(connection)

    listener = socket.create_server(("127.0.0.1", 0))
    accepting = threading.Thread(target=accept, name="accepting")
    accepting.start()
    try:
        yield "{}:{}".format(*listener.getsockname())
    finally:
        # Closing it would not wake up who waits for it.
        for sock in (listener, *accepted):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        accepting.join(DEADLINE)
        listener.close()
    for error in errors:
        raise error


def shake_hands(connection: socket.socket) -> None:
    """Do the server's side of a WebSocket handshake, and no more."""
    protocol = ServerProtocol()
    while not (events := protocol.events_received()):
        protocol.receive_data(connection.recv(65_536))
    request = events[0]
    assert isinstance(request, Request)
    protocol.send_response(protocol.accept(request))
    connection.sendall(b"".join(protocol.data_to_send()))


def until_gone(connection: socket.socket) -> None:
    """Read until the other side has gone, and say nothing."""
    while connection.recv(65_536):
        pass


@contextmanager
def _noting(errors: list[BaseException]) -> Iterator[None]:
    try:
        yield
    except ConnectionClosed:
        pass  # the client went, or the test is over
    except BaseException as exc:
        errors.append(exc)
        raise
