"""
Tell a story that is data: to a real target, with real connections.

What must still come is known from the model, so every wait is a wait for something: it ends when
nothing is lacking any more. When a story is over, everybody speaks in the room that is kept for
fences, and everybody hears all of it: what came before has been recorded by then.
"""

import json
from contextlib import suppress
from functools import partial
from typing import Final

import trio

from multichat_conformance.actors import RawActor
from multichat_conformance.actors.backdrop import FREE_ROOM
from multichat_conformance.commands import send
from multichat_conformance.events import Finding
from multichat_conformance.findings import NotTested, StoryEnded, Violation
from multichat_conformance.fuzz.reading import meanings_of
from multichat_conformance.model.faults import Fault
from multichat_conformance.model.judging import judge
from multichat_conformance.model.records import (
    Got,
    Meaning,
    Place,
    Records,
    Sent,
    Tape,
    User,
    World,
)
from multichat_conformance.model.settling import SETTLING, rooms_of
from multichat_conformance.model.story import ENDS, HOOKS, Step, Story
from multichat_conformance.stage import Stage, Undo
from multichat_conformance.timing import SEEN_WITHIN, quiet_window
from multichat_conformance.transcript import shorten

__all__ = ["play"]

_FAREWELL: Final = 5.0


async def play(story: Story, stage: Stage, *, found: list[Fault] | None = None) -> None:
    """
    Tell a story on a stage.

    Args:
        story: The story.
        stage: Where.
        found: Is given what the judge blames the target for, if it does.

    Raises:
        Violation: The target broke a clause.
        NotTested: It needs something that the target file does not give.
        HarnessError: A hook failed.

    """
    playing = _Playing(story, stage, [] if found is None else found)
    try:
        await playing.prepare()
        for step in story.steps:
            await playing.take(step)
        await playing.end()
    finally:
        with trio.move_on_after(_FAREWELL) as scope:
            scope.shield = True
            await playing.leave()


class _Playing:
    def __init__(self, story: Story, stage: Stage, found: list[Fault]) -> None:
        self._story = story
        self._found = found
        self._stage = stage
        self._rooms = rooms_of(stage.target.rooms)
        self._fence = [room for room in stage.target.rooms if not room.staff_only][-1]
        self._actors: dict[str, RawActor] = {}
        self._tapes: dict[str, Tape] = {}
        self._heard: list[tuple[RawActor, Tape]] = []
        self._read: dict[int, int] = {}
        self._renamed: dict[str, float] = {}
        users = {
            role: User(account.username, account.staff)
            for role, account in stage.context.cast().items()
        }
        places = {room.id: Place(room.title, room.staff_only) for room in self._rooms.values()}
        self._records = Records(
            [(0, World(users, places))], story.strict, announces=stage.target.announces
        )

    # Before.

    async def prepare(self) -> None:
        """See that the target has what the story needs, and connect everybody."""
        story, stage = self._story, self._stage
        for step in story.steps:
            if step.who and step.user not in self._world.users:
                stage.account(step.user)
            if step.room not in ("", "new", "nowhere") and step.room not in self._rooms:
                raise NotTested(f"needs the room {step.room}; add [[rooms]] to the target file")
        if lacking := sorted(story.hooks() - stage.target.hooks.names):
            raise NotTested(f"needs the hook {lacking[0]}: add it to [hooks] in the target file")
        if any(step.do == "text" for step in story.steps):
            self._compare_ids()
        for room in self._rooms.values():
            stage.backdrop.story_rooms.add(room.id)
        if any(step.room == "new" for step in story.steps):
            await self._make_room()
        async with trio.open_nursery() as nursery:
            for who in story.connections():
                nursery.start_soon(self._connect, who)

    def _compare_ids(self) -> None:
        for label, id_ in self._story.rooms.items():
            if label in self._rooms and self._rooms[label].id != id_:
                raise NotTested(
                    f"its texts were made for a target whose room {label} has the id {id_}; here "
                    f"it is {self._rooms[label].id}: change the rooms' order in the target file"
                )

    async def _make_room(self) -> None:
        room = await self._stage.new_room()
        self._rooms["new"] = room
        moment = self._stage.backdrop.moment()
        world = self._world.with_room(room.id, Place(room.title))
        self._records.worlds = [(0, world), (moment, world)]
        probe = await self._stage.raw(next(iter(self._world.users), "alice"))
        until = trio.current_time() + SETTLING
        while trio.current_time() < until:
            answer = await probe.ask({"command": "join", "room": room.id})
            if "join" in answer.frame:
                break
        await probe.leave_all()

    async def _connect(self, who: str) -> None:
        role = who.partition("-")[0]
        actor = await self._stage.raw(role, name=who)
        actor.is_now_called(self._world.users[role].name)
        actor.forget()
        # What came while the connection was warmed up is no part of the story.
        self._read[id(actor)] = len(actor.history)
        tape = Tape(who, role, self._stage.backdrop.moment())
        self._actors[who], self._tapes[who] = actor, tape
        self._heard.append((actor, tape))
        self._records.tapes.append(tape)

    # The steps.

    @property
    def _world(self) -> World:
        return self._records.worlds[-1][1]

    async def take(self, step: Step) -> None:
        """Take one step."""
        if step.do == "wait":
            await self._settle()
            return
        if step.do in HOOKS:
            await self._pull(step)
            return
        if not await self._is_there(step):
            return
        actor = self._actors[step.who]
        before = frozenset(actor.rooms)
        if step.do in ENDS:
            await self._end_connection(step)
        elif step.do != "connect":
            await self._say(step)
        if self._story.pace == "closed-loop":
            await self._settle()
            if not self._stage.backdrop.keeps_order and actor.rooms != before:
                # The 2016 original stores a membership after the answer, as `Actor.ask` says.
                await quiet_window(self._stage.backdrop.round_trips.quiet)

    async def _is_there(self, step: Step) -> bool:
        tape = self._tapes.get(step.who)
        if tape is not None and not tape.ending:
            return True
        if step.do in ENDS or not self._world.users[step.user].active:
            return False
        await self._connect(step.who)
        return True

    async def _say(self, step: Step) -> None:
        meanings: tuple[Meaning, ...]
        if step.do == "text":
            text, meanings = step.text, meanings_of(step.text, self._stage.target.limits)
        else:
            room = FREE_ROOM if step.room == "nowhere" else self._rooms[step.room].id
            command = {"command": step.do, "room": room}
            if step.do == "send":
                command["message"] = self._stage.nonce()
            text = json.dumps(command)
            meanings = (Meaning(step.do, room, command.get("message", "")),)
        self._forget_former_names()
        actor, tape = self._actors[step.who], self._tapes[step.who]
        tape.sent.append(Sent(self._stage.backdrop.moment(), text, meanings))
        await actor.send_text(text)

    def _forget_former_names(self) -> None:
        """From now on only the new name will do of whoever was renamed long enough ago."""
        granted = SEEN_WITHIN + self._stage.backdrop.grace
        for role, since in list(self._renamed.items()):
            if trio.current_time() > since + granted:
                del self._renamed[role]
                world = self._world.with_user(role, former=())
                self._records.worlds.append((self._stage.backdrop.moment(), world))

    async def _end_connection(self, step: Step) -> None:
        actor, tape = self._actors[step.who], self._tapes[step.who]
        self._collect()
        tape.ended_at = self._stage.backdrop.moment()
        if step.do == "close":
            tape.ending = "close"
            await actor.close()
        elif step.do == "reset":
            tape.ending = "reset"
            await actor.reset()
        else:
            tape.ending = "half-close"
            await actor.end_stream()

    async def _pull(self, step: Step) -> None:
        await self._settle()
        world, arguments, undo = self._changed(step)
        moment = self._stage.backdrop.moment()
        if step.do != "rename" and not self._puts_out(world, moment):
            # Nobody would be told, so nobody could know when it is in force.
            return
        self._records.worlds.append((moment, world))
        await self._stage.hook(HOOKS[step.do], undo=undo, **arguments)
        if step.do == "rename":
            self._renamed[step.who] = trio.current_time()
        if step.do == "delete-room":
            self._stage.undone("delete_room")
        await self._settle()

    def _changed(self, step: Step) -> tuple[World, dict[str, str], Undo | None]:
        world = self._world
        if step.room:
            id_ = self._rooms[step.room].id
            if step.do == "delete-room":
                return world.with_room(id_, None), {"room": id_}, None
            place = Place(self._rooms[step.room].title, staff_only=True)
            return world.with_room(id_, place), {"room": id_}, ("make_open_room", {"room": id_})
        name = world.users[step.who].name
        undo: Undo
        if step.do == "rename":
            other = f"{name[:12]}-{self._stage.nonce()}"[:30]
            self._stage.backdrop.usernames.add(other)
            for actor, tape in self._heard:
                if tape.role == step.who:
                    actor.is_now_called(other)
            undo = ("rename_user", {"username": other, "to": name})
            former = (*world.users[step.who].former, name)
            renamed = world.with_user(step.who, name=other, former=former)
            return renamed, {"username": name, "to": other}, undo
        if step.do == "make-plain":
            undo = ("make_staff", {"username": name})
            return world.with_user(step.who, staff=False), {"username": name}, undo
        undo = ("activate", {"username": name})
        return world.with_user(step.who, active=False), {"username": name}, undo

    def _puts_out(self, world: World, moment: int) -> bool:
        self._records.worlds.append((moment, world))
        try:
            return bool(judge(self._records).lacks)
        finally:
            self._records.worlds.pop()

    # Waiting and seeing.

    async def _settle(self) -> None:
        """Wait until nothing is lacking any more."""
        while True:
            self._collect()
            judgement = judge(self._records)
            if judgement.faults:
                raise self._violation(judgement.faults[0])
            if not judgement.lacks:
                return
            lack = judgement.lacks[0]
            actor = next(actor for actor, tape in self._heard if tape is lack.tape)
            known = len(actor.history)
            if not await actor.waits_until(partial(_has_more, actor, known)):
                self._collect()
                judgement = judge(self._records)
                if judgement.faults or judgement.lacks:
                    faults = [*judgement.faults, *(one.fault for one in judgement.lacks)]
                    raise self._violation(faults[0])

    def _collect(self) -> None:
        for actor, tape in self._heard:
            actor.raise_fault()
            start = self._read.get(id(actor), 0)
            self._read[id(actor)] = len(actor.history)
            for received in actor.history[start:]:
                got = Got(received.moment, received.frame)
                if self._concerns(got):
                    tape.got.append(got)
            if actor.ended is not None and tape.is_open:
                tape.cut_off, tape.ended_at = str(actor.ended), self._stage.backdrop.moment()

    def _concerns(self, got: Got) -> bool:
        backdrop = self._stage.backdrop
        if got.kind == "error":
            return True
        if got.room == self._fence.id and got.room not in backdrop.story_rooms:
            return False
        if got.kind != "msg_type" or backdrop.mark in str(got.frame["message"]):
            return True
        # Other people's talk, and what an operator says (MC1-TYPE-03), are not the story's.
        return got.frame["msg_type"] in (0, 4, 5) and got.frame["username"] in backdrop.usernames

    def _violation(self, fault: Fault) -> Violation:
        self._found.append(fault)
        return Violation(
            Finding(fault.clause, fault.summary, fault.expected, shorten(fault.got), fault.at)
        )

    # After.

    async def end(self) -> None:
        """See everything that is due, then that nothing else is on its way."""
        await self._settle()
        try:
            await self._speak_in_the_fence()
        except* Violation:
            # A frame too many may have been taken for an answer in the fence's room.
            self._collect()
            if faults := judge(self._records).faults:
                raise self._violation(faults[0]) from None
            raise
        if not self._stage.backdrop.keeps_order:
            await quiet_window(self._stage.backdrop.round_trips.quiet)
        await self._settle()

    async def _speak_in_the_fence(self) -> None:
        present = [
            actor
            for actor, tape in self._heard
            if tape.is_open and self._world.users[tape.role].active
        ]
        for actor in present:
            actor.forget()
        async with trio.open_nursery() as nursery:
            for actor in present:
                nursery.start_soon(actor.join, self._fence)
        markers: list[str] = []
        async with trio.open_nursery() as nursery:
            for actor in present:
                markers.append(self._stage.nonce())
                nursery.start_soon(self._say_in_the_fence, actor, markers[-1])
        for place, actor in enumerate(present):
            for other, marker in enumerate(markers):
                if other != place:
                    await actor.meets(marker, self._fence)

    async def _say_in_the_fence(self, actor: RawActor, marker: str) -> None:
        if self._renamed:
            # It may be heard by a former name still.
            await actor.command(send(self._fence, marker))
            await actor.meets(marker, self._fence)
        else:
            await actor.says(self._fence, marker)

    async def leave(self) -> None:
        """Have everybody leave in closed loop, so that the next story hears no farewells."""
        async with trio.open_nursery() as nursery:
            for actor, tape in self._heard:
                if tape.is_open and actor.ended is None:
                    nursery.start_soon(_leave, actor)


async def _leave(actor: RawActor) -> None:
    actor.forget()
    with suppress(StoryEnded):
        await actor.leave_all()


def _has_more(actor: RawActor, known: int) -> bool:
    return len(actor.history) > known
