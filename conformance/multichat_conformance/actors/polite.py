"""An actor who keeps to RFC 6455: a user as most are, on trio-websocket."""

from collections.abc import Sequence
from typing import Self

import trio
from trio_websocket import (
    ConnectionClosed,
    ConnectionRejected,
    HandshakeError,
    WebSocketConnection,
    connect_websocket,
)
from wsproto.utilities import LocalProtocolError

from multichat_conformance.actors.actor import Actor, Ended
from multichat_conformance.actors.backdrop import Backdrop
from multichat_conformance.actors.handshake import address, resource_of, ssl_context
from multichat_conformance.findings import TargetGone
from multichat_conformance.target.model import Account

__all__ = ["PoliteActor"]

_LARGEST = 64 * 1024 * 1024
_ABNORMAL = 1006
_UNREACHABLE = (OSError, HandshakeError, trio.BrokenResourceError)


class PoliteActor(Actor):
    """A user whose frames are always legal, and whose pongs come by themselves."""

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
        target = backdrop.target
        host, port, _ = address(target)
        where = resource or resource_of(target)
        backdrop.transcript.add(name, "sent", "handshake", f"GET {where}")
        try:
            failure: Exception | None = await nursery.start(actor._live, where, headers)
            if failure is not None:
                raise failure
        except ConnectionRejected as exc:
            backdrop.transcript.add(name, "received", "handshake", f"status {exc.status_code}")
            actor.blame(
                "MC1-HAND-01",
                f"{name}'s handshake was refused with status {exc.status_code}",
                "status 101",
                f"status {exc.status_code}",
            )
        except trio.TooSlowError:
            raise TargetGone(
                f"no answer to a handshake at {host}:{port} within {backdrop.patience:.1f} s"
            ) from None
        except _UNREACHABLE as exc:
            raise TargetGone(f"{host}:{port} takes no connection: {exc}") from exc
        backdrop.transcript.add(name, "received", "handshake", "status 101")
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
        # trio-websocket has no public way to hang up without a close frame.
        await trio.aclose_forcefully(self._socket._stream)  # see above

    async def _live(
        self,
        where: str,
        headers: Sequence[tuple[str, str]],
        *,
        task_status: trio.TaskStatus[Exception | None],
    ) -> None:
        """Own the connection: started with None once it is there, or with why it is not."""
        target = self.backdrop.target
        host, port, secure = address(target)
        context = ssl_context(str(target.ca_file) if target.ca_file else None) if secure else False
        try:
            async with trio.open_nursery() as nursery:
                try:
                    with trio.fail_after(self.backdrop.patience):
                        self._socket = await connect_websocket(
                            nursery,
                            host,
                            port,
                            where,
                            use_ssl=context,
                            extra_headers=[(key.encode(), text.encode()) for key, text in headers],
                            max_message_size=_LARGEST,
                        )
                except (*_UNREACHABLE, ConnectionRejected, trio.TooSlowError) as exc:
                    nursery.cancel_scope.cancel()
                    task_status.started(exc)
                    return
                task_status.started(None)
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
