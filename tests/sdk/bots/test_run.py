"""A script ends by Ctrl-C: gracefully, at once, or by force."""

# ruff: noqa: ARG001  # a handler is given more than some of them need

# what a handler is given is not what each one needs

from __future__ import annotations

import importlib
import inspect
import signal
import subprocess
import sys
import threading
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any, Literal

import pytest

import multichat_proto.bots
from multichat_proto import LocalProtocolError, RoomMessage
from multichat_proto.bots import Bot, ConnectArguments, Context
from multichat_proto.bots.runtime import run_in
from multichat_proto.bots.signals import StopSignals
from multichat_proto.testing import MemoryServer
from tests.sdk.bots.stage import LIBRARIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from multichat_proto.bots.plan import Plan
    from multichat_proto.bots.running import Run
    from multichat_proto.chat import AsyncChat

SCRIPT = Path(__file__).with_name("script.py")
Backend = Literal["trio", "asyncio"]


@pytest.fixture(params=LIBRARIES)
def backend(request: pytest.FixtureRequest) -> Backend:
    library: Backend = request.param
    return library


@pytest.fixture
def handlers() -> Iterator[None]:
    """A signal's handlers are put back, whatever a test does."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    assert {number: signal.getsignal(number) for number in before} == before


@pytest.mark.parametrize(
    ("how", "signals", "status", "said"),
    [
        ("idle", [signal.SIGINT], 0, ["stopped", "returned"]),
        ("idle", [signal.SIGTERM], 0, ["stopped", "returned"]),
        ("hang", [signal.SIGINT, signal.SIGINT], -signal.SIGINT, ["cancelled", "stopped"]),
        ("block", [signal.SIGINT] * 3, -signal.SIGINT, ["stopped"]),
    ],
    ids=["interrupt", "terminate", "interrupt-twice", "interrupt-thrice"],
)
def test_signals_end_a_script(
    backend: Backend, how: str, signals: list[signal.Signals], status: int, said: list[str]
) -> None:
    """A hanging handler would have its 60 seconds after the first one."""
    with subprocess.Popen(
        [sys.executable, SCRIPT, backend, how],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        assert process.stdout.readline() == "busy\n"
        for number, answer in zip(signals, ("stop\n", "abort\n", ""), strict=False):
            process.send_signal(number)
            # Two of a kind that wait together would be one to the system.
            while answer and (line := process.stdout.readline()) != answer:
                assert line == "busy\n"
        # Not communicate(): it forgets what readline() has read ahead.
        assert process.stderr is not None
        output, errors = process.stdout.read(), process.stderr.read()
        process.wait(60)

    assert (process.returncode, "KeyboardInterrupt" in errors) == (status, status != 0)
    assert [line for line in output.split() if line != "busy"] == said


@pytest.mark.usefixtures("handlers")
def test_a_bot_that_stops_itself_returns(backend: Backend) -> None:
    server, bot = MemoryServer(), Bot()

    @bot.on_message
    async def bye(ctx: Context[RoomMessage]) -> None:
        await ctx.reply("bye")
        ctx.bot.stop()

    @bot.on_start
    async def start(bot: Bot, chat: AsyncChat) -> None:
        server.say("alice", "1", "hello")

    bot.run("ws://test", rooms=["1"], backend=backend, transport=server.connector(backend, "robot"))

    assert server.said("1") == [("alice", "hello"), ("robot", "bye")]


@pytest.mark.usefixtures("handlers")
def test_what_ends_the_session_comes_out(backend: Backend) -> None:
    with pytest.raises(LocalProtocolError):
        Bot().run("no address", backend=backend)
    with pytest.raises(LocalProtocolError, match="runs on 'trio' or 'asyncio', not on 'curio'"):
        Bot().run("ws://test", backend="curio")  # type: ignore[arg-type]


@pytest.mark.usefixtures("handlers")
def test_a_signal_before_there_is_a_bot_to_stop_counts(backend: Backend) -> None:
    """It comes between the handlers' installation and the session's begin."""
    server, bot = MemoryServer(), Bot()

    @bot.on_start
    async def start(bot: Bot, chat: AsyncChat) -> None:
        raise AssertionError("it was stopped before")

    class Early(Bot):
        def _plan(self) -> Plan:
            signal.raise_signal(signal.SIGINT)
            return super()._plan()

    bot.__class__ = Early
    bot.run("ws://test", backend=backend, transport=server.connector(backend, "robot"))

    assert server.handshakes == []


def test_in_another_thread_signals_are_left_alone(backend: Backend) -> None:
    server, bot = MemoryServer(), Bot()
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    @bot.on_start
    async def start(bot: Bot, chat: AsyncChat) -> None:
        seen.append(signal.getsignal(signal.SIGINT))
        bot.stop()

    def run() -> None:
        bot.run("ws://test", backend=backend, transport=server.connector(backend, "robot"))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)

    assert seen == [before]


@pytest.mark.usefixtures("handlers")
def test_inside_an_async_program_it_says_what_to_call(backend: Backend) -> None:
    async def main() -> None:
        with pytest.raises(LocalProtocolError, match=r"use 'await bot.serve\(...\)'"):
            Bot().run("ws://test", backend=backend)

    run_in(backend, main)


@pytest.mark.usefixtures("handlers")
def test_each_signal_is_stronger_than_the_one_before() -> None:
    calls: list[str] = []

    with StopSignals(lambda: calls.append("stop"), lambda: calls.append("abort")) as signals:
        signal.raise_signal(signal.SIGTERM)
        assert calls == ["stop"]
        signal.raise_signal(signal.SIGINT)
        assert calls == ["stop", "abort"]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)

    assert signals.count == 3


def test_bots_take_what_connect_takes(backend: Backend) -> None:
    """An argument that a shell gains is one of ``serve`` and ``run``, too."""
    module = importlib.import_module(f"multichat_proto.{backend}")
    parameters = set(inspect.signature(module.connect).parameters)

    assert set(ConnectArguments.__annotations__) == parameters - {"url", "rooms"}


@pytest.mark.usefixtures("handlers")
def test_the_example_of_the_package_runs(backend: Backend) -> None:
    """What its docstring shows is what people copy."""
    example = inspect.cleandoc(multichat_proto.bots.__doc__ or "").partition("::\n\n")[2]
    server = MemoryServer()
    lines = dedent(example).replace('"wss://chat.example", credentials=("dice", "secret"), ', "")
    names: dict[str, Any] = {}

    code, _, last = lines.rstrip().rpartition("\n")
    assert last.startswith("bot.run(")
    exec(compile(code, "example", "exec"), names)  # noqa: S102  # it is ours
    bot: Bot = names["bot"]

    @bot.on_start
    async def start(bot: Bot, chat: AsyncChat) -> None:
        server.say("alice", "1", "!roll 1")

    @bot.on_message(own=True, pattern="rolls")
    async def rolled(ctx: Context[RoomMessage]) -> None:
        ctx.bot.stop()

    transport = server.connector(backend, "dice")
    bot.run("ws://test", rooms=["1"], backend=backend, transport=transport)

    assert server.said("1") == [("alice", "!roll 1"), ("dice", "alice rolls 1")]


def test_a_stop_that_comes_too_late_is_nothing(backend: Backend) -> None:
    """Another thread's may come when the library has ended."""
    runs: list[Run] = []

    async def main() -> None:
        bot = Bot()
        with bot._new_run() as run:
            runs.append(run)

    run_in(backend, main)
    runs[0].stop()
    runs[0].abort()
