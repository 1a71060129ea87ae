"""What ``join`` and ``send`` do once their command lines are read."""

from pathlib import Path

import trio

from multichat_cli.conversation import Conversation, Server, dial
from multichat_cli.exit_codes import CommandFailed, ExitCode
from multichat_cli.lines_of_input import LinesOfInput
from multichat_cli.options import read_password, valid_text
from multichat_cli.output import Output
from multichat_cli.running import Interruption
from multichat_proto.messages import room_id
from multichat_proto.trio import Room

__all__ = ["Output", "message", "room_number", "say_once", "server", "stay"]


def server(
    url: str, username: str | None, *, stdin: bool, file: Path | None, timeout: float
) -> Server:
    """
    Return the server that the options name, with the password where there is a user.

    Raises:
        CommandFailed: The URL is none, the name is not UTF-8, or there is no password.

    """
    if username is not None:
        valid_text(username, "the user name")
    found = Server(url, username=username, timeout=timeout)
    if found.username is not None:
        found.password = read_password(
            f"Password of {username} at {found.address.origin}: ", stdin=stdin, file=file
        )
    return found


def room_number(text: str) -> str:
    """
    Return the canonical id of the room that the command line names.

    Raises:
        CommandFailed: It is no room's number (MC1-ROOM-02).

    """
    room = room_id(text)
    if room is None:
        raise CommandFailed(ExitCode.USAGE, f"{text!r} is no room: a room is a number, such as 1")
    return room


def message(text: str) -> str | None:
    """
    Return the message that the command line holds; ``None`` for ``-``, the whole input.

    Raises:
        CommandFailed: It is not valid UTF-8.

    """
    return None if text == "-" else valid_text(text, "the text of the message")


async def stay(
    interruption: Interruption,
    server: Server,
    room: str,
    output: Output,
    *,
    linger: bool,
    is_typed: bool,
) -> ExitCode:
    """Be in the room until the input ends, or until a signal; return how it went."""
    lines = LinesOfInput()

    async def talk() -> ExitCode:
        worst = ExitCode.OK
        hint = " A line and Enter says it; Ctrl-D leaves." if is_typed else ""
        output.talk(_entered(await conversation.join(), server.username) + hint)
        with trio.CancelScope() as interruption.patient:
            while (line := await lines.next()) is not None:
                if line or not is_typed:
                    worst = max(worst, await conversation.say(line))
            if linger:
                await trio.sleep_forever()
        await conversation.leave()
        return worst

    async with dial(server, output) as chat:
        conversation = Conversation(chat, server, room, output, shows_all=True)
        return await conversation.run(talk)


async def say_once(
    interruption: Interruption, server: Server, room: str, output: Output, *, text: str | None
) -> ExitCode:
    """Say one thing in the room and leave; ``None`` says the whole input."""
    said = text if text is not None else await LinesOfInput().rest()

    async def talk() -> ExitCode:
        worst = ExitCode.OK
        joined = await conversation.join()
        with trio.CancelScope() as interruption.patient:
            worst = await conversation.say(said)
            if worst is ExitCode.OK:
                output.talk(f'confirmed by room {joined.id}, "{joined.title}"')
        await conversation.leave()
        return worst

    async with dial(server, output) as chat:
        conversation = Conversation(chat, server, room, output, shows_all=False)
        return await conversation.run(talk)


def _entered(joined: Room, username: str | None) -> str:
    who = f"{username} is" if username else "you are"
    return f'{who} in room {joined.id}, "{joined.title}".'
