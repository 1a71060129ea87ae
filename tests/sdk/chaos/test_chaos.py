"""
200 faults of the network, and six clients that must come out of it whole.

Two clients of each shell are in three rooms of the reference server, behind a proxy that
delays, cuts, tears, silences and hangs up. Carol talks all the time on a connection of her own,
and a witness on another hears everything; the clients answer. At the end every client must be in
every room again, must have heard each message once at most and in order, with an announcement
wherever one is missing, and must have been told the truth of what it said itself. Nothing may be
left of them after that.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trio

from multichat_proto import ChatEvent, Cookies, Options, RoomMessage, ServerUnavailable
from multichat_proto.trio import Chat, connect
from tests.sdk.chaos.guests import SHELLS, SPEAKER, Guest
from tests.sdk.chaos.proxy import Pipe, Proxy
from tests.sdk.chaos.verdict import check_outcomes, check_stream, counted_gaps
from tests.targets.running import run_target
from tests.targets.target import TARGETS, RunningTarget

FAULTS = int(os.environ.get("MULTICHAT_CHAOS_FAULTS", "200"))
SEED = int(os.environ.get("MULTICHAT_CHAOS_SEED", "1"))
DEADLINE = 240.0
FENCE_PATIENCE = 3.0

# The server's limit is 50 commands a second.
BRISK = Options(command_rate=40.0, max_queue=1_000_000)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


class Bell:
    """Wakes a task of the test, from any thread, when something has happened."""

    def __init__(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        self._rung = trio.Event()

    def ring(self) -> None:
        self._token.run_sync_soon(self._ring, idempotent=True)

    def _ring(self) -> None:
        self._rung.set()
        self._rung = trio.Event()

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await self._rung.wait()


class Network:
    """
    What happens to the proxy, one fault after another.

    Args:
        proxy: The proxy.
        seed: The same one chooses the same faults; when they happen is another matter.

    """

    def __init__(self, proxy: Proxy, seed: int) -> None:
        self._proxy = proxy
        self._random = random.Random(seed)  # noqa: S311  # repeatable, not secret
        self._held: list[Pipe] = []
        self.faults: dict[str, int] = {}

    def do_something(self) -> None:
        """Do one thing, and undo some of what was done before."""
        for pipe in self._held:
            pipe.release()
        self._held.clear()
        self._proxy.up()
        name, fault = self._random.choice(
            (
                ("delay", self._delay),
                ("reset", lambda pipe: pipe.cut(reset=True)),
                ("end", lambda pipe: pipe.cut(reset=False)),
                ("tear", lambda pipe: setattr(pipe, "is_torn", True)),
                ("half-open", lambda pipe: setattr(pipe, "is_silent", True)),
                ("restart", lambda _: self._proxy.restart()),
            )
        )
        if self._proxy.pipes:
            fault(self._random.choice(self._proxy.pipes))
            self.faults[name] = self.faults.get(name, 0) + 1

    def messages_until_next(self) -> int:
        return self._random.randint(1, 6)

    def heal(self) -> None:
        """End all that can end by itself."""
        self._proxy.up()
        for pipe in self._proxy.pipes:
            pipe.release()

    def _delay(self, pipe: Pipe) -> None:
        pipe.hold()
        self._held.append(pipe)


class Story:
    """
    What is said, and what the witness heard.

    Args:
        rooms: Where.
        bell: Rung when something was heard.

    """

    def __init__(self, rooms: list[str], bell: Bell) -> None:
        self.rooms = rooms
        self.truth: dict[str, list[str]] = {room: [] for room in rooms}
        self.heard = 0
        self._bell = bell

    async def witness(self, chat: Chat) -> None:
        async for event in chat:
            if isinstance(event, RoomMessage):
                self.truth[event.room].append(event.text)
                self.heard += 1
                self._bell.ring()

    async def talk(self, chat: Chat) -> None:
        rooms = [await chat.join(room) for room in self.rooms]
        for number in itertools.count(1):
            try:
                await rooms[number % len(rooms)].send(f"{number}")
            except ServerUnavailable:
                continue  # a machine so busy that the server has not seen its database for long


def has_heard(events: list[ChatEvent], room: str, text: str) -> bool:
    return any(
        isinstance(event, RoomMessage) and (event.room, event.text) == (room, text)
        for event in reversed(events)
    )


@contextmanager
def in_threads(guests: list[Guest]) -> Iterator[None]:
    """Have the guests that are not on Trio run beside the test until the block ends."""
    stop = threading.Event()
    failures: list[BaseException] = []

    def run(guest: Guest) -> None:
        try:
            if guest.name.startswith("asyncio"):
                asyncio.run(guest.on_asyncio(stop))
            else:
                guest.on_threads(stop)
        except BaseException as exc:  # noqa: BLE001  # told by the test's own thread
            failures.append(exc)

    threads = [threading.Thread(target=run, args=(guest,), name=guest.name) for guest in guests]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(30.0)
    assert failures == []


@pytest.fixture
def target() -> Iterator[RunningTarget]:
    with run_target(TARGETS / "reference" / "run.py", "--default-limits") as (ready, process):
        yield RunningTarget("reference", ready, process)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0


async def test_two_hundred_faults(target: RunningTarget) -> None:
    """Nothing comes twice, nothing is missing in silence, nobody is left out (MC1-CLIENT-10)."""
    rooms = [str(target.pull("create_room", title=f"Room {n}")["room"]) for n in range(3)]
    bell, where = Bell(), urlsplit(target.websocket)
    assert where.hostname is not None
    assert where.port is not None
    proxy = Proxy(where.hostname, where.port, bell.ring)
    story, network = Story(rooms, bell), Network(proxy, SEED)
    session = {"sessionid": target.log_in("alice")}
    speaker = Cookies({"sessionid": target.log_in(SPEAKER)}, SPEAKER)
    witness = Cookies({"sessionid": target.log_in("bob")}, "bob")
    gc.collect()
    before = trio.lowlevel.current_statistics().tasks_living, threading.active_count(), open_files()
    with trio.fail_after(DEADLINE):
        async with trio.open_nursery() as proxying:
            await proxying.start(proxy.run)
            url = f"ws://127.0.0.1:{proxy.port}{where.path}"
            guests = [
                Guest(f"{shell}-{n}", url, session, rooms, bell.ring)
                for shell in SHELLS
                for n in range(2)
            ]
            async with (
                connect(
                    target.websocket, credentials=speaker, rooms=rooms, options=BRISK
                ) as speaking,
                connect(
                    target.websocket, credentials=witness, rooms=rooms, options=BRISK
                ) as watching,
                trio.open_nursery() as tasks,
            ):
                tasks.start_soon(story.witness, watching)
                stop = trio.Event()
                on_trio = [guest for guest in guests if guest.name.startswith("trio")]
                for guest in on_trio:
                    tasks.start_soon(guest.on_trio, stop)
                others = [guest for guest in guests if guest not in on_trio]
                with in_threads(others):
                    await bell.until(lambda: all(guest.events for guest in guests))
                    async with trio.open_nursery() as talking:
                        talking.start_soon(story.talk, speaking)
                        await spoil(network, story, bell)
                        talking.cancel_scope.cancel()
                    network.heal()
                    await all_are_back(speaking, guests, story, bell)
                    stop.set()
                # The witness hears what was under way to the end.
                await speaking.rooms[next(iter(speaking.rooms))].send("the end")
                await bell.until(
                    lambda: any(texts[-1:] == ["the end"] for texts in story.truth.values())
                )
                tasks.cancel_scope.cancel()
            proxying.cancel_scope.cancel()
    gc.collect()
    after = trio.lowlevel.current_statistics().tasks_living, threading.active_count(), open_files()

    for guest in guests:
        check_stream(guest.events, story.truth)
        check_outcomes(guest.outcomes, story.truth)
        assert guest.left_over == []
        assert counted_gaps(guest.events) > 0
    assert sum(network.faults.values()) == FAULTS
    assert {outcome for guest in guests for outcome in guest.outcomes.values()} > {"said"}
    for now, then in zip(after, before, strict=True):
        assert now <= then, f"tasks, threads, open files: {before} before, {after} after"
    print(network.faults, {g.name: (len(g.events), counted_gaps(g.events)) for g in guests})


async def spoil(network: Network, story: Story, bell: Bell) -> None:
    """Let faults happen, each some messages after the one before."""
    while sum(network.faults.values()) < FAULTS:
        due = story.heard + network.messages_until_next()
        await bell.until(lambda due=due: story.heard >= due)  # type: ignore[misc]
        network.do_something()


async def all_are_back(speaking: Chat, guests: list[Guest], story: Story, bell: Bell) -> None:
    """
    Wait until every guest hears something in every room.

    Somebody may sit on a connection that is dead and does not know it yet; so it is said again
    with another number, until all have heard the same.
    """
    number = 0
    while True:
        number += 1
        fence = f"fence {number}"
        for room in list(speaking.rooms.values()):
            with suppress(ServerUnavailable):
                await room.send(fence)
        with trio.move_on_after(FENCE_PATIENCE):
            await bell.until(
                lambda fence=fence: all(  # type: ignore[misc]
                    has_heard(guest.events, room, fence) for guest in guests for room in story.rooms
                )
            )
            return
