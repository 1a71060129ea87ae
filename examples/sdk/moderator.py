"""
A bot that minds a room's manners: it warns of words and of floods, and counts.

Version 1 of the protocol lets nobody put a user out of a room, so a moderator can only speak;
at the third warning it calls for the staff.

::

    MULTICHAT_USER=alice MULTICHAT_PASSWORD=… python moderator.py ws://127.0.0.1:8000 1
"""

import os
import re
import sys
import time
from collections import Counter, deque

from multichat_proto import MemberEntered, RoomLost, RoomMessage, RoomRejoined
from multichat_proto.bots import Bot, Context
from multichat_proto.chat import AsyncChat

RUDE = re.compile(r"\b(darn|heck)\b", re.IGNORECASE)
MOST_WARNINGS = 3
FLOOD_MESSAGES, FLOOD_SECONDS = 8, 4.0
MOST_NAMES = 1_000

bot = Bot("moderator")
warnings: Counter[str] = Counter()
recent: dict[str, deque[float]] = {}


@bot.on_enter
async def welcome(ctx: Context[MemberEntered]) -> None:
    """Tell newcomers the rules."""
    await ctx.reply(f"Welcome, {ctx.event.username}! Be kind here. !help says what I can do.")


@bot.on_message(pattern=RUDE)
async def mind_the_words(ctx: Context[RoomMessage]) -> None:
    """Warn of a rude word."""
    await warn(ctx, "mind your words")


@bot.on_message
async def mind_the_pace(ctx: Context[RoomMessage]) -> None:
    """Warn whoever says much in a short time."""
    times = recent.setdefault(ctx.event.username, deque(maxlen=FLOOD_MESSAGES))
    times.append(time.monotonic())
    if len(times) == FLOOD_MESSAGES and times[-1] - times[0] < FLOOD_SECONDS:
        times.clear()
        await warn(ctx, "slow down")


@bot.command("warnings")
async def count(ctx: Context[RoomMessage], who: str | None = None) -> None:
    """Say how often somebody was warned."""
    username = who or ctx.event.username
    await ctx.reply(f"{username}: {warnings[username]} of {MOST_WARNINGS}")


@bot.on_event(RoomRejoined)
async def admit_the_gap(ctx: Context[RoomRejoined]) -> None:
    """Say for how long nobody minded the room."""
    seconds = ctx.event.until - ctx.event.since
    await ctx.reply(f"I was away for {seconds:.0f} s and have not seen what was said.")


@bot.on_event(RoomLost)
async def give_up(ctx: Context[RoomLost]) -> None:
    """Stop, rather than sit in front of the door."""
    print(f"put out of room {ctx.event.room}: {ctx.event.error}", file=sys.stderr)
    bot.stop()


@bot.every(3600)
async def forgive(bot: Bot, chat: AsyncChat) -> None:  # noqa: ARG001  # every schedule gets both
    """Take one warning off each; names come from outside, and must not fill the memory."""
    for username in list(warnings):
        warnings[username] -= 1
    for username in [username for username, number in warnings.items() if number <= 0]:
        del warnings[username]
    while len(recent) > MOST_NAMES:
        recent.pop(next(iter(recent)))


async def warn(ctx: Context[RoomMessage], advice: str) -> None:
    """Warn the author of a message."""
    username = ctx.event.username
    warnings[username] += 1
    if warnings[username] >= MOST_WARNINGS:
        await ctx.reply(f"{username}: {advice}. That is enough: staff, please have a look.")
    else:
        left = MOST_WARNINGS - warnings[username]
        await ctx.reply(f"{username}: {advice}, please ({left} more and I call the staff).")


if __name__ == "__main__":
    _, url, *rooms = sys.argv
    account = os.environ["MULTICHAT_USER"], os.environ["MULTICHAT_PASSWORD"]
    bot.run(url, credentials=account, rooms=rooms)
