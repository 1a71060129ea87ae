"""
What keeps a session going on Trio: one driver, and two tasks for each connection.

The driver asks the session what to do, does it, and asks again; it is the only one who writes.
Opening a connection and saying goodbye take time, in which the driver must go on; they are
tasks of their own, of which the session knows (it counts the connections). A reader hands over
what comes. None of them runs code of the user, and all of them end before the driver does.
"""

import logging
from collections.abc import Callable
from typing import Final, Protocol, runtime_checkable

import trio

from multichat_proto.exceptions import (
    ConnectionClosed,
    ConnectionFailed,
    MultichatError,
    RemoteProtocolError,
)
from multichat_proto.messages import CloseCode
from multichat_proto.opening import Opening
from multichat_proto.session import (
    AbortConnection,
    CloseConnection,
    Open,
    SendPing,
    SendText,
    Session,
    Stopped,
)
from multichat_proto.transport import AsyncConnector, AsyncLogin, AsyncTransport

__all__ = ["Driver"]

# What a server says is quoted (%a): its words must not forge lines in a log.
_LOG: Final = logging.getLogger("multichat_proto")


@runtime_checkable
class _NeedsTask(Protocol):
    """A transport that has something to do beside what is asked of it."""

    async def run(self) -> None: ...


@runtime_checkable
class _TellsPongs(Protocol):
    """A transport that says when a pong has come, and need not be asked."""

    on_pong: Callable[[], None] | None


class _Link:
    """A connection that is, or was, open."""

    def __init__(self, number: int, transport: AsyncTransport) -> None:
        self.number = number
        self.transport = transport
        self.reading = trio.CancelScope()
        self.pongs_heard = 0
        self.is_aborted = False

    def abort(self) -> None:
        self.is_aborted = True
        self.transport.abort()
        self.reading.cancel()


class Driver:
    """
    Drives one session.

    Args:
        session: From its start; nobody else asks it for effects.
        opening: What the handshakes say.
        connector: Opens the connections.
        close_timeout: Longest wait, in seconds, for a goodbye.

    """

    def __init__(
        self,
        session: Session,
        opening: Opening,
        connector: AsyncConnector,
        *,
        close_timeout: float,
    ) -> None:
        self._session = session
        self._opening = opening
        self._connector = connector
        self._close_timeout = close_timeout
        self._cookies: dict[str, str] = {}
        self._links: dict[int, _Link] = {}
        self._attempt = trio.CancelScope()
        self._is_stopped = False
        self._news = trio.Event()
        self._space = trio.Event()
        session.on_effect = self._wake_driver
        session.on_readable = self._wake_readers

    async def run(self) -> None:
        """Do what the session wants until it has stopped and every connection is closed."""
        async with trio.open_nursery() as tasks:
            try:
                await self._drive(tasks)
            finally:
                self._is_stopped = True
                self._attempt.cancel()
                for link in self._links.values():
                    link.reading.cancel()

    async def _drive(self, tasks: trio.Nursery) -> None:
        while True:
            self._hear_pongs()
            effect = self._session.next_effect(trio.current_time())
            match effect:
                case None:
                    await self._rest()
                case SendText() | SendPing():
                    await self._write(effect)
                case Open():
                    tasks.start_soon(self._carry, effect)
                case CloseConnection(connection=number) if number in self._links:
                    tasks.start_soon(self._say_goodbye, self._links[number], effect)
                case AbortConnection(connection=number) if number in self._links:
                    self._links[number].abort()
                case Stopped():
                    return

    async def _rest(self) -> None:
        """Wait for news, or until the session wants to be asked again."""
        wake_at = self._session.wake_at
        with trio.CancelScope() as resting:
            if wake_at is not None:
                resting.deadline = wake_at
            await self._news.wait()
        self._news = trio.Event()

    async def _write(self, effect: SendText | SendPing) -> None:
        link = self._links.get(effect.connection)
        if link is None:
            return  # It was lost meanwhile, and the session knows.
        with trio.move_on_after(effect.timeout) as writing:
            try:
                if isinstance(effect, SendText):
                    await link.transport.send_text(effect.text)
                else:
                    await link.transport.ping()
            except (ConnectionClosed, RemoteProtocolError):
                pass  # The reader knows more about the end.
        if writing.cancelled_caught:
            self._lose(link, ConnectionClosed(CloseCode.ABNORMAL, "the server takes nothing more"))

    async def _say_goodbye(self, link: _Link, effect: CloseConnection) -> None:
        with trio.move_on_after(effect.timeout):
            await link.transport.close(effect.code, effect.reason)
        self._lose(link, ConnectionClosed(effect.code, effect.reason))

    def _lose(self, link: _Link, error: ConnectionClosed | RemoteProtocolError) -> None:
        link.abort()
        self._session.connection_lost(link.number, error, trio.current_time())

    async def _carry(self, effect: Open) -> None:
        """Open a connection, and read from it until it has ended."""
        transport = await self._open(effect)
        if transport is None:
            return
        link = _Link(effect.connection, transport)
        self._links[link.number] = link
        try:
            async with trio.open_nursery() as tasks:
                if isinstance(transport, _NeedsTask):
                    tasks.start_soon(transport.run)
                if isinstance(transport, _TellsPongs):
                    transport.on_pong = self._hear_pongs
                if self._is_stopped:
                    link.abort()
                else:
                    _LOG.info("connected to %s", self._opening.address)
                    self._session.opened(link.number, trio.current_time())
                with link.reading:
                    await self._read(link)
                # The end is known; what is left is the rest of the closing handshake.
                if not link.is_aborted:
                    with trio.move_on_after(self._close_timeout):
                        await transport.close()
                transport.abort()
        finally:
            transport.abort()
            del self._links[link.number]

    async def _open(self, effect: Open) -> AsyncTransport | None:
        """Return a connection, or tell the session why there is none."""
        transport: AsyncTransport | None = None
        error: MultichatError | None = None
        if self._is_stopped:
            return None
        self._attempt = trio.CancelScope()
        with self._attempt, trio.move_on_after(effect.timeout) as patience:
            try:
                if effect.login:
                    self._cookies = await self._log_in()
                request = self._opening.request(self._cookies)
                transport = await self._connector.open(request)
            except MultichatError as exc:
                error = exc
        if patience.cancelled_caught:
            error = ConnectionFailed(
                f"{self._opening.address} did not let us in within {effect.timeout:g} s"
            )
        if error is not None:
            _LOG.warning("cannot connect to %s: %a", self._opening.address, str(error))
            self._session.open_failed(effect.connection, error, trio.current_time())
        return transport

    async def _log_in(self) -> dict[str, str]:
        account, address = self._opening.password, self._opening.address
        if account is None:
            return {}
        if isinstance(self._connector, AsyncLogin):
            return await self._connector.login(address, account.username, account.password)
        # Here, since an HTTP client takes long to import, and many never log in.
        from multichat_proto.login import form_login

        return await form_login(
            address, account.username, account.password, ssl_context=self._opening.ssl_context
        )

    async def _read(self, link: _Link) -> None:
        session, receive = self._session, link.transport.receive
        try:
            while True:
                while not session.wants_frames:
                    await self._space.wait()
                message = await receive()
                if isinstance(message, str):
                    session.receive_text(link.number, message, trio.current_time())
                else:
                    session.receive_binary(link.number, trio.current_time())
        except (ConnectionClosed, RemoteProtocolError) as exc:
            _LOG.info("the connection to %s has ended: %a", self._opening.address, str(exc))
            session.connection_lost(link.number, exc, trio.current_time())

    def _hear_pongs(self) -> None:
        for link in self._links.values():
            if link.transport.pongs > link.pongs_heard:
                link.pongs_heard = link.transport.pongs
                self._session.pong(link.number, trio.current_time())

    def _wake_driver(self) -> None:
        self._news.set()

    def _wake_readers(self) -> None:
        if not self._space.statistics().tasks_waiting:
            return
        self._space.set()
        self._space = trio.Event()
