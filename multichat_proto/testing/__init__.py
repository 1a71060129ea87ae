"""
What one needs to test a bot: a server without a socket, and time without waiting.

::

    async def test_it_greets(autojump_clock):
        async with BotDriver(bot) as driver:
            driver.say("alice", "1", "hello")
            assert await driver.replies() == ["Hello, alice!"]

That example needs pytest-trio with ``trio_mode = true``: it runs the async test, and has the
fixture ``autojump_clock``.

:class:`MemoryServer` speaks v1 and can be made to misbehave; :class:`ScriptedServer` says what
a script says; :class:`Faults` spoils any connection at random. The fixtures come by themselves
with pytest (:mod:`multichat_proto.testing.pytest_plugin`).

Names are imported when they are used: pytest imports this package in every project where it is
installed, and those that do not test a chat should not wait for it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from multichat_proto.testing.bots import BotDriver
    from multichat_proto.testing.clock import VirtualClock, VirtualEventLoop, run_virtual
    from multichat_proto.testing.faults import HOSTILE_FRAMES, Faults
    from multichat_proto.testing.script import ScriptedServer
    from multichat_proto.testing.server import MemoryServer
    from multichat_proto.testing.serving import MemoryConnection, ReceivedCommand, StaffRoom
    from multichat_proto.testing.settling import settle

__all__ = [
    "HOSTILE_FRAMES",
    "BotDriver",
    "Faults",
    "MemoryConnection",
    "MemoryServer",
    "ReceivedCommand",
    "ScriptedServer",
    "StaffRoom",
    "VirtualClock",
    "VirtualEventLoop",
    "run_virtual",
    "settle",
]

_HOMES: Final = {
    "HOSTILE_FRAMES": "faults",
    "BotDriver": "bots",
    "Faults": "faults",
    "MemoryConnection": "serving",
    "MemoryServer": "server",
    "ReceivedCommand": "serving",
    "ScriptedServer": "script",
    "StaffRoom": "serving",
    "VirtualClock": "clock",
    "VirtualEventLoop": "clock",
    "run_virtual": "clock",
    "settle": "settling",
}
"""The module of each name."""


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
