"""How a connection is opened: the handshake by hand, and what takes over from there."""

import base64
import hashlib
import re
from collections.abc import Sequence
from typing import Final

import trio

from multichat_conformance.actors.actor import Actor
from multichat_conformance.actors.handshake import (
    Handshake,
    open_stream,
    read_response,
    request_bytes,
)
from multichat_conformance.findings import TargetGone

__all__ = ["AfterHandshake", "shake_hands"]

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY: Final = re.compile(rb"(?i)\r\nsec-websocket-key:[ \t]*([^\r\n]+)")


async def shake_hands(
    actor: Actor,
    *,
    headers: Sequence[tuple[str, str]] = (),
    resource: str | None = None,
    early: bytes = b"",
) -> tuple[trio.abc.Stream, Handshake]:
    """
    Connect for an actor and return the stream and the target's response, which is a 101.

    Args:
        actor: Who connects.
        headers: What the handshake carries besides; never written down.
        resource: Path and query; None: the target's.
        early: Bytes to write right behind the request, in the same call.

    Raises:
        TargetGone: The target takes no connections, or does not answer.
        Violation: It does not answer the handshake with 101.

    Cancelling lets go of the connection.

    """
    backdrop = actor.backdrop
    request = request_bytes(backdrop.target, resource=resource, headers=headers)
    where = request.split(b"\r\n", 1)[0].decode("latin-1")
    backdrop.transcript.add(actor.name, "sent", "handshake", where)
    stream: trio.abc.Stream | None = None
    response: Handshake | None = None
    is_open = False
    try:
        with trio.move_on_after(backdrop.patience):
            stream = await open_stream(backdrop.target)
            await stream.send_all(request + early)
            response = await read_response(stream)
        if stream is None or response is None:
            raise TargetGone(f"no answer to a handshake within {backdrop.patience:.1f} s")
        backdrop.transcript.add(actor.name, "received", "handshake", str(response))
        if response.status is None:
            raise TargetGone(f"no HTTP response to a handshake: {response}")
        wrong = response.fault(request) if response.status == 101 else str(response)
        if wrong:
            actor.blame(
                "MC1-HAND-01",
                f"{actor.name}'s handshake was not accepted",
                "a 101 response as RFC 6455 section 4.2.2 asks for",
                wrong,
            )
        is_open = True
    except trio.BrokenResourceError as exc:
        raise TargetGone(f"the connection broke in the handshake: {exc}") from exc
    finally:
        if stream is not None and not is_open:
            await trio.aclose_forcefully(stream)
    return stream, response


class AfterHandshake(trio.abc.Stream):
    """
    A stream on which a handshake was made, for a library that insists on making it.

    The library's request goes nowhere and is answered here, as RFC 6455 asks for; all that
    follows is the target's. So a response that is wrong is judged by the suite alone, whatever
    the library would make of it.

    Args:
        stream: Where the handshake was made.
        rest: What came behind the target's response already.

    """

    def __init__(self, stream: trio.abc.Stream, rest: bytes) -> None:
        self._stream = stream
        self._rest = rest
        self._request = b""
        self._is_answered = trio.Event()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send, or take in a part of the library's request."""
        if self._is_answered.is_set():
            await self._stream.send_all(data)
            return
        await trio.lowlevel.checkpoint()
        self._request += bytes(data)
        if b"\r\n\r\n" in self._request:
            self._rest = _response_to(self._request) + self._rest
            self._is_answered.set()

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until sending might not block."""
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """Receive what the library waits for: its response first."""
        await self._is_answered.wait()
        if self._rest:
            size = max_bytes or len(self._rest)
            data, self._rest = self._rest[:size], self._rest[size:]
            return data
        return await self._stream.receive_some(max_bytes)

    async def aclose(self) -> None:
        """Let go of the connection."""
        await self._stream.aclose()


def _response_to(request: bytes) -> bytes:
    found = _KEY.search(request)
    if found is None:
        raise ValueError("the library's handshake has no key")
    accept = base64.b64encode(hashlib.sha1(found[1].strip() + _GUID).digest())  # noqa: S324  # RFC 6455
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
