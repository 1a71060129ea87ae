"""A script is played as it is written, and says where the client leaves it."""

from __future__ import annotations

import pytest

from multichat_proto.exceptions import ConnectionClosed, ConnectionFailed, HandshakeRefused
from multichat_proto.messages import Error, Joined, Room
from multichat_proto.testing import ScriptedServer
from tests.sdk.testing.wire import Wire


def test_a_script_is_played_to_its_end() -> None:
    script = ScriptedServer()
    script.refuse(503).accept().reply("first").expect("join 1").reply(
        {"join": "1", "title": "Lobby"}, Joined(Room("2"), "too"), Error("NEW"), b"bytes"
    )
    script.expect("send 1 hi there").close(4000, "done")
    script.accept().cut()

    with script:
        with pytest.raises(HandshakeRefused):
            Wire(script)
        wire = Wire(script)
        assert wire.hears() == ["first"]
        assert wire.says("join", "1") == [
            {"join": "1", "title": "Lobby"},
            {"join": "2", "title": "too"},
            "NEW",
            b"bytes",
        ]
        with pytest.raises(ConnectionClosed, match="done"):
            wire.says("send", "1", message="hi there")
        with pytest.raises(ConnectionClosed) as closed:
            Wire(script).hears()
        assert closed.value.code == 1006


def test_steps_may_be_added_while_it_is_played() -> None:
    script = ScriptedServer().accept()
    wire = Wire(script)

    script.reply("now")

    assert wire.hears() == ["now"]
    script.check()


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        (("join", "2"), "the client says: join 2; the script has: expect join 1"),
        (("leave", "1"), "the client says: leave 1; the script has: expect join 1"),
        (("shout", "1"), 'the client says: {"command": "shout", "room": "1"}; the script has: '),
    ],
    ids=["other-room", "other-command", "no-command"],
)
def test_another_command_is_told(command: tuple[str, str], complaint: str) -> None:
    script = ScriptedServer().accept().expect("join 1")
    Wire(script).says(*command)

    with pytest.raises(AssertionError) as failed:
        script.check()
    assert complaint in str(failed.value)


def test_one_command_too_many_is_told() -> None:
    script = ScriptedServer().accept()
    Wire(script).says("join", "1")

    with pytest.raises(AssertionError, match="join 1; the script has: nothing more"):
        script.check()


def test_one_connection_too_many_is_told() -> None:
    script = ScriptedServer().accept().expect("join 1")
    Wire(script)
    with pytest.raises(ConnectionFailed):
        Wire(script)

    with pytest.raises(AssertionError, match="the client connects; the script has: expect join 1"):
        script.check()


@pytest.mark.parametrize(
    ("script", "rest"),
    [
        (ScriptedServer().accept(), "accept"),
        (ScriptedServer().refuse(404), "refuse"),
        (ScriptedServer().reply("x"), "reply 'x'"),
        (ScriptedServer().close(1001), "close 1001"),
        (ScriptedServer().cut(), "cut"),
    ],
    ids=["accept", "refuse", "reply", "close", "cut"],
)
def test_a_script_that_was_not_played_is_told(script: ScriptedServer, rest: str) -> None:
    with pytest.raises(AssertionError, match=f"never came to: {rest}"), script:
        pass


def test_what_the_block_raises_goes_before_the_complaint() -> None:
    with pytest.raises(ZeroDivisionError), ScriptedServer().accept():
        raise ZeroDivisionError


async def test_a_shell_plays_a_script() -> None:
    from multichat_proto.trio import connect

    script = ScriptedServer().accept().expect("join 7").reply({"join": "7", "title": "Seven"})
    with script:
        transport = script.connector("trio", "alice")
        async with connect("ws://memory", transport=transport, rooms=[7]) as chat:
            assert [room.title for room in chat.rooms.values()] == ["Seven"]
