"""``multichat rooms``: which rooms there are, and what is said of servers that have no list."""

import json

import pytest
import trio

from multichat_cli.exit_codes import ExitCode
from multichat_cli.listing import ROOMS_PATH
from multichat_server.api import PREFIX
from multichat_server.api.rooms import list_rooms
from multichat_server.config import Settings
from multichat_server.server import Serving
from multichat_server.server import serve as serve_ours
from tests.cli.conftest import Inside
from tests.cli.rooms import ALICE, room
from tests.support.scripted import response, serve

PAGE: tuple[str, str] = ("GET", ROOMS_PATH)
LOBBY = {"id": "1", "title": "Lobby", "staff_only": False}
OFFICE = {"id": "9223372036854775807", "title": "Back \x1b[31moffice\u202e", "staff_only": True}


def answer(body: object, status: int = 200, kind: str = "application/json") -> bytes:
    text = body if isinstance(body, str) else json.dumps(body)
    return response(status, text, f"Content-Type: {kind}")


def test_the_list_is_where_the_server_has_it() -> None:
    assert (list_rooms.method, PREFIX + list_rooms.path) == PAGE


async def test_a_table_for_people(inside: Inside) -> None:
    pages = {PAGE: answer({"rooms": [OFFICE, LOBBY]})}
    async with serve(room(), pages=pages) as server:
        done = await inside("rooms", "--url", server.url, env=ALICE)

    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "9223372036854775807\tBack \\x1b[31moffice\\u202e\t(staff only)\n1\tLobby\n"
    )


async def test_lines_for_programs(inside: Inside) -> None:
    pages = {PAGE: answer({"rooms": [LOBBY, OFFICE | {"new": 1}], "more": []})}
    async with serve(room(), pages=pages) as server:
        done = await inside("rooms", "--url", server.url, "--json", env=ALICE)

    assert done.events == [
        {"event": "room", "id": 1, "title": "Lobby", "staff_only": False},
        {
            "event": "room",
            "id": 9223372036854775807,
            "title": "Back \x1b[31moffice\u202e",
            "staff_only": True,
        },
    ]


async def test_it_logs_in_and_shows_its_session_to_nobody_else(inside: Inside) -> None:
    async with serve(room(), pages={PAGE: answer({"rooms": []})}) as server:
        done = await inside("rooms", "--url", server.url, env=ALICE)
        *_, (method, path, headers, _) = server.requests

    assert (done.code, done.out) == (0, "")
    assert (method, path) == PAGE
    assert (headers["accept"], "sessionid=" in headers["cookie"]) == ("application/json", True)


async def test_nobody_asks_without_a_cookie(inside: Inside) -> None:
    async with serve(room(), pages={PAGE: answer({"rooms": [LOBBY]})}) as server:
        done = await inside("rooms", "--url", server.url)
        ((_, _, headers, _),) = server.requests

    assert done.out == "1\tLobby\n"
    assert "cookie" not in headers


async def test_a_server_that_has_no_list(inside: Inside) -> None:
    """Such as the original: the protocol has none."""
    async with serve(room()) as server:
        done = await inside("rooms", "--url", server.url, env=ALICE)

    assert (done.code, done.out) == (ExitCode.PROTOCOL, "")
    assert done.err == (
        f"multichat: {server.origin} has no list of rooms for programs (GET /api/v1/rooms: HTTP "
        "404); a room is joined by its number\n"
    )


@pytest.mark.parametrize(
    ("page", "code", "sentence"),
    [
        (answer({}, 401), ExitCode.REFUSED, "does not take alice as logged in"),
        (answer({}, 503), ExitCode.CONNECTION, "cannot look up its rooms just now (HTTP 503)"),
        (answer({}, 429), ExitCode.CONNECTION, "cannot look up its rooms just now (HTTP 429)"),
        (answer("<p>", kind="text/html"), ExitCode.PROTOCOL, "has no list of rooms"),
        (response(302, "", "Location: http://elsewhere/"), ExitCode.PROTOCOL, "HTTP 302"),
        (answer("{"), ExitCode.PROTOCOL, "is no list of rooms"),
        (answer("[]"), ExitCode.PROTOCOL, "is no list of rooms"),
        (answer('{"rooms": [' + "[" * 10_000), ExitCode.PROTOCOL, "is no list of rooms"),
        (answer('{"x": ' + "[" * 10_000), ExitCode.PROTOCOL, "is no list of rooms"),
        (answer({"rooms": [LOBBY | {"id": 1}]}), ExitCode.PROTOCOL, "is no list of rooms"),
        (answer({"rooms": [LOBBY | {"id": "one"}]}), ExitCode.PROTOCOL, "is no list of rooms"),
        (answer({"rooms": [{"id": "1"}]}), ExitCode.PROTOCOL, "is no list of rooms"),
        (answer(" " * (16 * 2**20 + 1)), ExitCode.PROTOCOL, "has no end"),
        (b"HTTP/1.1 200 OK\r\ncontent-type: \xff\r\n\r\n", ExitCode.PROTOCOL, "has no list"),
        (b"SSH-2.0\r\n\r\n", ExitCode.CONNECTION, "cannot reach"),
    ],
    ids=[
        *(
            "401",
            "503",
            "429",
            "html",
            "redirect",
            "half",
            "list",
            "deep",
            "deep-elsewhere",
            "number",
            "no-number",
        ),
        *("no-title", "endless", "latin", "no-http"),
    ],
)
async def test_what_is_no_list(inside: Inside, page: bytes, code: ExitCode, sentence: str) -> None:
    async with serve(room(), pages={PAGE: page}) as server:
        done = await inside("rooms", "--url", server.url, env=ALICE)

    assert (done.code, done.out) == (code, "")
    assert sentence in done.err
    assert done.err.count("\n") == 1


async def test_without_an_account_one_is_told_to_log_in(inside: Inside) -> None:
    async with serve(room(), pages={PAGE: answer({}, 401)}) as server:
        done = await inside("rooms", "--url", server.url)

    assert done.code == ExitCode.REFUSED
    assert "for people with an account: log in with --user" in done.err


async def test_a_login_that_is_refused(inside: Inside) -> None:
    async with serve(room()) as server:
        done = await inside(
            "rooms", "--url", server.url, env=ALICE | {"MULTICHAT_PASSWORD": "wrong"}
        )

    assert done.code == ExitCode.LOGIN_REFUSED
    assert "does not accept this user name and password" in done.err


async def test_nobody_is_there(inside: Inside) -> None:
    async with serve(room()) as server:
        pass

    assert (await inside("rooms", "--url", server.url)).code == ExitCode.CONNECTION
    assert (await inside("rooms", "--url", server.url, env=ALICE)).code == ExitCode.CONNECTION


async def test_a_server_that_does_not_answer(inside: Inside) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"

    async def silent(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.send_all(head)
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, silent, listeners)
        port = listeners[0].socket.getsockname()[1]
        done = await inside("rooms", "--url", f"127.0.0.1:{port}", "--timeout", "0.2")
        nursery.cancel_scope.cancel()

    assert done.code == ExitCode.TIMEOUT
    assert "did not send its rooms within 0.2 s" in done.err


async def test_an_address_that_is_none(inside: Inside) -> None:
    done = await inside("rooms", "--url", "ftp://x")

    assert done.code == ExitCode.USAGE


async def test_the_rooms_of_a_server_of_ours(inside: Inside) -> None:
    async def run(*, task_status: trio.TaskStatus[Serving]) -> None:
        await serve_ours(
            Settings(port=0, database_url="sqlite://", shutdown_grace=0.0), task_status=task_status
        )

    async with trio.open_nursery() as nursery:
        running = await nursery.start(run)
        await running.store.add_user("alice", "wonderland")
        await running.store.add_room("Lobby")
        await running.store.add_room("Back office", staff_only=True)
        logged_in = await inside("rooms", "--url", running.url, env=ALICE)
        stranger = await inside("rooms", "--url", running.url)
        running.stop()

    assert (logged_in.code, logged_in.out) == (0, "1\tLobby\n")
    assert (stranger.code, stranger.out) == (ExitCode.REFUSED, "")
