"""The whole server: one port, the pages and the chat, from start to stop."""

import resource
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

import multichat_server
from multichat_proto.login import form_login
from multichat_server.config import Settings
from multichat_server.server import SPARE_CONNECTIONS, Serving, serve

from .engine import wire
from .engine.nodes import DEADLINE, Peer, handshake
from .engine.test_connection import enter

PASSWORD = "correct horse battery staple"


@asynccontextmanager
async def serving(**settings: Any) -> AsyncIterator[Serving]:
    """Run a server with alice, bob, staff, and three rooms; stop it at the end."""
    chosen: dict[str, Any] = {"port": 0, "database_url": "sqlite://", "shutdown_grace": 0.0}
    with trio.fail_after(DEADLINE):
        async with trio.open_nursery() as nursery:
            running = await nursery.start(_serve, Settings(**(chosen | settings)))
            for name in ("alice", "bob"):
                await running.store.add_user(name, PASSWORD)
            await running.store.add_user("staff", PASSWORD, is_staff=True)
            await running.store.add_room("room 1")
            await running.store.add_room("room 2")
            await running.store.add_room("staff room", staff_only=True)
            await running.engine.refresh()
            yield running
            running.stop()


async def _serve(settings: Settings, *, task_status: trio.TaskStatus[Serving]) -> None:
    await serve(settings, task_status=task_status)


async def session(running: Serving, username: str) -> str:
    """Start a session without the login form."""
    (user,) = [each for each in await running.store.users() if each.username == username]
    return await running.store.start_session(user.id, lifetime=1000)


@asynccontextmanager
async def connected(running: Serving, username: str) -> AsyncIterator[Peer]:
    """Log in and connect to the chat."""
    async with opened(running) as peer:
        await peer.send(handshake(await session(running, username)))
        head = await peer.receive_head()
        assert head.startswith("HTTP/1.1 101 "), head
        yield peer


@asynccontextmanager
async def opened(running: Serving) -> AsyncIterator[Peer]:
    """Open a TCP connection to the server."""
    async with await trio.open_tcp_stream(*running.address) as stream:
        yield Peer(stream)


def test_the_public_surface() -> None:
    assert multichat_server.serve is serve
    assert multichat_server.Serving is Serving
    assert set(multichat_server.__all__) <= set(dir(multichat_server))


async def test_login_by_the_form_and_talk() -> None:
    async with serving() as running:
        cookies = await form_login(running.url, "alice", PASSWORD)
        async with opened(running) as alice, connected(running, "bob") as bob:
            await alice.send(handshake(dict(cookies)["sessionid"]))
            await alice.receive_head()
            await alice.join()
            await bob.join()
            assert await alice.frame() == enter("bob")
            await bob.say("hello")
            await alice.hears("hello")
            await bob.hears("hello")


async def test_logging_out_closes_the_chat_at_once() -> None:
    """MC1-REVOKE-06."""
    async with serving(directory_poll=1000, stale_after=2000) as running:
        key = await session(running, "alice")
        async with opened(running) as alice, httpx2.AsyncClient(base_url=running.url) as browser:
            await alice.send(handshake(key))
            await alice.receive_head()
            await alice.join()

            answer = await browser.get("/accounts/logout/", headers={"Cookie": f"sessionid={key}"})
            assert answer.status_code == 302

            assert await alice.frame() == (1008, "the session has ended")


async def test_a_fault_in_one_connection_ends_only_that(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """MC1-ERR-10."""

    async def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    async with serving() as running, connected(running, "alice") as alice:
        await alice.join()
        monkeypatch.setattr(running.engine, "upgrade", fail)
        async with opened(running) as unlucky:
            await unlucky.send(handshake(None))
            assert await unlucky.rest() == []
        await alice.send(wire.send("still here"))

        await alice.hears("still here")
    assert "a connection was ended by a fault of the server" in caplog.text


async def test_changes_in_the_store_are_noticed_by_themselves() -> None:
    """MC1-REVOKE-01: nobody tells the server."""
    async with serving(directory_poll=0.01) as running, connected(running, "alice") as alice:
        await alice.join()

        await running.store.change_room(1, staff_only=True)

        assert await alice.frame() == {"leave": "1"}
        await running.store.change_user("alice", is_staff=True)
        await running.engine.refresh()
        await alice.join()
        await running.store.change_user("alice", is_active=False)
        assert await alice.frame() == {"leave": "1"}
        await alice.send(wire.join())
        assert (await alice.frame())["error"] == "USER_HAS_TO_LOGIN"


async def test_a_plain_request_on_the_chats_path() -> None:
    """MC1-HAND-05."""
    async with serving() as running, httpx2.AsyncClient(base_url=running.url) as client:
        answer = await client.get("/chat/stream/")

        assert answer.status_code == 426
        assert answer.headers["upgrade"] == "websocket"


async def test_connections_beyond_the_limit_are_closed() -> None:
    async with serving(max_connections=1) as running:
        streams = []
        for _ in range(1 + SPARE_CONNECTIONS):
            stream = await trio.open_tcp_stream(*running.address)
            await stream.send_all(b"GET /chat/stream/ HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await Peer(stream).receive_head()).startswith("HTTP/1.1 426 ")
            streams.append(stream)

        async with await trio.open_tcp_stream(*running.address) as one_too_many:
            assert await one_too_many.receive_some() == b""

        for stream in streams:
            await stream.aclose()


# Stopping


@pytest.mark.parametrize("how", ["stopped", "cancelled"])
async def test_the_end_is_1012_for_everyone(how: str, tmp_path: Path) -> None:
    """MC1-CLOSE-05."""
    file = tmp_path / "x.sqlite3"
    settings = Settings(port=0, database_url=f"sqlite:///{file}", shutdown_grace=50)
    seen = []
    with trio.fail_after(DEADLINE):
        async with trio.open_nursery() as nursery:
            running = await nursery.start(_serve, settings)
            await running.store.add_user("alice", PASSWORD)
            await running.store.add_room("room 1")
            await running.engine.refresh()
            async with connected(running, "alice") as alice, connected(running, "alice") as other:
                await alice.join()
                await other.join()
                assert await alice.frame() == enter("alice")
                assert is_open(file)

                if how == "stopped":
                    running.stop()
                    running.stop()
                else:
                    nursery.cancel_scope.cancel()
                with trio.CancelScope(shield=True):
                    for peer in (alice, other):
                        seen.append(await peer.frame())
                        await peer.send(wire.close(1012))
                        seen += await peer.rest()

    # Not checked above: a failure there would be lost in the cancellation.
    assert seen == [(1012, "the server stops")] * 2
    with pytest.raises(OSError, match="all attempts to connect"):
        await trio.open_tcp_stream(*running.address)
    assert not is_open(file)


async def test_the_end_is_bounded_whatever_clients_do(mock_clock: MockClock) -> None:
    """Silent chat clients, refused ones, half a request, an idle connection: all are cut off."""
    settings = Settings(port=0, database_url="sqlite://", shutdown_grace=5.0)
    ended = trio.Event()

    async def run(*, task_status: trio.TaskStatus[Serving]) -> None:
        await serve(settings, task_status=task_status)
        ended.set()

    async with trio.open_nursery() as nursery:
        running = await nursery.start(run)
        await running.store.add_user("alice", PASSWORD)
        async with (
            connected(running, "alice") as silent,
            opened(running) as idle,
            opened(running) as half,
            opened(running) as refused,
        ):
            await refused.send(handshake(extra="Origin: http://evil.example\r\n"))
            assert (await refused.receive_head()).startswith("HTTP/1.1 403 ")
            await half.send(b"GET / HTTP/1.1\r\nHo")
            await idle.send(b"GET /chat/stream/ HTTP/1.1\r\nHost: x\r\n\r\n")
            await idle.receive_head()

            running.stop()
            assert await silent.frame() == (1012, "the server stops")
            mock_clock.jump(1)
            for peer in (idle, half):
                while await peer.stream.receive_some():
                    pass
            await wait_all_tasks_blocked()
            assert running.engine.connections == 2, "the chat has the whole grace"
            assert not ended.is_set()
            mock_clock.jump(4)
            await ended.wait()


async def test_an_address_in_use_is_said_plainly() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(OSError, match="in use"):
            await serve(Settings(port=port, database_url="sqlite://"))


async def test_being_cancelled_at_the_start_closes_the_store(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "x.sqlite3"

    async def never(*_: object, **__: object) -> None:
        assert is_open(file)
        scope.cancel()
        await trio.sleep_forever()

    monkeypatch.setattr(trio, "open_tcp_listeners", never)
    with trio.CancelScope() as scope:
        await serve(Settings(port=0, database_url=f"sqlite:///{file}"))

    assert scope.cancelled_caught
    assert not is_open(file)


def is_open(file: Path) -> bool:
    """Tell whether somebody has an SQLite database open: its log is there only then."""
    assert file.exists()
    return file.with_name(f"{file.name}-wal").exists()


@pytest.mark.parametrize(
    ("address", "url"),
    [(("127.0.0.1", 80), "http://127.0.0.1:80"), (("::1", 80), "http://[::1]:80")],
)
def test_the_url_of_an_address(address: tuple[str, int], url: str) -> None:
    assert Serving(address, store=None, engine=None).url == url  # type: ignore[arg-type]  # not used


@pytest.mark.parametrize("count", [200, pytest.param(1000, marks=pytest.mark.slow)])
async def test_a_message_to_a_full_room_reaches_everyone_in_order(count: int) -> None:
    """MC1-DELIV-01, MC1-ORDER-03, MC1-ORDER-04; three members speak at once."""
    # Both ends of each connection are here; many systems begin with 1,024 files a process.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * count + 200), hard))
    async with serving(announce=False) as running:
        key = await session(running, "alice")
        members: list[Peer] = []
        async with trio.open_nursery() as nursery:

            async def enter_room() -> None:
                peer = Peer(await trio.open_tcp_stream(*running.address))
                await peer.send(handshake(key), wire.join())
                await peer.receive_head()
                assert (await peer.frame())["join"] == "1"
                members.append(peer)

            for _ in range(count):
                nursery.start_soon(enter_room)

        heard: list[list[str]] = [[] for _ in members]

        async def listen(number: int, peer: Peer) -> None:
            for _ in range(60):
                heard[number].append((await peer.frame())["message"])

        async with trio.open_nursery() as nursery:
            for number, peer in enumerate(members):
                nursery.start_soon(listen, number, peer)
            for speaker in range(3):
                speech = b"".join(wire.send(f"{speaker} {at}") for at in range(20))
                nursery.start_soon(members[speaker].send, speech)

        for speaker in range(3):
            said = [text for text in heard[0] if text.startswith(f"{speaker} ")]
            assert said == [f"{speaker} {at}" for at in range(20)]
        assert all(each == heard[0] for each in heard)
        for peer in members:
            # Nothing came twice: the next that comes is the answer to this.
            await peer.send(wire.join(4242))
            assert (await peer.frame())["error"] == "ROOM_INVALID"
            await peer.stream.aclose()
