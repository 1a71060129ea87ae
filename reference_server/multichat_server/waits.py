"""
Requests that are answered later: as soon as there is news, or after a while without any.

Each keeps a connection, of which there are only so many, from those who want to chat. So only
some may wait; the others are answered at once, and ask again later.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import trio

__all__ = ["LONGEST_WAIT", "Waits"]

LONGEST_WAIT: Final = 25.0
"""Seconds after which there is an answer without any news: proxies end what is silent for 30."""


class Waits:
    """
    Keeps count of the requests that wait.

    Args:
        most: How many may wait at a time.

    """

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return self._waiting

    async def wait(self, news: trio.Event, client_gone: Callable[[], Awaitable[object]]) -> None:
        """
        Wait for news, not longer than :data:`LONGEST_WAIT`; not at all where too many wait.

        Cancelling it is safe.

        Args:
            news: Is set when there is something new.
            client_gone: Returns when nobody is left to be told.

        """
        if self._waiting >= self._most:
            return
        self._waiting += 1
        try:
            with trio.move_on_after(LONGEST_WAIT):
                async with trio.open_nursery() as nursery:

                    async def give_up() -> None:
                        await client_gone()
                        nursery.cancel_scope.cancel()

                    nursery.start_soon(give_up)
                    await news.wait()
                    nursery.cancel_scope.cancel()
        finally:
            self._waiting -= 1
