"""The doctor looks at one thing after the other, and says at the first wrong one what to do."""

import ssl
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import trio
import trustme

from multichat_conformance.target import Account, Hooks, Login, Room, Start, Target
from multichat_conformance.target.doctor import Step, examine
from tests.conformance.small_server import Running, small_server
from tests.conformance.web_server import Asked, page, web_server

Examined = tuple[bool, dict[str, Step]]
PATIENCE = 5.0


async def examined(target: Target, *, patience: float = PATIENCE) -> Examined:
    """Examine in a thread, beside the server that runs in this one."""
    steps: list[Step] = []
    is_well = await trio.to_thread.run_sync(
        partial(examine, target, steps.append, patience=patience)
    )
    return is_well, {step.name: step for step in steps if step.name != "left out"}


def wrong(found: Examined) -> Step:
    """Return the step that is wrong, which must be the last one."""
    is_well, steps = found
    assert not is_well
    *before, last = steps.values()
    assert [step for step in before if step.state == "wrong"] == []
    assert last.state == "wrong"
    return last


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with small_server() as started:
        yield started


async def test_all_is_well(running: Running) -> None:
    is_well, steps = await examined(running.target)

    assert is_well
    assert {step.state for step in steps.values()} == {"well"}
    names = list(steps)
    assert names[:5] == [
        "name",
        "connection",
        "handshake",
        "login of alice",
        "session of alice",
    ]
    for name in ("room 1", "order", "round trip", "hook make_plain", "hook make_open_room"):
        assert name in names
    assert "in order" in steps["order"].says
    assert all(step.seconds >= 0 for step in steps.values())


async def test_nothing_is_changed(running: Running) -> None:
    """Neither accounts nor rooms, and nobody is left in a room."""
    store = running.server.store
    before = (repr(store.accounts), repr(store.rooms))
    await examined(running.target)

    assert (repr(store.accounts), repr(store.rooms)) == before
    for room in store.rooms:
        assert not list(running.server.hall.members(room))


async def test_an_address_alone(running: Running) -> None:
    """What needs no login is looked at, and what is missing is said."""
    is_well, steps = await examined(Target(url=running.target.url))

    assert is_well
    assert steps["accounts"].state == "note"
    assert "add [[accounts]]" in steps["accounts"].says


async def test_what_a_run_would_leave_out_is_counted(running: Running) -> None:
    steps: list[Step] = []
    target = replace(running.target, hooks=Hooks())
    await trio.to_thread.run_sync(partial(examine, target, steps.append, patience=PATIENCE))

    left_out = [step.says for step in steps if step.name == "left out"]
    assert any("not tested: needs the hook" in says for says in left_out)


async def test_no_open_room(running: Running) -> None:
    is_well, steps = await examined(replace(running.target, rooms=()))

    assert is_well
    assert "add [[rooms]]" in steps["rooms"].says


@pytest.mark.parametrize(
    ("change", "name", "said"),
    [
        ({"url": "ws://no-such-host.invalid/"}, "name", "is not known"),
        ({"url": "ws://127.0.0.1:1/"}, "connection", "start the server, or put url right"),
        ({"login": Login(path="/nowhere/")}, "login of alice", "check login.path"),
        (
            {"accounts": (Account("alice", "wrong"),)},
            "login of alice",
            "check the account's password",
        ),
        (
            {"login": Login("cookie"), "accounts": (Account("x", headers={"Cookie": "a=b"}),)},
            "session of x",
            "is treated as nobody",
        ),
        ({"rooms": (Room("4711"),)}, "room 4711", "put [[rooms]] right"),
        ({"rooms": (Room("3"),)}, "room 3", "ROOM_ACCESS_DENIED"),
        (
            {"hooks": Hooks(commands={"stop": ("no-such-program-here",)})},
            "hook stop",
            "put hooks.commands right",
        ),
        ({"hooks": Hooks("http://127.0.0.1:1/", ("stop",))}, "hooks", "put hooks.url right"),
        ({"hooks": Hooks("http://127.0.0.1:1/", ("activate",))}, "hook activate", "refused"),
    ],
)
async def test_the_first_thing_that_is_wrong(
    running: Running, change: dict[str, object], name: str, said: str
) -> None:
    step = wrong(await examined(replace(running.target, **change)))  # type: ignore[arg-type]  # fields of a target

    assert step.name == name
    assert said in step.says


async def test_a_title_that_is_another(running: Running) -> None:
    """The target or the file may be wrong, and a run goes on in both cases."""
    rooms = (*running.target.rooms[1:], Room("1", "Another"))
    is_well, steps = await examined(replace(running.target, rooms=rooms))

    assert is_well, [step for step in steps.values() if step.state == "wrong"]
    assert steps["room 1"].state == "note"
    assert "either the target changes titles" in steps["room 1"].says
    assert "or [[rooms]] is not right" in steps["room 1"].says


async def test_a_path_that_is_not_there(running: Running) -> None:
    target = replace(running.target, url=running.target.url + "nowhere/")

    assert "put the path of url right" in wrong(await examined(target)).says


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (page(200, "hello"), "this is no WebSocket"),
        (page(301, "", "Location: https://x/"), "is redirected to https://x/"),
        (page(502), "look into the server's log"),
        (b"SSH-2.0-OpenSSH\r\n", "no HTTP answer"),
        (b"", "no HTTP answer"),
    ],
)
async def test_something_else_is_there(answer: bytes, said: str) -> None:
    async with web_server(lambda _: answer) as server:
        step = wrong(await examined(Target(url=f"ws://{server.address}/chat/stream/")))

    assert step.name == "handshake"
    assert said in step.says


async def test_one_that_accepts_and_never_answers() -> None:
    async with web_server(lambda _: None) as server:
        step = wrong(await examined(Target(url=f"ws://{server.address}/"), patience=0.05))

    assert "no HTTP answer" in step.says


async def test_secrets_are_not_shown() -> None:
    def echo(asked: Asked) -> bytes:
        if asked.path == "/chat":
            return page(403)
        return page(200, "", f"Set-Cookie: sid={asked.body[:5]}")

    async with web_server(echo) as server:
        target = Target(
            url=f"ws://{server.address}/chat", accounts=(Account("alice", "pass-word"),)
        )
        _, steps = await examined(target)

    assert "pass-word" not in repr(steps)


@pytest.mark.parametrize(
    ("trusted", "said"), [(True, "the certificate is good"), (False, "is not trusted")]
)
async def test_a_certificate(tmp_path: Path, trusted: bool, said: str) -> None:
    authority, other = trustme.CA(), trustme.CA()
    (authority if trusted else other).cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    async def refuse(stream: trio.SSLStream[trio.SocketStream]) -> None:
        try:
            await stream.receive_some()
            await stream.send_all(page(403))
            await trio.aclose_forcefully(stream)
        except (trio.BrokenResourceError, OSError):
            pass

    async with trio.open_nursery() as nursery:
        listeners = await trio.open_ssl_over_tcp_listeners(
            0, context, host="127.0.0.1", https_compatible=True
        )
        nursery.start_soon(trio.serve_listeners, refuse, listeners)
        port = listeners[0].transport_listener.socket.getsockname()[1]  # type: ignore[attr-defined]  # a TCP listener
        found = await examined(Target(url=f"wss://127.0.0.1:{port}/", ca_file=tmp_path / "ca.pem"))
        nursery.cancel_scope.cancel()

    assert said in found[1]["TLS"].says
    assert found[0] is trusted


async def test_a_server_without_tls(running: Running) -> None:
    step = wrong(
        await examined(replace(running.target, url=running.target.url.replace("ws", "wss", 1)))
    )

    assert (step.name, "is it a ws:// server?" in step.says) == ("TLS", True)


def test_a_target_that_does_not_start() -> None:
    target = Target(
        url="ws://127.0.0.1:{port}/", start=Start((sys.executable, "-c", "exit('no database')"))
    )
    steps: list[Step] = []

    assert not examine(target, steps.append, patience=PATIENCE)
    assert [step.name for step in steps] == ["start"]
    assert "no database" in steps[0].says
