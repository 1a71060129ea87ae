"""
What users ask of a session, and wait for: to be in rooms, to say things, to read streams.

Nothing here knows of connections. A wish is noted, and whoever drives the session is woken up.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from multichat_proto.events import RoomMessage, Unconfirmed
from multichat_proto.exceptions import (
    ChatClosed,
    LocalProtocolError,
    MultichatError,
    NotAMember,
    NotSent,
    RoomError,
)
from multichat_proto.messages import Room, room_id
from multichat_proto.options import Options, Overflow
from multichat_proto.session.commands import Commands, UnderWay, WaitingSend
from multichat_proto.session.hearing import Hearing
from multichat_proto.session.operations import Operation
from multichat_proto.session.queues import EventQueue
from multichat_proto.session.rooms import RoomView
from multichat_proto.session.states import SessionState
from multichat_proto.session.streams import Streams
from multichat_proto.session.visits import Visits

__all__ = ["Asking"]


class Asking:
    """The users' side of a session; see :class:`multichat_proto.session.session.Session`."""

    def __init__(
        self,
        options: Options,
        *,
        random: Callable[[], float],
        wall_offset: float,
        username: str | None,
        rooms: tuple[str | int, ...],
        has_login: bool,
    ) -> None:
        if not isinstance(options, Options):
            raise LocalProtocolError(f"options must be Options, not {options!r}")
        if username is not None and not isinstance(username, str):
            raise LocalProtocolError(f"username must be a str, not {username!r}")
        self._options = options
        self.on_effect: Callable[[], None] = _nothing
        self.state = SessionState.CONNECTING
        self.failure: MultichatError | None = None
        self._was_connected = False
        self._streams = Streams(options)
        self._commands = Commands(options)
        self._visits = Visits(options, self._streams, self._commands, random=random)
        self._hearing = Hearing(
            self._visits,
            self._streams,
            self._commands,
            username=username,
            wall_offset=wall_offset,
            has_login=has_login,
        )
        self.events = self._streams.chat
        self._ready: list[Operation[None]] = []
        for name in rooms:
            self._visits.want(_name(name))

    @property
    def rooms(self) -> Mapping[Room, RoomView]:
        """The rooms that are wanted, or that the server put one into; a live view."""
        return MappingProxyType(self._visits.records)

    @property
    def refusals(self) -> Mapping[Room, RoomError]:
        """Why rooms are not there that were wanted; a live view."""
        return MappingProxyType(self._visits.refusals)

    def ready(self, now: float) -> Operation[None]:  # noqa: ARG002  # as all the others have it
        """Wait until every wanted room is joined for the first time, or that has failed."""
        operation: Operation[None] = Operation()
        if self._was_connected:
            operation.succeed(None)
        elif self._is_over:
            operation.fail(self._gone())
        else:
            self._ready.append(operation)
        return operation

    def join(self, room: str | int, now: float) -> Operation[RoomView]:
        """Want to be in a room (MC1-JOIN-02); it stays wanted across connections."""
        operation: Operation[RoomView] = Operation()
        if self._is_over:
            operation.fail(self._gone())
            return operation
        try:
            self._visits.join(_name(room), operation, now)
        except LocalProtocolError as exc:
            operation.fail(exc)
        self.on_effect()
        return operation

    def leave(self, room: str | int, now: float) -> Operation[None]:  # noqa: ARG002  # as all the others have it
        """Want to be in a room no longer (MC1-LEAVE-01); messages that wait are not sent."""
        operation: Operation[None] = Operation()
        if self._is_over:
            operation.succeed(None)
            return operation
        try:
            self._visits.leave(_name(room), operation)
        except LocalProtocolError as exc:
            operation.fail(exc)
        self.on_effect()
        return operation

    def send(self, room: str | int, text: str, now: float) -> Operation[RoomMessage]:
        """Say something (MC1-SEND-01), as soon as there is a connection and one is in."""
        operation: Operation[RoomMessage] = Operation()
        try:
            name = _name(room)
            if self._is_over:
                raise self._gone()
            if not self._visits.is_visited(name):
                raise NotAMember(name, self._visits.refusals.get(name))
            if self._commands.is_crowded:
                raise NotSent(name, f"{self._options.max_waiting} commands wait already")
            wait = self._options.send_timeout
            deadline = None if wait is None else now + wait
            if isinstance(text, str):
                text = str.__str__(text)  # such as of a StrEnum
            self._commands.wait(WaitingSend(name, text, operation, deadline))
        except MultichatError as exc:
            operation.fail(exc)
        else:
            self.on_effect()
        return operation

    def abandon(self, operation: Operation[Any], now: float) -> bool:  # noqa: ARG002  # as all the others have it
        """
        Nobody waits for this any more: take it back if that is still possible.

        Returns:
            Whether it was handed over already. The chat's stream then has an ``Unconfirmed``
            for a ``send``.

        """
        if operation.is_done:
            return True
        found = self._commands.find(operation)
        if isinstance(found, WaitingSend):
            self._commands.remove(found)
            return False
        if isinstance(found, UnderWay):
            found.operation = None
            self._streams.tell_chat(Unconfirmed(found.room, found.text))
            return True
        was_under_way = self._visits.abandon(operation)
        self.on_effect()
        return was_under_way

    def unconfirmed(self, room: Room, text: str) -> None:
        """Tell the chat's streams that nobody heard what became of a message."""
        self._streams.tell_chat(Unconfirmed(room, text))

    def subscribe(
        self,
        room: Room | None,
        *,
        max_queue: int | None = None,
        overflow: Overflow | None = None,
    ) -> EventQueue:
        """Return a new stream, of one room or, with ``None``, of everything."""
        return self._streams.subscribe(room, max_queue=max_queue, overflow=overflow)

    def unsubscribe(self, queue: EventQueue) -> None:
        """End a stream that :meth:`subscribe` gave."""
        self._streams.unsubscribe(queue)

    @property
    def _is_over(self) -> bool:
        return self.state in (SessionState.CLOSED, SessionState.CLOSING)

    def _let_go(self, error: MultichatError | None) -> None:
        """Tell everybody who waits that nothing will come any more."""
        gone = error or ChatClosed("the chat was left")
        for operation in self._ready:
            operation.fail(gone)
        self._ready.clear()
        for send in self._commands.remove_all():
            send.operation.fail(error or NotSent(send.room, "the chat was left"))
        self._visits.let_go(gone)
        self._streams.end_all(error)

    def _gone(self) -> MultichatError:
        return self.failure or ChatClosed("the chat was left")


def _name(room: str | int) -> Room:
    name = room_id(room)
    if name is None:
        raise LocalProtocolError(f"{room!r} names no room (MC1-ROOM-02)")
    return name


def _nothing() -> None:
    pass
