"""
A server of rooms without a network: right, or with one named mistake.

It fills the same records as a real telling. Commands of several connections wait side by side
and are carried out in a random interleaving; what is sent to a connection arrives some time
later. So the judge is tried with all that concurrency can look like.
"""

import json
import random
from collections.abc import Mapping
from typing import Any

from multichat_conformance.fuzz.reading import meanings_of
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
from multichat_conformance.model.story import ENDS, HOOKS, Step, Story
from multichat_conformance.target.model import Limits

__all__ = ["MISTAKES", "ROOMS", "simulate"]

ROOMS = {"A": "1", "B": "2", "staff": "3"}

MISTAKES = {
    "leak": {"leak"},
    "leak before joined": {"leak"},
    "leak after left": {"ghost"},
    "loss": {"loss"},
    "duplicate": {"duplicate"},
    "reorder": {"reorder"},
    "two orders": {"reorder"},
    "ghost": {"ghost", "missing announcement"},
    "ghost may send": {"ghost", "missing announcement"},
    "counted joins": {"ghost"},
    "ends are not announced": {"missing announcement"},
    "ends are announced twice": {"surplus announcement"},
    "second joins are announced": {"surplus announcement"},
    "strangers are announced": {"surplus announcement"},
    "own enter": {"surplus announcement"},
    "no own leave": {"missing announcement"},
    "wrong name": {"wrong message"},
    "answers overtake": {"answer"},
    "silence": {"silence"},
    "last words are lost": {"loss"},
}
"""Each mistake, and the kinds of fault that show it."""


class _Server:
    def __init__(self, story: Story, mistake: str, seed: int, *, like_2016: bool) -> None:
        self.story = story
        self.mistake = mistake
        self.like_2016 = like_2016
        self.random = random.Random(seed)  # noqa: S311  # for tests, and repeatable
        users = {name: User(name) for name in ("alice", "bob", "carol")}
        users["dave"] = User("dave", staff=True)
        rooms = {"1": Place("room 1"), "2": Place("room 2"), "3": Place("staff", staff_only=True)}
        self.records = Records([(0, World(users, rooms))], story.strict)
        self.moments = 0
        self.members: dict[str, list[Tape]] = {}
        self.joins: dict[tuple[int, str], int] = {}
        self.tapes: dict[str, Tape] = {}
        self.waiting: dict[int, list[Sent | str]] = {}
        self.wire: dict[int, list[Mapping[str, Any]]] = {}
        self.said = 0
        self.delivered = 0

    def moment(self) -> int:
        self.moments += 1
        return self.moments

    @property
    def world(self) -> World:
        return self.records.worlds[-1][1]

    # The story.

    def tell(self) -> Records:
        for who in self.story.connections():
            self.connect(who)
        for step in self.story.steps:
            self.take(step)
            if self.story.pace == "closed-loop":
                self.settle()
            else:
                self.proceed()
        self.settle()
        return self.records

    def connect(self, who: str) -> Tape:
        tape = Tape(who, who.partition("-")[0], self.moment())
        self.tapes[who] = tape
        self.records.tapes.append(tape)
        if self.mistake in ("ghost", "ghost may send"):
            # The server finds its members by name, not by connection.
            for members in self.members.values():
                for place, member in enumerate(members):
                    if member.name == who:
                        members[place] = tape
        return tape

    def take(self, step: Step) -> None:
        if step.do == "wait" or step.do in HOOKS:
            self.settle()
            if step.do == "make-staff-room":
                self.close_room(ROOMS[step.room])
            return
        tape = self.tapes[step.who]
        if tape.ending:
            if step.do in ENDS:
                return
            tape = self.connect(step.who)
        queue = self.waiting.setdefault(id(tape), [])
        if step.do in ENDS:
            tape.ended_at = self.moment()
            tape.ending = step.do  # type: ignore[assignment]  # the ends are literals of it
            queue.append("reset" if self.mistake == "last words are lost" else step.do)
        elif step.do != "connect":
            text, meanings = self.message(step)
            sent = Sent(self.moment(), text, meanings)
            tape.sent.append(sent)
            queue.append(sent)

    def message(self, step: Step) -> tuple[str, tuple[Meaning, ...]]:
        if step.do == "text":
            return step.text, meanings_of(step.text, Limits())
        room = ROOMS.get(step.room, "-1")
        self.said += 1
        said = f"m{self.said}" if step.do == "send" else ""
        command = {"command": step.do, "room": room, **({"message": said} if said else {})}
        return json.dumps(command), (Meaning(step.do, room, said),)

    def close_room(self, room: str) -> None:
        world = self.world.with_room(room, Place("room", staff_only=True))
        moment = self.moment()
        self.records.worlds.append((moment, world))
        members = self.members.setdefault(room, [])
        losers = [tape for tape in members if world.refusal(tape.role, room)]
        self.members[room] = [tape for tape in members if tape not in losers]
        for tape in losers:
            self.say(tape, {"leave": room})
            self.announce(5, room, tape)
        self.settle()

    # Time.

    def proceed(self) -> None:
        """Carry some commands out and let some frames arrive."""
        for _ in range(self.random.randrange(3)):
            self.obey_one()
        for _ in range(self.random.randrange(4)):
            self.arrive_one()

    def settle(self) -> None:
        while self.obey_one():
            self.arrive_one()
        while self.arrive_one():
            pass

    def obey_one(self) -> bool:
        ready = [tape for tape in self.records.tapes if self.waiting.get(id(tape))]
        if not ready:
            return False
        tape = self.random.choice(ready)
        queue = self.waiting[id(tape)]
        overtakes = self.mistake == "answers overtake" and len(queue) > 1
        one = queue.pop(1 if overtakes and isinstance(queue[1], Sent) else 0)
        if isinstance(one, Sent):
            if "reset" in queue:
                return True
            self.obey(tape, one)
        else:
            self.part(tape)
        return True

    def arrive_one(self) -> bool:
        ready = [tape for tape in self.records.tapes if self.wire.get(id(tape))]
        if not ready:
            return False
        tape = self.random.choice(ready)
        frame = self.wire[id(tape)].pop(0)
        if not tape.ending:
            tape.got.append(Got(self.moment(), frame))
        return True

    # The server.

    def say(self, tape: Tape, frame: Mapping[str, Any]) -> None:
        self.wire.setdefault(id(tape), []).append(frame)

    def obey(self, tape: Tape, sent: Sent) -> None:
        meaning = sent.meanings[0]
        room = meaning.room
        if meaning.code:
            self.say(tape, {"error": meaning.code})
            return
        inside = tape in self.members.get(room, [])
        if meaning.command == "send" and not inside:
            self.say(tape, {"error": "ROOM_ACCESS_DENIED"})
        elif refusal := self.world.refusal(tape.role, room):
            self.say(tape, {"error": refusal})
        elif meaning.command == "join":
            self.join(tape, room, inside=inside)
        elif meaning.command == "leave":
            self.leave(tape, room, inside=inside)
        else:
            self.deliver(tape, room, meaning.text)

    def join(self, tape: Tape, room: str, *, inside: bool) -> None:
        if self.mistake == "silence" and inside:
            return
        if not inside or self.like_2016 or self.mistake == "second joins are announced":
            self.announce(4, room, tape)
        if self.mistake == "own enter":
            self.say(tape, self.announcement(4, room, tape))
        key = (id(tape), room)
        self.joins[key] = self.joins.get(key, 0) + 1
        if not inside:
            self.members.setdefault(room, []).append(tape)
        if self.mistake == "leak before joined" and self.said and not inside:
            self.say(tape, self.announcement(4, room, tape))
        self.say(tape, {"join": room, "title": self.world.rooms[room].title})

    def leave(self, tape: Tape, room: str, *, inside: bool) -> None:
        if inside or self.like_2016 or self.mistake == "strangers are announced":
            if self.mistake != "no own leave" and inside:
                self.say(tape, self.announcement(5, room, tape))
            self.announce(5, room, tape)
        self.joins[id(tape), room] = self.joins.get((id(tape), room), 0) - 1
        stays = self.mistake == "counted joins" and self.joins[id(tape), room] > 0
        if inside and not stays and self.mistake != "leak after left":
            self.members[room].remove(tape)
        self.say(tape, {"leave": room})

    def part(self, tape: Tape) -> None:
        for room, members in self.members.items():
            if tape in members and not self.mistake.startswith("ghost"):
                members.remove(tape)
                if self.like_2016 or self.mistake == "ends are not announced":
                    continue
                self.announce(5, room, tape)
                if self.mistake == "ends are announced twice":
                    self.announce(5, room, tape)

    def deliver(self, tape: Tape, room: str, text: str) -> None:
        frame = {"room": room, "message": text, "username": tape.role, "msg_type": 0}
        self.delivered += 1
        hearers = list(self.members[room])
        if self.mistake == "leak":
            hearers = [one for one in self.tapes.values() if not one.ending]
        for one in hearers:
            copy = dict(frame)
            if self.mistake == "wrong name" and one is not tape:
                copy["username"] = one.role
            if self.mistake == "loss" and one is not tape and self.delivered % 2 == 0:
                continue
            wire = self.wire.setdefault(id(one), [])
            jumps = (self.mistake == "reorder" and one is not tape) or (
                self.mistake == "two orders" and one is hearers[-1]
            )
            before = wire[-1] if wire else {}
            if jumps and before.get("msg_type") == 0 and before["username"] != one.role:
                wire.insert(len(wire) - 1, copy)
            else:
                wire.append(copy)
            if self.mistake == "duplicate" and one is not tape:
                wire.append(copy)

    def announcement(self, kind: int, room: str, about: Tape) -> Mapping[str, Any]:
        return {"room": room, "message": None, "username": about.role, "msg_type": kind}

    def announce(self, kind: int, room: str, about: Tape) -> None:
        for one in self.members.get(room, []):
            if one is not about or (kind == 4 and self.like_2016):
                self.say(one, self.announcement(kind, room, about))


def simulate(story: Story, mistake: str = "", *, seed: int = 0, like_2016: bool = False) -> Records:
    """Tell a story to the simulated server and return the records of it."""
    return _Server(story, mistake, seed, like_2016=like_2016).tell()
