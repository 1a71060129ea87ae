"""
Stories that are told beside the others, because almost all they do is wait.

A server may take 50 seconds to notice that a peer has vanished, and ten to give up half a
handshake. A check that is declared with ``aside`` waits for such a thing. Its story begins with
the run, in a thread of its own and in rooms that are made for it alone, and is asked for when its
turn comes. What it finds there counts only if all was well: a failure may be the work of the other
stories, so it is forgotten and the story is told again, alone.
"""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Final

import trio

from multichat_conformance.catalogue import Check
from multichat_conformance.context import Context
from multichat_conformance.running.telling import Told, tell

__all__ = ["Aside"]

_HOOKS: Final = frozenset({"create_room", "delete_room"})
_AT_ONCE: Final = 8


class Aside:
    """
    Tells stories in threads.

    Args:
        context: What is known of the run.

    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="aside")
        self._told: dict[str, Future[Told | None]] = {}
        self._known: set[str] = set()
        self._over = threading.Event()
        self._enders: list[Callable[[], None]] = []

    def begin(self, checks: Iterable[Check], *, known: Callable[[Check], bool]) -> None:
        """
        Begin those stories of checks that can be told beside others.

        Args:
            checks: All that will be played.
            known: Tells whether a check is listed as one that fails; such a failure counts.

        """
        rooms_can_be_made = self._context.target.hooks.names >= _HOOKS
        for check in checks:
            if check.aside and (check.needs.rooms == 0 or rooms_can_be_made):
                self._told[check.id] = self._threads.submit(trio.run, self._tell, check)
                if known(check):
                    self._known.add(check.id)

    def take(self, check: Check) -> Told | None:
        """Wait for a story and return what came of it; None if it is to be told (again)."""
        future = self._told.pop(check.id, None)
        told = None
        # What went wrong with the suite goes wrong again when the story is told alone.
        with suppress(ExceptionGroup):
            told = future.result() if future is not None else None
        if told is None or told.trouble or told.not_tested:
            return None
        return told if told.attempt.finding is None or check.id in self._known else None

    def close(self) -> None:
        """End the stories that nobody has asked for, and wait until they have cleared away."""
        self._over.set()
        for end in self._enders:
            # A story that has ended meanwhile has no loop any more that could be told.
            with suppress(trio.RunFinishedError):
                end()
        self._threads.shutdown(cancel_futures=True)

    async def _tell(self, check: Check) -> Told | None:
        token = trio.lowlevel.current_trio_token()
        with trio.CancelScope() as scope:
            self._enders.append(lambda: token.run_sync_soon(scope.cancel))
            if self._over.is_set():
                return None
            return await tell(check, self._context, apart=True)
        return None
