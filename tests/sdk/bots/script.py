"""A bot as a script that a test starts; it says on its output where it is."""

# ruff: noqa: ARG001, ARG005  # a handler is given more than some of them need

# what a handler is given is not what each one needs

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Literal, cast

from multichat_proto.bots import Bot
from multichat_proto.testing import MemoryServer

if TYPE_CHECKING:
    from multichat_proto.chat import AsyncChat

backend = cast("Literal['trio', 'asyncio']", sys.argv[1])


class Loud(Bot):
    """Says when a signal reaches it; print would not do in a signal handler."""

    def stop(self) -> None:
        os.write(1, b"stop\n")
        super().stop()

    def _abort(self) -> None:
        os.write(1, b"abort\n")
        super()._abort()


bot = Loud(stop_timeout=60)


@bot.on_start
async def start(bot: Bot, chat: AsyncChat) -> None:
    print("started", flush=True)


@bot.every(0.01, timeout=None)
async def busy(bot: Bot, chat: AsyncChat) -> None:
    print("busy", flush=True)
    if sys.argv[2] == "hang":
        try:
            await chat.wait_for(lambda event: False)
        finally:
            print("cancelled", flush=True)
    if sys.argv[2] == "block":
        while True:
            pass


@bot.on_stop
async def stop(bot: Bot, chat: AsyncChat) -> None:
    print("stopped", flush=True)


bot.run(
    "ws://test",
    rooms=["1"],
    backend=backend,
    transport=MemoryServer().connector(backend, "robot"),
)
print("returned", flush=True)
