"""
When sessions and tokens were last used, noted without making anybody wait.

A request only leaves the credential here. One task writes what has come together, all at once
and at most so often: a page must not wait for a database that somebody else is writing to.
"""

import contextlib
from collections.abc import Awaitable, Callable, Collection
from typing import Final

import trio

from multichat_proto.exceptions import StoreUnavailable

__all__ = ["PAUSE_SECONDS", "Sightings"]

#: Seconds between two writes; the times that are shown are as exact as that.
PAUSE_SECONDS: Final = 30.0

# Credentials of which nobody has written yet; whatever comes beyond is not noted.
_MOST_WAITING: Final = 10_000


class Sightings:
    """The credentials that were used lately and are not written down yet."""

    def __init__(self) -> None:
        self._waiting: set[str] = set()
        self._some = trio.Event()

    def note(self, credential: str) -> None:
        """Note that a credential, which must be a good one, was just used."""
        if len(self._waiting) < _MOST_WAITING:
            self._waiting.add(credential)
            self._some.set()

    async def run(self, write: Callable[[Collection[str]], Awaitable[None]]) -> None:
        """
        Write down what is noted until cancelled; while the store is away, what comes is lost.

        Args:
            write: Writes some credentials' time of use, such as ``store.credentials_seen``.

        """
        while True:
            await self._some.wait()
            seen, self._waiting = self._waiting, set()
            self._some = trio.Event()
            with contextlib.suppress(StoreUnavailable):
                await write(seen)
            await trio.sleep(PAUSE_SECONDS)
