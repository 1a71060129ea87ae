"""From a server in memory to the connector of a shell, by the shell's name."""

from typing import TYPE_CHECKING, Literal, assert_never, overload

from multichat_proto.testing.links import Backend

if TYPE_CHECKING:
    from multichat_proto.sync import Clock
    from multichat_proto.testing.asyncio import MemoryConnector as AsyncioConnector
    from multichat_proto.testing.sync import MemoryConnector as SyncConnector
    from multichat_proto.testing.trio import MemoryConnector as TrioConnector

__all__ = ["Connectable", "Shell"]

Shell = Literal["trio", "asyncio", "sync"]


class Connectable:
    """A server in memory that any of the three shells can connect to."""

    @overload
    def connector(
        self: Backend, kind: Literal["trio"], username: str | None = None
    ) -> "TrioConnector": ...
    @overload
    def connector(
        self: Backend, kind: Literal["asyncio"], username: str | None = None
    ) -> "AsyncioConnector": ...
    @overload
    def connector(
        self: Backend,
        kind: Literal["sync"],
        username: str | None = None,
        *,
        clock: "Clock | None" = None,
    ) -> "SyncConnector": ...

    def connector(
        self: Backend, kind: Shell, username: str | None = None, *, clock: "Clock | None" = None
    ) -> "TrioConnector | AsyncioConnector | SyncConnector":
        """
        Return what a shell's ``connect`` takes as ``transport``.

        ::

            connect("ws://test", transport=server.connector("trio", "alice"))

        Args:
            kind: Which shell.
            username: Who connects, without further ado; ``None`` goes by the credentials, and
                without them nobody is logged in (MC1-AUTH-03).
            clock: For ``sync``: the same that ``connect`` gets; ``None`` is the system's.

        """
        # Imported here: who tests under one library need not load the others.
        match kind:
            case "trio":
                from multichat_proto.testing import trio

                return trio.connector(self, username=username)
            case "asyncio":
                from multichat_proto.testing import asyncio

                return asyncio.connector(self, username=username)
            case "sync":
                from multichat_proto.testing import sync

                return sync.connector(self, username=username, clock=clock)
            case _:
                assert_never(kind)
