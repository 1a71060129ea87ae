"""``multichat join``: what it prints, what it sends, and how it ends."""

import json
import signal
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import trio

from multichat_cli.exit_codes import CommandFailed, ExitCode
from multichat_cli.output import Event, Output
from tests.cli.commands import MULTICHAT, environment, multichat
from tests.cli.conftest import Inside
from tests.cli.rooms import ALICE, Answer, closing_on, on, room, said
from tests.support.scripted import Peer, ScriptedServer, serve


async def test_each_line_of_a_pipe_is_a_message() -> None:
    """The empty line included, the last one without a line end too."""
    commands: list[dict[str, object]] = []

    async def record(_: Peer, command: dict[str, object]) -> bool:
        commands.append(command)
        return False

    async with serve(room(record)) as server:
        done = await multichat(
            "join", "1", "--url", server.url, stdin="hello\n\r\nhé 😀".encode(), env=ALICE
        )

    assert (done.code, done.out) == (0, "alice: hello\nalice: \nalice: hé 😀\n* alice left\n")
    assert done.err == 'alice is in room 1, "Lobby".\n'
    assert [c["command"] for c in commands] == ["join", "send", "send", "send", "leave"]
    assert [c["message"] for c in commands if "message" in c] == ["hello", "", "hé 😀"]


async def test_a_lost_connection_of_which_nobody_reads(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ended the command is the connection, not that its last line found no reader."""
    show = Output.show

    def refuse_the_end(output: Output, event: Event) -> None:
        if event["event"] == "closed":
            raise CommandFailed(ExitCode.ERROR, "nobody reads the output any more")
        show(output, event)

    monkeypatch.setattr(Output, "show", refuse_the_end)
    async with serve(room(closing_on("send", 1012))) as server:
        done = await inside("join", "1", "--url", server.url, "--json", stdin=b"hi", env=ALICE)

    assert done.code == ExitCode.CONNECTION
    assert "the server stops or restarts" in done.err


async def test_json_lines(inside: Inside) -> None:
    nasty = "\x1b[2J\x7f\u202e\n"
    extra = on("join", {"join": "1", "title": nasty}, said(nasty, username="bob"), {"new": "kind"})
    async with serve(room(extra)) as server:
        done = await inside("join", "1", "--url", server.url, "--json", stdin=b"hi", env=ALICE)

    assert done.code == 0
    assert done.events == [
        {"event": "joined", "room": "1", "title": nasty},
        {"event": "message", "room": "1", "username": "bob", "message": nasty, "msg_type": 0},
        {"event": "message", "room": "1", "username": "alice", "message": "hi", "msg_type": 0},
        {"event": "confirmed", "room": "1", "message": "hi"},
        {"event": "leave", "room": "1", "username": "alice"},
        {"event": "left", "room": "1", "asked": True},
    ]
    assert all(character == "\n" or 32 <= ord(character) < 127 for character in done.out)


async def test_what_others_write_is_shown_harmless(inside: Inside) -> None:
    frames = (
        {"join": "1", "title": "a\x1bb"},
        said("\x1b[31mred\nalice: fake", username="b\u202eob"),
        said("careful", username="bob", msg_type=1),
        said("!", username="bob", msg_type=2),
        said("hush", username="bob", msg_type=3),
        said(None, username="bob", msg_type=17),
        said(None, username="bob", msg_type=4),
    )
    async with serve(room(on("join", *frames))) as server:
        done = await inside("join", "1", "--url", server.url, env=ALICE)

    assert done.out.splitlines() == [
        "b\\u202eob: \\x1b[31mred\\nalice: fake",
        "[warning] bob: careful",
        "[alert] bob: !",
        "[muted] bob: hush",
        "[type 17] bob: ",
        "* bob entered",
        "* alice left",
    ]
    assert 'in room 1, "a\\x1bb"' in done.err


@pytest.mark.parametrize(
    ("error", "env", "sentence"),
    [
        ({"error": "ROOM_ACCESS_DENIED"}, ALICE, "room 1 is for staff only; alice has no staff"),
        (
            {"error": "ROOM_ACCESS_DENIED", "command": "join", "room": "1", "detail": "banned\x1b"},
            ALICE,
            "(the server says: banned\\x1b)",
        ),
        ({"error": "ROOM_INVALID"}, ALICE, "there is no room 1"),
        ({"error": "USER_HAS_TO_LOGIN"}, {}, "room 1 is for people with an account: log in with"),
        ({"error": "USER_HAS_TO_LOGIN"}, ALICE, "does not take alice as logged in any more"),
        ({"error": "SERVER_UNAVAILABLE"}, ALICE, "cannot look up users and rooms just now"),
        ({"error": "OF_THE_FUTURE"}, ALICE, "the server refused: OF_THE_FUTURE"),
    ],
)
async def test_a_refused_join_says_why(
    inside: Inside, error: dict[str, str], env: dict[str, str], sentence: str
) -> None:
    async with serve(room(on("join", error))) as server:
        done = await inside("join", "1", "--url", server.url, env=env)

    assert done.code == ExitCode.REFUSED
    assert sentence in done.err
    assert done.out == ""


@pytest.mark.parametrize(
    ("answer", "code", "sentence"),
    [
        (on("send", {"leave": "1"}), ExitCode.REFUSED, "alice has been put out of room 1: it is"),
        (closing_on("send", 1012, "bye"), ExitCode.CONNECTION, 'or restarts (code 1012, "bye")'),
        (closing_on("send", 1013), ExitCode.CONNECTION, "overloaded, or we read too slowly"),
        (closing_on("send", 1001), ExitCode.CONNECTION, "the server is going away (code 1001)"),
        (closing_on("send", 1011), ExitCode.CONNECTION, "the server has a fault (code 1011)"),
        (closing_on("send", 1000), ExitCode.CONNECTION, "server closed the connection (code 1000)"),
        (closing_on("send", 4000), ExitCode.CONNECTION, "server closed the connection (code 4000)"),
        (closing_on("send", 1008), ExitCode.REFUSED, "the server ended the session: logged out"),
        (closing_on("send", 1009), ExitCode.REFUSED, "the message is bigger than the server takes"),
        (closing_on("send", 1002), ExitCode.PROTOCOL, "the server says that we broke the protocol"),
        (closing_on("send", 1007), ExitCode.PROTOCOL, "the server says that we sent no UTF-8"),
    ],
)
async def test_an_end_that_was_not_asked_for_says_why(
    inside: Inside, answer: Answer, code: ExitCode, sentence: str
) -> None:
    async with serve(room(answer)) as server:
        done = await inside("join", "1", "--url", server.url, stdin=b"hi\nagain\n", env=ALICE)

    assert done.code == code
    assert sentence in done.err


async def test_a_connection_that_is_lost(inside: Inside) -> None:
    async def cut(peer: Peer, command: dict[str, object]) -> bool:
        if command["command"] == "send":
            await peer.stream.aclose()
            raise trio.ClosedResourceError
        return False

    async with serve(room(cut)) as server:
        done = await inside("join", "1", "--url", server.url, "--json", stdin=b"hi", env=ALICE)

    assert done.code == ExitCode.CONNECTION
    assert "the connection was lost (code 1006)" in done.err
    assert done.events[-1] == {"event": "closed", "code": 1006, "reason": ""}


async def test_a_server_that_breaks_websocket(inside: Inside) -> None:
    async def shout(peer: Peer, _: dict[str, object]) -> bool:
        await peer.stream.send_all(b"\xff" * 10)
        return True

    async with serve(room(shout)) as server:
        done = await inside("join", "1", "--url", server.url, env=ALICE)

    assert done.code == ExitCode.PROTOCOL
    assert "broke the WebSocket protocol" in done.err


async def test_a_malformed_frame_is_reported_and_the_conversation_goes_on(inside: Inside) -> None:
    """In the original anybody can have NaN sent to everybody: it must end nobody's chat."""
    bad = '{"room": "1", "message": NaN, "username": "bob", "msg_type": 0}'
    answer = on("join", {"join": "1", "title": "Lobby"}, bad)
    async with serve(room(answer)) as server:
        done = await inside("join", "1", "--url", server.url, "--json", stdin=b"hi", env=ALICE)

    assert done.code == 0
    assert [event["event"] for event in done.events] == [
        "joined", "violation", "message", "confirmed", "leave", "left",
    ]  # fmt: skip
    assert "multichat: ignored: the server sent a malformed frame" in done.err


async def test_a_refused_message_does_not_stop_the_next_one(inside: Inside) -> None:
    async def refuse_first(peer: Peer, command: dict[str, object]) -> bool:
        if command.get("message") != "one":
            return False
        await peer.say({"error": "MESSAGE_TOO_LONG"})
        return True

    async with serve(room(refuse_first)) as server:
        done = await inside("join", "1", "--url", server.url, stdin=b"one\ntwo\n", env=ALICE)

    assert done.code == ExitCode.REFUSED
    assert done.out == "alice: two\n* alice left\n"
    assert "not sent: the message is longer than the server takes" in done.err


async def test_a_message_that_never_comes_back_is_unconfirmed(inside: Inside) -> None:
    """A late echo of it is not taken for the echo of the next message."""

    async def swallow_first(peer: Peer, command: dict[str, object]) -> bool:
        if command.get("message") == "one":
            return True
        if command.get("message") == "two":
            await peer.say(said("one"))
            return True
        return False

    async with serve(room(swallow_first)) as server:
        done = await inside(
            "join", "1", "--url", server.url, "--timeout", "0.5", "--json",
            stdin=b"one\ntwo\nthree\n", env=ALICE,
        )  # fmt: skip

    outcomes = [(e["event"], e["message"]) for e in done.events if e["event"].endswith("confirmed")]
    assert outcomes == [("unconfirmed", "one"), ("unconfirmed", "two"), ("confirmed", "three")]
    assert done.code == ExitCode.UNCONFIRMED
    assert "not confirmed within 0.5 s, perhaps lost: one" in done.err


async def test_a_server_without_time_is_asked_again(inside: Inside) -> None:
    answers = iter([{"error": "RATE_LIMITED"}, {"error": "SERVER_UNAVAILABLE", "room": "1"}])

    async def busy(peer: Peer, command: dict[str, object]) -> bool:
        if command["command"] == "send" and (answer := next(answers, None)):
            await peer.say(answer)
            return True
        return False

    async with serve(room(busy)) as server:
        done = await inside("join", "1", "--url", server.url, stdin=b"hi\n", env=ALICE)

    assert (done.code, done.out) == (0, "alice: hi\n* alice left\n")


async def test_a_login_that_has_not_come_through_yet(inside: Inside) -> None:
    """The 2016 original as "runserver" has it refused the first join in 9 of 30 runs."""
    answers = iter([{"error": "USER_HAS_TO_LOGIN"}])

    async def late(peer: Peer, command: dict[str, object]) -> bool:
        if command["command"] == "join" and (answer := next(answers, None)):
            await peer.say(answer)
            return True
        return False

    async with serve(room(late)) as server:
        done = await inside("join", "1", "--url", server.url, stdin=b"hi\n", env=ALICE)

    assert (done.code, done.out) == (0, "alice: hi\n* alice left\n")


async def test_a_server_that_never_has_time(inside: Inside) -> None:
    async with serve(room(on("send", {"error": "RATE_LIMITED"}))) as server:
        done = await inside(
            "join", "1", "--url", server.url, "--timeout", "0.3", stdin=b"hi\n", env=ALICE
        )

    assert done.code == ExitCode.REFUSED
    assert "not sent: the server takes no more messages just now" in done.err


async def test_a_join_that_is_not_answered(inside: Inside) -> None:
    """The 2016 original says nothing to what it does not understand."""
    async with serve(room(on("join"))) as server:
        done = await inside("join", "1", "--url", server.url, "--timeout", "0.3", env=ALICE)

    assert done.code == ExitCode.TIMEOUT
    assert "did not answer the join within 0.3 s" in done.err


async def test_a_leave_that_is_not_answered_does_not_hold_anybody_up(inside: Inside) -> None:
    async with serve(room(on("leave"))) as server:
        done = await inside("join", "1", "--url", server.url, "--timeout", "0.3", env=ALICE)

    assert done.code == 0


@pytest.mark.parametrize(
    ("stdin", "sentence"),
    [
        (b"ok\n\xff\n", "line 2 of the input is not UTF-8"),
        (b"x" * 1_100_000, "line 1 of the input is longer than 1,048,576 bytes"),
    ],
)
async def test_input_that_is_no_text(inside: Inside, stdin: bytes, sentence: str) -> None:
    async with serve(room()) as server:
        done = await inside("join", "1", "--url", server.url, stdin=stdin, env=ALICE)

    assert done.code == ExitCode.ERROR
    assert sentence in done.err


@pytest.mark.parametrize("name", ["01", "lobby", "1.0", "", "99999999999999999999"])
async def test_what_is_no_room(inside: Inside, name: str) -> None:
    done = await inside("join", name)

    assert done.code == ExitCode.USAGE
    assert "is no room: a room is a number, such as 1" in done.err


@asynccontextmanager
async def running(
    server: ScriptedServer, *options: str
) -> AsyncIterator[tuple[trio.Process, Callable[[str], trio.abc.ReceiveStream]]]:
    """Run a join that stays; yield the process once it has printed that it is in the room."""
    process = await trio.lowlevel.open_process(
        [*MULTICHAT, "join", "1", "--url", server.url, *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(**ALICE),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    streams = {"out": process.stdout, "err": process.stderr}
    try:
        seen = b""
        while b"in room 1" not in seen:
            data = await process.stderr.receive_some()
            assert data, seen
            seen += data
        yield process, streams.__getitem__
    finally:
        with trio.CancelScope(shield=True):
            if process.returncode is None:
                process.kill()
            await process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                await stream.aclose()


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, ExitCode.INTERRUPTED), (signal.SIGTERM, ExitCode.TERMINATED)],
)
async def test_a_signal_leaves_the_room_first(number: signal.Signals, code: ExitCode) -> None:
    commands: list[object] = []
    ended = trio.Event()

    async def record(_: Peer, command: dict[str, object]) -> bool:
        commands.append(command["command"])
        return False

    async def script(peer: Peer) -> None:
        await room(record)(peer)
        ended.set()

    async with serve(script) as server, running(server) as (process, streams):
        process.send_signal(number)
        assert await process.wait() == code
        assert await streams("err").receive_some() == b""
        (peer,) = server.peers
        await ended.wait()

    assert commands == ["join", "leave"]
    assert peer.protocol.close_rcvd is not None
    assert peer.protocol.close_rcvd.code == 1000


async def test_a_second_signal_ends_it_at_once() -> None:
    """Even while it waits for a server that does not answer the leave."""
    leaving = trio.Event()

    async def ignore(_: Peer, command: dict[str, object]) -> bool:
        if command["command"] == "leave":
            leaving.set()
        return command["command"] == "leave"

    async with serve(room(ignore)) as server, running(server) as (process, _):
        process.send_signal(signal.SIGINT)
        await leaving.wait()
        process.send_signal(signal.SIGINT)

        assert await process.wait() == ExitCode.INTERRUPTED


async def test_linger_stays_after_the_input() -> None:
    async with serve(room()) as server, running(server, "--linger") as (process, streams):
        assert process.stdin is not None
        await process.stdin.send_all(b"last words\n")
        await process.stdin.aclose()
        out = await streams("out").receive_some()
        await server.peers[0].say(said("still there?", username="bob"))
        out += await streams("out").receive_some()
        process.send_signal(signal.SIGTERM)
        await process.wait()

    assert out == b"alice: last words\nbob: still there?\n"


async def test_nobody_reads_the_output() -> None:
    """As in "multichat join 1 | head": no traceback."""
    async with serve(room()) as server, running(server) as (process, streams):
        await streams("out").aclose()
        assert process.stdin is not None
        await process.stdin.send_all(b"hi\n")
        code = await process.wait()
        error = await streams("err").receive_some()

    assert code == ExitCode.ERROR
    assert error == b"multichat: nobody reads the output any more\n"


async def test_no_password_is_in_any_output(inside: Inside) -> None:
    async with serve(room()) as server:
        outputs = [
            await inside("join", "1", "--url", server.url, "--json", env=ALICE),
            await inside(
                "join", "1", "--url", server.url, env={**ALICE, "MULTICHAT_PASSWORD": "h1dden"}
            ),
        ]

    shown = json.dumps([[done.out, done.err] for done in outputs])
    assert "wonderland" not in shown
    assert "h1dden" not in shown
    assert outputs[1].code == ExitCode.LOGIN_REFUSED
