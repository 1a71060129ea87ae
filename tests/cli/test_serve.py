"""``multichat serve``: the real server, and people who talk through it."""

import json
import signal
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from multichat_cli.exit_codes import ExitCode
from multichat_proto import ConnectionClosed, Options
from multichat_proto.login import cookie_header, form_login
from multichat_proto.trio import connect
from tests.cli.commands import LINES, MULTICHAT, environment, multichat
from tests.cli.conftest import Inside


class Running:
    """A server that has said where it listens."""

    def __init__(self, process: trio.Process) -> None:
        self.process = process
        self.events: list[dict[str, Any]] = []
        self._buffer = b""

    async def read_until(self, kind: str) -> dict[str, Any]:
        assert self.process.stdout is not None
        while True:
            line, newline, rest = self._buffer.partition(b"\n")
            if newline:
                self._buffer = rest
                self.events.append(json.loads(line))
                LINES.validate(self.events[-1])
                if self.events[-1]["event"] == kind:
                    return self.events[-1]
                continue
            data = await self.process.stdout.receive_some()
            assert data, self.events
            self._buffer += data

    def password(self, username: str) -> str:
        return next(str(e["password"]) for e in self.events if e.get("username") == username)

    def as_user(self, username: str) -> dict[str, str]:
        return {"MULTICHAT_USER": username, "MULTICHAT_PASSWORD": self.password(username)}

    @property
    def url(self) -> str:
        return str(self.events[-1]["stream_url"])


@asynccontextmanager
async def demo(*arguments: str) -> AsyncIterator[Running]:
    process = await trio.lowlevel.open_process(
        [*MULTICHAT, "serve", "--demo", "--port", "0", "--json", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    try:
        running = Running(process)
        await running.read_until("listening")
        yield running
    finally:
        with trio.CancelScope(shield=True):
            if process.returncode is None:
                process.kill()
            await process.wait()
            for stream in (process.stdout, process.stderr):
                assert stream is not None
                await stream.aclose()


async def test_the_demo_serves_what_it_says(inside: Inside) -> None:
    async with demo() as server:
        accounts = {e["username"]: e["is_staff"] for e in server.events if e["event"] == "account"}
        rooms = [(e["id"], e["staff_only"]) for e in server.events if e["event"] == "room"]
        said = await inside("send", "1", "hi", "--url", server.url, env=server.as_user("alice"))
        refused = await inside("join", "3", "--url", server.url, env=server.as_user("carol"))
        staff = await inside("join", "3", "--url", server.url, env=server.as_user("dave"))
        nobody = await inside("join", "1", "--url", server.url)
        nowhere = await inside("join", "99", "--url", server.url, env=server.as_user("bob"))
        wrong = {**server.as_user("bob"), "MULTICHAT_PASSWORD": "x"}
        stranger = await inside("join", "1", "--url", server.url, env=wrong)
        database = str(server.events[-1]["database_url"])
        listed = await inside("admin", "room", "list", "--database-url", database)
        folder = Path(database.removeprefix("sqlite:///")).parent
        assert folder.exists()
        server.process.send_signal(signal.SIGINT)
        assert await server.process.wait() == 0

    assert accounts == {"alice": False, "bob": False, "carol": False, "dave": True, "admin": True}
    assert rooms == [(1, False), (2, False), (3, True)]
    assert said.code == staff.code == listed.code == ExitCode.OK
    assert refused.code == nobody.code == nowhere.code == ExitCode.REFUSED
    assert "room 3 is for staff only; carol has no staff rights" in refused.err
    assert "room 1 is for people with an account" in nobody.err
    assert "there is no room 99" in nowhere.err
    assert stranger.code == ExitCode.LOGIN_REFUSED
    assert not folder.exists()


def test_what_the_demo_suggests_works() -> None:
    with subprocess.Popen(
        [*MULTICHAT, "serve", "--demo", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as server:
        try:
            assert server.stdout is not None
            said: list[str] = []
            while not said or not said[-1].startswith("Ctrl-C"):
                said.append(server.stdout.readline())
                assert said[-1], said
            for suggested in (line for line in said if line.startswith("  ")):
                before, _, arguments = suggested.partition("multichat ")
                variables = dict(word.split("=", 1) for word in before.split())
                done = subprocess.run(
                    [*MULTICHAT, *arguments.split()],
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    env=environment(**variables),
                    check=False,
                )
                assert done.returncode == ExitCode.OK, (suggested, done.stderr)
        finally:
            server.terminate()

    (browser,) = (line for line in said if "browser" in line)
    assert f"{server_url(said)} as alice; dave is staff" in browser


def server_url(said: list[str]) -> str:
    return next(line.split()[1] for line in said if line.startswith("serving "))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_it_in_order(number: signal.Signals) -> None:
    """Everybody is closed with 1012, and it exits with 0 (MC1-CLOSE-05)."""
    async with demo() as server:
        account = ("alice", server.password("alice"))
        options = Options(reconnect=False)
        async with connect(server.url, credentials=account, options=options) as chat:
            room = await chat.join(1)
            server.process.send_signal(number)
            with pytest.raises(ConnectionClosed) as caught:
                await room.wait_for(lambda _: False)
        await server.read_until("stopped")
        assert await server.process.wait() == 0

    assert caught.value.code == 1012


async def test_a_client_that_does_not_answer_holds_up_only_for_the_grace() -> None:
    """It would be closed by its own time only much later."""
    async with demo("--shutdown-grace", "0.2") as server:
        host, port = server.url.removeprefix("ws://").partition("/")[0].split(":")
        stream = await trio.open_tcp_stream(host, int(port))
        async with stream:
            key = "dGhlIHNhbXBsZSBub25jZQ=="
            await stream.send_all(
                f"GET /chat/stream/ HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                "Sec-WebSocket-Version: 13\r\n\r\n".encode()
            )
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 101")
            server.process.send_signal(signal.SIGTERM)
            assert await server.process.wait() == 0


async def test_a_second_signal_ends_it_at_once() -> None:
    async with demo("--shutdown-grace", "3600") as server:
        cookies = await form_login(server.url, "alice", server.password("alice"))
        host, port = server.url.removeprefix("ws://").partition("/")[0].split(":")
        stream = await trio.open_tcp_stream(host, int(port))
        async with stream:
            key = "dGhlIHNhbXBsZSBub25jZQ=="
            await stream.send_all(
                f"GET /chat/stream/ HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nCookie: "
                f"{cookie_header(cookies)}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
            )
            received = b""
            while b"\r\n\r\n" not in received:
                received += await stream.receive_some()
            server.process.send_signal(signal.SIGINT)
            # "the server stops" in a close frame: it waits for our part now, for an hour.
            while b"\x88" not in received:
                received += await stream.receive_some()
            server.process.send_signal(signal.SIGINT)

            assert await server.process.wait() == ExitCode.INTERRUPTED

        folder = Path(str(server.events[-1]["database_url"]).removeprefix("sqlite:///")).parent
        assert not folder.exists()


@pytest.mark.parametrize(
    ("arguments", "env", "sentence"),
    [
        (["--port", "x"], {}, "flag --port: expected a whole number"),
        (["--demo", "--database-url", "sqlite://"], {}, "--demo brings its own database"),
        (["--config", "/no/such/file"], {}, "file /no/such/file: cannot be read"),
        ([], {"MULTICHAT_PORTT": "1"}, "MULTICHAT_PORTT: there is no such setting"),
        ([], {"MULTICHAT_PORT": "-1"}, "environment MULTICHAT_PORT: expected"),
    ],
)
async def test_a_setting_that_is_wrong(
    inside: Inside, arguments: list[str], env: dict[str, str], sentence: str
) -> None:
    done = await inside("serve", *arguments, env=env)

    assert done.code == ExitCode.USAGE
    assert sentence in done.err
    assert done.err.count("\n") == 1


async def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        done = await multichat("serve", "--database-url", "sqlite://", "--port", str(port))

    assert done.code == ExitCode.ERROR
    assert f"cannot listen on 127.0.0.1 port {port}: Address already in use" in done.err


@pytest.mark.parametrize("arguments", [["--demo"], ["--database-url", "sqlite://"]])
async def test_an_output_that_is_closed_is_not_the_ports_fault(arguments: list[str]) -> None:
    done = await multichat("serve", "--port", "0", *arguments, redirections=">&-")

    assert (done.code, done.err) == (1, "multichat: cannot write the output: it is closed\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no such device")
@pytest.mark.parametrize("arguments", [["--demo"], ["--database-url", "sqlite://"]])
async def test_an_output_that_is_full_is_not_the_ports_fault(arguments: list[str]) -> None:
    done = await multichat("serve", "--port", "0", *arguments, redirections=">/dev/full")

    assert done.code == ExitCode.ERROR
    assert done.err == "multichat: cannot write the output: No space left on device\n"


def test_a_limit_of_open_files_that_is_too_low_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = str(listener.getsockname()[1])
        serve = [*MULTICHAT, "serve", "--database-url", "sqlite://", "--port", taken]
        done = subprocess.run(
            ["sh", "-c", 'ulimit -n 400; exec "$@"', "sh", *serve],
            capture_output=True,
            text=True,
            check=False,
            env=environment(),
        )

    assert "leaves room for 272 connections, not for 10000" in done.stderr
    assert done.returncode == ExitCode.ERROR


async def test_a_database_that_cannot_be_had(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/no/such/folder/x.sqlite3"
    done = await multichat("serve", "--port", "0", "--database-url", url)

    assert done.code == ExitCode.ERROR
    assert done.err.startswith("multichat: ")


async def test_every_setting_is_a_flag() -> None:
    from multichat_server.config import SETTINGS

    done = await multichat("serve", "--help")

    for info in SETTINGS:
        assert f"{info.flag} " in done.out
