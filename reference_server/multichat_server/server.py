"""
The server: one port, one process, the chat and the pages behind it.

Its tasks, and who ends them::

    serve
    ├── engine.run            writes, deadlines, changes   cancelled last
    ├── accepting             one for all listeners        cancelled first
    └── connections           one task each: HTTP, which may become the chat
                              ended by 1012 and the grace, then cancelled

Stopping is the same whether it is asked for or the caller is cancelled: while the server runs,
it is shielded, and cancelling begins the stop, which is bounded by ``shutdown_grace``.
"""

import logging
from dataclasses import dataclass, field
from functools import partial
from math import inf
from typing import Final

import h11
import trio
from starlette.applications import Starlette

from multichat_server.config import Settings
from multichat_server.engine import Engine
from multichat_server.http.front import serve_http
from multichat_server.passwords import Passwords
from multichat_server.storage import Store
from multichat_server.web.app import create_app

__all__ = ["Serving", "serve"]

_log: Final = logging.getLogger(__name__)

BACKLOG: Final = 1024
"""Connections that may wait to be accepted: a whole room that connects again after a restart."""

HTTP_GRACE: Final = 1.0
"""Seconds that an HTTP request gets to be answered when the server stops."""

SPARE_CONNECTIONS: Final = 64
"""Connections above the limit that are still taken, so that they can be told why they are not
served; whatever comes beyond them is closed without a word."""


@dataclass(frozen=True, slots=True)
class Serving:
    """
    A server that runs.

    Attributes:
        address: Host and port that it listens on, of the first listener.
        store: Its users, rooms and sessions. Call :meth:`Engine.refresh` to have changes in
            force at once; without, it takes ``directory_poll`` seconds.
        engine: The chat.
        stopping: Set when it begins to stop.

    """

    address: tuple[str, int]
    store: Store
    engine: Engine
    stopping: trio.Event = field(default_factory=trio.Event, repr=False)

    @property
    def url(self) -> str:
        """Where the pages are, such as ``http://127.0.0.1:8000``."""
        host, port = self.address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def stop(self) -> None:
        """
        Begin to stop: :func:`serve` returns within ``shutdown_grace`` and a moment.

        Calling it again does nothing. Call it from a task, not from a signal handler.
        """
        self.stopping.set()


async def serve(
    settings: Settings,
    *,
    passwords: Passwords | None = None,
    task_status: trio.TaskStatus[Serving] = trio.TASK_STATUS_IGNORED,
) -> None:
    """
    Run a server until it is stopped.

    Cancelling it does what :meth:`Serving.stop` does: everybody is closed with 1012 first, for
    which ``shutdown_grace`` seconds are allowed, whatever clients do (MC1-CLOSE-05).

    Args:
        settings: All of the server's settings.
        passwords: Hashes and checks them; ``None`` for one that works as the settings say.
        task_status: Started, with what one needs to use it, when connections are accepted.

    Raises:
        OSError: The address cannot be listened on.
        StoreUnavailable: The database cannot be reached at the start.

    """
    passwords = passwords or Passwords(threads=settings.password_threads)
    async with Store.open(settings.database_url, passwords=passwords) as store:
        engine = Engine(store, settings, watch=store.reserved())
        await engine.refresh()
        app = create_app(store, settings, session_ended=engine.session_ended)
        listeners = await trio.open_tcp_listeners(
            settings.port, host=settings.host, backlog=BACKLOG
        )
        host, port = listeners[0].socket.getsockname()[:2]
        serving = Serving((host, port), store, engine)
        await _run(serving, _Front(serving, app, settings), listeners, task_status)


class _Front:
    """
    What is behind the port: takes each connection, and knows which may end with the answer.

    Args:
        serving: The server that it belongs to.
        app: The pages.
        settings: The limits.

    """

    def __init__(self, serving: Serving, app: Starlette, settings: Settings) -> None:
        self.settings = settings
        self._serving = serving
        self._app = app
        self._connections = 0
        self._http: set[trio.CancelScope] = set()

    async def serve(self, stream: trio.SocketStream) -> None:
        """Serve one TCP connection until it has ended, and close it."""
        if self._connections >= self.settings.max_connections + SPARE_CONNECTIONS:
            await trio.aclose_forcefully(stream)
            return
        self._connections += 1
        with trio.CancelScope() as scope:
            self._http.add(scope)
            try:
                await serve_http(
                    stream,
                    app=self._app,
                    settings=self.settings,
                    upgrade=partial(self._upgrade, scope),
                )
            except Exception:  # noqa: BLE001  # MC1-ERR-10: nobody else suffers from a bug
                _log.exception("a connection was ended by a fault of the server")
            finally:
                self._http.discard(scope)
                self._connections -= 1

    def end_http(self, when: float) -> None:
        """Cut off, at some time on Trio's clock, whatever has not become the chat by now."""
        for scope in self._http:
            scope.deadline = when

    async def _upgrade(
        self,
        scope: trio.CancelScope,
        stream: trio.SocketStream,
        request: h11.Request,
        trailing: bytes,
    ) -> None:
        self._http.discard(scope)
        scope.deadline = inf
        await self._serving.engine.upgrade(stream, request, trailing)


async def _run(
    serving: Serving,
    front: _Front,
    listeners: list[trio.SocketListener],
    task_status: trio.TaskStatus[Serving],
) -> None:
    grace = front.settings.shutdown_grace
    async with trio.open_nursery() as outside:
        outside.start_soon(_stop_when_cancelled, serving)
        with trio.CancelScope(shield=True):
            async with trio.open_nursery() as background:
                background.start_soon(serving.engine.run)
                async with trio.open_nursery() as connections:
                    with trio.CancelScope() as accepting:
                        async with trio.open_nursery() as acceptors:
                            acceptors.start_soon(
                                partial(
                                    trio.serve_listeners,
                                    front.serve,
                                    listeners,
                                    handler_nursery=connections,
                                )
                            )
                            task_status.started(serving)
                            await serving.stopping.wait()
                            accepting.cancel()
                    end = trio.current_time() + grace
                    connections.cancel_scope.deadline = end
                    front.end_http(min(end, trio.current_time() + HTTP_GRACE))
                    await serving.engine.stop(grace=grace)
                background.cancel_scope.cancel()
        outside.cancel_scope.cancel()


async def _stop_when_cancelled(serving: Serving) -> None:
    try:
        await trio.sleep_forever()
    finally:
        serving.stop()
