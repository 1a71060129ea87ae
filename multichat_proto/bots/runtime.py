"""
The seam between a bot and the async library that it runs on.

A bot needs little: tasks with an owner, scopes that can be cancelled or run out, events, a
semaphore, a clock. Trio and asyncio both have them; no other module of the bots imports either.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Protocol

from multichat_proto.chat import AsyncChat
from multichat_proto.exceptions import LocalProtocolError

__all__ = ["Event", "Runtime", "Scope", "Semaphore", "Tasks", "only_cause", "run_in", "running"]


class Event(Protocol):
    """Something that happens once."""

    def is_set(self) -> bool:
        """Return whether it has happened."""
        ...

    def set(self) -> object:
        """Let it happen."""
        ...

    async def wait(self) -> object:
        """Wait until it has happened."""
        ...


class Semaphore(Protocol):
    """A number of places."""

    async def acquire(self) -> object:
        """Take a place; wait for one if need be."""
        ...

    def release(self) -> object:
        """Give a place back."""
        ...


class Scope(Protocol):
    """A part of a function that can be cut short, and goes on after the block then."""

    @property
    def was_cut_short(self) -> bool:
        """Whether the block was left because of this scope; known after the block."""
        ...

    def cancel(self) -> None:
        """Cut it short; call it in the library's own thread, inside the block."""
        ...


class Tasks(Protocol):
    """Tasks that end before the block does."""

    def start(self, function: Callable[..., Awaitable[None]], *arguments: Any) -> None:
        """Run ``function(*arguments)`` beside the others."""
        ...

    def cancel(self) -> None:
        """Cancel all of them."""
        ...


class Runtime(Protocol):
    """What a bot takes from its async library."""

    @property
    def name(self) -> str:
        """The library's name, which is also that of the shell."""
        ...

    def now(self) -> float:
        """Return the time in seconds of the library's clock."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let time pass; 0 lets the others have a turn."""
        ...

    def event(self) -> Event:
        """Make an event."""
        ...

    def semaphore(self, places: int) -> Semaphore:
        """Make a semaphore."""
        ...

    def scope(self, seconds: float | None = None) -> AbstractAsyncContextManager[Scope]:
        """Make a scope that runs out after so many seconds; ``None``: never."""
        ...

    async def shielded(self, function: Callable[[], Awaitable[None]]) -> None:
        """Await ``function()`` to its end, whatever is cancelled; be cancelled after that."""
        ...

    def tasks(self) -> AbstractAsyncContextManager[Tasks]:
        """Open a group of tasks; a single error comes out of it as it is."""
        ...

    async def call(self, function: Callable[[], Awaitable[object]]) -> None:
        """
        Await what a user's function returns.

        Raises:
            HandlerCancelled: It ended with a cancellation that nobody had asked for.

        """
        ...

    def call_soon(self, function: Callable[[], object]) -> None:
        """Call ``function`` in the library's thread; from any thread or signal handler."""
        ...

    def connect(self) -> Callable[..., AbstractAsyncContextManager[AsyncChat]]:
        """Return the ``connect`` of the library's shell."""
        ...


def running() -> Runtime:
    """
    Return the seam over the library that runs this task.

    Raises:
        RuntimeError: None does.

    """
    # A program on asyncio has not imported Trio, and need not.
    if (trio := sys.modules.get("trio")) is not None and trio.lowlevel.in_trio_task():
        from multichat_proto.bots._on_trio import TrioRuntime

        return TrioRuntime()
    from multichat_proto.bots._on_asyncio import AsyncioRuntime

    return AsyncioRuntime()


def run_in(backend: str, main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """
    Run a program from its start to its end.

    Raises:
        LocalProtocolError: There is no such library, or it runs in this thread already.
        BaseException: Whatever the program raises.

    """
    if backend == "asyncio":
        if asyncio._get_running_loop() is not None:
            raise LocalProtocolError(_RUNS_ALREADY.format(backend))
        asyncio.run(main())
    elif backend == "trio":
        import trio

        if trio.lowlevel.in_trio_run():
            raise LocalProtocolError(_RUNS_ALREADY.format(backend))
        trio.run(main)
    else:
        raise LocalProtocolError(f"a bot runs on 'trio' or 'asyncio', not on {backend!r}")


_RUNS_ALREADY: Final = "{} runs here already, and run() starts it; use 'await bot.serve(...)'"


def only_cause(exc: BaseException) -> BaseException:
    """Return the one error of a group that has one, and anything else as it is."""
    while isinstance(exc, BaseExceptionGroup) and len(exc.exceptions) == 1:
        exc = exc.exceptions[0]
    return exc
