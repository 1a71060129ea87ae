"""The shells on websockets and the real server: login by its form, rooms, words, the end."""

import asyncio
import json
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

import multichat_proto.asyncio
import multichat_proto.sync
from multichat_proto import (
    LoginFailed,
    MemberEntered,
    MemberLeft,
    Options,
    RoomAccessDenied,
    RoomInvalid,
    RoomMessage,
)
from multichat_proto.exceptions import LoginRequired
from tests.cli.commands import MULTICHAT, environment
from tests.support.threaded import DEADLINE


@dataclass
class Demo:
    """A server with accounts and rooms."""

    url: str = ""
    accounts: dict[str, str] = field(default_factory=dict)

    def account(self, username: str) -> tuple[str, str]:
        return username, self.accounts[username]


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """Run the server in a process of its own, until it is told to stop."""
    server = Demo()
    with subprocess.Popen(
        [*MULTICHAT, "serve", "--demo", "--port", "0", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(),
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "account":
                server.accounts[event["username"]] = event["password"]
            if event["event"] == "listening":
                server.url = event["stream_url"]
                break
        assert server.url
        yield server
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert process.wait(DEADLINE) == 0


def test_people_talk_without_an_event_loop(demo: Demo) -> None:
    connect = multichat_proto.sync.connect
    with connect(demo.url, credentials=demo.account("alice"), rooms=[1]) as alice:
        (room,) = alice.rooms.values()
        with room.subscribe() as heard:
            with connect(demo.url, credentials=demo.account("bob")) as bob:
                assert bob.username == "bob"
                said = bob.join(1, timeout=DEADLINE).send("hé 😀", timeout=DEADLINE)
                with pytest.raises(RoomInvalid):
                    bob.join(99)
                with pytest.raises(RoomAccessDenied):
                    bob.join(3)
            entered = heard.next(timeout=DEADLINE)
            message = heard.next(timeout=DEADLINE)
            left = heard.next(timeout=DEADLINE)

    assert said == RoomMessage(room.id, "bob", "hé 😀", 0, is_own=True)
    assert entered == MemberEntered(room.id, "bob")
    assert message == RoomMessage(room.id, "bob", "hé 😀", 0, is_own=False)
    assert left == MemberLeft(room.id, "bob")


def test_people_talk_under_asyncio(demo: Demo) -> None:
    async def story() -> None:
        connect = multichat_proto.asyncio.connect
        async with connect(demo.url, credentials=demo.account("alice"), rooms=[1]) as alice:
            (room,) = alice.rooms.values()
            with room.subscribe() as heard:
                async with connect(demo.url, credentials=demo.account("bob")) as bob:
                    said = await (await bob.join(1)).send("hé 😀")
                    with pytest.raises(RoomInvalid):
                        await bob.join(99)
                    with pytest.raises(RoomAccessDenied):
                        await bob.join(3)
                events = [await heard.next() for _ in range(3)]

        assert said == RoomMessage(room.id, "bob", "hé 😀", 0, is_own=True)
        assert events == [
            MemberEntered(room.id, "bob"),
            RoomMessage(room.id, "bob", "hé 😀", 0, is_own=False),
            MemberLeft(room.id, "bob"),
        ]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(story())


def test_a_wrong_password_is_told_at_the_door(demo: Demo) -> None:
    async def story() -> None:
        async with multichat_proto.asyncio.connect(demo.url, credentials=("alice", "x")):
            raise AssertionError("it was never entered")

    with pytest.raises(LoginFailed):
        asyncio.run(story())
    with (
        pytest.raises(LoginFailed),
        multichat_proto.sync.connect(demo.url, credentials=("alice", "x")),
    ):
        raise AssertionError("it was never entered")


def test_nobody_has_to_log_in(demo: Demo) -> None:
    """MC1-AUTH-03."""
    with multichat_proto.sync.connect(demo.url) as chat, pytest.raises(LoginRequired):
        chat.join(1)


def test_many_messages_keep_within_what_the_server_takes(demo: Demo) -> None:
    """As fast as they can be said; the server refuses none (MC1-LIMIT-06)."""
    options = Options(max_unanswered=8, command_rate=200)

    async def story() -> None:
        async with multichat_proto.asyncio.connect(
            demo.url, credentials=demo.account("alice"), rooms=[1], options=options
        ) as chat:
            (room,) = chat.rooms.values()
            said = await asyncio.gather(*(room.send(str(n)) for n in range(60)))
            assert [message.text for message in said] == [str(n) for n in range(60)]

    asyncio.run(story())
