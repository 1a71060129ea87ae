"""
Time that jumps: a test that waits 30 s takes no time, and takes it always alike.

- Trio: ``trio.testing.MockClock(autojump_threshold=0)``, or pytest-trio's ``autojump_clock``.
  It does not see threads; a program that uses some wants ``autojump_threshold=0.1``.
- asyncio: :class:`VirtualEventLoop`.
- without async: :class:`VirtualClock`, for ``connect(…, clock=…)``.

Each jumps to the next deadline as soon as nobody has anything left to do.
"""

import asyncio
import selectors
import threading
import weakref
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any, Final, TypeVar, TypeVarTuple, Unpack

from multichat_proto.sync import Clock

__all__ = ["VirtualClock", "VirtualEventLoop", "run_virtual"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_LEAST: Final = 1e-6
"""Shortest wait, in seconds: less could be lost in rounding, and be waited for again for ever."""

_LOOK: Final = 0.002
"""How often a waiting thread looks whether all wait, in seconds that are real."""


class VirtualEventLoop(asyncio.SelectorEventLoop):
    """
    An asyncio event loop whose time jumps.

    ::

        with asyncio.Runner(loop_factory=VirtualEventLoop) as runner:
            runner.run(main())

    While a thread works for it (``asyncio.to_thread``), time stands still. Sockets work, but
    time does not wait for them.
    """

    def __init__(self) -> None:
        self._virtual_now = 0.0
        self._in_threads = 0
        self._settled: list[asyncio.Future[None]] = []
        super().__init__(_JumpingSelector(self._pass))

    def time(self) -> float:
        """Return the time of this loop in seconds; it begins at 0."""
        return self._virtual_now

    async def settle(self) -> None:
        """Wait until nothing is left to do at this time; no time passes."""
        future = self.create_future()
        self._settled.append(future)
        await future

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Have a thread do something, while time stands still."""
        future = super().run_in_executor(executor, func, *args)
        self._in_threads += 1
        future.add_done_callback(self._leave_thread)
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109  # a deadline would have passed at once
        """Wait until the threads have ended."""
        await super().shutdown_default_executor()

    def _leave_thread(self, _: asyncio.Future[Any]) -> None:
        self._in_threads -= 1

    def _pass(self, seconds: float | None) -> bool:
        """Let time pass, unless somebody has to be waited for; return whether the loop goes on."""
        if self._in_threads:
            return False
        settled, self._settled = self._settled, []
        for future in settled:
            if not future.done():
                future.set_result(None)
        if settled or seconds is None:
            return bool(settled)
        self._virtual_now += seconds
        return True


class _JumpingSelector(selectors.DefaultSelector):
    """
    Does not wait for a timeout, but has the time pass.

    Args:
        pass_time: Called when the loop has nothing to do, with what it would wait; ``None``
            is for ever. Returns False if it has to wait for a thread or a socket.

    """

    def __init__(self, pass_time: Callable[[float | None], bool]) -> None:
        super().__init__()
        self._pass_time = pass_time

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if found or (timeout is not None and timeout <= 0):
            return found
        return [] if self._pass_time(timeout) else super().select(None)


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """
    Run a coroutine under asyncio, in time that jumps, and return its result.

    ::

        run_virtual(test_of_my_bot())
    """
    with asyncio.Runner(loop_factory=VirtualEventLoop) as runner:
        return runner.run(main)


class _Wait:
    def __init__(self, condition: threading.Condition, deadline: float | None) -> None:
        self.condition = condition
        self.deadline = deadline
        self.thread = threading.current_thread()


class VirtualClock(Clock):
    """
    A clock for threads that jumps when all of them wait.

    ::

        clock = VirtualClock()
        transport = server.connector("sync", "alice", clock=clock)
        with connect("ws://test", transport=transport, clock=clock) as chat:
            server.restart()
            chat.wait_for(Reconnected, timeout=60)  # at once

    The threads that count are the one that makes the clock, those that have waited by it, and
    those of the sync shell. One of them that waits for something else holds the time still,
    unless it says so with :meth:`away`.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self._lock = threading.Lock()
        self._waits: dict[_Wait, None] = {}
        # Not before its first wait: time could pass between the start of a chat and that.
        self._known = weakref.WeakSet([threading.current_thread()])
        self._watched: weakref.WeakSet[threading.Condition] = weakref.WeakSet()
        self._others = weakref.WeakSet(threading.enumerate())

    def now(self) -> float:
        """Return the time in seconds; it begins at 0."""
        return self._now

    def wait(self, condition: threading.Condition, timeout: float | None) -> None:
        """
        Wait until notified, or so many seconds; perhaps less.

        Args:
            condition: Its lock is held.
            timeout: Longest wait; ``None`` waits until notified.

        """
        self._watch(condition)
        with self._lock:
            self._known.add(threading.current_thread())
            if timeout is not None and timeout <= 0:
                return
            deadline = None if timeout is None else self._now + max(timeout, _LEAST)
            wait = _Wait(condition, deadline)
            self._waits[wait] = None
        try:
            while not self._is_over(wait):
                # Again and again: the last one that did not wait may have ended without a word.
                condition.wait(_LOOK)
        finally:
            with self._lock:
                self._waits.pop(wait, None)

    def _is_over(self, wait: _Wait) -> bool:
        """Jump if nobody has anything left to do; return whether this wait has ended."""
        with self._lock:
            if wait not in self._waits:
                return True
            due = self._jump()
            if not due:
                return False
            # Somebody's time has come, perhaps one's own; a wait may end early.
            self._waits.pop(wait, None)
        self._wake(due, wait.condition)
        return True

    def sleep(self, seconds: float) -> None:
        """Let time pass; whatever is due meanwhile happens in its order."""
        condition = threading.Condition()
        with condition:
            until = self._now + seconds
            while (left := until - self._now) > 0:
                self.wait(condition, left)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Let time pass in the block though this thread does not wait by this clock."""
        condition = threading.Condition()
        wait = _Wait(condition, None)
        self._watch(condition)
        with self._lock:
            self._known.add(threading.current_thread())
            self._waits[wait] = None
            due = self._jump()
        self._wake(due, None)
        try:
            yield
        finally:
            with self._lock:
                self._waits.pop(wait, None)

    def _jump(self) -> list[_Wait]:
        """Move on to the next deadline if everybody waits; return whose it was."""
        waiting = {wait.thread for wait in self._waits}
        for thread in threading.enumerate():
            is_ours = thread in self._known or (
                thread not in self._others and thread.name.startswith("multichat")
            )
            if is_ours and thread not in waiting:
                return []
        deadlines = [wait.deadline for wait in self._waits if wait.deadline is not None]
        if not deadlines:
            return []
        self._now = max(self._now, min(deadlines))
        due = [
            wait for wait in self._waits if wait.deadline is not None and wait.deadline <= self._now
        ]
        for wait in due:
            del self._waits[wait]
        return due

    def _wake(self, due: list[_Wait], held: threading.Condition | None) -> None:
        conditions = dict.fromkeys(wait.condition for wait in due)
        if held is not None:
            # Nobody waits for a lock while it holds another: no deadlock.
            held.release()
        try:
            for condition in conditions:
                with condition:
                    condition.notify_all()
        finally:
            if held is not None:
                held.acquire()

    def _watch(self, condition: threading.Condition) -> None:
        """See to it that whoever is notified does not count as waiting from then on."""
        if condition in self._watched:
            return
        self._watched.add(condition)
        notify = condition.notify

        def notify_all(n: int = 1) -> None:  # noqa: ARG001  # all, for one can be no other's
            with self._lock:
                for wait in [wait for wait in self._waits if wait.condition is condition]:
                    del self._waits[wait]
            notify(1 << 30)

        condition.notify = notify_all  # type: ignore[method-assign]  # to hear of it
        condition.notify_all = notify_all  # type: ignore[method-assign]
