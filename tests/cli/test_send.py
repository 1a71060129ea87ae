"""``multichat send``: one message, confirmed or not; and how one connects and logs in."""

import socket

import pytest

from multichat_cli.conversation import Server
from multichat_cli.exit_codes import CommandFailed, ExitCode
from multichat_cli.output import Output
from multichat_cli.running import Interruption
from multichat_cli.talking import say_once
from multichat_proto.address import Address
from tests.cli.commands import multichat
from tests.cli.conftest import Inside
from tests.cli.rooms import ALICE, closing_on, on, room
from tests.support.scripted import Peer, response, serve


async def test_a_confirmed_message() -> None:
    """People are told on stderr; stdout is for data, and there is none."""
    async with serve(room()) as server:
        done = await multichat("send", "1", "hi", "--url", server.url, env=ALICE)

    assert (done.code, done.out) == (0, "")
    assert done.err == 'confirmed by room 1, "Lobby"\n'


async def test_json(inside: Inside) -> None:
    async with serve(room()) as server:
        done = await inside("send", "1", "h\u202ei", "--url", server.url, "--json", env=ALICE)

    assert done.events == [{"event": "confirmed", "room": "1", "message": "h\u202ei"}]


@pytest.mark.parametrize(
    ("stdin", "message"),
    [(b"one\ntwo\n", "one\ntwo"), (b"one\n\n", "one\n"), (b"", ""), (b"one", "one")],
)
async def test_the_whole_input_as_one_message(inside: Inside, stdin: bytes, message: str) -> None:
    async with serve(room()) as server:
        done = await inside("send", "1", "-", "--url", server.url, "--json", stdin=stdin, env=ALICE)

    assert done.events == [{"event": "confirmed", "room": "1", "message": message}]


async def test_an_input_that_is_too_long(inside: Inside) -> None:
    done = await inside("send", "1", "-", stdin=b"x\n" * 1_100_000)

    assert done.code == ExitCode.ERROR
    assert "the input is longer than 1,048,576 bytes" in done.err


async def test_a_message_that_is_refused(inside: Inside) -> None:
    async with serve(room(on("send", {"error": "ROOM_ACCESS_DENIED"}))) as server:
        done = await inside("send", "1", "hi", "--url", server.url, "--json", env=ALICE)

    assert done.code == ExitCode.REFUSED
    assert done.events == [{"event": "error", "error": "ROOM_ACCESS_DENIED"}]
    assert "not sent: alice is not in room 1, or no longer allowed there" in done.err


async def test_a_message_that_never_comes_back(inside: Inside) -> None:
    async with serve(room(on("send"))) as server:
        done = await inside(
            "send", "1", "hi", "--url", server.url, "--json", "--timeout", "0.3", env=ALICE
        )

    assert done.code == ExitCode.UNCONFIRMED
    assert done.events == [{"event": "unconfirmed", "room": "1", "message": "hi"}]


async def test_the_connection_ends_before_the_echo(inside: Inside) -> None:
    async with serve(room(closing_on("send", 1012))) as server:
        done = await inside("send", "1", "hi", "--url", server.url, env=ALICE)

    assert done.code == ExitCode.CONNECTION


async def test_text_that_is_no_unicode(inside: Inside) -> None:
    """An argument of bytes that are not UTF-8 reaches Python as lone surrogates."""
    async with serve(room()) as server:
        done = await inside("send", "1", "\udcff", "--url", server.url, env=ALICE)

    assert done.code == ExitCode.USAGE
    assert done.err == "multichat: the text of the message is not valid UTF-8\n"
    assert server.requests == []


async def test_what_the_library_does_not_send() -> None:
    """The command line lets no such text through; the library would refuse it too."""
    async with serve(room()) as server:
        address = Server(server.url, username=None, timeout=10)
        with pytest.raises(CommandFailed, match="not sent: cannot encode") as caught:
            await say_once(Interruption(), address, "1", Output(as_json=False), text="\udcff")

    assert caught.value.code is ExitCode.ERROR


async def test_a_user_name_that_is_not_utf_8(inside: Inside) -> None:
    env = {**ALICE, "MULTICHAT_USER": "bad\udcff"}
    done = await inside("send", "1", "hi", "--url", "ws://127.0.0.1:1", env=env)

    assert done.code == ExitCode.USAGE
    assert done.err == "multichat: the user name is not valid UTF-8\n"


async def test_nobody_is_logged_in_without_a_user(inside: Inside) -> None:
    async with serve(room()) as server:
        done = await inside("send", "1", "hi", "--url", server.url, "--timeout", "0.3")

    assert server.requests == []
    assert "Cookie" not in server.peers[0].request.headers
    assert done.code == ExitCode.OK  # whose echo it is cannot be told without a name


@pytest.mark.parametrize("form", ["ws://{}/chat/stream/", "http://{}/", "{}", "ws://{}"])
async def test_every_way_to_write_the_address(inside: Inside, form: str) -> None:
    async with serve(room()) as server:
        url = form.format(f"127.0.0.1:{server.port}")
        done = await inside("send", "1", "hi", "--url", url, env=ALICE)

    assert done.code == ExitCode.OK
    assert server.user(server.peers[0].request) == "alice"


@pytest.mark.parametrize("url", ["", "ftp://h", "ws://alice:secret@h", "http://h/#x", "h:x"])
async def test_what_is_no_address(inside: Inside, url: str) -> None:
    done = await inside("send", "1", "hi", "--url", url)

    assert done.code == ExitCode.USAGE
    assert done.err.startswith("multichat: ")
    assert "secret" not in done.err


async def test_a_login_that_is_refused(inside: Inside) -> None:
    async with serve(room()) as server:
        done = await inside(
            "send", "1", "hi", "--url", server.url, env={**ALICE, "MULTICHAT_PASSWORD": "no"}
        )

    assert done.code == ExitCode.LOGIN_REFUSED
    assert "does not accept this user name and password for 'alice'" in done.err


async def test_a_server_without_a_login_form(inside: Inside) -> None:
    pages = {("GET", "/accounts/login/"): response(404, "")}
    async with serve(room(), pages=pages) as server:
        done = await inside("send", "1", "hi", "--url", server.url, env=ALICE)

    assert done.code == ExitCode.LOGIN_REFUSED
    assert "no login form at" in done.err


@pytest.mark.parametrize("env", [ALICE, {}])
async def test_a_server_that_cannot_be_reached(inside: Inside, env: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    done = await inside("send", "1", "hi", "--url", f"127.0.0.1:{port}", env=env)

    assert done.code == ExitCode.CONNECTION
    assert "Connection refused" in done.err


async def test_a_handshake_that_is_refused(inside: Inside) -> None:
    pages = {("GET", "/chat/stream/"): response(403, "")}
    async with serve(room(), pages=pages) as server:
        done = await inside("send", "1", "hi", "--url", server.url)

    assert done.code == ExitCode.CONNECTION
    assert "HTTP 403" in done.err


async def test_what_answers_does_not_speak_websocket(inside: Inside) -> None:
    pages = {("GET", "/chat/stream/"): b"220 mail.example ESMTP\r\n"}
    async with serve(room(), pages=pages) as server:
        done = await inside("send", "1", "hi", "--url", server.url)

    assert done.code == ExitCode.PROTOCOL


async def test_a_server_that_says_nothing(inside: Inside) -> None:
    """It takes the connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"127.0.0.1:{listener.getsockname()[1]}"
        done = await inside("send", "1", "hi", "--url", url, "--timeout", "0.3", env=ALICE)

    assert done.code == ExitCode.TIMEOUT
    assert "did not let us in within 0.3 s" in done.err


async def test_a_name_is_compared_as_the_server_spells_it(inside: Inside) -> None:
    """Django normalises names (NFKC): typed with full-width letters, it is still alice."""

    async def anyone(peer: Peer) -> None:
        await room()(peer)

    async with serve(anyone) as server:
        env = {**ALICE, "MULTICHAT_USER": "ａｌｉｃｅ"}
        done = await inside("send", "1", "hi", "--url", server.url, env=env)

    assert done.code == ExitCode.OK


async def test_a_password_that_would_go_over_the_network_in_the_clear(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Address, "is_loopback", False)
    async with serve(room()) as server:
        done = await inside("send", "1", "hi", "--url", server.url, env=ALICE)
        anonymous = await inside("send", "1", "hi", "--url", server.url)

    assert "warning: the password goes to 127.0.0.1 unencrypted" in done.err
    assert "warning" not in anonymous.err
