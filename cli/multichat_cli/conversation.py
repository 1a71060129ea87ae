"""
One connection and one room, as ``join`` and ``send`` use them.

A command is sent and its answer awaited before the next one: MC1-CLIENT-07 asks for closed
loop with servers that are not known to keep order, of which the 2016 original is one. It also
makes "which command was refused" certain where error frames do not say it.
"""

import math
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

import trio

from multichat_cli import sentences
from multichat_cli.exit_codes import CommandFailed, ExitCode
from multichat_cli.output import Event, Output
from multichat_proto.address import Address
from multichat_proto.client import Ignored, Received, Violation
from multichat_proto.exceptions import (
    ConnectionClosed,
    ConnectionFailed,
    LocalProtocolError,
    LoginFailed,
    RemoteProtocolError,
)
from multichat_proto.login import cookie_header, form_login
from multichat_proto.messages import (
    Command,
    Error,
    ErrorCode,
    Joined,
    Left,
    Message,
    MsgType,
    ServerFrame,
)
from multichat_proto.trio import Connection, connect

__all__ = ["Conversation", "Server", "dial"]

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


@asynccontextmanager
async def dial(server: Server, output: Output) -> AsyncIterator[Connection]:
    """
    Log in, if there is somebody to log in as, and connect.

    Raises:
        CommandFailed: It did not work; the code and the sentence say why.

    """
    with trio.CancelScope() as opening:
        opening.deadline = trio.current_time() + server.timeout
        try:
            headers = await _log_in(server, output)
            async with connect(
                server.address, headers=headers, username=server.username
            ) as connection:
                opening.deadline = math.inf
                yield connection
        except LoginFailed as exc:
            raise CommandFailed(ExitCode.LOGIN_REFUSED, str(exc)) from exc
        except ConnectionFailed as exc:
            raise CommandFailed(ExitCode.CONNECTION, str(exc)) from exc
        except RemoteProtocolError as exc:
            raise CommandFailed(ExitCode.PROTOCOL, str(exc)) from exc
    if opening.cancelled_caught:
        raise _too_slow(server, "let us in")


async def _log_in(server: Server, output: Output) -> dict[str, str]:
    if server.username is None or server.password is None:
        return {}
    if not server.address.secure and not server.address.is_loopback:
        output.talk(
            f"multichat: warning: the password goes to {server.address.host} unencrypted; "
            "use https or wss if the server has it"
        )
    cookies = await form_login(server.address, server.username, server.password)
    return {"Cookie": cookie_header(cookies)}


class Conversation:
    """
    What is said in one room over one connection.

    Args:
        connection: Already open.
        server: Whose it is.
        room: The room's canonical id.
        output: Where what happens is shown.
        shows_all: Whether everything is shown that happens in the room.

    """

    def __init__(
        self, connection: Connection, server: Server, room: str, output: Output, *, shows_all: bool
    ) -> None:
        self.room = room
        self.username = server.username
        self._connection = connection
        self._server = server
        self._output = output
        self._shows_all = shows_all
        self._failure: CommandFailed | None = None
        # No bound of its own: there are no more answers than commands without one.
        self._answer, self._answers = trio.open_memory_channel[tuple[Command, ServerFrame]](
            math.inf
        )

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

    async def join(self) -> Joined:
        """
        Join the room.

        Who has just logged in and is told to log in is believed the server only the third
        time: the 2016 original with more than one worker may carry out the first command
        before it has noted who is there.

        Raises:
            CommandFailed: The server refused, or did not answer in time.

        """
        for pause in (FIRST_PAUSE, 2 * FIRST_PAUSE, None):
            answer = await self._ask(lambda: self._connection.join(self.room))
            is_doubtful = (
                isinstance(answer, Error)
                and answer.code == ErrorCode.USER_HAS_TO_LOGIN
                and self.username is not None
            )
            if not is_doubtful or pause is None:
                break
            await trio.sleep(pause)
        if isinstance(answer, Joined):
            return answer
        if isinstance(answer, Error):
            raise CommandFailed(
                ExitCode.REFUSED,
                sentences.refused(answer, command="join", room=self.room, username=self.username),
            )
        raise _too_slow(self._server, "answer the join")

    async def say(self, text: str) -> ExitCode:
        """
        Send a message and wait until the server sends it back; tell how that went.

        A server that has no time just now is asked again, since it says that it did nothing.
        """
        pause = FIRST_PAUSE
        waited_until = trio.current_time() + self._server.timeout
        while True:
            try:
                answer = await self._ask(lambda: self._connection.send(self.room, text))
            except LocalProtocolError as exc:
                raise CommandFailed(ExitCode.ERROR, f"not sent: {exc}") from exc
            if not isinstance(answer, Error):
                break
            if answer.code not in sentences.TEMPORARY or trio.current_time() > waited_until:
                break
            await trio.sleep(pause)
            pause *= 2
        spoken = {"room": self.room, "message": text}
        if isinstance(answer, Error):
            why = sentences.refused(answer, command="send", room=self.room, username=self.username)
            self._output.talk(f"multichat: not sent: {why}")
            return ExitCode.REFUSED
        if answer is None:
            self._output.show({"event": "unconfirmed", **spoken})
            self._output.talk(
                f"multichat: not confirmed within {self._server.timeout:g} s, perhaps lost: {text}"
            )
            return ExitCode.UNCONFIRMED
        self._output.show({"event": "confirmed", **spoken})
        return ExitCode.OK

    async def leave(self) -> None:
        """Leave the room and wait for the answer, but not long."""
        with trio.move_on_after(min(GOODBYE_SECONDS, self._server.timeout)):
            try:
                await self._ask(lambda: self._connection.leave(self.room))
            except LocalProtocolError:
                return  # put out meanwhile

    async def _ask(self, send: Callable[[], Awaitable[Command]]) -> ServerFrame | None:
        """Send a command and return its answer; ``None`` if none comes in time."""
        try:
            with trio.move_on_after(self._server.timeout):
                command = await send()
                async for answered, frame in self._answers:
                    if answered is command:  # and not one that had been given up
                        return frame
        except ConnectionClosed:
            # The receiver knows more about the end, and ends this in its own words.
            await trio.sleep_forever()
        return None

    async def _receive(self, everything: trio.CancelScope) -> None:
        try:
            while True:
                match await self._connection.receive():
                    case Received(frame=frame, answers=command):
                        self._show(frame, was_asked=command is not None)
                        if command is not None:
                            self._answer.send_nowait((command, frame))
                        elif isinstance(frame, Left) and frame.room == self.room:
                            raise sentences.put_out(self.room, self.username)
                    case Violation(text=text, reason=reason):
                        self._output.show({"event": "violation", "reason": reason, "text": text})
                        self._output.talk(f"multichat: ignored: {reason}")
                    case Ignored():
                        pass
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

    def _show(self, frame: ServerFrame, *, was_asked: bool) -> None:
        if self._shows_all or isinstance(frame, Error):
            self._output.show(event_of(frame, was_asked=was_asked))


def event_of(frame: ServerFrame, *, was_asked: bool) -> Event:
    """Return a frame as an event of the output."""
    match frame:
        case Joined(room=room, title=title):
            return {"event": "joined", "room": room, "title": title}
        case Left(room=room):
            return {"event": "left", "room": room, "asked": was_asked}
        case Message(room=room, username=username, msg_type=MsgType.ENTER):
            return {"event": "enter", "room": room, "username": username}
        case Message(room=room, username=username, msg_type=MsgType.LEAVE):
            return {"event": "leave", "room": room, "username": username}
        case Message(room=room, username=username, message=text, msg_type=msg_type):
            return {
                "event": "message",
                "room": room,
                "username": username,
                "message": text,
                "msg_type": msg_type,
            }
        case Error(code=code, command=command, room=about, detail=detail):
            members = {"error": code, "command": command, "room": about, "detail": detail}
            given = {name: value for name, value in members.items() if value is not None}
            return {"event": "error", **given}


def _too_slow(server: Server, what: str) -> CommandFailed:
    return CommandFailed(
        ExitCode.TIMEOUT,
        f"{server.address} did not {what} within {server.timeout:g} s",
    )
