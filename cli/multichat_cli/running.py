"""Run an async command: signals, the sentence on failure, the exit code."""

import os
import signal
from collections.abc import Awaitable, Callable
from enum import IntEnum
from typing import NoReturn

import trio
import typer

from multichat_cli.exit_codes import CommandFailed, ExitCode
from multichat_cli.output import Output

__all__ = ["Interruption", "fail", "outcome", "run"]


class Interruption:
    """
    Ctrl-C and SIGTERM: the first asks to end in order, the second ends at once.

    Attributes:
        patient: What the first signal cancels, so that the command can still say goodbye;
            ``None`` as long as there is nobody to say goodbye to: then it ends everything.
        signal: The first one that came, or ``None``.
        clean_up: Called before the second signal ends the process; it must not block.

    """

    def __init__(self) -> None:
        self.clean_up: Callable[[], None] = lambda: None
        self.patient: trio.CancelScope | None = None
        self.signal: signal.Signals | None = None

    @property
    def exit_code(self) -> ExitCode:
        """128 + the signal."""
        return ExitCode.TERMINATED if self.signal is signal.SIGTERM else ExitCode.INTERRUPTED

    async def watch(
        self, everything: trio.CancelScope, *, task_status: trio.TaskStatus[None]
    ) -> None:
        """Wait for signals until cancelled."""
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            task_status.started()
            async for number in signals:
                if self.signal is not None:
                    # The second: whatever still hangs, do not let it hang the person.
                    self.clean_up()
                    os._exit(self.exit_code)
                self.signal = signal.Signals(number)
                (self.patient or everything).cancel()


def run(output: Output, command: Callable[[Interruption], Awaitable[ExitCode]]) -> NoReturn:
    """
    Run an async command and exit with its code.

    Raises:
        typer.Exit: Always.

    """
    raise typer.Exit(trio.run(_run, output, command))


def fail(exc: CommandFailed) -> typer.Exit:
    """Tell why a command cannot even begin; raise what this returns."""
    Output(as_json=False).talk(f"multichat: {exc.sentence}")
    return typer.Exit(exc.code)


async def outcome(
    output: Output, command: Callable[[Interruption], Awaitable[ExitCode]], of: Interruption
) -> IntEnum:
    """Run an async command; say on stderr why it failed, if it did, and return its code."""
    code: IntEnum
    try:
        code = await command(of)
    except CommandFailed as exc:
        # Whoever ended the command needs no sentence about what that broke.
        if of.signal is None:
            output.talk(f"multichat: {exc.sentence}")
        code = exc.code
    return of.exit_code if of.signal is not None else code


async def _run(output: Output, command: Callable[[Interruption], Awaitable[ExitCode]]) -> IntEnum:
    interruption = Interruption()
    code: IntEnum | None = None
    async with trio.open_nursery() as nursery:
        await nursery.start(interruption.watch, nursery.cancel_scope)
        code = await outcome(output, command, interruption)
        nursery.cancel_scope.cancel()
    return interruption.exit_code if code is None else code
