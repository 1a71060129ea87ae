"""
A bot that says everything again.

::

    MULTICHAT_USER=alice MULTICHAT_PASSWORD=… python echo.py ws://127.0.0.1:8000 1
"""

import os
import sys

from multichat_proto import RoomMessage
from multichat_proto.bots import Bot, Context

bot = Bot("echo")


@bot.on_message
async def echo(ctx: Context[RoomMessage]) -> None:
    """Say it again; what the bot says itself is not handled, so that this ends."""
    await ctx.reply(ctx.event.text)


if __name__ == "__main__":
    _, url, *rooms = sys.argv
    account = os.environ["MULTICHAT_USER"], os.environ["MULTICHAT_PASSWORD"]
    bot.run(url, credentials=account, rooms=rooms)
