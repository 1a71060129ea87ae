"""
What does a session's work under asyncio: one driver task, and one task a connection.

The driver asks the session what to do next and does one thing at a time; it alone writes. The
task of a connection opens it and then reads until its end; it runs no code of the user. Both
belong to the ``connect`` block and end with it.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol, runtime_checkable

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

_BATCH: Final = 64
"""Items taken from a source that always has one, before the other tasks get their turn."""

_LOG: Final = logging.getLogger("multichat_proto")


@runtime_checkable
class _TellsPongs(Protocol):
    """A transport that says when a pong has come, and need not be asked."""

    on_pong: Callable[[], None] | None


class _Link:
    """
    One connection, from the attempt to open it.

    Attributes:
        number: Its number in the session.
        task: Opens and reads it.
        transport: The connection, once it is open.
        pongs: The pongs that the session was told of.

    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.task: asyncio.Task[None] | None = None
        self.transport: AsyncTransport | None = None
        self.pongs = 0

    def end(self) -> None:
        """End it at once."""
        if self.task is not None:
            self.task.cancel()
        if self.transport is not None:
            self.transport.abort()


class Driver:
    """
    Does what a session wants.

    Args:
        session: From its start; nobody else asks it for effects.
        opening: What the handshakes say.
        connector: Opens connections.
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
        self._now: Callable[[], float] = asyncio.get_running_loop().time
        self._wake = asyncio.Event()
        self._readable = asyncio.Event()
        session.on_effect = self._wake.set
        session.on_readable = self._readable.set
        self._cookies: dict[str, str] = {}
        self._link: _Link | None = None
        self._driving: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._crash: BaseException | None = None

    def start(self) -> None:
        """Begin to work; whoever calls this has to await :meth:`stop` or :meth:`abort`."""
        self._driving = self._start(self._drive(), "multichat driver")

    async def stop(self) -> None:
        """
        Say goodbye, and wait for the end of all tasks; cancelled, they end at once.

        Raises:
            BaseException: A task has failed in a way that it should not.

        """
        self._session.stop(self._now())
        try:
            if self._driving is not None:
                patience = self._close_timeout
                await asyncio.wait({self._driving}, timeout=patience)
        finally:
            await self.abort()

    async def abort(self) -> None:
        """
        End at once, and wait for the end of all tasks.

        Raises:
            BaseException: A task has failed in a way that it should not.

        """
        self._let_go()
        for task in self._tasks:
            task.cancel()
        cancelled: asyncio.CancelledError | None = None
        while self._tasks:
            try:
                await asyncio.wait(self._tasks)
            except asyncio.CancelledError as exc:
                cancelled = exc  # they have been told already, and it does not take long
        if self._crash is not None:
            raise self._crash
        if cancelled is not None:
            raise cancelled

    def _let_go(self) -> None:
        """Tell everybody who waits that nothing will come any more."""
        self._session.stop(self._now())
        if self._link is not None:
            self._lost(self._link, ConnectionClosed(CloseCode.ABNORMAL))
            self._link.end()

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (crash := task.exception()) is not None:
            # No error of ours: somebody's transport, or a mistake here. Nobody waits forever.
            self._crash = self._crash or crash
            self._let_go()
            for other in self._tasks:
                other.cancel()

    # -- The driver.

    async def _drive(self) -> None:
        session = self._session
        while True:
            self._wake.clear()
            self._note_pongs()
            match session.next_effect(self._now()):
                case None:
                    try:
                        async with asyncio.timeout_at(session.wake_at):
                            await self._wake.wait()
                    except TimeoutError:
                        pass
                case Open() as effect:
                    self._link = link = _Link(effect.connection)
                    link.task = self._start(self._connect(link, effect), "multichat reader")
                case SendText(connection=number, text=text, timeout=timeout):
                    if (transport := self._transport(number)) is not None:
                        await self._write(number, transport.send_text(text), timeout)
                case SendPing(connection=number, timeout=timeout):
                    if (transport := self._transport(number)) is not None:
                        await self._write(number, transport.ping(), timeout)
                case CloseConnection() as effect:
                    await self._close(effect)
                case AbortConnection(connection=number):
                    if self._link is not None and self._link.number == number:
                        self._link.end()
                case Stopped():
                    if self._link is not None:
                        self._link.end()
                    return

    def _transport(self, number: int) -> AsyncTransport | None:
        link = self._link
        return link.transport if link is not None and link.number == number else None

    def _note_pongs(self) -> None:
        link = self._link
        if link is None or link.transport is None:
            return
        pongs = link.transport.pongs
        if pongs > link.pongs:
            link.pongs = pongs
            self._session.pong(link.number, self._now())

    def _hear_pongs(self) -> None:
        self._note_pongs()
        self._wake.set()  # the next ping may be due sooner than that one's deadline

    async def _write(self, number: int, writing: Coroutine[Any, Any, None], most: float) -> None:
        try:
            async with asyncio.timeout(most):
                await writing
        except TimeoutError:
            self._give_up(number, "the server takes nothing more")
        except (ConnectionClosed, RemoteProtocolError):
            pass  # the reader sees it, too, and why

    async def _close(self, effect: CloseConnection) -> None:
        transport = self._transport(effect.connection)
        if transport is not None:
            try:
                async with asyncio.timeout(effect.timeout):
                    await transport.close(effect.code, effect.reason)
            except TimeoutError:
                pass
        self._give_up(effect.connection, effect.reason)

    def _give_up(self, number: int, reason: str) -> None:
        link = self._link
        if link is not None and link.number == number:
            link.end()
            self._lost(link, ConnectionClosed(CloseCode.ABNORMAL, reason))

    def _lost(self, link: _Link, error: ConnectionClosed | RemoteProtocolError) -> None:
        self._session.connection_lost(link.number, error, self._now())

    # -- The task of a connection.

    async def _connect(self, link: _Link, effect: Open) -> None:
        try:
            async with asyncio.timeout(effect.timeout):
                if effect.login:
                    self._cookies = await self._log_in()
                request = self._opening.request(self._cookies)
                link.transport = await self._connector.open(request)
        except TimeoutError:
            slow = ConnectionFailed(f"no answer from {self._opening.address} in time")
            self._not_opened(link, slow)
        except MultichatError as exc:
            self._not_opened(link, exc)
        else:
            try:
                await self._read(link, link.transport)
            finally:
                link.transport.abort()

    def _not_opened(self, link: _Link, error: MultichatError) -> None:
        _LOG.warning("cannot connect to %s: %s", self._opening.address, _quoted(error))
        self._session.open_failed(link.number, error, self._now())

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

    async def _read(self, link: _Link, transport: AsyncTransport) -> None:
        session, number = self._session, link.number
        _LOG.info("connected to %s", self._opening.address)
        if isinstance(transport, _TellsPongs):
            transport.on_pong = self._hear_pongs
        session.opened(number, self._now())
        taken = 0
        try:
            while True:
                await self._until_readable()
                message = await transport.receive()
                if isinstance(message, str):
                    session.receive_text(number, message, self._now())
                else:
                    session.receive_binary(number, self._now())
                taken += 1
                if taken % _BATCH == 0:
                    await asyncio.sleep(0)
        except (ConnectionClosed, RemoteProtocolError) as exc:
            _LOG.info("the connection to %s has ended: %s", self._opening.address, _quoted(exc))
            self._lost(link, exc)

    async def _until_readable(self) -> None:
        while not self._session.wants_frames:
            self._readable.clear()
            await self._readable.wait()


def _quoted(error: MultichatError) -> str:
    """Return an error's sentence for the log: a server's words must not forge lines in it."""
    return ascii(str(error))
