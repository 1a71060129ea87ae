"""
How the threads of the user wait for a session: behind its lock, each on its own condition.

Nothing is lost when a wait ends early, by its time or by Ctrl-C: what was asked is taken back,
and events stay in their queue.
"""

import threading
from collections.abc import Callable
from typing import TypeVar

from multichat_proto.events import ChatEvent
from multichat_proto.exceptions import MultichatError
from multichat_proto.session import EventQueue, Operation, Session
from multichat_proto.sync._clock import Clock

__all__ = ["Waiting"]

T = TypeVar("T")


class Waiting:
    """
    Waits for a session.

    Args:
        session: The session.
        clock: The time.

    Attributes:
        lock: Whoever touches the session holds it.

    """

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self.lock = threading.Lock()

    def now(self) -> float:
        """Return the time."""
        return self._clock.now()

    def ask(
        self,
        request: Callable[[float], Operation[T]],
        timeout: float | None,
        *,
        too_late: Callable[[], MultichatError] | None = None,
    ) -> T:
        """
        Ask the session for something, and wait for what comes of it.

        Args:
            request: Asks; it is given the time.
            timeout: Longest wait, in seconds; ``None`` waits as long as the session does.
            too_late: Makes the error for a timeout after a command was handed over.

        Raises:
            TimeoutError: It took longer; it is taken back.
            MultichatError: It failed.

        """
        operation: Operation[T] | None = None
        with self.lock:
            try:
                operation = request(self.now())
                self._await(operation, timeout)
            except TimeoutError:
                if operation is None or not self._session.abandon(operation, self.now()):
                    raise
                if too_late is None:
                    raise
                raise too_late() from None
            except BaseException:
                # Somebody has pressed Ctrl-C.
                if operation is not None:
                    self._session.abandon(operation, self.now())
                raise
        return operation.result()

    def take(self, queue: EventQueue, timeout: float | None) -> ChatEvent:
        """
        Wait for the next event of a queue.

        Raises:
            TimeoutError: None came in so many seconds.
            ChatClosed: Somebody else waits for it.
            EndOfEvents: The stream has ended in order.
            MultichatError: It has ended in this way.

        """
        with self.lock:
            queue.claim()
            try:
                event = queue.take()
                if event is None:
                    event = self._await_event(queue, timeout)
                return event
            finally:
                queue.on_ready = None
                queue.release()

    def _await_event(self, queue: EventQueue, timeout: float | None) -> ChatEvent:
        ready = threading.Condition(self.lock)
        queue.on_ready = ready.notify_all
        deadline = None if timeout is None else self.now() + timeout
        while (event := queue.take()) is None:
            self._wait_on(ready, deadline, "no event came in time")
        return event

    def _await(self, operation: Operation[T], timeout: float | None) -> None:
        if operation.is_done:
            return
        done = threading.Condition(self.lock)
        operation.on_done = done.notify_all
        deadline = None if timeout is None else self.now() + timeout
        while not operation.is_done:
            self._wait_on(done, deadline, "no answer came in time")

    def _wait_on(self, condition: threading.Condition, deadline: float | None, words: str) -> None:
        left = None if deadline is None else deadline - self.now()
        if left is not None and left <= 0:
            raise TimeoutError(words)
        self._clock.wait(condition, left)
