"""What a handler is given: the event, where it happened, and ways to answer."""

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Generic, TypeVar, cast, overload

from multichat_proto.bots.commands import Command
from multichat_proto.bots.filters import is_own, room_of
from multichat_proto.bots.lanes import Lane, Listener
from multichat_proto.chat import AsyncChat, AsyncRoom
from multichat_proto.events import ChatEvent, Gap, RoomEvent, RoomMessage
from multichat_proto.exceptions import LocalProtocolError, NotAMember
from multichat_proto.messages import Room as RoomId

if TYPE_CHECKING:
    from multichat_proto.bots.bot import Bot

__all__ = ["CallNext", "Context"]

E = TypeVar("E")
E_co = TypeVar("E_co", covariant=True)

CallNext = Callable[[], Awaitable[None]]
"""What middleware awaits to let the handler run."""


class Context(Generic[E_co]):
    """
    One event, for one handler.

    Attributes:
        bot: The bot.
        chat: The chat that it serves, to join rooms, wait, reconnect.
        handler: The handler's name.
        match: Where the handler's pattern was found in the text.
        command: The command that was called.

    """

    __slots__ = (
        "_event",
        "_is_over",
        "_lane",
        "_listener",
        "bot",
        "chat",
        "command",
        "handler",
        "match",
    )

    def __init__(
        self,
        bot: "Bot",
        chat: AsyncChat,
        event: E_co,
        *,
        handler: str,
        lane: Lane | None = None,
        match: re.Match[str] | None = None,
        command: Command | None = None,
    ) -> None:
        self.bot = bot
        self.chat = chat
        self.handler = handler
        self.match = match
        self.command = command
        self._event = event
        self._lane = lane
        self._listener: Listener | None = None
        self._is_over = False

    @property
    def event(self) -> E_co:
        """What happened."""
        return self._event

    @property
    def room_id(self) -> RoomId | None:
        """The room that it happened in; ``None``: in none."""
        return room_of(cast("ChatEvent | None", self._event))

    @property
    def room(self) -> AsyncRoom:
        """
        The room that it happened in.

        Raises:
            NotAMember: One is not in it any more.
            LocalProtocolError: It happened in no room.

        """
        room_id = self.room_id
        if room_id is None:
            raise LocalProtocolError(f"a {type(self._event).__name__} happens in no room")
        try:
            return self.chat.rooms[room_id]
        except KeyError:
            raise NotAMember(room_id) from None

    async def reply(self, text: str) -> RoomMessage:
        """
        Say something in the room that the event is of; return it when it has come back.

        Raises:
            NotAMember: One is not in the room any more.
            MultichatError: As :meth:`AsyncRoom.send` says.

        """
        return await self.room.send(text)

    async def ask(self, text: str) -> RoomMessage:
        """
        Say something, and return what the user whose event this is says next in the room.

        The room's other handlers wait meanwhile, unless this one is registered with
        ``background=True``. Wait only so long by a scope of your own around it.

        Raises:
            LocalProtocolError: The event is of no user.
            MultichatError: As :meth:`reply` and :meth:`wait_for` say.

        """
        username: str | None = getattr(self._event, "username", None)
        if username is None:
            raise LocalProtocolError(f"a {type(self._event).__name__} is of no user")
        listener = self.listen()
        question = await self.reply(text)
        # What was said before the question is no answer to it.
        while (event := await listener.next()) != question and not isinstance(event, Gap):
            pass
        while True:
            message = await self.wait_for(RoomMessage)
            if message.username == username:
                return message

    @overload
    async def wait_for(
        self, what: Callable[[RoomEvent], bool], /, *, own: bool = False
    ) -> RoomEvent: ...
    @overload
    async def wait_for(self, what: type[E], /, *, own: bool = False) -> E: ...
    async def wait_for(
        self, what: Callable[[RoomEvent], bool] | type[E], /, *, own: bool = False
    ) -> RoomEvent | E:
        """
        Wait for an event of the same room.

        Nothing is missed: the first call looks at what came after the handler's own event, the
        next goes on where the one before stopped. What is found is given to handlers as well,
        in its turn. Cancelling loses none.

        Args:
            what: A class of event, or what says whether it is the one; it runs in this task.
            own: Whether events of oneself count.

        Raises:
            ChatClosed: The bot stops, or the chat was left.
            MultichatError: The session has ended by itself; this is why.
            LocalProtocolError: The handler's event is of no room, or the handler has ended.

        """
        listener = self.listen()
        while True:
            event = await listener.next()
            if not own and is_own(event, self.chat.username):
                continue
            if isinstance(what, type):
                if isinstance(event, what):
                    return event
            elif what(event):
                return event

    def listen(self) -> Listener:
        """Keep events for :meth:`wait_for` from now on; it does so itself when it is called."""
        if self._lane is None or self._lane.room is None:
            raise LocalProtocolError(
                f"a {type(self._event).__name__} happens in no room; wait with ctx.chat.wait_for"
            )
        if self._is_over:
            raise LocalProtocolError(f"{self.handler} has ended; its context waits no more")
        if self._listener is None:
            self._listener = self._lane.listen()
        return self._listener

    def close(self) -> None:
        """Keep no more events; the bot does so when the handler has ended."""
        self._is_over = True
        if self._lane is not None and self._listener is not None:
            self._lane.unlisten(self._listener)
            self._listener = None
