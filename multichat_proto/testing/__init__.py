"""
What one needs to test a bot: a server without a socket, and time without waiting.

::

    async def test_it_greets(autojump_clock):
        server = MemoryServer({"1": "Lobby"})
        async with connect("ws://test", transport=server.connector("trio", "bot")) as chat:
            room = await chat.join("1")
            server.say("alice", "1", "hello")
            ...

:class:`MemoryServer` speaks v1 and can be made to misbehave; :class:`ScriptedServer` says what
a script says; :class:`Faults` spoils any connection at random. The fixtures come by themselves
with pytest (:mod:`multichat_proto.testing.pytest_plugin`).
"""

from multichat_proto.testing.clock import VirtualClock, VirtualEventLoop, run_virtual
from multichat_proto.testing.faults import HOSTILE_FRAMES, Faults
from multichat_proto.testing.script import ScriptedServer
from multichat_proto.testing.server import (
    MemoryConnection,
    MemoryServer,
    ReceivedCommand,
    StaffRoom,
)

__all__ = [
    "HOSTILE_FRAMES",
    "Faults",
    "MemoryConnection",
    "MemoryServer",
    "ReceivedCommand",
    "ScriptedServer",
    "StaffRoom",
    "VirtualClock",
    "VirtualEventLoop",
    "run_virtual",
]
