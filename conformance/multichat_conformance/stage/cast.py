"""Who acts in a story: connections as somebody or nobody, sessions, single handshakes."""

import time
from collections.abc import Sequence
from typing import Final

import trio

from multichat_conformance.actors import Actor, Backdrop, Handshake, PoliteActor, RawActor
from multichat_conformance.actors.backdrop import FREE_ROOM
from multichat_conformance.actors.handshake import exchange, request_bytes
from multichat_conformance.catalogue import Check
from multichat_conformance.context import Context
from multichat_conformance.findings import NotTested
from multichat_conformance.patterns import Stream
from multichat_conformance.stage.backstage import Backstage
from multichat_conformance.target.login import Session
from multichat_conformance.target.model import Account, Room
from multichat_conformance.timing import SEEN_WITHIN, pause
from multichat_conformance.transcript import shorten

__all__ = ["WARM_UPS", "Cast"]

WARM_UPS: Final = 30
"""How often a first command is sent again that was answered USER_HAS_TO_LOGIN (MC1-CLIENT-11)."""


_LOOKS_AGAIN_AFTER: Final = 0.1
"""Seconds; slow enough for every rate limit (MC1-LIMIT-06)."""


_SHOWN: Final = ("origin", "host", "upgrade", "connection", "content-length", "sec-websocket-")
"""Headers whose values a transcript shows; those of others may be secret, or as good as that."""

_LONGEST_VALUE: Final = 120


def _shown(header: tuple[str, str]) -> str:
    name, value = header
    return f"{name}: {shorten(value, _LONGEST_VALUE)}" if name.lower().startswith(_SHOWN) else name


class Cast(Backstage):
    """The actors of a story; see :class:`Backstage`."""

    def __init__(
        self, check: Check, context: Context, backdrop: Backdrop, nursery: trio.Nursery
    ) -> None:
        super().__init__(check, context, backdrop, nursery)
        self._actors: list[Actor] = []
        self._named: dict[str, int] = {}

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
        named = "; ".join([*map(_shown, headers), *(f"no {name}" for name in without)])
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

    async def is_served(self, actor: Actor, *, clause: str = "") -> None:
        """
        See that a connection is served: alice joins a room, a stranger is answered.

        Args:
            actor: Whose connection.
            clause: The clause to blame if it is not.

        """
        if actor.account is not None:
            await actor.join(self.room(), clause=clause)
            return
        await actor.command({"command": "join", "room": FREE_ROOM})
        await actor.take(Stream.ANSWERS, "an answer to a join", clause=clause)

    async def warm_up(self, actor: Actor) -> None:
        """Have a connection known to be logged in; see :meth:`actor`."""
        joins = self._context.warms_up_by_joining
        command = {"command": "join", "room": self.fence_room.id if joins else FREE_ROOM}
        answer = await actor.ask(command)
        tries = 1
        # A hook may have given the user back what another had taken (MC1-AUTH-05).
        until = self._context.changed + SEEN_WITHIN + self.backdrop.grace
        while answer.frame.get("error") == "USER_HAS_TO_LOGIN":
            if tries >= WARM_UPS:
                if time.monotonic() > until:
                    break
                await pause(_LOOKS_AGAIN_AFTER)
            self._context.warm_ups += 1
            tries += 1
            answer = await actor.ask(command)
        if answer.frame.get("error") == "USER_HAS_TO_LOGIN":
            self._context.sessions.forget(actor.username)
            actor.blame(
                "MC1-AUTH-01",
                f"{actor.name} carries a session and is treated as nobody",
                "commands are obeyed as the user's",
                f"{tries} times {answer.text}",
                hopeless=True,
            )
        if joins:
            await actor.leave_all()
            actor.forget()
            return
        if "error" not in answer.frame:
            actor.blame(
                "MC1-ROOM-06",
                f"{actor.name} asked for a room that cannot exist",
                '{"error": "ROOM_INVALID"}',
                answer.text,
            )
        # Which code it is has a check of its own: a wrong one must not spoil all the others.
        self.backdrop.no_room = str(answer.frame["error"])

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

    def raise_faults(self) -> None:
        """
        End the story if any actor has received a frame that is not valid.

        Raises:
            Violation: One has.

        """
        for actor in self._actors:
            actor.raise_fault()

    def _numbered(self, name: str) -> str:
        # A second connection of alice's is alice-2.
        self._named[name] = self._named.get(name, 0) + 1
        return name if self._named[name] == 1 else f"{name}-{self._named[name]}"
