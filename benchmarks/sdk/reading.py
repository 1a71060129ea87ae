"""
How much one client can read in one room, beside `websockets` alone in the same run.

::

    python benchmarks/sdk/reading.py                 # some minutes, on a quiet machine
    python benchmarks/sdk/reading.py --messages 20000 --repeat 1

A server in a process of its own sends messages to one client, which is another process: once
10,000 a second, and once as fast as the client takes them. `websockets` alone only counts the
texts; the shells decode and check each message, keep who is in the room, and hand out events.
Each number is the median of the repetitions; clients take turns, so that a slow moment of the
machine does not hit one of them alone.

CPU per message is what to look at: on a machine with two cores or more it does not depend on
what the server takes.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import trio
import websockets.asyncio.client
import websockets.asyncio.server
import websockets.sync.client
import websockets.trio.client

import multichat_proto.asyncio
import multichat_proto.sync
import multichat_proto.trio
from multichat_proto import Join, Joined, Message, Options, Overflow, Room, RoomMessage, encode

ROOM = Room("1")
RATE = 10_000
BURSTS_A_SECOND = 200
LOSSLESS = Options(overflow=Overflow.BLOCK, ping_interval=None, connect_timeout=60)


class Reading:
    """
    What one client has read.

    Args:
        count: How many messages will come.

    """

    def __init__(self, count: int) -> None:
        self._missing = count
        self._lags: list[int] = []
        self._begun = 0.0
        self._cpu = 0.0

    def begin(self) -> None:
        """Start the clocks."""
        self._begun, self._cpu = time.monotonic(), time.process_time()

    def take(self, text: str) -> bool:
        """Count a message, which begins with when it was sent; return whether it is the last."""
        self._missing -= 1
        if self._missing % 16 == 0:
            self._lags.append(time.monotonic_ns() - int(text[:20]))
        return self._missing == 0

    def result(self, count: int) -> dict[str, float]:
        """Return the numbers."""
        seconds, cpu = time.monotonic() - self._begun, time.process_time() - self._cpu
        lags = sorted(self._lags)
        return {
            "rate": count / seconds,
            "cpu_us": cpu / count * 1e6,
            "lag_p50_ms": lags[len(lags) // 2] / 1e6,
            "lag_p99_ms": lags[len(lags) * 99 // 100] / 1e6,
        }


# -- The server.


def frame(text: str) -> str:
    """Return a room message as the server writes it."""
    return encode(Message(ROOM, text, "carol", 0))


async def serve(count: int, rate: int) -> None:
    """Serve one client after another until standard input ends; print the port."""

    async def talk(connection: websockets.asyncio.server.ServerConnection) -> None:
        await connection.recv()
        await connection.send(encode(Joined(ROOM, "Lobby")))
        filling = "x" * 60
        burst = count if rate == 0 else rate // BURSTS_A_SECOND
        begun, sent = time.monotonic(), 0
        while sent < count:
            for _ in range(min(burst, count - sent)):
                await connection.send(frame(f"{time.monotonic_ns():020d} {filling}"))
                sent += 1
            if rate:
                await asyncio.sleep(max(0.0, begun + sent / rate - time.monotonic()))
        await connection.wait_closed()

    async with websockets.asyncio.server.serve(
        talk,
        "127.0.0.1",
        0,
        compression=None,
        ping_interval=None,
        select_subprotocol=lambda _connection, _offered: None,
    ) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)


# -- The clients: without multichat, and with it.


def text_of(raw: str | bytes) -> str:
    """Return the text of a frame by the cheapest look that finds it."""
    assert isinstance(raw, str)
    return raw[raw.index('"message":"') + 11 :]


async def raw_asyncio(url: str, count: int) -> Reading:
    """Read by websockets.asyncio."""
    reading = Reading(count)
    async with websockets.asyncio.client.connect(url, compression=None, proxy=None) as connection:
        await connection.send(encode(Join(ROOM)))
        await connection.recv()
        reading.begin()
        async for raw in connection:
            if reading.take(text_of(raw)):
                break
    return reading


async def raw_trio(url: str, count: int) -> Reading:
    """Read by websockets.trio."""
    reading = Reading(count)
    async with websockets.trio.client.connect(url, compression=None, proxy=None) as connection:
        await connection.send(encode(Join(ROOM)))
        await connection.recv()
        reading.begin()
        while not reading.take(text_of(await connection.recv())):
            pass
    return reading


def raw_sync(url: str, count: int) -> Reading:
    """Read by websockets.sync."""
    reading = Reading(count)
    with websockets.sync.client.connect(url, compression=None, proxy=None) as connection:
        connection.send(encode(Join(ROOM)))
        connection.recv()
        reading.begin()
        for raw in connection:
            if reading.take(text_of(raw)):
                break
    return reading


async def shell_asyncio(url: str, count: int) -> Reading:
    """Read by multichat_proto.asyncio."""
    reading = Reading(count)
    async with multichat_proto.asyncio.connect(url, options=LOSSLESS) as chat:
        room = await chat.join(ROOM)
        reading.begin()
        async for event in room:
            if isinstance(event, RoomMessage) and reading.take(event.text):
                break
    return reading


async def shell_trio(url: str, count: int) -> Reading:
    """Read by multichat_proto.trio."""
    reading = Reading(count)
    async with multichat_proto.trio.connect(url, options=LOSSLESS) as chat:
        room = await chat.join(ROOM)
        reading.begin()
        async for event in room:
            if isinstance(event, RoomMessage) and reading.take(event.text):
                break
    return reading


def shell_sync(url: str, count: int) -> Reading:
    """Read by multichat_proto.sync."""
    reading = Reading(count)
    with multichat_proto.sync.connect(url, options=LOSSLESS) as chat:
        room = chat.join(ROOM)
        reading.begin()
        for event in room:
            if isinstance(event, RoomMessage) and reading.take(event.text):
                break
    return reading


CLIENTS: dict[str, Callable[[str, int], Reading]] = {
    "websockets.trio": lambda url, count: trio.run(raw_trio, url, count),
    "multichat trio": lambda url, count: trio.run(shell_trio, url, count),
    "websockets.asyncio": lambda url, count: asyncio.run(raw_asyncio(url, count)),
    "multichat asyncio": lambda url, count: asyncio.run(shell_asyncio(url, count)),
    "websockets.sync": raw_sync,
    "multichat sync": shell_sync,
}
"""Each shell behind what it stands on."""


# -- The run.


@dataclass(frozen=True)
class Row:
    """What came of one client at one rate."""

    client: str
    numbers: list[dict[str, float]]

    def median(self, name: str) -> float:
        """Return the median of the repetitions."""
        return statistics.median(numbers[name] for numbers in self.numbers)


def measure(clients: list[str], count: int, rate: int, repeat: int) -> Iterator[Row]:
    """Run the clients in turns against one server."""
    me = [sys.executable, __file__]
    numbers: dict[str, list[dict[str, float]]] = {client: [] for client in clients}
    with subprocess.Popen(
        [*me, "--serve", "--messages", str(count), "--rate", str(rate)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        url = f"ws://127.0.0.1:{int(server.stdout.readline())}/chat/stream/"
        for _ in range(repeat):
            for client in clients:
                command = [*me, "--client", client, "--url", url, "--messages", str(count)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                numbers[client].append(json.loads(done.stdout))
        server.stdin.close()
    for client in clients:
        yield Row(client, numbers[client])


def report(rows: list[Row]) -> None:
    """Print a table; each shell has its ratio to the row above, of the rate and of the CPU."""
    print(
        f"{'client':<20}{'messages/s':>12}{'of raw':>8}{'CPU µs/message':>16}{'of raw':>8}"
        f"{'lag p50 ms':>12}{'p99 ms':>9}"
    )
    before: Row | None = None
    for row in rows:
        ratios = {"rate": "", "cpu_us": ""}
        if before is not None and row.client.startswith("multichat"):
            for name in ratios:
                ratios[name] = f"{row.median(name) / before.median(name):.2f}"
        print(
            f"{row.client:<20}{row.median('rate'):>12,.0f}{ratios['rate']:>8}"
            f"{row.median('cpu_us'):>16.1f}{ratios['cpu_us']:>8}"
            f"{row.median('lag_p50_ms'):>12.1f}{row.median('lag_p99_ms'):>9.1f}"
        )
        before = row


def main() -> None:
    """Run what the arguments say."""
    arguments = argparse.ArgumentParser(description="Reading, beside websockets alone.")
    arguments.add_argument("--messages", type=int, default=100_000, help="how many each reads")
    arguments.add_argument("--repeat", type=int, default=3, help="how often each reads")
    arguments.add_argument("--rate", type=int, default=RATE, help="messages a second")
    arguments.add_argument("--only", nargs="+", choices=CLIENTS, default=list(CLIENTS))
    arguments.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments.add_argument("--client", choices=CLIENTS, help=argparse.SUPPRESS)
    arguments.add_argument("--url", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.serve:
        asyncio.run(serve(given.messages, given.rate))
    elif given.client is not None:
        reading = CLIENTS[given.client](given.url, given.messages)
        print(json.dumps(reading.result(given.messages)))
    else:
        for rate, title in ((given.rate, f"{given.rate:,} messages a second"), (0, "no limit")):
            print(f"\n{title}, {given.messages:,} messages, median of {given.repeat}")
            report(list(measure(given.only, given.messages, rate, given.repeat)))


if __name__ == "__main__":
    main()
