"""How a session begins and ends on Trio."""

import random
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType

import trio

from multichat_proto.address import Address
from multichat_proto.async_shell import Chat
from multichat_proto.credentials import Credentials
from multichat_proto.handshake import SUBPROTOCOL
from multichat_proto.opening import Opening
from multichat_proto.options import Options
from multichat_proto.starting import Start
from multichat_proto.transport import OWN_ORIGIN, AsyncConnector
from multichat_proto.trio._dial import Dialler
from multichat_proto.trio._driver import Driver
from multichat_proto.trio._library import Library
from multichat_proto.trio._proxy import HttpProxy

__all__ = ["connect"]


def connect(
    url: str | Address,
    *,
    credentials: Credentials | tuple[str, str] | None = None,
    rooms: Iterable[str | int] = (),
    username: str | None = None,
    headers: Mapping[str, str] | None = None,
    origin: str | None = OWN_ORIGIN,
    subprotocols: Sequence[str] = (SUBPROTOCOL,),
    ssl_context: ssl.SSLContext | None = None,
    proxy: str | None = None,
    options: Options | None = None,
    transport: AsyncConnector | None = None,
    random: Callable[[], float] = random.random,
) -> AbstractAsyncContextManager[Chat]:
    """
    Connect to a chat server, and stay connected until the block is left.

    ::

        async with connect("ws://localhost:8000", credentials=("alice", "secret")) as chat:
            room = await chat.join(1)
            await room.send("hello")
            async for event in room:
                print(event)

    The block is entered once every one of ``rooms`` is joined or refused. After that the
    session outlives its connections: it connects, logs in and joins again by itself, and tells
    what was missed (see :class:`multichat_proto.options.Options` to have it otherwise).

    Leaving the block says goodbye, and waits ``close_timeout`` seconds at most. What the block
    raises comes out as it is, in no exception group. A block that is cancelled ends the
    connection without a goodbye.

    Args:
        url: The server; see :meth:`multichat_proto.address.Address.parse`.
        credentials: Who one is: a name and a password, or one of
            :mod:`multichat_proto.credentials`; ``None`` is nobody.
        rooms: The rooms that are wanted from the start. One that is refused does not keep the
            block from being entered; the chat's stream has a ``RoomLost``, the log a warning,
            and looking it up in ``chat.rooms`` raises ``NotAMember`` with the refusal.
        username: One's own name, where the credentials do not say it: it tells one's own
            messages from the same words of somebody else.
        headers: More headers of the handshake.
        origin: The ``Origin`` header; the server's own unless given, ``None`` sends none.
        subprotocols: What to offer, best first; none is normal, too (MC1-CLIENT-01).
        ssl_context: For ``wss``; ``None`` means the system's certificates.
        proxy: The URL of an HTTP proxy for the connection, such as ``http://host:3128``;
            ``None`` uses none. The login form is asked for without it.
        options: Every limit and time; ``None`` takes their defaults.
        transport: Opens the connections instead of the network.
        random: Returns a number from 0 up to, but not including, 1; for the waits.

    Raises:
        LocalProtocolError: The address, a header, a room's id or another of these is none.
        LoginFailed: The server did not take the account. This and the next come when the
            block is entered.
        ConnectionFailed: No connection came about, in ``connect_timeout`` seconds if it is
            worth trying again; the sentence says why.
        ConnectionClosed: It ended again before all was joined.
        RemoteProtocolError: What answered does not speak WebSocket.

    """
    options = Options() if options is None else options
    opening = Opening(
        url,
        credentials=credentials,
        username=username,
        headers=headers,
        origin=origin,
        subprotocols=subprotocols,
        ssl_context=ssl_context,
        proxy=proxy,
        options=options,
    )
    if transport is None and proxy is not None:
        HttpProxy.parse(proxy)  # a mistake is told here and not by each attempt
    start = Start(opening, options, rooms, random)
    return _Connecting(start, transport or Dialler())


class _Connecting(AbstractAsyncContextManager[Chat]):
    """
    The context manager of a session, which owns its driver's task.

    The nursery never sees what the block raises, and the driver raises nothing itself, so
    there is nothing for it to wrap in a group.
    """

    def __init__(self, start: Start, connector: AsyncConnector) -> None:
        self._start = start
        self._connector = connector

    async def __aenter__(self) -> Chat:
        opening, library = self._start.opening, Library()
        now = trio.current_time()
        self._session = self._start.session(now)
        driver = Driver(
            self._session,
            opening,
            self._connector,
            close_timeout=self._start.options.close_timeout,
        )
        self._has_ended = trio.Event()
        self._tasks = trio.open_nursery()
        self._nursery = await self._tasks.__aenter__()
        self._nursery.start_soon(self._drive, driver)
        try:
            await library.result_of(self._session, self._session.ready(now))
        except BaseException:
            await self._end()
            raise
        return Chat(library, self._session, opening.address, opening.username)

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._session.stop(trio.current_time())
        try:
            with trio.move_on_after(self._start.options.close_timeout):
                await self._has_ended.wait()
        finally:
            await self._end()

    async def _drive(self, driver: Driver) -> None:
        await driver.run()
        self._has_ended.set()

    async def _end(self) -> None:
        """End the tasks; what a foreign connector has raised comes out as it is."""
        self._nursery.cancel_scope.cancel()
        error: BaseException | None = None
        try:
            await self._tasks.__aexit__(None, None, None)
        except BaseExceptionGroup as group:
            error = group
            while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
                error = error.exceptions[0]
        if error is not None:
            raise error
