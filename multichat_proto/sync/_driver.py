"""
What does a session's work without an event loop: a few threads behind one lock.

The *driver* asks the session what to do next, and minds the time; it never waits for the
network. Each connection has a *reader*, which opens it and then reads until its end, and a
*writer*, which does the one thing that the driver has given it. The session is touched under
the lock only, and nothing else that may take time is done under it. No thread runs code of the
user; all belong to the ``connect`` block and end with it.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Final

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
    Effect,
    Open,
    SendPing,
    SendText,
    Session,
)
from multichat_proto.session.effects import Stopped
from multichat_proto.sync._clock import Clock
from multichat_proto.sync._links import CanGiveUp, Link, Reporting, TellsPongs
from multichat_proto.transport import SyncConnector, SyncLogin, SyncTransport

__all__ = ["Driver"]

_LOG: Final = logging.getLogger("multichat_proto")


class Driver:
    """
    Does what a session wants.

    Args:
        session: From its start; nobody else asks it for effects.
        opening: What the handshakes say.
        connector: Opens connections.
        clock: The time.
        lock: Whoever touches the session holds it.
        close_timeout: Longest wait, in seconds, for a goodbye, and for each thread's end.

    """

    def __init__(
        self,
        session: Session,
        opening: Opening,
        connector: SyncConnector,
        clock: Clock,
        lock: threading.Lock,
        *,
        close_timeout: float,
    ) -> None:
        self._session = session
        self._opening = opening
        self._connector = connector
        self._clock = clock
        self._close_timeout = close_timeout
        self._lock = lock
        self._wake = threading.Condition(self._lock)
        self._readable = threading.Condition(self._lock)
        self._over = threading.Condition(self._lock)
        session.on_effect = self._wake.notify_all
        session.on_readable = self._readable.notify_all
        self._cookies: dict[str, str] = {}
        self._link: Link | None = None
        self._threads: list[threading.Thread] = []
        self._is_cancelled = False
        self._is_over = False
        self._crash: BaseException | None = None

    def start(self) -> None:
        """Begin to work; whoever calls this has to call :meth:`stop` or :meth:`abort`."""
        self._start(self._drive, "multichat driver")

    def stop(self) -> None:
        """
        Say goodbye, and wait for the end of all threads; interrupted, they end at once.

        Raises:
            BaseException: A thread has failed in a way that it should not.

        """
        try:
            with self._lock:
                self._session.stop(self._clock.now())
                deadline = self._clock.now() + self._close_timeout
                while not self._is_over and (left := deadline - self._clock.now()) > 0:
                    self._clock.wait(self._over, left)
        finally:
            self.abort()

    def abort(self) -> None:
        """
        End at once, and wait for the end of all threads.

        A thread that looks up a name or fills in a login form cannot be woken up; it is waited
        for at most ``close_timeout`` seconds, and ends by itself with what it does.

        Raises:
            BaseException: A thread has failed in a way that it should not.

        """
        with self._lock:
            self._let_go()
            link = self._link
        if link is not None:
            self._end(link)
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(self._close_timeout)
        if self._crash is not None:
            raise self._crash

    # -- The driver's thread.

    def _drive(self) -> None:
        with self._lock:
            while not self._is_cancelled:
                self._note_pongs()
                effect = self._session.next_effect(self._clock.now())
                if effect is None:
                    self._rest()
                elif isinstance(effect, Stopped):
                    break
                else:
                    self._do(effect)
            link, self._is_over = self._link, True
            self._over.notify_all()
        if link is not None:
            self._end(link)

    def _rest(self) -> None:
        """Wait for news, or until the session wants to be asked again."""
        link, until = self._link, self._session.wake_at
        if link is not None and link.open_by is not None and not link.is_ended:
            if self._clock.now() >= link.open_by:
                self._open_too_late(link)
                return
            until = link.open_by if until is None else min(until, link.open_by)
        self._clock.wait(self._wake, None if until is None else max(0.0, until - self._clock.now()))

    def _do(self, effect: Effect) -> None:
        link = self._link
        if isinstance(effect, Open):
            connector, open_by = self._connector, self._clock.now() + effect.timeout
            attempt = connector.attempt() if isinstance(connector, CanGiveUp) else None
            self._link = link = Link(effect.connection, attempt, open_by, self._lock)
            self._start(partial(self._carry, link, effect), "multichat reader")
            return
        if link is None or link.number != getattr(effect, "connection", None):
            return
        transport = link.transport
        match effect:
            case SendText(text=text, timeout=timeout) if transport is not None:
                self._write(link, partial(transport.send_text, text), timeout)
            case SendPing(timeout=timeout) if transport is not None:
                self._write(link, transport.ping, timeout)
            case CloseConnection(code=code, reason=reason, timeout=timeout):
                if transport is not None:
                    self._write(link, partial(transport.close, code, reason), timeout)
                self._lose(link, reason)
            case AbortConnection():
                with self._unlocked():
                    self._end(link)

    def _write(self, link: Link, job: Callable[[], None], most: float) -> None:
        """Have the writer do something, and wait until it has."""
        deadline = self._clock.now() + most
        link.job = job
        link.work.notify_all()
        while link.job is job and not link.is_ended and not self._is_cancelled:
            left = deadline - self._clock.now()
            if left <= 0:
                self._lose(link, "the server takes nothing more")
                return
            self._clock.wait(self._wake, left)

    def _lose(self, link: Link, reason: str) -> None:
        error = ConnectionClosed(CloseCode.ABNORMAL, reason)
        self._session.connection_lost(link.number, error, self._clock.now())
        with self._unlocked():
            self._end(link)

    def _open_too_late(self, link: Link) -> None:
        link.is_ended = True
        error = ConnectionFailed(f"no answer from {self._opening.address} in time")
        self._not_opened(link, error)
        with self._unlocked():
            self._end(link)

    def _note_pongs(self) -> None:
        link = self._link
        if link is None or link.transport is None:
            return
        pongs = link.transport.pongs
        if pongs > link.pongs:
            link.pongs = pongs
            self._session.pong(link.number, self._clock.now())

    def _hear_pongs(self) -> None:
        with self._lock:
            self._note_pongs()
            self._wake.notify_all()  # the next ping may be due sooner than that one's deadline

    # -- A connection's reader.

    def _carry(self, link: Link, effect: Open) -> None:
        """Open a connection, and read from it until it has ended."""
        transport, error = None, None
        cookies = self._cookies
        try:
            if effect.login:
                cookies = self._log_in(effect.timeout)
            with self._lock:
                if link.is_ended:
                    return
            transport = (link.attempt or self._connector).open(self._opening.request(cookies))
        except MultichatError as exc:
            error = exc
        try:
            with self._lock:
                link.open_by = None
                if link.is_ended:
                    return
                if transport is not None:
                    self._cookies = cookies
                    link.transport = transport
                    if isinstance(transport, TellsPongs):
                        transport.on_pong = self._hear_pongs
                    self._start(partial(self._write_all, link), "multichat writer")
                    _LOG.info("connected to %s", self._opening.address)
                    self._session.opened(link.number, self._clock.now())
                elif error is not None:
                    self._not_opened(link, error)
            if transport is not None:
                self._read(link, transport)
        finally:
            with self._lock:
                link.is_ended = True
                link.work.notify_all()
            if transport is not None:
                transport.abort()

    def _log_in(self, timeout: float) -> dict[str, str]:
        account, address = self._opening.password, self._opening.address
        if account is None:
            return {}
        if isinstance(self._connector, SyncLogin):
            return self._connector.login(address, account.username, account.password)
        # Here, since an HTTP client takes long to import, and many never log in.
        from multichat_proto.login import form_login_sync

        return form_login_sync(
            address,
            account.username,
            account.password,
            ssl_context=self._opening.ssl_context,
            timeout=timeout,
        )

    def _not_opened(self, link: Link, error: MultichatError) -> None:
        _LOG.warning("cannot connect to %s: %s", self._opening.address, _quoted(error))
        self._session.open_failed(link.number, error, self._clock.now())

    def _read(self, link: Link, transport: SyncTransport) -> None:
        session, number = self._session, link.number
        try:
            while True:
                with self._lock:
                    while not session.wants_frames and not link.is_ended:
                        self._clock.wait(self._readable, None)
                    if link.is_ended:
                        return
                message = transport.receive()
                with self._lock:
                    if isinstance(message, str):
                        session.receive_text(number, message, self._clock.now())
                    else:
                        session.receive_binary(number, self._clock.now())
        except (ConnectionClosed, RemoteProtocolError) as exc:
            _LOG.info("the connection to %s has ended: %s", self._opening.address, _quoted(exc))
            with self._lock:
                session.connection_lost(number, exc, self._clock.now())

    # -- A connection's writer.

    def _write_all(self, link: Link) -> None:
        with self._lock:
            while True:
                while link.job is None:
                    if link.is_ended:
                        return
                    self._clock.wait(link.work, None)
                # The reader sees how a connection ends, too, and why.
                with self._unlocked(), suppress(ConnectionClosed, RemoteProtocolError):
                    link.job()
                link.job = None
                self._wake.notify_all()

    # -- What all threads have in common.

    def _start(self, work: Callable[[], None], name: str) -> None:
        def run() -> None:
            with Reporting(self._crashed):
                work()

        # A daemon: a program that never leaves the block can end all the same.
        thread = threading.Thread(target=run, name=name, daemon=True)
        self._threads = [other for other in self._threads if other.is_alive()]
        thread.start()
        self._threads.append(thread)

    def _crashed(self, crash: BaseException) -> None:
        """Take it that somebody's transport, or something here, is broken: nobody waits."""
        with self._lock:
            self._crash = self._crash or crash
            self._let_go()
            self._is_over = True
            self._over.notify_all()
            link = self._link
        if link is not None:
            self._end(link)

    def _let_go(self) -> None:
        """Tell everybody who waits that nothing will come any more."""
        self._is_cancelled = True
        self._session.stop(self._clock.now())
        if self._link is not None:
            error = ConnectionClosed(CloseCode.ABNORMAL)
            self._session.connection_lost(self._link.number, error, self._clock.now())
        self._wake.notify_all()

    def _end(self, link: Link) -> None:
        """End a connection, or the attempt to open it; the lock is not held."""
        with self._lock:
            link.is_ended = True
            link.work.notify_all()
            self._readable.notify_all()
            transport = link.transport
        if transport is not None:
            transport.abort()
        elif link.attempt is not None:
            link.attempt.cancel()

    @contextmanager
    def _unlocked(self) -> Iterator[None]:
        self._lock.release()
        try:
            yield
        finally:
            self._lock.acquire()


def _quoted(error: MultichatError) -> str:
    """Return an error's sentence for the log: a server's words must not forge lines in it."""
    return ascii(str(error))
