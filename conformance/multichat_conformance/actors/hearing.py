"""
What an actor hears: every frame of its connection, sorted, judged and waited for.

What comes is sorted into three streams: *answers* (joined, left, error), *messages* and
*announcements* (ENTER, LEAVE). A story takes from them in order, and what it takes must be what
it expects, so that a surplus or a wrong frame is found where it comes and not by waiting. The
streams are kept apart because v1 core promises no order between them; a story about just that
looks at :attr:`Actor.history`.

Every frame is judged by the schemas when it comes. A bad one ends the story at the actor's next
step, or at the story's end.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, NoReturn, TypeVar

import trio

from multichat_conformance.actors.backdrop import Backdrop
from multichat_conformance.actors.received import Ended, Received, room_id
from multichat_conformance.actors.whose import is_the_storys
from multichat_conformance.events import Finding
from multichat_conformance.findings import Violation
from multichat_conformance.judging import judge_frame
from multichat_conformance.patterns import Exit, Named, Pattern, Stream, stream_of
from multichat_conformance.target.model import Account, Room
from multichat_conformance.transcript import shorten

__all__ = ["Hearing"]

_T = TypeVar("_T")

MOST_FRAMES: Final = 50_000
MOST_CHARACTERS: Final = 256 * 1024 * 1024
"""What one actor takes in before it calls the target a flood."""


class Hearing:
    """
    One end of a connection, as far as it listens.

    Args:
        name: The role, such as ``alice``.
        account: Whose session the connection has; None: nobody's.
        backdrop: What the story's actors share.

    Attributes:
        history: Every frame that is the story's business, in the order in which they came.
        set_aside: Those that are not; see :mod:`~multichat_conformance.actors.whose`.
        rooms: Ids of the rooms that the target says it is in.
        was_in: Ids of the rooms that it was in when the connection ended.
        ended: How the connection ended; None while it is open.
        ended_at: The moment of that, as in :class:`Received`.

    """

    def __init__(self, name: str, account: Account | None, backdrop: Backdrop) -> None:
        self.name = name
        self.account = account
        self.backdrop = backdrop
        self.history: list[Received] = []
        self.set_aside: list[Received] = []
        self.rooms: set[str] = set()
        self.was_in: frozenset[str] = frozenset()
        self.ended: Ended | None = None
        self.ended_at = 0
        self._username = account.username if account else ""
        self._streams: dict[Stream, deque[Received]] = {stream: deque() for stream in Stream}
        self._fault: Finding | None = None
        self._is_flooded = False
        self._frames = 0
        self._characters = 0
        self._news = trio.Event()

    @property
    def is_healthy(self) -> bool:
        """Whether commands can still be sent and their answers be heard."""
        return self.ended is None

    @property
    def username(self) -> str:
        """The name that room messages carry; it changes when :meth:`is_now_called`."""
        return self._username

    def is_now_called(self, username: str) -> None:
        """Take note that the user was renamed."""
        self.backdrop.usernames.add(username)
        self._username = username

    def is_now_nobody(self) -> None:
        """Take note that the user is gone, so that the connection is an anonymous one."""
        self.account = None

    # What it takes of what came.

    async def receives(
        self, pattern: Pattern, *, within: float | None = None, clause: str = ""
    ) -> Received:
        """
        Take the next frame of the pattern's stream, which must fit it, and return it.

        Args:
            pattern: What must come.
            within: Seconds in which it must come by a clause or by what the target states, some
                grace not included; None: no bound but the suite's patience.
            clause: The clause to blame.

        """
        received = await self.take(pattern.stream, str(pattern), within=within, clause=clause)
        return self.check(received, pattern, clause=clause)

    async def take(
        self, stream: Stream, what: str = "", *, within: float | None = None, clause: str = ""
    ) -> Received:
        """Take the next frame of a stream, whatever it is, and return it; see :meth:`receives`."""

        def first() -> Received | None:
            waiting = self._streams[stream]
            return waiting.popleft() if waiting else None

        return await self._until(first, what or f"one more of the {stream}", clause, within)

    async def comes(self, pattern: Pattern, *, within: float = 0.0) -> bool:
        """
        Take the first frame that fits a pattern, wherever it stands in its stream.

        Args:
            pattern: What may come.
            within: Seconds in which it may, some grace not included.

        Returns:
            Whether it came; nobody is blamed if it did not.

        """
        with trio.move_on_after(within + self.backdrop.grace):
            while True:
                for received in self._streams[pattern.stream]:
                    if pattern.mismatch(received.frame) is None:
                        self._streams[pattern.stream].remove(received)
                        return True
                if self.ended is not None:
                    return False
                await self._news.wait()
        return False

    async def take_any(self, what: str, *streams: Stream, clause: str = "") -> Received:
        """Take the next frame of some streams, or of all, and return it."""
        return await self._until(lambda: self._first_of(streams), what, clause)

    async def next_or_end(self, what: str, *streams: Stream, clause: str = "") -> Received | Ended:
        """Take the next frame of some streams, or of all, or return how the connection ended."""

        def ready() -> Received | Ended | None:
            return self._first_of(streams) or self.ended

        return await self._until(ready, what, clause)

    async def hears_more(self) -> None:
        """Wait until anything happens on the connection, its end included."""
        await self._news.wait()

    async def sees_leaving(
        self,
        who: Named | str,
        *rooms: Room | str,
        within: float | None = None,
        clause: str = "",
    ) -> None:
        """
        Take the next announcements, which must be one LEAVE of somebody for each of some rooms.

        Args:
            who: The one who left.
            rooms: The rooms, in any order.
            within: As for :meth:`receives`.
            clause: The clause to blame.

        """
        left = [room_id(room) for room in rooms]
        while left:
            received = await self.take(
                Stream.ANNOUNCEMENTS, str(Exit(left[0], who)), within=within, clause=clause
            )
            room = str(received.frame.get("room"))
            self.check(received, Exit(room if room in left else left[0], who), clause=clause)
            left.remove(room)

    async def take_within(self, seconds: float, stream: Stream) -> Received | None:
        """Take the next frame of a stream if one comes in time, or return None."""
        with trio.move_on_after(seconds + self.backdrop.grace):
            while not self._streams[stream]:
                if self.ended is not None:
                    return None
                await self._news.wait()
            return self._streams[stream].popleft()
        return None

    async def meets(self, text: str, room: Room | str, *, clause: str = "MC1-SEND-01") -> Received:
        """Wait for a message with a text, wherever it stands among the messages, and take it."""

        def there() -> Received | None:
            for received in self._streams[Stream.MESSAGES]:
                if received.frame["message"] == text:
                    self._streams[Stream.MESSAGES].remove(received)
                    return received
            return None

        return await self._until(there, f"the message {text!r} of room {room_id(room)}", clause)

    def waiting(self, *streams: Stream) -> Sequence[Received]:
        """Return what has come and was not taken, of some streams or all, in order."""
        chosen = streams or tuple(Stream)
        found = [received for stream in chosen for received in self._streams[stream]]
        return sorted(found, key=lambda received: received.place)

    def forget(self, *streams: Stream) -> None:
        """Let go of what has come and was not taken, of some streams or all."""
        for stream in streams or tuple(Stream):
            self._streams[stream].clear()

    async def is_closed(
        self, *codes: int | None, within: float | None = None, clause: str = ""
    ) -> Ended:
        """
        Wait until the target has ended the connection.

        Args:
            codes: The close codes that fit; None among them is an end without a close frame;
                none given: any end fits.
            within: Seconds that the target may take by a clause or by what it states, some grace
                not included; None: no bound but the suite's patience.
            clause: The clause to blame.

        """

        def gone() -> Ended | None:
            return self.ended

        wanted = " or ".join("no close frame" if code is None else str(code) for code in codes)
        ended = await self._until(
            gone, f"the end of the connection ({wanted or 'any'})", clause, within, even_ended=True
        )
        if codes and ended.code not in codes:
            self.blame(clause, f"{self.name}'s connection ended in another way", wanted, str(ended))
        return ended

    async def waits_until(self, ready: Callable[[], bool], *, within: float = 0.0) -> bool:
        """
        Wait until something holds; return False if patience or the connection ends before.

        Args:
            ready: Is asked whenever the actor has received something.
            within: Seconds that it may take by what a clause states, besides patience.

        """
        with trio.move_on_after(self.backdrop.patience + within):
            while not ready():
                self.raise_fault()
                if self.ended is not None:
                    return False
                await self._news.wait()
            return True
        return False

    # Judging.

    def check(
        self, received: Received, pattern: Pattern, *, clause: str = "", to: str = ""
    ) -> Received:
        """Return a frame if it fits a pattern; otherwise the story ends here."""
        reason = pattern.mismatch(received.frame)
        if reason is not None:
            about = f" in answer to {shorten(to, 200)}" if to else ""
            self.blame(
                clause,
                f"{self.name} received another frame than it must{about}: {reason}",
                str(pattern),
                shorten(received.text),
            )
        return received

    def blame(
        self, clause: str, summary: str, expected: str, got: str, *, hopeless: bool = False
    ) -> NoReturn:
        """
        End the story with a finding about the target.

        Raises:
            Violation: Always; ``hopeless`` is passed on.

        """
        clause = clause or self.backdrop.clause
        finding = Finding(clause, summary, expected, shorten(got), self.name)
        raise Violation(finding, hopeless=hopeless)

    def raise_fault(self) -> None:
        """
        End the story if a frame that came was not valid.

        Raises:
            Violation: One was not.

        """
        if self._fault is not None:
            raise Violation(self._fault, hopeless=self._is_flooded)

    # What the transports tell it.

    def heard_text(self, text: str) -> None:
        """Take in a text message of the target."""
        self.backdrop.transcript.add(self.name, "received", "text", text)
        self._characters += len(text)
        self._frames += 1
        if self._frames > MOST_FRAMES or self._characters > MOST_CHARACTERS:
            self._is_flooded = self._is_flooded or self._fault is None
            self._spoil("MC1-FRAME-05", "more frames than any story asks for", "a flood of frames")
            return
        judged = judge_frame(text, actor=self.name)
        if judged.finding is not None:
            self._fault = self._fault or judged.finding
        elif judged.frame is not None:
            moment = self.backdrop.moment()
            self._sort(Received(judged.frame, text, len(self.history), moment))
        self._tell()

    def heard_binary(self, data: bytes) -> None:
        """Take in a binary message, which no server of v1 sends (MC1-FRAME-01)."""
        self.backdrop.transcript.add(self.name, "received", "binary", data[:200].hex(" "))
        self._spoil("MC1-FRAME-01", f"a binary message of {len(data)} bytes", "text messages only")

    def heard_end(self, ended: Ended) -> None:
        """Take note of the connection's end; the first report counts."""
        if self.ended is None:
            kind: Literal["end", "close"] = "end" if ended.code is None else "close"
            self.backdrop.transcript.add(self.name, "received", kind, str(ended))
            self.ended = ended
            self.ended_at = self.backdrop.moment()
            self.was_in = frozenset(self.rooms)
            self.rooms.clear()
            self._tell()

    def _spoil(self, clause: str, got: str, expected: str) -> None:
        self._fault = self._fault or Finding(
            clause, f"{self.name} received {got}", expected, got, self.name
        )
        self._tell()

    def _sort(self, received: Received) -> None:
        frame = received.frame
        stream = stream_of(frame)
        if not is_the_storys(frame, self.backdrop):
            self.set_aside.append(received)
            return
        self.history.append(received)
        if stream is Stream.ANNOUNCEMENTS and self._is_about_the_fence(frame):
            return
        if "join" in frame:
            self.rooms.add(frame["join"])
        elif "leave" in frame:
            self.rooms.discard(frame["leave"])
        self._streams[stream].append(received)

    def _first_of(self, streams: Sequence[Stream]) -> Received | None:
        waiting = self.waiting(*streams)
        if not waiting:
            return None
        self._streams[stream_of(waiting[0].frame)].popleft()
        return waiting[0]

    def _is_about_the_fence(self, frame: Mapping[str, Any]) -> bool:
        backdrop = self.backdrop
        return frame["room"] == backdrop.fence_room and frame["room"] not in backdrop.story_rooms

    def _tell(self) -> None:
        self._news.set()
        self._news = trio.Event()

    async def _until(
        self,
        ready: Callable[[], _T | None],
        what: str,
        clause: str,
        within: float | None = None,
        *,
        even_ended: bool = False,
    ) -> _T:
        bound = self.backdrop.patience if within is None else within + self.backdrop.grace
        with trio.move_on_after(bound):
            while True:
                self.raise_fault()
                if (found := ready()) is not None:
                    return found
                if self.ended is not None and not even_ended:
                    self.blame(
                        clause,
                        f"{self.name}'s connection ended while it waited for {what}",
                        what,
                        str(self.ended),
                        hopeless=True,
                    )
                await self._news.wait()
        wanted = what if within is None else f"{what} within {within:g} s"
        # A `return` for readers and linters; blame never does.
        return self.blame(
            clause,
            f"{self.name} waited {bound:.1f} s for {what}",
            wanted,
            "nothing of that kind",
            hopeless=True,
        )
