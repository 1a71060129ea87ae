"""
Stories that are told beside the others, because almost all they do is wait.

A server may take 50 seconds to notice that a peer has vanished, and ten to give up half a
handshake. A check that is declared with ``aside`` waits for such a thing. Its story begins with
the run, in a thread of its own and in rooms that are made for it alone, and is asked for when its
turn comes. What it finds there counts only if all was well: a failure may be the work of the other
stories, so it is forgotten and the story is told again, alone.
"""

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
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
        self._told: dict[str, Future[Told]] = {}

    def begin(self, checks: Iterable[Check]) -> None:
        """Begin those stories of checks that can be told beside others."""
        rooms_can_be_made = self._context.target.hooks.names >= _HOOKS
        for check in checks:
            if check.aside and (check.needs.rooms == 0 or rooms_can_be_made):
                story = partial(tell, check, self._context, in_rooms_of_its_own=True)
                self._told[check.id] = self._threads.submit(trio.run, story)

    def take(self, check: Check) -> Told | None:
        """Wait for a story and return what came of it; None if it is to be told (again)."""
        future = self._told.pop(check.id, None)
        if future is None:
            return None
        told = future.result()
        well = told.attempt.finding is None and not told.trouble and not told.not_tested
        return told if well else None

    def close(self) -> None:
        """Wait for the stories that nobody has asked for; those that wait in line never begin."""
        self._threads.shutdown(cancel_futures=True)
