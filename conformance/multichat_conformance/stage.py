"""
The stage: what a story is given, and what is cleared away behind it.

**Fences.** That something must *not* come cannot be waited for. So :meth:`Stage.silence` has a
later message follow it: the one who could have caused it speaks in a room that all watchers are
in, and when that message has arrived, everything that was sent before it has arrived, too. This
rests on order, so a target must first have shown that it keeps order (the run begins by looking);
where it does not, a quiet window of some measured round trips follows the fence, and the report
says so.

**Clearing away.** When a story ends, however it ends, its actors leave their rooms in closed
loop before they go, so that the next story hears no farewells; and what hooks have changed is
changed back, in the reverse order.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final, NoReturn, TypeAlias

import trio

from multichat_conformance.actors import Actor, Backdrop, Handshake, PoliteActor, RawActor, Received
from multichat_conformance.actors.backdrop import FREE_ROOM
from multichat_conformance.actors.handshake import exchange, open_stream, request_bytes
from multichat_conformance.catalogue import STAFF_ROLE, Check
from multichat_conformance.context import Context
from multichat_conformance.events import Finding
from multichat_conformance.findings import (
    HarnessError,
    NotTested,
    StoryEnded,
    TargetGone,
    Violation,
)
from multichat_conformance.patterns import Joined, Stream
from multichat_conformance.target.hooks import described, pull
from multichat_conformance.target.login import Session
from multichat_conformance.target.model import Account, Limits, Room, Target
from multichat_conformance.timing import pause, quiet_window
from multichat_conformance.transcript import shorten

__all__ = ["Stage", "Undo"]

Undo: TypeAlias = tuple[str, Mapping[str, str | int]]
"""A hook with its arguments, to be pulled when a story ends."""

WARM_UPS: Final = 30
"""How often a first command is sent again that was answered USER_HAS_TO_LOGIN (MC1-CLIENT-11)."""

_CLEARING: Final = 20.0
"""Seconds that clearing away may take."""

_POLL: Final = 0.05
"""Seconds from one look to the next whether a target is there."""


class Stage:
    """
    What one telling of a story is given.

    Args:
        check: Whose story it is.
        context: What is known of the run.
        backdrop: What the actors share.
        nursery: Owns every task of the story.

    Attributes:
        notes: What the report says of this check even if it passes.

    """

    def __init__(
        self, check: Check, context: Context, backdrop: Backdrop, nursery: trio.Nursery
    ) -> None:
        self.backdrop = backdrop
        self.nursery = nursery
        self.notes: list[str] = []
        self.observed: list[str] = []
        self._check = check
        self._context = context
        self._actors: list[Actor] = []
        self._undo: list[Undo] = []
        self._named: dict[str, int] = {}
        self._own_rooms: list[Room] = []
        self._own_cast: dict[str, Account] = {}
        self._stopped = False

    # The scenery.

    @property
    def target(self) -> Target:
        """The server, as its target file describes it."""
        return self._context.target

    @property
    def context(self) -> Context:
        """What is known of the run."""
        return self._context

    def room(self, place: int = 0) -> Room:
        """
        Return one of the open rooms; the last one is kept for fences.

        Raises:
            NotTested: The target file has too few.

        """
        rooms = self._open_rooms()
        if place >= len(rooms):
            raise NotTested(f"needs {place + 1} open rooms; add [[rooms]] to the target file")
        self.backdrop.story_rooms.add(rooms[place].id)
        return rooms[place]

    @property
    def staff_room(self) -> Room:
        """The first staff room."""
        for room in self.target.rooms:
            if room.staff_only:
                self.backdrop.story_rooms.add(room.id)
                return room
        raise NotTested("needs a staff room; add [[rooms]] with staff_only to the target file")

    @property
    def fence_room(self) -> Room:
        """The open room that fences use; who comes and goes there is nobody's business."""
        return self._open_rooms()[-1]

    @property
    def free_room(self) -> str:
        """An id that is no room's, and never can be."""
        return FREE_ROOM

    def nonce(self) -> str:
        """Return a text that nobody else says."""
        return self.backdrop.nonce()

    def limit(self, name: str) -> int:
        """Return a stated limit as a whole number, rounded down."""
        return int(self.seconds(name))

    def seconds(self, name: str) -> float:
        """Return a stated limit as it is."""
        value: float | bool | None = getattr(self.target.limits, name)
        if value is None or value is False:
            raise NotTested(f"needs limits.{name} in the target file")
        return float(value)

    @property
    def limits(self) -> Limits:
        """All stated limits."""
        return self.target.limits

    # The actors.

    async def actor(
        self,
        role: str,
        *,
        session: Session | None = None,
        headers: Sequence[tuple[str, str]] = (),
        resource: str | None = None,
        warm: bool = True,
    ) -> PoliteActor:
        """
        Connect as somebody and return the actor, whose connection is known to be logged in.

        The original may look at the first command of a connection before it has looked at the
        session, so the connection is warmed up: a `join` that changes nothing is sent until it is
        answered as for somebody who is logged in (MC1-CLIENT-11).

        Args:
            role: alice, bob, carol or dave.
            session: Another session than the run's; see :meth:`fresh_session`.
            headers: What the handshake carries besides.
            resource: Path and query; None: the target's.
            warm: Whether to warm up.

        Raises:
            NotTested: The target file has nobody for the role.
            Violation: The handshake is refused, or nobody is logged in for long.

        """
        account = self.account(role)
        return await self.actor_of(
            account, role, session=session, headers=headers, resource=resource, warm=warm
        )

    async def actor_of(
        self,
        account: Account,
        name: str,
        *,
        session: Session | None = None,
        headers: Sequence[tuple[str, str]] = (),
        resource: str | None = None,
        warm: bool = True,
    ) -> PoliteActor:
        """Connect as the user of an account that need not be in the target file."""
        self.backdrop.usernames.add(account.username)
        used = session or await self._context.sessions.of(account)
        carried = [*used.headers.items(), *headers]
        actor = await PoliteActor.connect(
            self.nursery,
            self._numbered(name),
            account,
            self.backdrop,
            headers=carried,
            resource=resource,
        )
        self._actors.append(actor)
        if warm:
            await self.warm_up(actor)
        return actor

    async def members(self, room: Room, *roles: str) -> tuple[PoliteActor, ...]:
        """
        Connect as each role, one after the other, and have each join a room in closed loop.

        The ENTER of the later ones may still be on its way to the earlier ones.
        """
        actors = []
        for role in roles:
            actor = await self.actor(role)
            await actor.join(room)
            actors.append(actor)
        return tuple(actors)

    async def anonymous(
        self, *, headers: Sequence[tuple[str, str]] = (), resource: str | None = None
    ) -> PoliteActor | None:
        """
        Connect without a valid session; return None if the target refuses that (MC1-AUTH-02).

        Args:
            headers: What the handshake carries: a session that must not be valid, say.
            resource: Path and query; None: the target's.

        Raises:
            Violation: The handshake is answered with neither 101, 401 nor 403.

        """
        response = await self.handshake(headers=headers, resource=resource)
        if response.status in (401, 403):
            return None
        if response.status != 101:
            self.blame(
                "a handshake without a valid session was answered in another way than it must",
                expected="status 101, 401 or 403",
                got=str(response),
                clause="MC1-AUTH-02",
            )
        actor = await PoliteActor.connect(
            self.nursery,
            self._numbered("nobody"),
            None,
            self.backdrop,
            headers=headers,
            resource=resource,
        )
        self._actors.append(actor)
        return actor

    async def raw(
        self,
        role: str | None,
        *,
        session: Session | None = None,
        headers: Sequence[tuple[str, str]] = (),
        resource: str | None = None,
        early: bytes = b"",
        warm: bool = True,
        name: str = "",
    ) -> RawActor:
        """
        Connect on a bare socket, as somebody or (with None) as nobody.

        Args:
            role: Whose session it is.
            session: Another session than the run's.
            headers: What the handshake carries besides.
            resource: Path and query; None: the target's.
            early: Bytes to write right behind the handshake's request.
            warm: Whether to warm up; never with ``early`` or as nobody.
            name: What the actor is called; empty: the role, numbered.

        """
        carried = list(headers)
        account = None
        if role is not None:
            account = self.account(role)
            self.backdrop.usernames.add(account.username)
            used = session or await self._context.sessions.of(account)
            carried = [*used.headers.items(), *headers]
        actor = await RawActor.connect(
            self.nursery,
            name or self._numbered(role or "nobody"),
            account,
            self.backdrop,
            headers=carried,
            resource=resource,
            early=early,
        )
        self._actors.append(actor)
        if warm and account is not None and not early:
            await self.warm_up(actor)
        return actor

    async def handshake(
        self,
        *,
        role: str | None = None,
        session: Session | None = None,
        resource: str | None = None,
        headers: Sequence[tuple[str, str]] = (),
        without: Sequence[str] = (),
        method: str = "GET",
        version: str = "HTTP/1.1",
        pieces: int = 1,
        early: bytes = b"",
    ) -> Handshake:
        """
        Send one handshake, return the response and let go of the connection.

        Args:
            role: Whose session it carries; None: nobody's.
            session: Another session than the run's.
            resource: Path and query; None: the target's.
            headers: Headers to add or to put in others' places.
            without: Names of headers to leave out.
            method: The HTTP method.
            version: The HTTP version.
            pieces: In how many writes it is sent, with a little time between them.
            early: Bytes to write right behind the request.

        Raises:
            Violation: It is answered with a 101 response that is none by RFC 6455.

        """
        carried = list(headers)
        if role is not None and session is None:
            session = await self._context.sessions.of(self.account(role))
        if session is not None:
            carried = [*session.headers.items(), *headers]
        request = request_bytes(
            self.target,
            resource=resource,
            headers=carried,
            without=without,
            method=method,
            version=version,
        )
        about = request.split(b"\r\n", 1)[0].decode("latin-1")
        named = ", ".join([*(name for name, _ in headers), *(f"no {name}" for name in without)])
        self.backdrop.transcript.add(
            role or "nobody", "sent", "handshake", about + (f" ({named})" if named else "")
        )
        response = Handshake(None)
        with trio.move_on_after(self.backdrop.patience):
            response = await exchange(
                self.target, request + early, pieces=pieces, gap=self.backdrop.round_trips.gap
            )
        self.backdrop.transcript.add(role or "nobody", "received", "handshake", str(response))
        if response.status == 101 and (wrong := response.fault(request)):
            self.blame(
                "a handshake was answered with a wrong 101 response",
                expected="the response that RFC 6455 section 4.2.2 asks for",
                got=wrong,
                clause="MC1-HAND-01",
            )
        return response

    async def warm_up(self, actor: Actor) -> None:
        """Have a connection known to be logged in; see :meth:`actor`."""
        command = {"command": "join", "room": FREE_ROOM}
        answer = await actor.ask(command)
        tries = 1
        while answer.frame.get("error") == "USER_HAS_TO_LOGIN" and tries < WARM_UPS:
            self._context.warm_ups += 1
            tries += 1
            answer = await actor.ask(command)
        if answer.frame.get("error") == "USER_HAS_TO_LOGIN":
            self._context.sessions.forget(actor.username)
            actor.blame(
                "MC1-AUTH-01",
                f"{actor.name} carries a session and is treated as nobody",
                "commands are obeyed as the user's",
                f"{WARM_UPS} times {answer.text}",
                hopeless=True,
            )
        if answer.frame.get("error") != "ROOM_INVALID":
            actor.blame(
                "MC1-ROOM-06",
                f"{actor.name} asked for a room that cannot exist",
                '{"error": "ROOM_INVALID"}',
                answer.text,
            )

    def account(self, role: str) -> Account:
        """
        Return who plays a role.

        Raises:
            NotTested: The target file has nobody for it.

        """
        account = self._own_cast.get(role) or self._context.account(role)
        if account is None:
            raise NotTested(f"needs an account for {role}; add [[accounts]] to the target file")
        return account

    async def session(self, role: str) -> Session:
        """Return the session of this run that a role uses."""
        return await self._context.sessions.of(self.account(role))

    async def fresh_session(self, who: str | Account) -> Session:
        """Log in anew and return a session that no other story uses, so that it may be ended."""
        account = self.account(who) if isinstance(who, str) else who
        self.backdrop.transcript.note("logs in anew", actor=account.username)
        return await self._context.sessions.fresh(account)

    async def log_out(self, session: Session) -> None:
        """End a session over HTTP."""
        self.backdrop.transcript.add("", "note", "hook", "logs out over HTTP")
        await self._context.sessions.log_out(session)

    # What is shown by fences.

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

    # What hooks do.

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
        return await pull(self.target, self._context.redactor, name, arguments)

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
            for role in self._check.needs.actors:
                if role != STAFF_ROLE:
                    self._own_cast[role] = await self.new_user()

    def undone(self, name: str) -> None:
        """Take note that the story itself has undone the last change that ``name`` would undo."""
        for place in reversed(range(len(self._undo))):
            if self._undo[place][0] == name:
                del self._undo[place]
                return

    # Its life.

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

    # What the report is told.

    def expect(
        self, holds: bool, summary: str, *, expected: str, got: str, clause: str = ""
    ) -> None:
        """
        End the story with a finding about the target unless something holds.

        Raises:
            Violation: It does not.

        """
        if not holds:
            self.blame(summary, expected=expected, got=got, clause=clause)

    def blame(self, summary: str, *, expected: str, got: str, clause: str = "") -> NoReturn:
        """
        End the story with a finding about the target.

        Raises:
            Violation: Always.

        """
        clause = clause or self.backdrop.clause
        raise Violation(Finding(clause, summary, expected, shorten(got)))

    def note(self, text: str) -> None:
        """Say something in the report even if the check passes."""
        if text not in self.notes:
            self.notes.append(text)

    def observe(self, text: str) -> None:
        """Record what the target does where the clause leaves it open (MAY)."""
        self.observed.append(text)

    def raise_faults(self) -> None:
        """
        End the story if any actor has received a frame that is not valid.

        Raises:
            Violation: One has.

        """
        for actor in self._actors:
            actor.raise_fault()

    # Clearing away.

    async def clear(self) -> None:
        """
        Have everybody leave and go, and put back what hooks have changed.

        Raises:
            HarnessError: Something could not be put back.

        """
        with trio.CancelScope(shield=True):
            with trio.move_on_after(_CLEARING):
                async with trio.open_nursery() as nursery:
                    for actor in self._actors:
                        nursery.start_soon(self._dismiss, actor)
            with trio.move_on_after(_CLEARING * 3) as putting_back:
                if self._stopped:
                    await self.start_target()
                await self._put_back()
            if putting_back.cancelled_caught:
                raise HarnessError("it took too long to put back what hooks have changed")

    async def _dismiss(self, actor: Actor) -> None:
        patience = min(2.0, self.backdrop.patience)
        if actor.ended is None and not isinstance(actor, RawActor):
            with trio.move_on_after(patience):
                await _quietly(actor.leave_all)
            with trio.move_on_after(patience):
                await _quietly(actor.close)
        await actor.vanish()

    async def _put_back(self) -> None:
        failed: list[str] = []
        while self._undo:
            name, arguments = self._undo.pop()
            self._context.sessions.forget(str(arguments.get("username", "")))
            try:
                await self._pull(name, arguments)
            except (HarnessError, NotTested) as exc:
                failed.append(str(exc))
        if failed:
            raise HarnessError("; ".join(failed))

    def _open_rooms(self) -> list[Room]:
        return self._own_rooms or [room for room in self.target.rooms if not room.staff_only]

    def _numbered(self, name: str) -> str:
        # A second connection of alice's is alice-2.
        self._named[name] = self._named.get(name, 0) + 1
        return name if self._named[name] == 1 else f"{name}-{self._named[name]}"


async def _quietly(step: Callable[[], Awaitable[None]]) -> None:
    # When the story is over, a target that does not play along is no finding any more.
    with suppress(StoryEnded):
        await step()
