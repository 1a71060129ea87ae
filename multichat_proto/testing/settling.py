"""Waiting until nobody has anything left to do, under Trio or asyncio."""

import asyncio
import sys
from typing import Final

from multichat_proto.testing.clock import VirtualEventLoop

__all__ = ["settle"]

_TURNS: Final = 100
"""Turns of an ordinary event loop, which does not tell when it is idle. What goes through
memory takes a few each; a handler that needs more, waits for something else."""


async def settle() -> None:
    """
    Wait until every task waits for something, and nothing is on its way; no time passes.

    Under Trio and a :class:`VirtualEventLoop` this is exact. Under another asyncio loop it
    gives the others a hundred turns.

    ::

        server.say("alice", "1", "!roll")
        await settle()
        assert server.said("1")[-1] == ("bot", "4")
    """
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_task():
        from trio.testing import wait_all_tasks_blocked

        await wait_all_tasks_blocked()
        return
    loop = asyncio.get_running_loop()
    if isinstance(loop, VirtualEventLoop):
        await loop.settle()
        return
    for _ in range(_TURNS):
        await asyncio.sleep(0)
