"""Streams that are slow, connectors over streams, and cuts at any step of any task."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import trio
import trio.testing

from multichat_proto.handshake import SUBPROTOCOL
from multichat_proto.opening import Opening
from multichat_proto.options import Options
from multichat_proto.transport import OWN_ORIGIN, OpenRequest
from multichat_proto.trio._dial import Dialler, shake_hands
from multichat_proto.trio._transport import TrioTransport
from tests.support.scripted import Peer, accept

URL = "ws://chat.example/chat/stream/"


def request_to(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    origin: str | None = OWN_ORIGIN,
    subprotocols: Sequence[str] = (SUBPROTOCOL,),
    ssl_context: ssl.SSLContext | None = None,
    proxy: str | None = None,
    options: Options | None = None,
) -> OpenRequest:
    """Return what a connector is asked for."""
    opening = Opening(
        url,
        credentials=None,
        username=None,
        headers=headers,
        origin=origin,
        subprotocols=subprotocols,
        ssl_context=ssl_context,
        proxy=proxy,
        options=options or Options(),
    )
    return opening.request({})


@asynccontextmanager
async def opened(request: OpenRequest) -> AsyncIterator[TrioTransport]:
    """Open a connection over the network, and close it in the end."""
    async with trio.open_nursery() as nursery:
        transport = await Dialler().open(request)
        nursery.start_soon(transport.run)
        yield transport
        await transport.close()


MemoryStream = trio.StapledStream[trio.testing.MemorySendStream, trio.testing.MemoryReceiveStream]


class Slow(trio.abc.Stream):
    """
    Takes some bytes at a time, with a checkpoint between: a write can be cut anywhere.

    Args:
        stream: What it stands on.
        piece: How many bytes; ``None`` takes all.

    Attributes:
        is_deaf: Whether what is written goes nowhere, as behind a router that was switched off.
        is_stuck: Whether writing stops in the middle, as with a peer that reads no more.

    """

    def __init__(self, stream: MemoryStream, piece: int | None = None) -> None:
        self.stream = stream
        self.piece = piece
        self.is_deaf = False
        self.is_stuck = False

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        if self.is_deaf:
            await trio.lowlevel.checkpoint()
            return
        if self.is_stuck:
            await self.stream.send_all(data[: len(data) // 2])
            await trio.sleep_forever()
        for start in range(0, len(data), self.piece or len(data)):
            await self.stream.send_all(data[start : start + (self.piece or len(data))])
            await trio.lowlevel.checkpoint()

    async def wait_send_all_might_not_block(self) -> None:
        raise NotImplementedError

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        return await self.stream.receive_some(max_bytes)

    async def aclose(self) -> None:
        await self.stream.aclose()


class OverStreams:
    """
    A connector over memory, whose server's side a script plays.

    Args:
        nursery: Where the scripts run.
        script: What the server does with each connection, after the handshake.
        piece: Bytes that a write of the client's takes at a time; ``None`` takes all.

    """

    def __init__(
        self,
        nursery: trio.Nursery,
        script: Callable[[Peer], Awaitable[None]],
        *,
        piece: int | None = None,
    ) -> None:
        self.nursery = nursery
        self.script = script
        self.piece = piece
        self.requests: list[OpenRequest] = []
        self.peers: list[Peer] = []
        self.streams: list[Slow] = []

    async def open(self, request: OpenRequest) -> TrioTransport:
        self.requests.append(request)
        ours, theirs = trio.testing.memory_stream_pair()
        self.streams.append(Slow(ours, self.piece))
        self.nursery.start_soon(self._serve, theirs)
        return await shake_hands(self.streams[-1], request)

    async def _serve(self, stream: trio.abc.Stream) -> None:
        try:
            peer = await accept(stream)
            self.peers.append(peer)
            await self.script(peer)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the client went


class CancelAtStep(trio.abc.Instrument):
    """Cancels a scope after so many steps of any task."""

    def __init__(self, scope: trio.CancelScope, steps: int) -> None:
        self.scope = scope
        self.left = steps

    def __enter__(self) -> None:
        trio.lowlevel.add_instrument(self)

    def __exit__(self, *_: object) -> None:
        trio.lowlevel.remove_instrument(self)

    def after_task_step(self, task: trio.lowlevel.Task) -> None:  # noqa: ARG002
        self.left -= 1
        if self.left == 0:
            self.scope.cancel()


def tasks() -> set[trio.lowlevel.Task]:
    """Return every task there is."""
    found: set[trio.lowlevel.Task] = set()
    root = trio.lowlevel.current_root_task()
    waiting = [] if root is None else [root]
    while waiting:
        task = waiting.pop()
        found.add(task)
        for nursery in task.child_nurseries:
            waiting.extend(nursery.child_tasks)
    return found
