"""Start the small server, correct or faulty, and describe it as a target."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import trio

from multichat_conformance.catalogue import Group
from multichat_conformance.target import Account, Hooks, Limits, Room, Target
from tests.conformance.small_server import hooks as operator
from tests.conformance.small_server import limits as stated
from tests.conformance.small_server.server import HOST, Server
from tests.conformance.small_server.store import ACCOUNTS, ROOMS

__all__ = ["Running", "small_server"]


@dataclass(frozen=True)
class Running:
    """
    A small server that runs.

    Attributes:
        server: The server.
        hooks: What its operator may do, without HTTP.
        hooks_port: Where the same is done over HTTP.

    """

    server: Server
    hooks: operator.Hooks
    hooks_port: int

    @property
    def target(self) -> Target:
        """The server as a target of the suite: all that a target file can say."""
        limits = self.server.limits
        return Target(
            url=f"ws://{self.server.address}/chat/stream/",
            name="the small server",
            accounts=tuple(
                Account(username=name, password=password, staff=staff)
                for name, password, staff in ACCOUNTS
            ),
            rooms=tuple(
                Room(id=str(id_), title=title, staff_only=staff_only)
                for id_, title, staff_only in ROOMS
            ),
            announces=self.server.announces,
            limits=Limits(
                frame_bytes=limits.frame_bytes,
                message_length=limits.message_length,
                rooms_per_connection=limits.rooms_per_connection,
                command_burst=limits.command_burst,
                refusal_burst=limits.refusal_burst,
                backlog_bytes=limits.backlog_bytes,
                handshake_bytes=limits.handshake_bytes,
                handshake_seconds=limits.handshake_seconds,
                vanish_seconds=limits.vanish_seconds,
                close_seconds=limits.close_seconds,
                stop_seconds=limits.stop_seconds,
                outage_seconds=limits.outage_seconds,
            ),
            hooks=Hooks(url=f"http://{HOST}:{self.hooks_port}/", offers=tuple(operator.HOOKS)),
            groups=tuple(Group),
        )


@asynccontextmanager
async def small_server(
    parts: Collection[type] = (),
    *,
    limits: stated.Limits | None = None,
    announces: bool = True,
) -> AsyncIterator[Running]:
    """
    Serve on the loopback, at free ports, until the block is left.

    Args:
        parts: What replaces parts of the server: a fault's classes; none: it is correct.
        limits: Its limits; None: the small ones.
        announces: Whether it sends ENTER and LEAVE.

    """
    server = Server(parts, limits=limits, announces=announces)
    async with trio.open_nursery() as nursery:
        hooks = operator.Hooks(server, start=partial(nursery.start, server.run))
        await nursery.start(server.run)
        listeners = await nursery.start(partial(trio.serve_tcp, hooks.serve, 0, host=HOST))
        yield Running(server, hooks, listeners[0].socket.getsockname()[1])
        nursery.cancel_scope.cancel()
