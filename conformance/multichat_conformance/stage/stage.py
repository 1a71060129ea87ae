"""The whole stage: scenery, backstage and cast, with fences, and what is cleared away behind."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Final

import trio

from multichat_conformance.actors import Actor, Received
from multichat_conformance.actors.backdrop import FREE_ROOM
from multichat_conformance.commands import send
from multichat_conformance.findings import HarnessError, StoryEnded
from multichat_conformance.patterns import Joined, Stream
from multichat_conformance.stage.backstage import Undo
from multichat_conformance.stage.cast import Cast
from multichat_conformance.stage.farewells import is_yet_to_hear
from multichat_conformance.target.model import Room
from multichat_conformance.timing import SEEN_WITHIN, pause, quiet_window
from multichat_conformance.transcript import shorten

__all__ = ["Stage"]

_CLEARING: Final = 20.0
"""Seconds that clearing away may take."""

_DOUBTFUL: Final = 5.0
"""Seconds that putting back may take on a target that has just been waited for in vain."""

_FAREWELL: Final = 0.5
"""Seconds that are waited, when a story is over, for the LEAVE of those whose connection ended."""

_IN_VAIN: Final = 3
"""Such waits in vain after which a target is taken for one that does not tell of ends."""

_SEEN_BY: Final = {
    "make_open_room": "join",
    "make_staff_room": "error",
    "make_staff": "join",
    "make_plain": "error",
    "rename_user": "msg_type",
}
"""By which answer to a join of a plain user, or to a send, a change is seen that was put back."""


class Stage(Cast):
    """What one telling of a story is given; see :class:`Cast`."""

    async def silence(
        self, *watchers: Actor, after: Actor, announcements: bool = True, clause: str = ""
    ) -> None:
        """
        See that nothing is waiting for the watchers, and nothing is on its way to them.

        Args:
            watchers: Those who must not have received anything but what the story took.
            after: Whose doings must not have reached them; has an account.
            announcements: Whether ENTER and LEAVE count, too.
            clause: The clause to blame.

        """
        streams = tuple(Stream) if announcements else (Stream.ANSWERS, Stream.MESSAGES)
        fence = self.fence_room
        surplus: dict[Actor, list[Received]] = {watcher: [] for watcher in watchers}
        for actor in dict.fromkeys([after, *watchers]):
            if actor.account is not None and fence.id not in actor.rooms:
                answer = await actor.ask({"command": "join", "room": fence.id})
                if actor is after or "join" in answer.frame:
                    actor.check(answer, Joined(fence), to=f"a join of room {fence.id}")
                else:
                    surplus[actor].append(answer)
        marker = await after.says(fence)
        for watcher in watchers:
            if watcher is after or surplus[watcher]:
                pass
            elif watcher.account is not None:
                await watcher.meets(marker, fence)
            else:
                surplus[watcher] += await watcher.answers_before_fence()
        if not self.backdrop.keeps_order or any(watcher.account is None for watcher in watchers):
            await quiet_window(self.backdrop.round_trips.quiet)
        for watcher in watchers:
            watcher.raise_fault()
            if found := [*surplus[watcher], *watcher.waiting(*streams)]:
                watcher.blame(
                    clause,
                    f"{watcher.name} received what it must not",
                    "nothing of that kind",
                    shorten(" ".join(received.text for received in found)),
                )

    async def all_in(self, room: Room, *actors: Actor) -> None:
        """Have these join a room, and let them forget who entered: what comes next is news."""
        for actor in actors:
            if room.id not in actor.rooms:
                await actor.join(room)
        text = await actors[-1].says(room)
        for actor in actors[:-1]:
            await actor.meets(text, room)
        if not self.backdrop.keeps_order:
            await quiet_window(self.backdrop.round_trips.quiet)
        for actor in actors:
            actor.forget()

    async def clear(self, *, in_doubt: bool = False) -> None:
        """
        Have everybody leave and go, and put back what hooks have changed.

        Args:
            in_doubt: Whether the target may not be there any more; it is not waited for as long.

        Raises:
            HarnessError: Something could not be put back.

        """
        with trio.CancelScope(shield=True):
            with trio.move_on_after(_CLEARING):
                await self._see_off()
                async with trio.open_nursery() as nursery:
                    for actor in self._actors:
                        nursery.start_soon(self._dismiss, actor)
            undone: list[Undo] = []
            with trio.move_on_after(_DOUBTFUL if in_doubt else _CLEARING * 3) as putting_back:
                undone = await self.put_back()
            if putting_back.cancelled_caught:
                raise HarnessError("it took too long to put back what hooks have changed")
            for name, arguments in undone:
                with trio.move_on_after(SEEN_WITHIN + self.backdrop.grace):
                    await _quietly(partial(self._settle, name, arguments))

    async def _settle(self, hook: str, arguments: Mapping[str, str | int]) -> None:
        """
        Wait until the target is seen to have noticed what a hook has put back.

        It may take a second (MC1-AUTH-05), and the next story must not be about that.
        """
        username = arguments.get("username", arguments.get("to"))
        cast = self._context.cast().values()
        plain = [one for one in cast if username in (one.username, None) and not one.staff]
        if not plain or hook not in _SEEN_BY:
            return
        staff_rooms = [room.id for room in self.target.rooms if room.staff_only]
        room = str(arguments.get("room", staff_rooms[0] if staff_rooms else FREE_ROOM))
        actor = await self.actor_of(plain[0], "witness")
        if hook == "rename_user":
            await actor.join(self.fence_room)
        while not await self._is_noticed(actor, hook, room):
            await pause(SEEN_WITHIN / 10)
        await self._dismiss(actor)

    async def _is_noticed(self, actor: Actor, hook: str, room: str) -> bool:
        if hook == "rename_user":
            text = self.nonce()
            await actor.command(send(self.fence_room, text))
            received = await actor.meets(text, self.fence_room)
            return bool(received.frame["username"] == actor.username)
        answer = await actor.ask({"command": "join", "room": room})
        return _SEEN_BY[hook] in answer.frame

    async def _see_off(self) -> None:
        """
        Have those go first who cannot leave in closed loop, and wait until the others know.

        No clause says how soon LEAVE comes after the end of a connection, and in the next story
        it would be a surplus.
        """
        gone = [
            (actor, actor.rooms | actor.was_in) for actor in self._actors if not actor.is_healthy
        ]
        stay = [actor for actor in self._actors if actor.is_healthy]
        for actor, _ in gone:
            await actor.vanish()
        if not self.target.announces or self._context.farewells_missed >= _IN_VAIN:
            return
        with trio.move_on_after(_FAREWELL) as scope:
            for actor, rooms in gone:
                for witness in stay:
                    for room in rooms & witness.rooms:
                        while is_yet_to_hear(witness, actor, room, self._actors):
                            await witness.hears_more()
        if scope.cancelled_caught:
            self._context.farewells_missed += 1

    async def _dismiss(self, actor: Actor) -> None:
        patience = min(2.0, self.backdrop.patience)
        if actor.is_healthy:
            with trio.move_on_after(patience):
                await _quietly(actor.leave_all)
            with trio.move_on_after(patience):
                await _quietly(actor.close)
        await actor.vanish()


async def _quietly(step: Callable[[], Awaitable[None]]) -> None:
    # When the story is over, a target that does not play along is no finding any more.
    with suppress(StoryEnded):
        await step()
