"""
What a story of the behaviour table is given: people who chat, and levers behind the stage.

A story is written once, as a coroutine, and never uses tasks: that is how the very same
coroutine runs against the sync shell, whose adapter never suspends it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Protocol, Self, TypeVar, overload

from multichat_proto.events import ChatEvent, RoomEvent, RoomMessage
from multichat_proto.messages import Room as RoomId
from multichat_proto.options import Backoff, Options, Overflow
from multichat_proto.session import SessionState

__all__ = ["STORIES", "Backstage", "Chat", "Events", "Lever", "Room", "Stage", "Story", "story"]

E = TypeVar("E")
E_co = TypeVar("E_co", covariant=True)


class Events(Protocol[E_co]):
    """A stream of one's own."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...
    def __aiter__(self) -> AsyncIterator[E_co]: ...
    async def next(self) -> E_co: ...
    @overload
    async def wait_for(self, what: Callable[[Any], bool], /) -> E_co: ...
    @overload
    async def wait_for(self, what: type[E], /) -> E: ...


class Room(Protocol):
    """A room that one is in."""

    @property
    def id(self) -> RoomId: ...
    @property
    def title(self) -> str: ...
    @property
    def members(self) -> frozenset[str]: ...
    @property
    def is_joined(self) -> bool: ...
    async def send(self, text: str) -> RoomMessage: ...
    async def leave(self) -> None: ...
    @overload
    async def wait_for(self, what: Callable[[RoomEvent], bool], /) -> RoomEvent: ...
    @overload
    async def wait_for(self, what: type[E], /) -> E: ...
    def subscribe(
        self, *, max_queue: int | None = None, overflow: Overflow | None = None
    ) -> Events[RoomEvent]: ...
    def __aiter__(self) -> AsyncIterator[RoomEvent]: ...


class Chat(Protocol):
    """A session."""

    @property
    def state(self) -> SessionState: ...
    @property
    def username(self) -> str | None: ...
    @property
    def rooms(self) -> Mapping[str, Room]: ...
    async def join(self, room: str | int) -> Room: ...
    @overload
    async def wait_for(self, what: Callable[[ChatEvent], bool], /) -> ChatEvent: ...
    @overload
    async def wait_for(self, what: type[E], /) -> E: ...
    def subscribe(
        self, *, max_queue: int | None = None, overflow: Overflow | None = None
    ) -> Events[ChatEvent]: ...
    def reconnect_now(self) -> None: ...
    def __aiter__(self) -> AsyncIterator[ChatEvent]: ...


Lever = Literal[
    "cut",
    "down",
    "half_open",
    "announce",
    "staff_room",
    "put_out",
    "log_out",
    "restart",
    "script",
    "time",
    "login",
    "limits",
]
"""What may be done behind the stage; ``limits`` says that the server has any, ``script`` is
whatever only a server in memory does, ``time`` that waits of minutes take none."""


class Backstage(Protocol):
    """The levers; which of them work, the target says."""

    def create_room(self, title: str) -> str:
        """Make a room that nobody is in, and return its id."""
        ...

    def make_staff_room(self, room: str) -> None:
        """Open a room to staff alone."""
        ...

    def announce(self, room: str, text: str, msg_type: int) -> None:
        """Say something as the operator."""
        ...

    def log_out(self, username: str) -> None:
        """End the sessions of a user."""
        ...

    def cut(self, username: str) -> None:
        """Cut a user's connections."""
        ...

    def down(self, username: str) -> None:
        """Let a user connect no more."""
        ...

    def up(self, username: str) -> None:
        """Let a user connect again."""
        ...

    def half_open(self, username: str) -> None:
        """Let nothing of a user's connections through."""
        ...

    def restart(self) -> None:
        """Close everybody with 1012."""
        ...

    @property
    def password(self) -> Mapping[str, str]:
        """Each user's password."""
        ...

    @property
    def server(self) -> Any:
        """The server in memory; only with the lever ``script``."""
        ...


Connect = Callable[..., AbstractAsyncContextManager[Chat]]

QUICK = Options(backoff=Backoff(first=0.1, cap=0.5))
"""What a chat has if the story does not say: short waits, for those targets that take time."""


@dataclass
class Stage:
    """
    What one story is played on.

    Attributes:
        connect: Connects as a user: takes the name and what the shell's ``connect`` takes.
        backstage: The levers.
        now: Returns the time in seconds, which the test itself makes only with ``time``.

    """

    connect: Connect
    backstage: Backstage
    now: Callable[[], float]
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def chat(self, username: str, **arguments: Any) -> Chat:
        """Connect, until the end of the story."""
        return await self.stack.enter_async_context(self.leaving(username, **arguments))

    def leaving(self, username: str, **arguments: Any) -> AbstractAsyncContextManager[Chat]:
        """Connect, until the end of a ``with`` block."""
        arguments.setdefault("options", QUICK)
        return self.connect(username, **arguments)

    def room(self, title: str = "a room") -> str:
        """Return a room that nobody is in."""
        return self.backstage.create_room(title)


@dataclass(frozen=True)
class Story:
    """
    A row of the table.

    Attributes:
        name: Its id.
        play: The story.
        needs: The levers that it pulls.

    """

    name: str
    play: Callable[[Stage], Awaitable[None]]
    needs: frozenset[Lever]


STORIES: dict[str, Story] = {}
"""Every row, by its id."""


def story(
    *needs: Lever,
) -> Callable[[Callable[[Stage], Awaitable[None]]], Callable[[Stage], Awaitable[None]]]:
    """Add a row to the table; it is played where these levers are."""

    def add(
        play: Callable[[Stage], Awaitable[None]],
    ) -> Callable[[Stage], Awaitable[None]]:
        name = getattr(play, "__name__", "")
        assert name not in STORIES
        STORIES[name] = Story(name, play, frozenset(needs))
        return play

    return add
