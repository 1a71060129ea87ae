"""
One connection and one room, as ``join`` and ``send`` use them.

The connection is not made anew when it is lost: a command whose messages may be lost or come
twice has to end and say so. One command is under way at a time (MC1-CLIENT-07), which makes
"which command was refused" certain where error frames do not say it.
"""

import math
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeVar

import trio

from multichat_cli import sentences
from multichat_cli.exit_codes import CommandFailed, ExitCode
from multichat_cli.output import Event, Output
from multichat_proto.address import Address
from multichat_proto.credentials import Password
from multichat_proto.events import (
    BadFrame,
    ChatEvent,
    MemberEntered,
    MemberLeft,
    Refused,
    RoomJoined,
    RoomLeft,
    RoomLost,
    RoomMessage,
    Unconfirmed,
    UnknownMessage,
)
from multichat_proto.exceptions import (
    ConnectionClosed,
    ConnectionFailed,
    DeliveryUnknown,
    LocalProtocolError,
    LoginFailed,
    NoAnswer,
    NotAMember,
    RemoteProtocolError,
    RoomError,
)
from multichat_proto.options import Options, Overflow
from multichat_proto.session import SessionState
from multichat_proto.trio import Chat, Room, connect

__all__ = ["Conversation", "Server", "dial", "too_slow", "warn_unencrypted"]

T = TypeVar("T")

GOODBYE_SECONDS: Final = 2.0
"""Longest wait for the answer to the last ``leave``; nobody likes to wait for a goodbye."""

FIRST_PAUSE: Final = 0.2
"""Seconds before a message is tried again that the server has no time for; doubled each time."""


class Server:
    """
    Which server, as whom, and how patiently.

    Args:
        url: As the person wrote it.
        username: ``None`` for nobody.
        timeout: Longest wait, in seconds, for each answer.

    Raises:
        CommandFailed: The URL is none.

    """

    def __init__(self, url: str, *, username: str | None, timeout: float) -> None:
        try:
            self.address = Address.parse(url)
        except LocalProtocolError as exc:
            raise CommandFailed(ExitCode.USAGE, str(exc)) from exc
        # Django, and so every server of this protocol so far, compares names in this form.
        self.username = unicodedata.normalize("NFKC", username) if username else None
        self.password: str | None = None
        self.timeout = timeout

    @property
    def credentials(self) -> Password | None:
        """The account to log in with, if there is one."""
        if self.username is None or self.password is None:
            return None
        return Password(self.username, self.password)

    @property
    def options(self) -> Options:
        """The times and limits of its one connection."""
        return Options(
            reconnect=False,
            connect_timeout=None,  # dial() says in its own words that it takes too long
            open_timeout=math.inf,
            answer_timeout=self.timeout,
            send_timeout=None,
            command_rate=0,  # each waits for the answer before; a server says if it is too much
            overflow=Overflow.BLOCK,
        )


@asynccontextmanager
async def dial(server: Server, output: Output) -> AsyncIterator[Chat]:
    """
    Log in, if there is somebody to log in as, and connect.

    Raises:
        CommandFailed: It did not work; the code and the sentence say why.

    """
    credentials = server.credentials
    warn_unencrypted(server, output)
    with trio.CancelScope() as opening:
        opening.deadline = trio.current_time() + server.timeout
        try:
            async with connect(
                server.address,
                credentials=credentials,
                username=server.username,
                options=server.options,
            ) as chat:
                opening.deadline = math.inf
                yield chat
        except LoginFailed as exc:
            raise CommandFailed(ExitCode.LOGIN_REFUSED, str(exc)) from exc
        except ConnectionFailed as exc:
            raise CommandFailed(ExitCode.CONNECTION, str(exc)) from exc
        except RemoteProtocolError as exc:
            raise CommandFailed(ExitCode.PROTOCOL, str(exc)) from exc
    if opening.cancelled_caught:
        raise too_slow(server, "let us in")


def warn_unencrypted(server: Server, output: Output) -> None:
    """Tell the person if the password is about to go over a network where others can read it."""
    is_private = server.address.secure or server.address.is_loopback
    if server.credentials is not None and not is_private:
        output.talk(
            f"multichat: warning: the password goes to {server.address.host} unencrypted; "
            "use https or wss if the server has it"
        )


class Conversation:
    """
    What is said in one room over one connection.

    Args:
        chat: Already connected.
        server: Whose it is.
        room: The room's canonical id.
        output: Where what happens is shown.
        shows_all: Whether everything is shown that happens in the room.

    """

    def __init__(
        self, chat: Chat, server: Server, room: str, output: Output, *, shows_all: bool
    ) -> None:
        self.room = room
        self.username = server.username
        self._chat = chat
        self._server = server
        self._output = output
        self._shows_all = shows_all
        self._failure: CommandFailed | None = None
        self._visit: Room | None = None
        # An answer comes twice: to whom waits for it, and among the events that are shown.
        # While somebody waits, the events that were shown are kept.
        self._shown: list[ChatEvent] | None = []
        self._news = trio.Event()

    async def run(self, talk: Callable[[], Awaitable[ExitCode]]) -> ExitCode:
        """
        Receive in the background while ``talk`` goes on; return what that returns.

        Raises:
            CommandFailed: From ``talk``, or because the connection or the membership ended.

        """
        code = ExitCode.OK
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._receive, nursery.cancel_scope)
            try:
                code = await talk()
            except CommandFailed as exc:
                self._failure = self._failure or exc
            nursery.cancel_scope.cancel()
        if self._failure is not None:
            raise self._failure
        return code

    async def join(self) -> Room:
        """
        Join the room.

        Raises:
            CommandFailed: The server refused, or did not answer in time.

        """
        try:
            self._visit = await self._ask(
                lambda: self._chat.join(self.room),
                lambda _, event: isinstance(event, RoomJoined) and event.room == self.room,
            )
        except NoAnswer as exc:
            raise too_slow(self._server, "answer the join") from exc
        except RoomError as exc:
            raise CommandFailed(
                ExitCode.REFUSED,
                sentences.refused(exc, command="join", room=self.room, username=self.username),
            ) from exc
        return self._visit

    async def say(self, text: str) -> ExitCode:
        """
        Send a message and wait until the server sends it back; tell how that went.

        A server that has no time just now is asked again, since it says that it did nothing.
        """
        spoken = {"room": self.room, "message": text}
        try:
            await self._say(text)
        except LocalProtocolError as exc:
            raise CommandFailed(ExitCode.ERROR, f"not sent: {exc}") from exc
        except RoomError as exc:
            why = sentences.refused(exc, command="send", room=self.room, username=self.username)
            self._output.talk(f"multichat: not sent: {why}")
            return ExitCode.REFUSED
        except DeliveryUnknown:
            self._output.show({"event": "unconfirmed", **spoken})
            self._output.talk(
                f"multichat: not confirmed within {self._server.timeout:g} s, perhaps lost: {text}"
            )
            return ExitCode.UNCONFIRMED
        self._output.show({"event": "confirmed", **spoken})
        return ExitCode.OK

    async def leave(self) -> None:
        """Leave the room and wait for the answer, but not long."""
        visit = self._visit
        if visit is None:
            return
        # Less than the chat itself waits, to which a missing answer is a lost connection.
        with trio.move_on_after(min(GOODBYE_SECONDS, 0.9 * self._server.timeout)):
            with suppress(RoomError):
                await self._ask(
                    visit.leave,
                    lambda _, event: isinstance(event, RoomLeft) and event.room == self.room,
                )

    async def _say(self, text: str) -> None:
        visit = self._visit or await self.join()
        pause = FIRST_PAUSE
        waited_until = trio.current_time() + self._server.timeout
        while True:
            try:
                await self._ask(lambda: visit.send(text), lambda echo, event: event is echo)
            except RoomError as exc:
                if exc.code not in sentences.TEMPORARY or trio.current_time() > waited_until:
                    raise
                await trio.sleep(pause)
                pause *= 2
            else:
                return

    async def _ask(
        self, ask: Callable[[], Awaitable[T]], is_answer: Callable[[T, ChatEvent], bool]
    ) -> T:
        """Do something, and return once the event that answers it has been shown."""
        self._shown = self._shown or []
        try:
            answer = await ask()
            while not any(is_answer(answer, event) for event in self._shown):
                await self._news.wait()
        except RoomError as exc:
            self._output.show(event_of_refusal(exc))
            raise
        except (ConnectionClosed, NotAMember, RemoteProtocolError):
            # The receiver knows more about the end, and ends this in its own words.
            await trio.sleep_forever()
        except DeliveryUnknown:
            if self._chat.state is SessionState.CLOSED:
                await trio.sleep_forever()
            raise
        finally:
            self._shown = None
        return answer

    async def _receive(self, everything: trio.CancelScope) -> None:
        try:
            async for event in self._chat:
                self._show(event)
                if self._shown is not None:
                    self._shown.append(event)
                    self._news.set()
                    self._news = trio.Event()
        except CommandFailed as exc:
            self._failure = exc
        except ConnectionClosed as exc:
            self._failure = sentences.closed(exc)
            # The end of the connection is the failure, even if nobody reads of it.
            with suppress(CommandFailed):
                self._output.show({"event": "closed", "code": exc.code, "reason": exc.reason})
        except RemoteProtocolError as exc:
            self._failure = CommandFailed(ExitCode.PROTOCOL, str(exc))
        everything.cancel()

    def _show(self, event: ChatEvent) -> None:
        line = event_of(event)
        if line is not None and (self._shows_all or line["event"] == "error"):
            self._output.show(line)
        if isinstance(event, BadFrame):
            self._output.talk(f"multichat: ignored: {event.reason}")
        elif isinstance(event, RoomLost) and event.room == self.room:
            raise sentences.put_out(self.room, self.username)


def event_of(event: ChatEvent) -> Event | None:
    """Return what happens in the chat as an event of the output; ``None`` if it is not shown."""
    match event:
        case RoomJoined(room=room, title=title):
            return {"event": "joined", "room": room, "title": title}
        case RoomLeft(room=room):
            return {"event": "left", "room": room, "asked": True}
        case RoomLost(room=room):
            return {"event": "left", "room": room, "asked": False}
        case MemberEntered(room=room, username=username):
            return {"event": "enter", "room": room, "username": username}
        case MemberLeft(room=room, username=username):
            return {"event": "leave", "room": room, "username": username}
        case RoomMessage() | UnknownMessage():
            return {
                "event": "message",
                "room": event.room,
                "username": event.username,
                "message": event.text,
                "msg_type": event.msg_type,
            }
        case Refused(error=error):
            return event_of_refusal(error)
        case BadFrame(text=text, reason=reason):
            return {"event": "violation", "reason": reason, "text": text}
        case Unconfirmed(room=room, text=text):
            return {"event": "unconfirmed", "room": room, "message": text}
        case _:
            return None  # of the connection: there is one, and its end is told by its error


def event_of_refusal(error: RoomError) -> Event:
    """Return an error frame as an event of the output."""
    told = error.frame or error
    members = {
        "error": told.code,
        "command": told.command,
        "room": told.room,
        "detail": told.detail,
    }
    return {"event": "error", **{name: what for name, what in members.items() if what is not None}}


def too_slow(server: Server, what: str) -> CommandFailed:
    """Return the failure for a server that did not do what was waited for."""
    return CommandFailed(
        ExitCode.TIMEOUT,
        f"{server.address} did not {what} within {server.timeout:g} s",
    )
