"""
Bots: decorated, typed handlers that stay up, on Trio and on asyncio.

::

    from random import randint

    from multichat_proto import RoomMessage
    from multichat_proto.bots import Bot, Context

    bot = Bot("dice")


    @bot.command()
    async def roll(ctx: Context[RoomMessage], sides: int = 6) -> None:
        "Throw a die."
        await ctx.reply(f"{ctx.event.username} rolls {randint(1, sides)}")


    bot.run("wss://chat.example", credentials=("dice", "secret"), rooms=["1"])
"""

from multichat_proto.bots.bot import Bot, ConnectArguments
from multichat_proto.bots.commands import Command
from multichat_proto.bots.context import CallNext, Context
from multichat_proto.bots.exceptions import (
    BotError,
    HandlerCancelled,
    HandlerInvalid,
    HandlerTimeout,
    UsageError,
)
from multichat_proto.bots.handlers import Handlers

__all__ = [
    "Bot",
    "BotError",
    "CallNext",
    "Command",
    "ConnectArguments",
    "Context",
    "HandlerCancelled",
    "HandlerInvalid",
    "HandlerTimeout",
    "Handlers",
    "UsageError",
]
