"""
A second lane: stories told beside those of the first, by other users in other rooms.

A story and its target mostly wait for each other, so one machine has time for two. Where hooks
can make users and rooms, the second half of what any users can do in any rooms is told there,
in a thread. As with stories that are told aside, only what went well counts: whatever did not is
told again in the first lane, alone.
"""

import random
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from typing import Final

import trio

from multichat_conformance.catalogue import PLAIN_ROLES, Check, Group
from multichat_conformance.context import Context
from multichat_conformance.findings import HarnessError, NotTested, StoryEnded
from multichat_conformance.running.telling import Told, tell
from multichat_conformance.target.hooks import pull
from multichat_conformance.target.model import Account, Room

__all__ = ["Lane"]

_HOOKS: Final = frozenset({"create_user", "delete_user", "create_room", "delete_room"})
_GROUPS: Final = frozenset({Group.SAFE, Group.INTRUSIVE})
_FEWEST: Final = 40
"""Checks below which making users and rooms takes longer than it saves."""

_ROOMS: Final = 4
_PATIENT_WITH: Final = 2
"""Stories in a row that may go wrong before the lane is given up."""


class Lane:
    """
    Tells stories in a thread, as other users and in other rooms than those of the target file.

    Args:
        context: What is known of the run.

    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._told: dict[str, Future[Told | None]] = {}
        self._thread: threading.Thread | None = None
        self._over = threading.Event()
        self._end: Callable[[], None] | None = None
        self._made: list[tuple[str, dict[str, str | int]]] = []

    def begin(self, checks: Iterable[Check]) -> None:
        """Begin to tell the second half of those stories that can be told here."""
        target = self._context.target
        if not (target.hooks.names >= _HOOKS and target.login.recipe == "django-form"):
            return
        fit = [check for check in checks if self._fits(check)]
        if len(fit) < _FEWEST:
            return
        mine = fit[len(fit) // 2 :]
        told: list[tuple[Check, Future[Told | None]]] = [(check, Future()) for check in mine]
        self._told = {check.id: future for check, future in told}
        self._thread = threading.Thread(target=self._work, args=(told,), name="second lane")
        self._thread.start()

    def take(self, check: Check) -> Told | None:
        """Wait for a story and return what came of it; None if it is to be told (again)."""
        future = self._told.pop(check.id, None)
        return future.result() if future is not None else None

    def close(self) -> None:
        """End the story that is being told, take back what was made, and wait until it is done."""
        self._over.set()
        if self._end is not None:
            # The story may have ended meanwhile, and its loop with it.
            with suppress(trio.RunFinishedError):
                self._end()
        if self._thread is not None:
            self._thread.join()

    def _fits(self, check: Check) -> bool:
        needs = check.needs
        return (
            check.group in _GROUPS
            and not (check.search or check.aside or needs.restart or needs.staff_room)
            and set(needs.actors) <= set(PLAIN_ROLES)
            and needs.rooms <= _ROOMS
            # Without its store the target is of no use to either lane.
            and "store_away" not in needs.hooks
        )

    def _work(self, told: list[tuple[Check, Future[Told | None]]]) -> None:
        wrong = 0
        try:
            context = trio.run(self._furnished)
            for check, future in told:
                if self._over.is_set() or wrong == _PATIENT_WITH:
                    break
                found = None
                # What went wrong with the suite goes wrong again in the first lane.
                with suppress(ExceptionGroup):
                    found = trio.run(self._tell, check, context)
                well = found is not None and _is_well(found)
                wrong = 0 if well else wrong + 1
                future.set_result(found if well else None)
        except StoryEnded:
            # No users or rooms could be made; the first lane needs none.
            pass
        finally:
            for _, future in told:
                if not future.done():
                    future.set_result(None)
            trio.run(self._take_back)

    async def _tell(self, check: Check, context: Context) -> Told | None:
        token = trio.lowlevel.current_trio_token()
        with trio.CancelScope() as scope:
            self._end = lambda: token.run_sync_soon(scope.cancel)
            if self._over.is_set():
                return None
            return await tell(check, context)
        return None

    async def _furnished(self) -> Context:
        """Make users and rooms, and return what is known of a run that has no others."""
        mark = f"mc{random.SystemRandom().randrange(16**8):08x}"
        accounts = [Account(f"{role}-{mark}", f"pw-{mark}-{role}-Zq7") for role in PLAIN_ROLES]
        rooms = []
        for account in accounts:
            self._made.append(("delete_user", {"username": account.username}))
            await self._pull(
                "create_user", {"username": account.username, "password": account.password or ""}
            )
        for place in range(_ROOMS):
            title = f"room {place + 1} of {mark}"
            made = await self._pull("create_room", {"title": title})
            if "room" not in made:
                raise HarnessError("the hook create_room returned no room")
            self._made.append(("delete_room", {"room": made["room"]}))
            rooms.append(Room(made["room"], title))
        target = replace(self._context.target, accounts=tuple(accounts), rooms=tuple(rooms))
        return replace(self._context, target=target)

    async def _take_back(self) -> None:
        while self._made:
            name, arguments = self._made.pop()
            # The target may be gone by now, or begun anew without them.
            with suppress(HarnessError, NotTested):
                await self._pull(name, arguments)

    async def _pull(self, name: str, arguments: dict[str, str | int]) -> dict[str, str]:
        return await pull(self._context.target, self._context.redactor, name, arguments)


def _is_well(told: Told) -> bool:
    return told.attempt.finding is None and not told.trouble and not told.not_tested
