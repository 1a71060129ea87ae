"""What a story does to the target, through hooks and its process, and how that is put back."""

import time
from collections.abc import Mapping
from typing import Final, TypeAlias

import trio

from multichat_conformance.actors import Backdrop
from multichat_conformance.actors.handshake import open_stream
from multichat_conformance.catalogue import STAFF_ROLE, Check
from multichat_conformance.context import Context
from multichat_conformance.findings import HarnessError, NotTested, TargetGone
from multichat_conformance.stage.scenery import Scenery
from multichat_conformance.target.hooks import described, pull
from multichat_conformance.target.model import Account, Room
from multichat_conformance.timing import pause

__all__ = ["Backstage", "Undo"]

Undo: TypeAlias = tuple[str, Mapping[str, str | int]]
"""A hook with its arguments, to be pulled when a story ends."""

_POLL: Final = 0.05
"""Seconds from one look to the next whether a target is there."""


class Backstage(Scenery):
    """What hooks and the target's process can do; see :class:`Scenery`."""

    def __init__(
        self, check: Check, context: Context, backdrop: Backdrop, nursery: trio.Nursery
    ) -> None:
        super().__init__(check, context, backdrop, nursery)
        self._undo: list[Undo] = []
        self._stopped = False

    async def hook(
        self,
        name: str,
        *,
        undo: Undo | None = None,
        **arguments: str | int,
    ) -> dict[str, str]:
        """
        Pull a hook and return what it returns.

        Args:
            name: Which.
            undo: The hook that is pulled when the story ends, to put things back.
            arguments: What it takes.

        Raises:
            HarnessError: It failed.

        """
        if undo is not None:
            # Before, since a hook that failed may have changed something all the same.
            self._undo.append(undo)
        return await self._pull(name, arguments)

    async def _pull(self, name: str, arguments: Mapping[str, str | int]) -> dict[str, str]:
        self.backdrop.transcript.add("", "note", "hook", described(name, arguments))
        try:
            return await pull(self.target, self._context.redactor, name, arguments)
        finally:
            self._context.changed = time.monotonic()

    async def new_user(self) -> Account:
        """Have a user made who is gone when the story ends."""
        name = self.nonce()
        account = Account(name, f"pw-{self.nonce()}-Zq7")
        self.backdrop.usernames.add(name)
        await self.hook(
            "create_user",
            undo=("delete_user", {"username": name}),
            username=name,
            password=account.password or "",
        )
        return account

    async def new_room(self, title: str | None = None) -> Room:
        """Have an open room made that is gone when the story ends."""
        title = title or f"room of {self.nonce()}"
        made = await self.hook("create_room", title=title)
        if "room" not in made:
            raise HarnessError("the hook create_room returned no room")
        self._undo.append(("delete_room", {"room": made["room"]}))
        self.backdrop.story_rooms.add(made["room"])
        self.backdrop.made_rooms.add(made["room"])
        return Room(made["room"], title)

    async def set_apart(self) -> None:
        """
        Have the story take place in new rooms, and by new users where the target can make them.

        Other stories may meanwhile do to the rooms and the accounts of the target file what they
        like.
        """
        self._own_rooms = [await self.new_room() for _ in range(self._check.needs.rooms)]
        if self._own_rooms:
            self.backdrop.story_rooms.clear()
            self.backdrop.fence_room = self._own_rooms[-1].id
        if self.target.hooks.names >= {"create_user", "delete_user"}:
            visitor = self._context.visitor if self._check.needs.visitor else None
            for role in dict.fromkeys([*self._check.needs.actors, *filter(None, [visitor])]):
                if role != STAFF_ROLE:
                    self._own_cast[role] = await self.new_user()

    def undone(self, name: str) -> None:
        """Take note that the story itself has undone the last change that ``name`` would undo."""
        for place in reversed(range(len(self._undo))):
            if self._undo[place][0] == name:
                del self._undo[place]
                return

    async def stop_target(self, *, within: float) -> float:
        """
        Have the target stop in good order; return how long that took, in seconds.

        It is started again when the story ends, if the story itself does not do it.

        Args:
            within: Seconds that it may take by what it states. A hook is waited for as long,
                and some grace and patience longer; a process is killed at last.

        Raises:
            HarnessError: The hook that stops it failed.

        """
        self._stopped = True
        process = self._context.process
        began = trio.current_time()
        if process is None:
            with trio.move_on_after(within + self.backdrop.grace + self.backdrop.patience):
                await self._pull("stop", {})
            return trio.current_time() - began
        self.backdrop.transcript.add("", "note", "hook", "sends SIGTERM to the target")
        return await trio.to_thread.run_sync(process.stop)

    async def start_target(self) -> None:
        """
        Start the target again and wait until it can be reached; everybody logs in anew.

        Raises:
            HarnessError: It cannot be started.

        """
        process = self._context.process
        self._context.sessions.forget()
        if process is None:
            await self._start_by_hook()
        else:
            self.backdrop.transcript.add("", "note", "hook", "starts the target again")
            try:
                target = await trio.to_thread.run_sync(process.start)
            except NotTested as exc:
                raise HarnessError(f"the target cannot be started again: {exc}") from exc
            self._context.reach(target)
            self.backdrop.target = target
        await self._until_reached()
        self._stopped = False

    async def _start_by_hook(self) -> None:
        # A target that was slow to stop may still be about it.
        until = trio.current_time() + self.backdrop.patience
        while True:
            try:
                await self._pull("start", {})
            except HarnessError:
                if trio.current_time() > until:
                    raise
                await pause(_POLL)
            else:
                return

    async def _until_reached(self) -> None:
        with trio.move_on_after(self.backdrop.patience):
            while True:
                try:
                    stream = await open_stream(self.target)
                except TargetGone:
                    await pause(_POLL)
                else:
                    await trio.aclose_forcefully(stream)
                    return
        raise HarnessError(
            f"the target was started again and takes no connection after "
            f"{self.backdrop.patience:.0f} s"
        )

    async def put_back(self) -> list[Undo]:
        """
        Put back what the story has changed, in the reverse order, and start what it has stopped.

        What cannot be put back, or not in time, is owed: it is tried again before the next story.

        Returns:
            What was put back.

        Raises:
            HarnessError: Something could not be put back.

        """
        failed: list[str] = []
        done: list[Undo] = []
        try:
            if self._stopped:
                await self.start_target()
            while self._undo:
                if self._context.gone:
                    break
                name, arguments = self._undo[-1]
                self._context.sessions.forget(str(arguments.get("username", "")))
                try:
                    await self._pull(name, arguments)
                except (HarnessError, NotTested) as exc:
                    failed.append(str(exc))
                    self._context.owed.append((name, arguments))
                else:
                    done.append((name, arguments))
                self._undo.pop()
        finally:
            # Cancelled, or the target does not start again.
            self._context.owed += reversed(self._undo)
            self._undo.clear()
        if failed:
            raise HarnessError("; ".join(failed))
        return done
