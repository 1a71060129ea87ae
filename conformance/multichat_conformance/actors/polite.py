"""An actor who keeps to RFC 6455: a user as most are, on trio-websocket."""

from collections.abc import Sequence
from typing import Self
from urllib.parse import urlsplit

import trio
from trio_websocket import (
    ConnectionClosed,
    WebSocketConnection,
    wrap_client_stream,
)
from wsproto.utilities import LocalProtocolError

from multichat_conformance.actors.actor import Actor, Ended
from multichat_conformance.actors.backdrop import Backdrop
from multichat_conformance.actors.handshake import resource_of
from multichat_conformance.actors.opening import AfterHandshake, shake_hands
from multichat_conformance.target.model import Account

__all__ = ["PoliteActor"]

_LARGEST = 64 * 1024 * 1024
_ABNORMAL = 1006


class PoliteActor(Actor):
    """A user whose frames are always legal, and whose pongs come by themselves."""

    _stream: trio.abc.Stream
    _socket: WebSocketConnection
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
        actor._stream, response = await shake_hands(actor, headers=headers, resource=resource)
        try:
            await nursery.start(actor._live, response.rest)
        except BaseException:
            await trio.aclose_forcefully(actor._stream)
            raise
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
        await trio.aclose_forcefully(self._stream)

    async def _live(self, rest: bytes, *, task_status: trio.TaskStatus[None]) -> None:
        """Own the connection: started once trio-websocket has taken over."""
        netloc = urlsplit(self.backdrop.target.url).netloc
        try:
            async with trio.open_nursery() as nursery:
                self._socket = await wrap_client_stream(
                    nursery,
                    AfterHandshake(self._stream, rest),  # type: ignore[arg-type]  # any stream does
                    netloc,
                    resource_of(self.backdrop.target),
                    max_message_size=_LARGEST,
                )
                task_status.started()
                await self._listen()
        except* LocalProtocolError:
            # trio-websocket answers a ping that crosses its own close frame; wsproto refuses.
            self.heard_end(Ended(None))
            if self._closing is not None:
                self._closing.cancel()

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
