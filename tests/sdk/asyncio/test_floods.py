"""Servers that want more than they take, on a real connection under asyncio."""

import asyncio
import socket
import threading

import pytest

from multichat_proto import ConnectionClosed, Options, Retry
from multichat_proto.asyncio import connect
from tests.support.threaded import serve_raw, shake_hands

PINGS = (b"\x89\x7d" + b"x" * 125) * 1_000
MOST_ROUNDS = 128
"""16 MB of pings: more than all buffers between the two sides hold."""


def test_a_server_that_never_reads_its_pongs_is_left() -> None:
    """The other shells stop reading; asyncio would keep all the answers."""
    took_all = threading.Event()

    def ping_and_never_read(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        shake_hands(connection)
        for _ in range(MOST_ROUNDS):
            connection.sendall(PINGS)
        took_all.set()

    async def story() -> None:
        options = Options(reconnect=False, ping_interval=None)
        with serve_raw(ping_and_never_read) as address:
            async with connect(f"ws://{address}/", options=options) as chat:
                with pytest.raises(ConnectionClosed) as caught:
                    async for _ in chat:
                        pass
        assert caught.value.code == 1006
        assert caught.value.retry is Retry.LATER
        assert not took_all.is_set()

    asyncio.run(story())


def test_a_server_that_reads_its_pongs_is_not_left() -> None:
    """As many pings, one round after another."""

    def ping_and_read(connection: socket.socket) -> None:
        shake_hands(connection)
        for _ in range(MOST_ROUNDS):
            connection.sendall(PINGS)
            left = len(PINGS) + 4_000  # a client's frames are masked: four bytes more
            while left:
                left -= len(connection.recv(left)) or left
        connection.sendall(b"\x88\x02\x03\xf4")  # 1012

    async def story() -> None:
        options = Options(reconnect=False, ping_interval=None)
        with serve_raw(ping_and_read) as address:
            async with connect(f"ws://{address}/", options=options) as chat:
                with pytest.raises(ConnectionClosed) as caught:
                    async for _ in chat:
                        pass
        assert caught.value.code == 1012

    asyncio.run(story())
