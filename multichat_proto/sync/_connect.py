"""How a session begins and ends without an event loop."""

import random
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType

from multichat_proto.address import Address
from multichat_proto.credentials import Credentials
from multichat_proto.failures import check_proxy
from multichat_proto.handshake import SUBPROTOCOL
from multichat_proto.opening import Opening
from multichat_proto.options import Options
from multichat_proto.starting import Start
from multichat_proto.sync._chat import Chat
from multichat_proto.sync._clock import Clock
from multichat_proto.sync._driver import Driver
from multichat_proto.sync._transport import WebSocketConnector
from multichat_proto.sync._waiting import Waiting
from multichat_proto.transport import OWN_ORIGIN, SyncConnector

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
    transport: SyncConnector | None = None,
    random: Callable[[], float] = random.random,
    clock: Clock | None = None,
) -> AbstractContextManager[Chat]:
    """
    Connect to a chat server, and stay connected until the block is left.

    ::

        with connect("ws://localhost:8000", credentials=("alice", "secret")) as chat:
            room = chat.join(1)
            room.send("hello")
            for event in room:
                print(event)

    The block is entered once every one of ``rooms`` is joined or refused. After that the
    session outlives its connections: it connects, logs in and joins again by itself, and tells
    what was missed (see :class:`multichat_proto.options.Options` to have it otherwise).

    Leaving the block says goodbye, and waits ``close_timeout`` seconds at most. What the block
    raises comes out as it is. A block that Ctrl-C interrupts ends the connection without a
    goodbye. No thread outlives the block, but for one that looks up a name or fills in the login
    form just then: it ends by itself with that.

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
        proxy: The URL of a proxy for the connection, such as ``http://host:3128``; a SOCKS
            proxy needs the package python-socks. ``None`` uses none, whatever the environment
            says. The login form is asked for without it.
        options: Every limit and time; ``None`` takes their defaults.
        transport: Opens the connections instead of the network.
        random: Returns a number from 0 up to, but not including, 1; for the waits.
        clock: The time, for tests; ``None`` takes the system's.

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
        check_proxy(proxy)  # a mistake is told here and not by each attempt
    start = Start(opening, options, rooms, random)
    return _Connecting(start, transport or WebSocketConnector(), clock or Clock())


class _Connecting(AbstractContextManager[Chat]):
    """The context manager of a session, which owns all its threads."""

    def __init__(self, start: Start, connector: SyncConnector, clock: Clock) -> None:
        self._start = start
        self._connector = connector
        self._clock = clock

    def __enter__(self) -> Chat:
        session = self._start.session(self._clock.now())
        waiting = Waiting(session, self._clock)
        self._driver = Driver(
            session,
            self._start.opening,
            self._connector,
            self._clock,
            waiting.lock,
            close_timeout=self._start.options.close_timeout,
        )
        try:
            self._driver.start()
            waiting.ask(session.ready, timeout=None)
        except BaseException:
            self._driver.abort()
            raise
        return Chat(waiting, session, self._start.opening.address, self._start.opening.username)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc_type is None or issubclass(exc_type, Exception):
            self._driver.stop()
        else:
            self._driver.abort()  # interrupted: there is no time for a goodbye
