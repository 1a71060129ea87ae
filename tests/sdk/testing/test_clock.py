"""Time jumps when nobody has anything left to do, and not before."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from multichat_proto.testing import (
    MemoryServer,
    VirtualClock,
    run_virtual,
    settle,
)


def test_an_hour_of_asyncio_takes_no_time() -> None:
    seen: list[tuple[str, float]] = []

    async def tick(name: str, every: float) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(3):
            done = loop.create_future()
            loop.call_later(every, done.set_result, None)
            await done
            seen.append((name, loop.time()))

    async def main() -> str:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(tick("slow", 3_600.0))
            tasks.create_task(tick("fast", 1.0))
        return "done"

    assert run_virtual(main()) == "done"
    assert [name for name, _ in seen] == ["fast"] * 3 + ["slow"] * 3
    assert [time for _, time in seen] == pytest.approx([1, 2, 3, 3_600, 7_200, 10_800])


def test_settling_takes_no_time() -> None:
    """Everything that can be done now is done; what is due later is not."""
    done: list[int] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()

        async def chain() -> None:
            for number in range(500):
                await asyncio.sleep(0)
                done.append(number)

        loop.call_later(1.0, done.append, -1)
        task = asyncio.create_task(chain())
        await settle()
        assert done == list(range(500))
        assert loop.time() == 0.0
        await task

    run_virtual(main())


def test_two_may_wait_for_rest() -> None:
    async def main() -> None:
        await asyncio.gather(settle(), settle())
        cancelled = asyncio.create_task(settle())
        await asyncio.sleep(0)
        cancelled.cancel()
        await settle()

    run_virtual(main())


def test_time_stands_still_while_a_thread_works() -> None:
    """A deadline does not pass over the head of what a handler does in a thread."""
    may_end = threading.Event()

    async def main() -> tuple[str, float]:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(60):
            work = asyncio.create_task(asyncio.to_thread(may_end.wait, 10))
            loop.call_soon(loop.call_soon, may_end.set)
            assert await work
            await settle()
        return "done", loop.time()

    assert run_virtual(main()) == ("done", 0.0)


def waits(clock: VirtualClock, seconds: float, seen: list[float]) -> threading.Thread:
    """Start a thread that waits, and notes when that was over."""

    def run() -> None:
        clock.sleep(seconds)
        seen.append(clock.now())

    return threading.Thread(target=run, name="multichat test")


def test_threads_wake_up_in_the_order_of_their_times() -> None:
    clock = VirtualClock()
    seen: list[float] = []
    threads = [waits(clock, seconds, seen) for seconds in (30.0, 10.0, 20.0)]
    for thread in threads:
        thread.start()

    clock.sleep(3_600.0)

    assert seen == [10.0, 20.0, 30.0]
    assert clock.now() == 3_600.0
    for thread in threads:
        thread.join()


def test_a_thread_that_works_holds_the_time() -> None:
    """Who waits for something else does too, unless it says so."""
    clock = VirtualClock()
    seen: list[float] = []
    thread = waits(clock, 10.0, seen)
    thread.start()
    thread.join(0.05)
    held = list(seen)

    with clock.away():
        thread.join()

    assert (held, seen) == ([], [10.0])


def test_a_notice_ends_a_wait_before_its_time() -> None:
    clock = VirtualClock()
    condition = threading.Condition()
    is_told = threading.Event()

    def tell() -> None:
        with condition:
            is_told.set()
            condition.notify()

    with condition:
        thread = threading.Thread(target=tell, name="multichat test")
        thread.start()
        while not is_told.is_set():
            clock.wait(condition, 100.0)
    thread.join()

    assert clock.now() == 0.0


def test_who_was_notified_counts_as_awake() -> None:
    """Its lock is not free yet: time must not pass over its head."""
    clock = VirtualClock()
    condition = threading.Condition()
    state = {"ready": False, "done": False}
    woken_at: list[float] = []

    def wait() -> None:
        with condition:
            while not state["ready"]:
                clock.wait(condition, None)
            woken_at.append(clock.now())
            state["done"] = True
            condition.notify_all()

    thread = threading.Thread(target=wait, name="multichat test")
    thread.start()
    clock.sleep(5.0)
    with condition:
        state["ready"] = True
        condition.notify_all()
        while not state["done"]:
            clock.wait(condition, 50.0)
    thread.join()

    assert woken_at == [5.0]
    assert clock.now() == 5.0


def test_no_time_is_no_wait() -> None:
    clock = VirtualClock()
    condition = threading.Condition()
    with condition:
        clock.wait(condition, 0.0)
        clock.wait(condition, -1.0)
    assert clock.now() == 0.0


def test_a_tiny_wait_ends() -> None:
    """Times so small that they vanish in a sum do not make it wait for ever."""
    clock = VirtualClock()
    clock.sleep(1e9)
    clock.sleep(1e-12)
    assert clock.now() >= 1e9


@pytest.mark.parametrize("kind", ["trio", "asyncio", "sync"])
def test_a_server_can_be_used_by_another_thread(kind: str) -> None:
    """What it sends then wakes up a client of each shell."""
    server = MemoryServer()
    _IN_ANOTHER_THREAD[kind](server)


def speak(server: MemoryServer) -> None:
    """Have another thread make the server say something."""
    thread = threading.Thread(target=server.say, args=("bob", "1", "from afar"))
    thread.start()
    thread.join()


def in_trio(server: MemoryServer) -> None:
    import trio

    from multichat_proto.events import RoomMessage
    from multichat_proto.trio import connect

    async def main() -> None:
        transport = server.connector("trio", "alice")
        async with connect("ws://memory", transport=transport, rooms=[1]) as chat:
            with trio.fail_after(10), chat.subscribe() as events:
                await trio.to_thread.run_sync(speak, server)
                assert (await events.wait_for(RoomMessage)).text == "from afar"

    trio.run(main)


def in_asyncio(server: MemoryServer) -> None:
    from multichat_proto.asyncio import connect
    from multichat_proto.events import RoomMessage

    async def main() -> None:
        transport = server.connector("asyncio", "alice")
        async with (
            asyncio.timeout(10),
            connect("ws://memory", transport=transport, rooms=[1]) as chat,
        ):
            with chat.subscribe() as events:
                await asyncio.to_thread(speak, server)
                assert (await events.wait_for(RoomMessage)).text == "from afar"

    asyncio.run(main())


def in_sync(server: MemoryServer) -> None:
    from multichat_proto.events import RoomMessage
    from multichat_proto.sync import connect

    transport = server.connector("sync", "alice")
    with connect("ws://memory", transport=transport, rooms=[1]) as chat, chat.subscribe() as events:
        speak(server)
        assert events.wait_for(RoomMessage, timeout=10).text == "from afar"


_IN_ANOTHER_THREAD: dict[str, Callable[[MemoryServer], None]] = {
    "trio": in_trio,
    "asyncio": in_asyncio,
    "sync": in_sync,
}
