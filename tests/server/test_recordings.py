"""
What the 2016 original did, replayed: the core of v1 is what the original does.

Every session of ``spec/v1/recordings`` on well-formed traffic is played against the reference
server, step by step, and each connection must get what it got then. Where a hardened server
owes something else, ``DIFFERENCES`` says so, with the clause. And every odd frame of
``malformed.json`` must get the answer that the specification names, after which the same
connection (or, where the answer is a close, a new one) joins a room.
"""

import json
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import trio
import trio.testing

from multichat_server.config import Settings
from multichat_server.server import Serving, serve
from multichat_spec import expand, malformed_cases, recorded_sessions
from tests.server.engine import wire

USERS = {"admin": True, "dave-staff": True, "alice": False, "bob": False, "carol": False}
ROOMS = {
    1: ("room 1", False),
    2: ("room 2", False),
    3: ("staff room", True),
    4: ("<b>Тест</b> 😀", False),
}
PASSWORD = "a long password"

IMPOSSIBLE = 4242424242
"""A room that does not exist: the answer to a join of it closes everything before it."""

TIMED = {"21a", "21b"}
"""Recordings of pings, a minute long; the engine's tests have them on a clock of their own."""

Frames = list[Any]
Change = Callable[[Frames], Frames]


def without(msg_type: int) -> Change:
    return lambda frames: [each for each in frames if each.get("msg_type") != msg_type]


def with_leave(*rooms: str) -> Change:
    leaves = [{"room": room, "message": None, "username": "alice", "msg_type": 5} for room in rooms]
    return lambda frames: [*leaves, *frames]


def instead(*frames: Any) -> Change:
    return lambda _: list(frames)


DIFFERENCES: dict[tuple[str, int, str], tuple[str, Change]] = {
    ("06", 4, "alice"): ("MC1-JOIN-07", without(4)),
    ("06", 4, "bob"): ("MC1-JOIN-07", without(4)),
    ("16.23", 2, "alice"): ("MC1-JOIN-07", without(4)),
    ("07", 7, "bob"): ("MC1-LEAVE-06", without(5)),
    ("08a", 3, "bob"): ("MC1-LEAVE-06", without(5)),
    ("08a", 4, "bob"): ("MC1-LEAVE-06", without(5)),
    ("09m11", 4, "alice"): ("MC1-LIMIT-03", instead({"error": "MESSAGE_TOO_LONG"})),
    ("09m11", 4, "bob"): ("MC1-LIMIT-03", instead()),
    ("09m12", 4, "alice"): ("MC1-LIMIT-02", instead()),
    ("09m12", 4, "bob"): ("MC1-LIMIT-02", lambda _: with_leave("1")([])),
    ("09m12", 5, "alice"): ("MC1-LIMIT-02", instead()),
    ("09m12", 5, "bob"): ("MC1-LIMIT-02", instead()),
    ("16f23", 2, "alice"): ("MC1-LIMIT-02", instead()),
    ("16f23", 3, "alice"): ("MC1-LIMIT-02", instead()),
    ("10b", 4, "a2"): ("MC1-END-01", with_leave("1")),
    **{(f"14{each}", 4, "bob"): ("MC1-END-01", with_leave("1")) for each in "abcdef"},
    ("14g", 6, "bob"): ("MC1-END-01", with_leave("1", "2")),
}
"""Session, step and connection: the clause that asks for something else, and what it is."""


class Actor:
    """A client that sends bytes as told and takes every frame that comes."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self._bytes = bytearray()

    @classmethod
    @asynccontextmanager
    async def connect(
        cls, serving: Serving, *, path: str = "/chat/stream/", session: str | None = None
    ) -> AsyncIterator["Actor"]:
        async with await trio.open_tcp_stream(*serving.address) as stream:
            cookie = "" if session is None else f"Cookie: sessionid={session}\r\n"
            request = (
                f"GET {path} HTTP/1.1\r\nHost: chat.test\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                f"Sec-WebSocket-Version: 13\r\n{cookie}\r\n"
            )
            await stream.send_all(request.encode())
            actor = cls(stream)
            while b"\r\n\r\n" not in actor._bytes:
                actor._bytes += await stream.receive_some()
            head, _, rest = bytes(actor._bytes).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101 "), head
            actor._bytes = bytearray(rest)
            yield actor

    async def send(self, frame: str) -> None:
        await self._send(wire.client_frame(wire.TEXT, frame.encode()))

    async def send_raw(self, raw: dict[str, Any]) -> None:
        await self._send(
            wire.client_frame(
                raw["opcode"],
                bytes.fromhex(raw["payload_hex"]),
                fin=raw["fin"],
                reserved=raw["rsv"] << 4,
                masked=raw["masked"],
            )
        )

    async def _send(self, data: bytes) -> None:
        # The server may have closed already; what it said before is still to be read.
        with suppress(trio.BrokenResourceError):
            await self.stream.send_all(data)

    async def end(self, how: str, code: int | None) -> None:
        """End the connection as a recording has it: cleanly, by FIN, or by a reset."""
        if how == "clean":
            payload = b"" if code is None else struct.pack("!H", code)
            await self.stream.send_all(wire.client_frame(wire.CLOSE, payload))
            while await self.receive() is not None:
                pass
        elif how == "rst":
            linger = struct.pack("ii", 1, 0)
            self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        await self.stream.aclose()

    async def receive(self) -> wire.Frame | None:
        """Return the next frame; None at the end of the connection."""
        while (taken := wire.take_frame(self._bytes)) is None:
            try:
                data = await self.stream.receive_some()
            except trio.BrokenResourceError:
                return None
            if not data:
                return None
            self._bytes += data
        frame, size = taken
        del self._bytes[:size]
        return frame

    async def receive_all(self) -> Frames:
        """Return every frame that is due, in order, up to the answer to a fence or the end."""
        await self.send(json.dumps({"command": "join", "room": IMPOSSIBLE}))
        due: Frames = []
        while (frame := await self.receive()) is not None:
            shown = wire.shown(frame)
            if isinstance(shown, dict) and shown.get("room") == str(IMPOSSIBLE):
                return due
            due.append(shown)
        return due


@asynccontextmanager
async def running(folder: Path, *, announce: bool = True) -> AsyncIterator[Serving]:
    settings = Settings(
        port=0,
        database_url=f"sqlite:///{folder / 'chat.sqlite3'}",
        announce=announce,
        command_rate=0,
    )
    async with trio.open_nursery() as nursery:
        serving: Serving = await nursery.start(serve, settings)
        for username, is_staff in USERS.items():
            await serving.store.add_user(username, PASSWORD, is_staff=is_staff)
        for number, (title, staff_only) in ROOMS.items():
            await serving.store.add_room(title, staff_only=staff_only, room_id=number)
        await serving.engine.refresh()
        yield serving
        serving.stop()


async def sessions_of(serving: Serving) -> dict[str, str]:
    return {
        user.username: await serving.store.start_session(user.id, lifetime=3600)
        for user in await serving.store.users()
    }


async def gone(serving: Serving, *, down_to: int) -> None:
    """Wait until the server has noticed that connections have ended."""
    while serving.engine.connections > down_to:
        await trio.testing.wait_all_tasks_blocked()


def plain(frame: Any) -> Any:
    """Return a frame as the original would word it: of an error the code alone (MC1-ERR-02)."""
    return {"error": frame["error"]} if "error" in frame else frame


async def play(session: Any, serving: Serving, keys: dict[str, str]) -> Frames:
    """Play a recorded session; return where a connection got something else, and what."""
    wrong: Frames = []
    actors: dict[str, Actor] = {}
    in_fragments = False
    async with AsyncExitStack() as open_actors:
        for number, step in enumerate(session["steps"]):
            who = step["who"]
            if "connect" in step:
                path, user = step["connect"]["path"], step["connect"]["as"]
                actors[who] = await open_actors.enter_async_context(
                    Actor.connect(serving, path=path, session=keys.get(user))
                )
            elif "raw" in step:
                await actors[who].send_raw(step["raw"])
            elif "end" in step:
                await actors.pop(who).end(**step["end"])
                await gone(serving, down_to=len(actors))
            elif "not_sent" not in step:
                await actors[who].send(expand(step["send"]))
            if "raw" in step and step["raw"]["opcode"] in (wire.TEXT, wire.BINARY, wire.CONT):
                in_fragments = not step["raw"]["fin"]
            if in_fragments:
                continue  # a fence in the middle of a message would break it
            # First the one who acted: when its fence is answered, the step is done.
            for name in sorted(actors, key=lambda name: name != who):
                then = step.get("then", {}).get(name, [])
                recorded = [json.loads(expand(each["frame"])) for each in then if "frame" in each]
                key = (session["id"], number, name)
                _, change = DIFFERENCES.get(key, ("", list))
                expected = change(recorded)
                got = [
                    plain(each) for each in await actors[name].receive_all() if type(each) is dict
                ]
                if got != expected:
                    wrong.append((key, expected, got))
    await gone(serving, down_to=0)
    return wrong


async def test_well_formed_traffic_is_answered_as_the_original_did(tmp_path: Path) -> None:
    sessions = [
        each
        for each in recorded_sessions()
        if each["group"] == "well-formed" and each["announce"] and each["id"] not in TIMED
    ]
    wrong = []
    async with running(tmp_path) as serving:
        keys = await sessions_of(serving)
        for session in sessions:
            wrong += await play(session, serving, keys)

    assert wrong == []
    assert len(sessions) > 50
    assert {session for session, _, _ in DIFFERENCES} <= {each["id"] for each in sessions}


async def test_it_is_so_without_announcements_too(tmp_path: Path) -> None:
    sessions = [
        each
        for each in recorded_sessions()
        if each["group"] == "well-formed" and not each["announce"]
    ]
    wrong = []
    async with running(tmp_path, announce=False) as serving:
        keys = await sessions_of(serving)
        for session in sessions:
            wrong += await play(session, serving, keys)

    assert wrong == []
    assert len(sessions) > 5


def answers(case: Any) -> Frames:
    """Return what a case may be answered, each as `shown` shows it and `plain` words it."""
    return [case.answer, *case.alternatives]


def fits(answer: Any, got: Frames) -> bool:
    """Tell whether this is the answer, and nothing else came."""
    if "close" in answer:
        codes = [each[0] for each in got if type(each) is tuple]
        return len(codes) == 1 and answer["close"] in ("any", codes[0])
    pongs = [bytes.fromhex(answer["pong"])] if "pong" in answer else []
    if [each[1] for each in got if type(each) is tuple] != pongs:
        return False
    frames = [
        json.loads(expand(each)) if "parts" in each else each for each in answer.get("frames", [])
    ]
    return [plain(each) for each in got if type(each) is dict] == frames


async def test_each_odd_frame_gets_the_answer_that_the_spec_names(tmp_path: Path) -> None:
    """And then the connection joins a room, or a new one where it was closed (MC1-ERR-10)."""
    cases = malformed_cases()
    wrong: Frames = []
    async with running(tmp_path) as serving:
        key = (await sessions_of(serving))["alice"]
        for case in cases:
            async with Actor.connect(serving, session=key) as actor:
                for room in case.joined:
                    await actor.send(json.dumps({"command": "join", "room": room}))
                await actor.receive_all()
                if case.frame is not None:
                    await actor.send(expand(case.frame))
                for raw in case.raw:
                    await actor.send_raw(raw)
                got = await actor.receive_all()
                if "pong" in case.answer and got == []:
                    # Nothing orders pongs and frames; the answer to the fence may come first.
                    got.append(wire.shown(await actor.receive() or (0, b"")))
                if not any(fits(answer, got) for answer in answers(case)):
                    wrong.append((case.id, case.title, got, case.answer))
                if not any(type(each) is tuple and type(each[1]) is str for each in got):
                    await actor.send(json.dumps({"command": "join", "room": "2"}))
                    joined = await actor.receive_all()
                    if joined != [{"join": "2", "title": "room 2"}]:
                        wrong.append((case.id, "then a join", joined, case.title))
            async with Actor.connect(serving, session=key) as actor:
                await actor.send(json.dumps({"command": "join", "room": "2"}))
                assert await actor.receive_all() == [{"join": "2", "title": "room 2"}]

    assert wrong == []
    assert len(cases) > 150
