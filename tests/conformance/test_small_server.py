"""
The small server is correct: it answers as the specification's examples and tables say.

The suite is judged with it, so it is judged here without the suite.
"""

import contextlib
import http.client
import http.cookies
import json
import urllib.parse
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
import trio

from multichat_spec import example_sessions, expand, malformed_cases
from tests.conformance.small_server import Limits, Running, small_server
from tests.conformance.small_server.store import Account, Room
from tests.server.engine import wire
from tests.server.test_recordings import Actor, answers, fits, plain

SESSIONS = example_sessions()

AS_RECORDED = Limits(
    command_burst=100_000,
    message_length=65_536,
    frame_bytes=2_097_152,
    backlog_bytes=1_048_576,
    ping_seconds=60,
    silence_seconds=120,
)
"""The limits that the tables of the specification presume; no pings in between."""

Answer = tuple[int, dict[str, str], str]

HELLO = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{more}\r\n"
)


def log_in(running: Running, username: str) -> str:
    """Return the key of a new session."""
    return running.server.store.begin_session(running.server.store.accounts[username]).key


@asynccontextmanager
async def connect(
    running: Running, *, path: str = "/chat/stream/", session: str | None = None
) -> AsyncIterator[Actor]:
    host, _, port = running.server.address.partition(":")
    cookie = "" if session is None else f"Cookie: sessionid={session}\r\n"
    async with await trio.open_tcp_stream(host, int(port)) as stream:
        hello = HELLO.format(path=path, host=running.server.address, more=cookie)
        await stream.send_all(hello.encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += await stream.receive_some(1)
        assert head.startswith(b"HTTP/1.1 101 "), head
        yield Actor(stream)


class Play:
    """One example session on one server."""

    def __init__(self, session: Any, running: Running) -> None:
        self._session = session
        self._running = running
        self._keys: dict[str, str] = {}
        self._actors: dict[str, Actor] = {}
        self._open = AsyncExitStack()

    def prepare(self) -> None:
        store = self._running.server.store
        store.rooms = {
            int(room["id"]): Room(int(room["id"]), room["title"], room["staff_only"])
            for room in self._session["rooms"]
        }
        for actor in self._session["actors"].values():
            if (name := actor["user"]) is not None:
                store.accounts[name] = Account(name, "secret", actor["staff"])
        for actor in self._session["actors"].values():
            if (name := actor["user"]) is not None:
                self._keys.setdefault(name, log_in(self._running, name))

    async def step(self, step: Any) -> None:
        who = step.get("actor")
        match step:
            case {"connect": {"path": path}}:
                key = self._keys.get(self._session["actors"][who]["user"])
                self._actors[who] = await self._open.enter_async_context(
                    connect(self._running, path=path, session=key)
                )
            case {"send": frame}:
                await self._actors[who].send(expand(frame))
            case {"sends": sent}:
                for frame in sent:
                    await self._actors[who].send(expand(frame))
            case {"binary": payload}:
                await self._actors[who].stream.send_all(
                    wire.client_frame(wire.BINARY, bytes.fromhex(payload))
                )
            case {"close": code}:
                await self._actors[who].stream.send_all(wire.close(code))
            case {"vanish": True}:
                await self._actors.pop(who).stream.aclose()
            case {"change": change}:
                await self._change(change)
            case _:
                pytest.fail(f"a step that nobody knows: {step}")
        for name, expected in step["expect"].items():
            for item in expected:
                await self._receive(name, item)

    async def end(self) -> None:
        """Nothing else came: the next thing is the answer to a last message, or the end."""
        for actor in self._actors.values():
            await actor.send("no frame")
            rest = await actor.receive()
            assert rest is None or wire.shown(rest)["error"] in ("FRAME_INVALID", "RATE_LIMITED")
        await self._open.aclose()

    async def _receive(self, name: str, item: Any) -> None:
        if "open" in item:
            return  # that there is an actor
        frame = await self._actors[name].receive()
        assert frame is not None, f"{name} expected {item}"
        if "close" in item:
            assert wire.code_of(wire.shown(frame)) == item["close"]
            assert await self._actors.pop(name).receive() is None
        else:
            assert plain(wire.shown(frame)) == plain(item["frame"])

    async def _change(self, change: Any) -> None:
        pull = self._running.hooks.pull
        match change:
            case {"room": room, "staff_only": True}:
                await pull("make_staff_room", {"room": room})
            case {"room": room, "deleted": True}:
                await pull("delete_room", {"room": room})
            case {"actor": name, "session": "ended"}:
                key = self._keys[self._session["actors"][name]["user"]]
                await pull("expire_session", {"session": key})
            case {"server": "stops"}:
                self._running.server.begin_stop()
            case {"store": "away"}:
                await pull("store_away", {})
            case {"store": "back"}:
                await pull("store_back", {})
            case _:
                pytest.fail(f"a change that nobody knows: {change}")


def limits_for(session: Any) -> Limits:
    limits = session.get("limits", {})
    return Limits(
        command_burst=limits.get("command_burst", 200),
        command_rate=0.001,  # as good as none, so that time does not count
        message_length=limits.get("max_message_length", 65_536),
        rooms_per_connection=limits.get("max_rooms", 100),
        outage_seconds=-1,  # away at once
        ping_seconds=60,
        silence_seconds=120,
    )


@pytest.mark.parametrize("name", sorted(SESSIONS))
async def test_an_example_session_goes_as_shown(name: str) -> None:
    session = SESSIONS[name]
    announces = session.get("announce", True)
    async with small_server(limits=limits_for(session), announces=announces) as running:
        play = Play(session, running)
        play.prepare()
        for step in session["steps"]:
            await play.step(step)
        await play.end()


async def ask(url: str, *, form: dict[str, str] | None = None, cookie: str = "") -> Answer:
    """Make one request, follow nothing; return status, cookies and body."""

    def request() -> Answer:
        parts = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=10)
        body = None if form is None else urllib.parse.urlencode(form)
        method = "GET" if form is None else "POST"
        connection.request(method, parts.path, body, {"Cookie": cookie} if cookie else {})
        with contextlib.closing(connection), connection.getresponse() as response:
            cookies = http.cookies.SimpleCookie(response.headers.get("Set-Cookie"))
            values = {name: morsel.value for name, morsel in cookies.items()}
            return response.status, values, response.read().decode()

    return await trio.to_thread.run_sync(request)


async def test_one_logs_in_by_the_form_and_out_again() -> None:
    async with small_server() as running:
        form = f"http://{running.server.address}/accounts/login/"
        _, cookies, page = await ask(form)
        token = cookies["csrftoken"]
        assert token in page
        fields = {"username": "alice", "password": "alice-secret", "csrfmiddlewaretoken": token}
        cookie = f"csrftoken={token}"

        assert (await ask(form, form=fields))[0] == 403
        wrong = await ask(form, form={**fields, "password": "wrong"}, cookie=cookie)
        assert (wrong[0], "sessionid" in wrong[1]) == (200, False)
        status, cookies, _ = await ask(form, form=fields, cookie=cookie)
        assert status == 302

        async with connect(running, session=cookies["sessionid"]) as actor:
            await actor.send('{"command": "join", "room": 1}')
            joined = await actor.receive()
            await ask(
                f"http://{running.server.address}/accounts/logout/",
                cookie=f"sessionid={cookies['sessionid']}",
            )
            closed = await actor.receive()

    assert wire.shown(joined or (0, b"")) == {"join": "1", "title": "room 1"}
    assert wire.shown(closed or (0, b"")) == (1008, "the session has ended")


async def test_a_hook_is_pulled_over_http_and_says_what_is_wrong() -> None:
    async with small_server() as running:
        url = running.target.hooks.url

        status, _, body = await pull(url + "create_room", {"title": "a room"})
        assert (status, json.loads(body)) == (200, {"room": "5"})
        assert (await pull(url + "make_staff", {"username": "nobody"}))[0] == 400
        assert (await pull(url + "make_staff", {"who": "alice"}))[0] == 400
        assert (await pull(url + "nothing", {}))[0] == 400


async def pull(url: str, arguments: dict[str, str]) -> tuple[int, str, str]:
    def request() -> tuple[int, str, str]:
        parts = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=10)
        connection.request("POST", parts.path, json.dumps(arguments))
        with contextlib.closing(connection), connection.getresponse() as response:
            return response.status, "", response.read().decode()

    return await trio.to_thread.run_sync(request)


async def test_it_stops_and_starts_again_at_the_same_address() -> None:
    async with small_server() as running:
        address, key = running.server.address, log_in(running, "alice")
        async with connect(running, session=key) as actor:
            await running.hooks.pull("stop", {})

            assert wire.shown(await actor.receive() or (0, b"")) == (1012, "the server stops")
            assert await actor.receive() is None
        with pytest.raises(OSError, match="connect"):
            await trio.open_tcp_stream("127.0.0.1", int(address.partition(":")[2]))
        await running.hooks.pull("start", {})
        async with connect(running, session=key) as actor:
            await actor.send('{"command": "join", "room": 1}')

            assert await actor.receive() is not None
        assert running.server.address == address


async def test_who_gives_no_sign_of_life_is_gone_after_a_while() -> None:
    """MC1-END-02."""
    async with small_server() as running:
        key = log_in(running, "alice")
        async with (
            connect(running, session=key) as silent,
            connect(running, session=key) as watcher,
        ):
            for actor in (silent, watcher):
                await actor.send('{"command": "join", "room": 1}')
                await actor.receive()
            await silent.receive()  # the ENTER of the other
            while (frame := await watcher.receive()) is not None and frame[0] == wire.PING:
                await watcher.stream.send_all(wire.client_frame(wire.PONG, frame[1]))

            assert wire.shown(frame or (0, b""))["msg_type"] == 5


async def test_who_does_not_read_is_put_out() -> None:
    """MC1-CLOSE-06."""
    async with small_server(limits=AS_RECORDED) as running:
        key = log_in(running, "alice")
        async with (
            connect(running, session=key) as slow,
            connect(running, session=key) as watcher,
        ):
            for actor in (slow, watcher):
                await actor.send('{"command": "join", "room": 1}')
                await actor.receive()
            said = {"command": "send", "room": 1, "message": "x" * 60_000}
            frame = None
            while frame is None or wire.shown(frame).get("msg_type") == 0:
                await watcher.send(json.dumps(said))
                frame = await watcher.receive()

            assert wire.shown(frame)["msg_type"] == 5


@pytest.mark.parametrize("head", [b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nX: " + b"x" * 9_000])
async def test_a_handshake_has_a_size_and_a_time(head: bytes) -> None:
    """MC1-HAND-07."""
    async with small_server() as running:
        host, _, port = running.server.address.partition(":")
        async with await trio.open_tcp_stream(host, int(port)) as stream:
            await stream.send_all(head)

            answer = (await stream.receive_some()).split(b" ")[1]
            assert answer == (b"408" if len(head) < 100 else b"431")
            assert await stream.receive_some() == b""


async def test_each_odd_frame_gets_the_answer_that_the_spec_names() -> None:
    wrong: list[Any] = []
    cases = malformed_cases()
    async with small_server(limits=AS_RECORDED) as running:
        key = log_in(running, "alice")
        for case in cases:
            async with connect(running, session=key) as actor:
                for room in case.joined:
                    await actor.send(json.dumps({"command": "join", "room": room}))
                await actor.receive_all()
                if case.frame is not None:
                    await actor.send(expand(case.frame))
                for raw in case.raw:
                    await actor.send_raw(raw)
                got = await actor.receive_all()
                if not any(fits(answer, got) for answer in answers(case)):
                    wrong.append((case.id, case.title, got, case.answer))
                if not any(type(each) is tuple and type(each[1]) is str for each in got):
                    await actor.send(json.dumps({"command": "join", "room": "2"}))
                    if await actor.receive_all() != [{"join": "2", "title": "room 2"}]:
                        wrong.append((case.id, case.title, "the join", "after it"))

    assert wrong == []
    assert len(cases) > 150
