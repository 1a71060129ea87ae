"""An actor who keeps to RFC 6455: a user as most are, on trio-websocket."""

from collections.abc import Sequence
from typing import Self
from urllib.parse import urlsplit

import trio
from trio_websocket import (
    ConnectionClosed,
    HandshakeError,
    WebSocketConnection,
    wrap_client_stream,
)
from wsproto.utilities import LocalProtocolError

from multichat_conformance.actors.actor import Actor, Ended
from multichat_conformance.actors.backdrop import Backdrop
from multichat_conformance.actors.handshake import open_stream
from multichat_conformance.actors.watched import NotAccepted, WatchedStream
from multichat_conformance.findings import TargetGone
from multichat_conformance.target.address import address, resource_of
from multichat_conformance.target.model import Account

__all__ = ["PoliteActor"]

_LARGEST = 64 * 1024 * 1024
_ABNORMAL = 1006
_UNREACHABLE = (OSError, HandshakeError, trio.BrokenResourceError, NotAccepted, TargetGone)


class PoliteActor(Actor):
    """A user whose frames are always legal, and whose pongs come by themselves."""

    _socket: WebSocketConnection
    _stream: WatchedStream | None = None
    _closing: trio.CancelScope | None = None

    @classmethod
    async def connect(
        cls,
        nursery: trio.Nursery,
        name: str,
        account: Account | None,
        backdrop: Backdrop,
        *,
        headers: Sequence[tuple[str, str]] = (),
        resource: str | None = None,
    ) -> Self:
        """
        Connect to the target and begin to listen.

        Args:
            nursery: Owns the task that listens; it ends with the connection.
            name: The role.
            account: Whose session it is; None: nobody's.
            backdrop: What the story's actors share.
            headers: What the handshake carries besides; never written down.
            resource: Path and query; None: the target's.

        Raises:
            TargetGone: The target takes no connections.
            Violation: It refuses the handshake.

        """
        actor = cls(name, account, backdrop)
        host, port, _ = address(backdrop.target)
        where = resource or resource_of(backdrop.target)
        backdrop.transcript.add(name, "sent", "handshake", f"GET {where}")
        match await nursery.start(actor._live, where, headers):
            case None:
                backdrop.transcript.add(name, "received", "handshake", "status 101")
            case NotAccepted(response=response, clause=clause, wrong=wrong):
                backdrop.transcript.add(name, "received", "handshake", str(response))
                if response.status is None:
                    raise TargetGone("the target did not answer a handshake")
                summary = f"{name}'s handshake was not accepted"
                actor.blame(clause, summary, "status 101", wrong, hopeless=True)
            case TargetGone() as gone:
                raise gone
            case trio.TooSlowError():
                raise TargetGone(
                    f"no answer to a handshake at {host}:{port} within {backdrop.patience:.1f} s"
                )
            case exc:
                raise TargetGone(f"{host}:{port} takes no connection: {exc}") from exc
        return actor

    async def send_text(self, text: str) -> None:
        """Send one text message as it is."""
        self.backdrop.transcript.add(self.name, "sent", "text", text)
        try:
            with trio.move_on_after(self.backdrop.patience):
                await self._socket.send_message(text)
        except ConnectionClosed as exc:
            self._is_over(exc)

    async def ping(self, payload: bytes) -> bool:
        """Send a ping and return whether a pong with its payload came in time."""
        self.backdrop.transcript.add(self.name, "sent", "ping", payload.hex(" "))
        answered = False
        try:
            with trio.move_on_after(self.backdrop.patience):
                await self._socket.ping(payload)
                answered = True
                self.backdrop.transcript.add(self.name, "received", "pong", payload.hex(" "))
        except ConnectionClosed as exc:
            self._is_over(exc)
        return answered

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Send a close frame and wait until the connection has ended (or patience has)."""
        if self.ended is None:
            self.backdrop.transcript.add(self.name, "sent", "close", f"{code} {reason}".strip())
            with trio.move_on_after(self.backdrop.patience) as self._closing:
                await self._socket.aclose(code, reason or None)

    async def vanish(self) -> None:
        """Let go of the connection at once, without a close frame."""
        self.backdrop.transcript.note("hangs up", actor=self.name)
        if self._stream is not None:
            await trio.aclose_forcefully(self._stream)

    async def _live(
        self,
        where: str,
        headers: Sequence[tuple[str, str]],
        *,
        task_status: trio.TaskStatus[Exception | None],
    ) -> None:
        """Own the connection: started with None once it is there, or with why it is not."""
        target = self.backdrop.target
        failure: Exception | None = None
        try:
            async with trio.open_nursery() as nursery:
                with trio.fail_after(self.backdrop.patience):
                    self._stream = WatchedStream(await open_stream(target))
                    self._socket = await wrap_client_stream(
                        nursery,
                        self._stream,  # type: ignore[arg-type]  # any stream will do
                        urlsplit(target.url).netloc,
                        where,
                        extra_headers=[(key.encode(), text.encode()) for key, text in headers],
                        max_message_size=_LARGEST,
                    )
                task_status.started(None)
                await self._listen()
        except* LocalProtocolError:
            # trio-websocket answers a ping that crosses its own close frame; wsproto refuses.
            self.heard_end(Ended(None))
            if self._closing is not None:
                self._closing.cancel()
        except* (*_UNREACHABLE, trio.TooSlowError) as group:
            # Of the handshake, it is raised in the task in which trio-websocket reads.
            failure = _first(group)
        if failure is None:
            return
        if self._stream is not None:
            await trio.aclose_forcefully(self._stream)
        if hasattr(self, "_socket"):
            self.heard_end(Ended(None))
        else:
            task_status.started(failure)

    async def _listen(self) -> None:
        try:
            while True:
                message = await self._socket.get_message()
                if isinstance(message, str):
                    self.heard_text(message)
                else:
                    self.heard_binary(message)
        except ConnectionClosed as exc:
            self._is_over(exc)

    def _is_over(self, exc: ConnectionClosed) -> None:
        reason = exc.reason
        if reason is None or reason.code == _ABNORMAL:
            self.heard_end(Ended(None))
        else:
            self.heard_end(Ended(int(reason.code), reason.reason or ""))


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
