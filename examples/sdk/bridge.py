"""
A bridge: what is said in one room is said in the other, and the other way round.

The rooms may be of one server or of two. One account serves both, and is known by its name: its
own messages are not carried back.

::

    export MULTICHAT_USER=alice MULTICHAT_PASSWORD=…
    python bridge.py ws://127.0.0.1:8000 1 ws://127.0.0.1:8000 2
"""

import os
import signal
import sys

import trio

from multichat_proto import (
    DeliveryUnknown,
    Gap,
    NotSent,
    RoomError,
    RoomLost,
    RoomMessage,
    RoomRejoined,
)
from multichat_proto.trio import Room, connect


async def carry(source: Room, target: Room) -> None:
    """Say in one room what is said in the other, and say what could not be carried."""
    async for event in source:
        match event:
            case RoomMessage(is_own=False, username=username, text=text):
                await say(target, f"<{username}> {text}")
            case RoomRejoined(since=since, until=until):
                await say(target, f"[{until - since:.0f} s of {source.title} are missing]")
            case Gap(dropped=dropped):
                await say(target, f"[{dropped} messages of {source.title} are missing]")
            case RoomLost(error=error):
                raise SystemExit(f"put out of {source.title}: {error or 'by the server'}")


async def say(room: Room, text: str) -> None:
    """Say it once, or report that it was not said: nothing is ever said twice."""
    try:
        await room.send(text)
    except NotSent:
        print(f"not said in {room.title}: no connection for too long", file=sys.stderr)
    except DeliveryUnknown:
        print(f"perhaps not said in {room.title}: the connection was lost", file=sys.stderr)
    except RoomError as exc:
        print(f"not said in {room.title}: {exc}", file=sys.stderr)


async def bridge(first: tuple[str, str], second: tuple[str, str]) -> None:
    """Keep two rooms connected until Ctrl-C or SIGTERM."""
    account = os.environ["MULTICHAT_USER"], os.environ["MULTICHAT_PASSWORD"]
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with (
            connect(first[0], credentials=account) as here,
            connect(second[0], credentials=account) as there,
        ):
            one, other = await here.join(first[1]), await there.join(second[1])
            async with trio.open_nursery() as both_ways:
                both_ways.start_soon(carry, one, other)
                both_ways.start_soon(carry, other, one)
                print(f"{one.title} and {other.title} hear each other", flush=True)
                await anext(signals)
                both_ways.cancel_scope.cancel()


if __name__ == "__main__":
    _, url, room, other_url, other_room = sys.argv
    trio.run(bridge, (url, room), (other_url, other_room))
