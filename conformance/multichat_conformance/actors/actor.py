"""
An actor: a user with one connection, who says something to the target and hears what comes.

What it hears is the matter of :mod:`~multichat_conformance.actors.hearing`; how its words are
carried is that of the two kinds of actors, the polite and the raw.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping

import trio

from multichat_conformance.actors.backdrop import FREE_ROOM
from multichat_conformance.actors.hearing import Hearing
from multichat_conformance.actors.received import Ended, Received, room_id
from multichat_conformance.patterns import Error, Joined, Left, Pattern, Said, Stream
from multichat_conformance.target.model import Room
from multichat_conformance.timing import SEEN_WITHIN, pause, quiet_window
from multichat_conformance.transcript import shorten

__all__ = ["Actor", "Ended", "Received"]


class Actor(Hearing, ABC):
    """A user with one connection to the target; see :class:`Hearing`."""

    @abstractmethod
    async def send_text(self, text: str) -> None:
        """Send one text message as it is, however malformed the text may be."""

    @abstractmethod
    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Send a close frame and wait until the connection has ended (or patience has)."""

    @abstractmethod
    async def vanish(self) -> None:
        """Let go of the connection at once; never fails."""

    async def command(self, command: Mapping[str, object]) -> None:
        """Send a command and wait for nothing."""
        self.backdrop.asked_rooms.add(str(command.get("room")))
        if isinstance(text := command.get("message"), str):
            self.backdrop.said.add(text)
        await self.send_text(json.dumps(command, ensure_ascii=False))

    async def pipeline(self, *commands: Mapping[str, object]) -> None:
        """Send commands one right behind the other and wait for nothing."""
        for command in commands:
            await self.command(command)

    async def ask(self, command: Mapping[str, object]) -> Received:
        """
        Send a `join` or `leave` and return its answer, whatever it is.

        An answer is known by its kind and its room (MC1-CLIENT-05): a *joined* or *left* of another
        room may have come unasked (MC1-MEMB-04). It stays where it is, for a story that is about
        it; only when nothing else comes for a while is it taken for the answer.

        A target of several workers may answer a moment before all of them know what it has
        done: the 2016 original stores a membership after the answer. So where a target does not
        keep order, some time goes by before the next step.
        """
        began = trio.current_time()
        await self.command(command)
        answer = await self._answer_to(command)
        self.backdrop.round_trips.add(trio.current_time() - began)
        if not self.backdrop.keeps_order and "error" not in answer.frame:
            await quiet_window(self.backdrop.round_trips.quiet)
        return answer

    async def _answer_to(self, command: Mapping[str, object]) -> Received:
        room = str(command.get("room"))

        def answer() -> Received | None:
            for received in self._streams[Stream.ANSWERS]:
                frame = received.frame
                if "error" in frame or room in (frame.get("join"), frame.get("leave")):
                    self._streams[Stream.ANSWERS].remove(received)
                    return received
            return None

        def any_answer() -> Received | None:
            waiting = self._streams[Stream.ANSWERS]
            return answer() or (waiting[0] if waiting else None)

        what = f"an answer to {shorten(str(dict(command)), 200)}"
        first = await self._until(any_answer, what, "")
        if first not in self._streams[Stream.ANSWERS]:
            return first
        # Something else came first; the answer itself cannot be long in coming.
        with trio.move_on_after(self.backdrop.grace):
            while self.ended is None:
                await self._news.wait()
                self.raise_fault()
                if (found := answer()) is not None:
                    return found
        return await self.take(Stream.ANSWERS, what)

    async def join(self, room: Room | str, *, clause: str = "") -> Received:
        """Join a room and return the *joined* frame."""
        answer = await self.ask({"command": "join", "room": room_id(room)})
        return self.check(answer, Joined(room), clause=clause, to=f"a join of room {room_id(room)}")

    async def leave(self, room: Room | str, *, clause: str = "") -> Received:
        """Leave a room and return the *left* frame."""
        answer = await self.ask({"command": "leave", "room": room_id(room)})
        return self.check(answer, Left(room), clause=clause, to=f"a leave of room {room_id(room)}")

    async def is_refused(
        self, command: Mapping[str, object], *codes: str, clause: str = ""
    ) -> Received:
        """Send a well-formed command and return the *error* frame, which has one of the codes."""
        answer = await self.ask(command)
        return self.check(answer, Error(*codes), clause=clause, to=f"{dict(command)}")

    async def comes_to(
        self, command: Mapping[str, object], pattern: Pattern, *, within: float, clause: str = ""
    ) -> Received:
        """
        Send a `join` or `leave` again and again, in closed loop, until its answer fits.

        Args:
            command: The command.
            pattern: The answer that must come at last.
            within: Seconds that the target may take by the clause.
            clause: The clause to blame if it takes longer.

        """
        until = trio.current_time() + within + self.backdrop.grace
        while True:
            answer = await self.ask(command)
            if pattern.mismatch(answer.frame) is None or trio.current_time() > until:
                return self.check(answer, pattern, clause=clause, to=f"{dict(command)}")
            # Few enough for every rate limit (MC1-LIMIT-06).
            await pause((within + self.backdrop.grace) / 15)

    async def joins_in_time(self, room: Room | str) -> Received:
        """Join a room that was opened to the user just now; the target may take a second to see."""
        command = {"command": "join", "room": room_id(room)}
        return await self.comes_to(command, Joined(room), within=SEEN_WITHIN, clause="MC1-AUTH-05")

    async def says(self, room: Room | str, text: str | None = None, *, clause: str = "") -> str:
        """
        Say something in a room and return it once it has come back.

        Args:
            room: The room.
            text: What to say; None: a text that nobody else says.
            clause: The clause to blame if it does not come back.

        """
        text = self.backdrop.nonce() if text is None else text
        began = trio.current_time()
        await self.command({"command": "send", "room": room_id(room), "message": text})

        def echo() -> Received | None:
            for received in self._streams[Stream.MESSAGES]:
                if received.frame["message"] == text and received.frame["room"] == room_id(room):
                    self._streams[Stream.MESSAGES].remove(received)
                    return received
            answers = self._streams[Stream.ANSWERS]
            return answers.popleft() if answers else None

        received = await self._until(
            echo, f"its own message {shorten(text, 80)!r} back from room {room_id(room)}", clause
        )
        self.backdrop.round_trips.add(trio.current_time() - began)
        self.check(received, Said(room, text, self), clause=clause, to=f"a send to {room_id(room)}")
        return text

    async def leave_all(self) -> None:
        """Leave every room that it is in, in closed loop."""
        for room in sorted(self.rooms):
            await self.ask({"command": "leave", "room": room})

    async def answers_before_fence(self, *, expecting: str = "") -> list[Received]:
        """
        Return all answers that come before the answer to a command that must be answered.

        Where the target keeps order, the fence is a command whose answer is an error that is
        not expected here. Where it does not, a quiet window goes before the fence.

        Args:
            expecting: The error code that the story hopes for.

        """
        if not self.backdrop.keeps_order:
            await quiet_window(self.backdrop.round_trips.quiet)
        if expecting == "ROOM_ACCESS_DENIED":
            code = self.backdrop.no_room if self.account else "USER_HAS_TO_LOGIN"
            await self.command({"command": "join", "room": FREE_ROOM})
        else:
            code = "ROOM_ACCESS_DENIED"
            await self.command({"command": "send", "room": FREE_ROOM, "message": ""})
        before: list[Received] = []
        while True:
            answer = await self.take(
                Stream.ANSWERS, f"the answer {code} to a command of the suite", clause="MC1-ERR-04"
            )
            if answer.frame.get("error") == code:
                return before
            before.append(answer)

    async def gets_one_error(self, text: str, *codes: str, clause: str = "") -> None:
        """Send a text message that must be answered by exactly one *error* of these codes."""
        await self.send_text(text)
        what = shorten(text, 200) or "an empty message"
        await self.has_got_one_error(*codes, clause=clause, to=what)

    async def has_got_one_error(self, *codes: str, clause: str = "", to: str) -> None:
        """See that what was sent is answered by exactly one *error* with one of the codes."""
        denied = "ROOM_ACCESS_DENIED"
        answers = await self.answers_before_fence(expecting=codes[0])
        if not answers:
            # A wrong answer that is like the fence's was taken for it: then that one is left.
            answers = await self.answers_before_fence(
                expecting="" if codes[0] == denied else denied
            )
        if not answers:
            self.blame(clause, f"{self.name} got no answer to {to}", str(Error(*codes)), "nothing")
        self.check(answers[0], Error(*codes), clause=clause, to=to)
        if len(answers) > 1:
            self.blame(
                clause,
                f"{self.name} got {len(answers)} answers to {to}",
                f"one: {Error(*codes)}",
                " ".join(answer.text for answer in answers),
            )
