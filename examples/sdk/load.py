"""
200 clients in one process: all of them join a room, and each says something there.

It prints how long a message takes to come back to the one who said it.

::

    MULTICHAT_USER=alice MULTICHAT_PASSWORD=… python load.py ws://127.0.0.1:8000 1
"""

import os
import statistics
import sys
from time import perf_counter

import trio

from multichat_proto import Cookies, Options, RoomMessage
from multichat_proto.login import form_login
from multichat_proto.trio import Chat, connect

CLIENTS = 200
AT_A_TIME = 20
PATIENCE = Options(connect_timeout=60, answer_timeout=60)


class Load:
    """
    What the clients have in common.

    Args:
        url: The server.
        room: Where they meet.
        clients: How many there are.

    """

    def __init__(self, url: str, room: str, clients: int) -> None:
        self._url = url
        self._room = room
        self._clients = clients
        self._doors = trio.CapacityLimiter(AT_A_TIME)
        self._connected = 0
        self._all_connected = trio.Event()
        self.seconds: list[float] = []
        self.heard = 0

    async def run(self) -> None:
        """Log in once, connect all clients, and wait until each has heard all of them."""
        account = os.environ["MULTICHAT_USER"], os.environ["MULTICHAT_PASSWORD"]
        session = Cookies(await form_login(self._url, *account), account[0])
        async with trio.open_nursery() as clients:
            for number in range(self._clients):
                clients.start_soon(self._client, number, session)

    async def _client(self, number: int, session: Cookies) -> None:
        await self._doors.acquire()
        is_at_the_door = True
        try:
            async with connect(
                self._url, credentials=session, rooms=[self._room], options=PATIENCE
            ) as chat:
                self._doors.release()
                is_at_the_door = False
                await self._talk(chat, number)
        finally:
            if is_at_the_door:
                self._doors.release()

    async def _talk(self, chat: Chat, number: int) -> None:
        self._connected += 1
        if self._connected == self._clients:
            self._all_connected.set()
        await self._all_connected.wait()
        async with trio.open_nursery() as both:
            both.start_soon(self._listen, chat)
            begun = perf_counter()
            await chat.rooms[next(iter(chat.rooms))].send(f"{number}")
            self.seconds.append(perf_counter() - begun)

    async def _listen(self, chat: Chat) -> None:
        missing = self._clients
        async for event in chat:
            if isinstance(event, RoomMessage):
                self.heard += 1
                missing -= 1
                if not missing:
                    return


async def main(url: str, room: str, clients: int = CLIENTS) -> None:
    """Put the load on, and print what came of it."""
    load = Load(url, room, clients)
    await load.run()
    middle, worst = statistics.median(load.seconds), max(load.seconds)
    print(f"{clients} clients, {load.heard} messages heard")
    print(
        f"a message came back after {middle * 1000:.0f} ms (median), {worst * 1000:.0f} ms (most)"
    )


if __name__ == "__main__":
    _, server, where, *number = sys.argv
    trio.run(main, server, where, int(number[0]) if number else CLIENTS)
